"""Periods of the live page: their text in the address, their zone, and how the data bound them."""

from datetime import UTC, datetime

import pytest

from tests.live import rows as make
from touchline.live.boards.spans import Period, period_of, window
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR

NOW = 1_800_000_000_000
KNOWN = ("24h", "all")


def at(text: str) -> int:
    """A UTC time in ms."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("span", "zone", "start", "end"),
    [
        ("2026-11-01..2026-11-14", "UTC", "2026-11-01", "2026-11-15"),
        ("2026-11-01..2026-11-01", "Europe/Berlin", "2026-10-31T23:00", "2026-11-01T23:00"),
        # The day of the change to winter time has 25 hours.
        ("2026-10-25..2026-10-25", "Europe/Berlin", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("2026-11-01T08:30..2026-11-01T18:00", "Asia/Tokyo", "2026-10-31T23:30", "2026-11-01T09:00"),
        ("2026-11-01..2026-11-01@Europe/Berlin", "UTC", "2026-10-31T23:00", "2026-11-01T23:00"),
        ("2026-11-01T08:30..2026-11-02", "UTC", "2026-11-01T08:30", "2026-11-03"),
    ],
)
def test_dates_are_in_the_zone_of_the_page(span: str, zone: str, start: str, end: str) -> None:
    """A period runs from the start of its first day to the end of its last, or between two times."""
    assert period_of(span, zone, KNOWN, "24h") == Period(span, (at(start), at(end)))


@pytest.mark.parametrize(
    "span",
    [
        *("", "7d", "2026-11-14..2026-11-01", "2026-11-01T10:00..2026-11-01T10:00", "2026-02-30..2026-03-01"),
        *("1969-01-01..1970-02-01", "2026-11-01..9999-12-31", "2026-11-01", "..", "2026-11-01..x' OR 1"),
        *("2026-11-01..2026-11-02@Mars/Base", "2026-11-01..2026-11-02@../etc/passwd"),
        *("2026-11-01..2026-11-02\n", "٢٠٢٦-11-01..2026-11-02"),
    ],
)
def test_another_text_is_the_default_period(span: str) -> None:
    """A text that names no period, or one that ends before it starts, gives the default."""
    assert period_of(span, "UTC", KNOWN, "24h") == Period("24h")


def test_dates_are_cut_to_the_data(store: Store) -> None:
    """Dates are cut to the data, and a period that has ended is past; outside the data they stay."""
    make.put(store, "journeys", [make.journey("account:a", NOW - 10 * DAY, NOW - HOUR)], "j")

    def found(start: int, end: int) -> tuple[int, int, bool]:
        period = window(store, Period("a..b", (start, end)), NOW)
        assert period is not None
        return period.start, period.end, period.past

    assert found(NOW - 20 * DAY, NOW - 2 * DAY) == (NOW - 10 * DAY, NOW - 2 * DAY, True)
    assert found(NOW - 2 * DAY, NOW + 5 * DAY) == (NOW - 2 * DAY, NOW + 1_000, False)
    assert found(NOW - 20 * DAY, NOW - 15 * DAY) == (NOW - 20 * DAY, NOW - 15 * DAY, True)
    assert found(NOW + DAY, NOW + 2 * DAY) == (NOW + DAY, NOW + 2 * DAY, False)
