"""Business time: opening hours, and deadlines that count them.

The law: a moment is open if the local time in the calendar's zone lies within the hours of its weekday, and
its date is not a holiday. So an hour that daylight saving skips does not count, and a repeated hour counts
twice.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from touchline.vocabulary.durations import DAY, MINUTE
from touchline.vocabulary.moments import check_zone
from touchline.vocabulary.wording import word_list

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EARLIEST, LATEST = -2_208_988_800_000, 7_258_118_400_000
"""The years 1900 to 2199, in ms: the times that stores can hold. There are no deadlines outside them."""
MOST_HOLIDAYS = 1_000
MOST_YEARS = 25
"""The longest distance of a deadline: a year of opening hours, delayed by a week for each holiday."""
YEARS_KEPT = 32
"""Years whose opening intervals are cached."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HOURS = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)\Z")
_STEP = timedelta(hours=6)

Hours = tuple[tuple[int, int], ...]
"""Opening hours of a day, in order: minutes since midnight, from and to."""


def _weekdays(name: str) -> list[int]:
    first, dash, last = name.strip().lower().partition("-")
    if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
        raise ValueError(f"'{name}' is not a weekday: write {word_list(WEEKDAYS)}, or a range: mon-fri")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return [(begin + day) % 7 for day in range((end - begin) % 7 + 1)]


def _hours(text: Any) -> tuple[int, int]:
    match = _HOURS.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} are not opening hours: write them as 09:00-17:00")
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if max(begin_minute, end_minute) > 59 or max(begin, end) > 24 * 60:
        raise ValueError(f"'{text}': times of a day are 00:00 to 24:00")
    if begin >= end:
        raise ValueError(
            f"'{text}' ends before it begins: for hours across midnight, write "
            "…-24:00 on one day and 00:00-… on the next"
        )
    return begin, end


def _week(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("write opening hours by weekday, such as {mon-fri: 09:00-17:00}")
    week: dict[int, list[tuple[int, int]]] = {}
    for name, written in value.items():
        spans = sorted(_hours(text) for text in (written if isinstance(written, list) else [written]))
        for (_, end), (begin, _) in pairwise(spans):
            if begin < end:
                raise ValueError(f"{name}: the hours overlap")
        for day in _weekdays(str(name)):
            if day in week:
                raise ValueError(f"{WEEKDAYS[day]} has hours twice: write them once")
            week[day] = spans
    if not any(week.values()):
        raise ValueError("no opening hours: write those of at least one day, such as {mon-fri: 09:00-17:00}")
    return tuple(tuple(week.get(day, ())) for day in range(7))


def _holiday(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if type(value) is not date:
        raise ValueError(f"{value!r} is not a date: write it as 2026-12-25")
    return value


class Calendar(BaseModel):
    """Opening hours by weekday in a time zone, except on holidays."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    zone: Annotated[str, AfterValidator(check_zone)]
    hours: Annotated[tuple[Hours, Hours, Hours, Hours, Hours, Hours, Hours], BeforeValidator(_week)]
    holidays: list[Annotated[date, BeforeValidator(_holiday)]] = Field(default=[], max_length=MOST_HOLIDAYS)

    @property
    def year_of_opening(self) -> int:
        """Opening time (ms) of 52 weeks without holidays: the longest that a rule may wait."""
        return 52 * MINUTE * sum(end - begin for day in self.hours for begin, end in day)


class _Year(NamedTuple):
    """The opening intervals of one year (UTC), in order: when each begins and ends, in ms."""

    begins: list[int]
    ends: list[int]
    before: list[int]
    """Opening time of the year (ms) before each interval, and the total at the end."""


class BusinessClock:
    """Computes deadlines in the opening time of a calendar, by bisection among the intervals of a year."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.zone)
        self._holidays = frozenset(calendar.holidays)
        self._years: dict[int, _Year] = {}

    def deadline(self, time: int, within: int) -> int | None:
        """The first moment at which `within` ms of opening time have passed since `time` (ms).

        None outside `EARLIEST` to `LATEST`.
        """
        if not EARLIEST <= time < LATEST:
            return None
        first = _year_of(time)
        year = self._year(first)
        at = bisect_right(year.begins, time) - 1
        passed = 0 if at < 0 else year.before[at] + min(time, year.ends[at]) - year.begins[at]
        target = passed + within
        for later in range(first + 1, first + MOST_YEARS):
            if target <= year.before[-1]:
                break
            target -= year.before[-1]
            year = self._year(later)
        else:
            return None
        at = bisect_left(year.before, target) - 1
        return year.begins[at] + target - year.before[at]

    def openings(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        """The opening times that `since` to `until` (ms) meet, in order: when each begins and ends.

        None outside `EARLIEST` to `LATEST`.
        """
        since, until = max(since, EARLIEST), min(until, LATEST - 1)
        last: tuple[int, int] | None = None
        for number in range(_year_of(since), _year_of(until) + 1):
            year = self._year(number)
            at = bisect_right(year.ends, since)
            for begin, end in zip(year.begins[at:], year.ends[at:], strict=True):
                if last is not None and last[1] == begin:
                    last = last[0], end
                    continue
                if last is not None:
                    yield last
                if begin >= until:
                    return
                last = begin, end
        if last is not None:
            yield last

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            if len(self._years) >= YEARS_KEPT:
                self._years.clear()
            year = self._years[number] = self._computed(number)
        return year

    def _computed(self, number: int) -> _Year:
        year = _Year([], [], [0])
        for begin, end in self._open(number):
            if year.ends and year.ends[-1] == begin:
                year.ends[-1] = end
                year.before[-1] += end - begin
                continue
            year.begins.append(begin)
            year.ends.append(end)
            year.before.append(year.before[-1] + end - begin)
        return year

    def _open(self, number: int) -> Iterator[tuple[int, int]]:
        for begin, end, offset in self._stretches(number):
            for day in range((begin + offset) // DAY, (end + offset - 1) // DAY + 1):
                on = date.fromordinal(_EPOCH_DAY + day)
                if on in self._holidays:
                    continue
                for opens, closes in self._calendar.hours[on.weekday()]:
                    midnight = day * DAY - offset
                    since = max(begin, midnight + opens * MINUTE)
                    until = min(end, midnight + closes * MINUTE)
                    if since < until:
                        yield since, until

    def _stretches(self, number: int) -> Iterator[tuple[int, int, int]]:
        """The parts of the year with a constant UTC offset: begin, end and offset, in ms.

        Within a part, local time is UTC plus the offset.
        """
        begin = here = datetime(number, 1, 1, tzinfo=UTC)
        end = datetime(number + 1, 1, 1, tzinfo=UTC)
        while here < end:
            there = min(here + _STEP, end)
            if self._offset(there) != self._offset(here):
                change = self._change(here, there)
                yield _ms(begin), _ms(change), self._offset(here)
                begin = change
            here = there
        if begin < end:
            yield _ms(begin), _ms(end), self._offset(begin)

    def _change(self, before: datetime, after: datetime) -> datetime:
        """The first second with the offset of `after`, between two times with different offsets."""
        old = self._offset(before)
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
            before, after = (middle, after) if self._offset(middle) == old else (before, middle)
        return after

    def _offset(self, time: datetime) -> int:
        offset = time.astimezone(self._zone).utcoffset() or timedelta()
        return offset // timedelta(milliseconds=1)


def _year_of(time: int) -> int:
    return (_EPOCH + timedelta(milliseconds=time)).year


def _ms(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
