"""Incidents: the intervals of a rule, separate for each combination of its labels.

Incidents that begin after a time depend only on the matching events, on `now` and `known`, and on the
incidents open at that time. Arrival order does not matter. Incidents that began earlier continue.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from touchline.alerts.intervals import Interval, joined
from touchline.vocabulary.ids import derived_id

Labels = tuple[str, ...]
"""`name=value` for each label of a rule, in its order."""


class Incident(NamedTuple):
    """One period in which a rule fired for one combination of labels. Times are ms since 1970.

    `resolved_at` is when the condition ended, once it has been quiet for the rule's cooldown.
    """

    rule: str
    labels: Labels
    opened_at: int
    resolved_at: int | None

    @property
    def fingerprint(self) -> UUID:
        """The key receivers deduplicate by: equal for every incident of the rule with these labels."""
        return derived_id(_name(self.rule, self.labels))

    @property
    def id(self) -> UUID:
        """The id of this incident only."""
        return derived_id(f"{_name(self.rule, self.labels)}:{self.opened_at}")


class Found(Protocol):
    """An incident from an earlier evaluation; times in ms."""

    @property
    def id(self) -> UUID: ...
    @property
    def labels(self) -> Labels: ...
    @property
    def opened_at(self) -> int: ...
    @property
    def resolved_at(self) -> int | None: ...


K = TypeVar("K", bound=Found)


class Standing(NamedTuple):
    """An incident that was open at the start of the evaluated period. Times in ms."""

    opened_at: int
    resolved_at: int | None


def incidents(
    rule: str,
    intervals: Mapping[Labels, Iterable[Interval]],
    *,
    cooldown: int,
    start: int,
    known: int,
    standing: Mapping[Labels, Standing],
) -> list[Incident]:
    """The incidents of a rule from `start` on, including those open at `start`.

    Args:
        rule: The rule's id.
        intervals: The intervals of each combination of labels, in order, none of them before `start`.
        cooldown: Intervals at most this far apart (ms) are one incident.
        start: The start of the evaluated period (ms).
        known: All events up to this time (ms) are stored; no incident resolves later than this.
        standing: Incidents that began by `start` and had not been quiet for a full cooldown.
    """
    found = []
    for labels in sorted({*intervals, *standing}):
        labelled = list(intervals.get(labels, ()))
        if (before := standing.get(labels)) is not None:
            # It lasted at least until the start, unless its end is known.
            ended = start if before.resolved_at is None else min(before.resolved_at, start)
            labelled.insert(0, Interval(before.opened_at, max(ended, before.opened_at)))
        for interval in joined(labelled, cooldown, known):
            over = interval.ended is not None and interval.ended + cooldown < known
            found.append(Incident(rule, labels, interval.began, interval.ended if over else None))
    return found


def standing_at(start: int, known: Iterable[Found], cooldown: int) -> dict[Labels, Standing]:
    """The known incidents of one rule that were open at `start` (ms)."""
    return {
        incident.labels: Standing(incident.opened_at, incident.resolved_at)
        for incident in sorted(known, key=lambda incident: incident.opened_at)
        if incident.opened_at <= start
        and (incident.resolved_at is None or incident.resolved_at + cooldown >= start)
    }


def untrue(known: Iterable[K], found: Collection[Incident], start: int) -> list[K]:
    """The known incidents after `start` (ms) that `found` no longer contains."""
    true = {incident.id for incident in found}
    return [incident for incident in known if incident.opened_at > start and incident.id not in true]


def _name(rule: str, labels: Labels) -> str:
    return f"alert:{rule}:{msgspec.json.encode(labels).decode()}"
