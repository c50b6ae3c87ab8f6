"""Periods that are compared: alike, and as long as the data reach around a change."""

import pytest

from touchline.analysis.periods import CannotCompare, Period, Periods, around
from touchline.vocabulary.durations import DAY, WEEK

CHANGED = 1_790_000_000_000


def test_periods_must_be_alike() -> None:
    """Overlapping periods, and periods of different lengths, are refused."""
    with pytest.raises(CannotCompare, match="must end before"):
        Periods(Period(0, 10), Period(5, 15))
    with pytest.raises(CannotCompare, match=r"7\.0 and 14\.0 days long: make them equally long"):
        Periods(Period(CHANGED - WEEK, CHANGED), Period(CHANGED, CHANGED + 14 * DAY))


@pytest.mark.parametrize(("reach", "length"), [
    (40 * DAY, 14 * DAY), (13 * DAY, 7 * DAY), (6 * DAY + 5, 6 * DAY), (DAY, DAY),
])  # fmt: skip
def test_periods_around_a_change_are_whole_weeks_or_days(reach: int, length: int) -> None:
    """They are equally long, as long as the data reach, and at most fourteen days."""
    expected = Periods(Period(CHANGED - length, CHANGED), Period(CHANGED, CHANGED + length))
    assert around(CHANGED, CHANGED - 90 * DAY, CHANGED + reach) == expected


@pytest.mark.parametrize(("covered", "length"), [
    (15 * DAY, 14 * DAY), (14 * DAY, 7 * DAY), (7 * DAY, 6 * DAY), (2 * DAY, DAY), (DAY, DAY),
])  # fmt: skip
def test_the_data_begin_a_day_before_the_first_period(covered: int, length: int) -> None:
    """Rules that look back up to a day are covered, unless there are less than two days of data."""
    found = around(CHANGED, CHANGED - covered, CHANGED + 90 * DAY)
    assert found.before.length == length


def test_a_change_needs_data_on_both_sides() -> None:
    """A change with less than a day of data on one side cannot be measured."""
    with pytest.raises(CannotCompare, match=r"too little data to compare: nothing before the change and 1 d"):
        around(CHANGED, CHANGED, CHANGED + DAY)
    with pytest.raises(CannotCompare, match=r"9 d 0 h before the change and 12 min after it, a day of each"):
        around(CHANGED, CHANGED - 9 * DAY, CHANGED + 12 * 60_000)
