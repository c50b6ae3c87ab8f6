"""Business time against a walk that looks at the clock on the wall, minute by minute."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from touchline.rules.calendar import WEEKDAYS, BusinessClock, Calendar
from touchline.vocabulary.durations import MINUTE

HOUR = 60 * MINUTE


def _ms(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _calendar(hours: dict[str, Any], zone: str = "Europe/Berlin", holidays: tuple[Any, ...] = ()) -> Calendar:
    return Calendar.model_validate({"zone": zone, "hours": hours, "holidays": list(holidays)})


def _deadline(calendar: Calendar, local: str, within: int) -> str:
    """The deadline, as local time, of what began at a local time."""
    zone = ZoneInfo(calendar.zone)
    found = BusinessClock(calendar).deadline(_ms(datetime.fromisoformat(local).replace(tzinfo=zone)), within)
    assert found is not None
    return datetime.fromtimestamp(found / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


WEEK = _calendar({"mon-fri": "09:00-17:00", "sat": ["10:00-12:00", "13:00-14:00"]}, holidays=("2026-12-25",))


@pytest.mark.parametrize(
    ("begin", "within", "deadline"),
    [
        ("2026-11-20 09:00", 8 * HOUR, "2026-11-20 17:00:00"),
        ("2026-11-20 16:00", 4 * HOUR, "2026-11-21 14:00:00"),
        ("2026-11-20 16:00", 4 * HOUR + MINUTE, "2026-11-23 09:01:00"),
        ("2026-11-20 03:00", HOUR, "2026-11-20 10:00:00"),
        ("2026-11-21 12:30", HOUR, "2026-11-21 14:00:00"),
        ("2026-11-22 12:00", MINUTE, "2026-11-23 09:01:00"),
        ("2026-12-24 16:30", HOUR, "2026-12-26 10:30:00"),
        ("2026-12-31 16:30", HOUR, "2027-01-01 09:30:00"),
        ("2026-11-20 16:59:30", MINUTE, "2026-11-21 10:00:30"),
    ],
    ids=[
        "a whole day ends at closing time",
        "over the night into both halves of Saturday",
        "past Saturday",
        "before opening time",
        "in the midday break",
        "on a closed day",
        "a holiday",
        "a new year",
        "to the second",
    ],
)
def test_only_opening_time_counts(begin: str, within: int, deadline: str) -> None:
    """Nights, breaks, closed days and holidays are left out."""
    assert _deadline(WEEK, begin, within) == deadline


def test_days_that_the_clock_makes_shorter_or_longer() -> None:
    """A place open all day has 23 hours when the clock goes forward, 25 when it goes back."""
    always = _calendar({"mon-sun": "00:00-24:00"})
    assert _deadline(always, "2026-03-29 00:00", 23 * HOUR) == "2026-03-30 00:00:00"
    assert _deadline(always, "2026-10-25 00:00", 25 * HOUR) == "2026-10-26 00:00:00"
    night = _calendar({"sun": "01:00-02:30"})
    assert _deadline(night, "2026-03-29 00:00", HOUR) == "2026-03-29 03:00:00"
    assert _deadline(night, "2026-10-25 00:00", 2 * HOUR) == "2026-10-25 02:30:00"


zones = st.sampled_from(
    ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "UTC"]
)
spans = st.tuples(st.integers(0, 47), st.integers(1, 20)).map(
    lambda one: (
        f"{one[0] // 2:02}:{one[0] % 2 * 30:02}"
        f"-{min(one[0] + one[1], 48) // 2:02}:{min(one[0] + one[1], 48) % 2 * 30:02}"
    )
)
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), spans, min_size=1)
edges = st.sampled_from(  # days around which an offset changes somewhere, and a year's end
    [
        *(date(2026, 3, 28), date(2026, 10, 24), date(2018, 11, 3), date(2018, 2, 17), date(2026, 4, 4)),
        *(date(2026, 10, 3), date(2026, 4, 23), date(2026, 10, 29), date(2026, 12, 30), date(2026, 7, 1)),
    ]
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    zones,
    weeks,
    edges,
    st.integers(0, 3 * 24 * 60),
    st.integers(0, MINUTE - 1),
    st.integers(1, 12 * 60),
    st.sets(st.integers(0, 4), max_size=3),
)
def test_a_deadline_is_where_a_walk_by_the_minute_ends(
    zone: str, hours: dict[str, str], day: date, minute: int, beyond: int, minutes: int, off: set[int]
) -> None:
    """Counting the open minutes one by one, by the clock on the wall, ends at the same moment."""
    holidays = {day + timedelta(days=one) for one in off}
    calendar = _calendar(hours, zone, tuple(holidays))
    open_at = [{at for begin, end in spans for at in range(begin, end)} for spans in calendar.hours]
    wall = ZoneInfo(zone)
    begin = _ms(datetime(day.year, day.month, day.day, tzinfo=UTC)) + minute * MINUTE + beyond
    within = left = minutes * MINUTE
    now = begin
    while True:
        local = datetime.fromtimestamp(now // 1000, wall)
        counts = local.date() not in holidays and local.hour * 60 + local.minute in open_at[local.weekday()]
        step = MINUTE - now % MINUTE
        if counts and left <= step:
            break
        left -= step if counts else 0
        now += step
    assert BusinessClock(calendar).deadline(begin, within) == now + left


@settings(max_examples=100, deadline=None)
@given(weeks, st.integers(0, 4 * 366 * 24 * 60), st.integers(1, 10_000), st.integers(1, 10_000))
def test_waiting_twice_is_waiting_as_long_as_both(
    hours: dict[str, str], minute: int, first: int, second: int
) -> None:
    """The deadline of a deadline is that of both times together, over years."""
    clock = BusinessClock(_calendar(hours))
    begin = _ms(datetime(2026, 1, 1, tzinfo=UTC)) + minute * MINUTE
    middle = clock.deadline(begin, first * MINUTE)
    assert middle is not None
    assert clock.deadline(middle, second * MINUTE) == clock.deadline(begin, (first + second) * MINUTE)


def test_the_longest_wait_there_may_be_still_ends() -> None:
    """A year of an hour a week, put off by as many holidays as there may be, has a deadline."""
    mondays = tuple(date(2026, 1, 5) + timedelta(weeks=week) for week in range(1_000))
    calendar = _calendar({"mon": "09:00-10:00"}, "UTC", mondays)
    assert _deadline(calendar, "2026-01-01 00:00", calendar.year_of_opening) == str(
        datetime(2026, 1, 5, 10) + timedelta(weeks=1_051)
    )


def test_outside_of_the_years_counted_there_is_no_deadline() -> None:
    """An event of the year 1850 or 2500 has none, rather than a wrong one."""
    clock = BusinessClock(WEEK)
    for year in (1850, 2500):
        assert clock.deadline(_ms(datetime(year, 6, 1, tzinfo=UTC)), HOUR) is None


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ({}, "no opening hours"),
        ({"mon": []}, "no opening hours"),
        ({"monday": "09:00-17:00"}, "'monday' is not a weekday: write mon, tue"),
        ({"mon-fri": "9-17"}, "write them as 09:00-17:00"),
        ({"mon-fri": "09:00-25:00"}, "00:00 to 24:00"),
        ({"fri": "22:00-06:00"}, "for hours across midnight, write"),
        ({"mon": ["09:00-12:00", "11:00-14:00"]}, "the hours overlap"),
        ({"mon-fri": "09:00-17:00", "wed": "09:00-12:00"}, "wed has hours twice"),
    ],
)
def test_hours_that_cannot_be_are_refused(hours: dict[str, Any], message: str) -> None:
    """The message says what is wrong with the hours, and what to write."""
    with pytest.raises(ValidationError, match=message):
        _calendar(hours)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../passwd", "Europe", ""])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """A zone must be one of the time zone database."""
    with pytest.raises(ValidationError, match="is not a time zone: write one such as"):
        _calendar({"mon": "09:00-17:00"}, zone)


def test_a_holiday_must_be_a_day() -> None:
    """A holiday is a date, with or without quotes; a time is not."""
    assert _calendar({"mon": "09:00-17:00"}, holidays=(date(2026, 12, 25),)) == _calendar(
        {"mon": "09:00-17:00"}, holidays=("2026-12-25",)
    )
    with pytest.raises(ValidationError, match="write it as 2026-12-25"):
        _calendar({"mon": "09:00-17:00"}, holidays=("25.12.2026",))
