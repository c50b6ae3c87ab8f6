"""Local times in a zone: named zones, the hour that a clock change repeats, and the one that it skips."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_HOURS = {
    letters: hours
    for hours, names in {
        0: ("UTC", "GMT", "Z", "WET"),
        1: ("CET", "MEZ", "WEST"),
        2: ("CEST", "MESZ", "EET"),
        3: ("EEST", "MSK"),
        9: ("JST", "KST"),
        # As RFC 5322 defines them.
        -4: ("EDT",),
        -5: ("EST", "CDT"),
        -6: ("CST", "MDT"),
        -7: ("MST", "PDT"),
        -8: ("PST",),
    }.items()
    for letters in names
}
"""Names of zones that have one meaning."""

State = tuple[tuple[int, float, int], ...]


class Clock:
    """The times of a file so far, by which a time in a repeated hour gets the reading that keeps their order.

    Args:
        state: The state at the position where reading begins: for each cell its number, its last time in
            seconds, and 1 or -1 if times rise or fall, 0 if neither is known.

    `repeated` counts the times in a repeated hour.
    """

    def __init__(self, state: State = ()) -> None:
        self._last = {last[0]: last for last in state}
        self.repeated = 0

    @property
    def state(self) -> State:
        """The state after the rows so far."""
        return tuple(self._last.values())

    def note(self, cell: int, time: datetime) -> None:
        """Note the time of a cell as its last one."""
        seconds = time.timestamp()
        _, last, direction = self._last.get(cell, (cell, seconds, 0))
        if seconds != last:
            direction = 1 if seconds > last else -1
        self._last[cell] = (cell, seconds, direction)

    def settle(self, cell: int | None, local: datetime) -> datetime:
        """A local time of a zone, in the right reading of a repeated hour.

        It is the reading that keeps the order of the cell's times in the file, else the first.

        Raises:
            ValueError: the clock change skips this time.
        """
        first, second = local.replace(fold=0), local.replace(fold=1)
        before, after = first.utcoffset(), second.utcoffset()
        if before == after:
            return first
        if before is None or after is None or before < after:
            raise ValueError(
                f"no such time in {local.tzinfo}, whose clocks went forward: set the zone in which it was"
                " recorded"
            )
        self.repeated += 1
        if cell not in self._last:
            return first
        _, last, direction = self._last[cell]
        if direction < 0:
            return next((time for time in (second, first) if time.timestamp() <= last), first)
        return next((time for time in (first, second) if time.timestamp() >= last), first)


def in_named_zone(local: datetime, name: str, zone: ZoneInfo | None) -> datetime:
    """A local time in a zone given by its letters, such as `CET`: those of `zone` then, or known ones.

    Raises:
        ValueError: the letters are unknown or have several meanings.
    """
    if zone is not None:
        for fold in (0, 1):
            time = local.replace(tzinfo=zone, fold=fold)
            if time.tzname() == name:
                return time
    hours = _HOURS.get(name.upper())
    if hours is None:
        raise ValueError(f"the zone {name!r} is unknown or has several meanings: use offsets such as +01:00")
    return local.replace(tzinfo=timezone(timedelta(hours=hours), name))
