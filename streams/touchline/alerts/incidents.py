"""Incidents: the spells of a rule, apart for each combination of its labels.

The law: the incidents that begin after a time are a function of what the rule watches, of `now` and `known`,
and of what stood open at that time; never of the order in which it came. What began before is carried on.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from touchline.alerts.spells import Spell, joined
from touchline.vocabulary.ids import derived_id

Labels = tuple[str, ...]
"""`name=value` for each label of a rule, in its order."""


class Incident(NamedTuple):
    """A stretch of trouble with one rule and one combination of labels. Times are ms since 1970.

    `resolved_at` is when the condition ended, once it has been quiet for the rule's cooldown.
    """

    rule: str
    labels: Labels
    opened_at: int
    resolved_at: int | None

    @property
    def fingerprint(self) -> UUID:
        """What receivers know it by: the same for every incident of the rule with these labels."""
        return derived_id(_name(self.rule, self.labels))

    @property
    def id(self) -> UUID:
        """Of this incident alone."""
        return derived_id(f"{_name(self.rule, self.labels)}:{self.opened_at}")


class Found(Protocol):
    """An incident as it was found before; times in ms."""

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
    """An incident that stood at the start of the stretch that is looked at: when it began, when it ended."""

    opened_at: int
    resolved_at: int | None


def incidents(
    rule: str,
    spells: Mapping[Labels, Iterable[Spell]],
    *,
    cooldown: int,
    start: int,
    known: int,
    standing: Mapping[Labels, Standing],
) -> list[Incident]:
    """The incidents of a rule from `start` on, those that stood at the start included.

    Args:
        rule: The rule's id.
        spells: The spells of each combination of labels, in order, none of them before `start`.
        cooldown: What begins again within this time of quiet is the same incident.
        start: From when on spells are given.
        known: Up to when all that came is stored: what is not over by then is not over.
        standing: Incidents that began at `start` or before and were not over for a cooldown then.
    """
    found = []
    for labels in sorted({*spells, *standing}):
        some = list(spells.get(labels, ()))
        if (before := standing.get(labels)) is not None:
            # It went on at least until the start, unless it is known when it ended.
            ended = start if before.resolved_at is None else min(before.resolved_at, start)
            some.insert(0, Spell(before.opened_at, max(ended, before.opened_at)))
        for spell in joined(some, cooldown, known):
            over = spell.ended is not None and spell.ended + cooldown < known
            found.append(Incident(rule, labels, spell.began, spell.ended if over else None))
    return found


def standing_at(start: int, known: Iterable[Found], cooldown: int) -> dict[Labels, Standing]:
    """Of the incidents of one rule that are known, those that stood at `start` (ms)."""
    return {
        one.labels: Standing(one.opened_at, one.resolved_at)
        for one in sorted(known, key=lambda one: one.opened_at)
        if one.opened_at <= start and (one.resolved_at is None or one.resolved_at + cooldown >= start)
    }


def untrue(known: Iterable[K], found: Collection[Incident], start: int) -> list[K]:
    """Of the incidents that are known, those that are not true (any more), as far as `found` can tell."""
    true = {one.id for one in found}
    return [one for one in known if one.opened_at > start and one.id not in true]


def _name(rule: str, labels: Labels) -> str:
    return f"alert:{rule}:{msgspec.json.encode(labels).decode()}"
