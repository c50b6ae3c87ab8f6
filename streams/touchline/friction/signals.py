"""Signals: what a rule found, before and after it has its ids."""

from uuid import UUID, uuid5

import msgspec

from touchline.friction.rules import Rule
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE


class FrictionEvent(Event, frozen=True, kw_only=True):
    """A signal of the first layer as the second layer sees it: an event of type `friction.<rule id>`.

    Its `id` is the friction id, its `time` is `opened_at`; the rest is of its anchor.
    """


class Opening(msgspec.Struct, kw_only=True):
    """A signal while its rule walks the events: it may still gain evidence or be resolved.

    Times are milliseconds since 1970.
    """

    anchor: Event
    opened_at: int
    evidence: list[str]
    resolved_at: int | None = None


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One friction of one customer (SEMANTICS §2). Times are milliseconds since 1970."""

    id: UUID
    rule: str
    rule_version: str
    anchor: str
    channel: str
    source: str
    opened_at: int
    resolved_at: int | None
    evidence: tuple[str, ...]
    weight: int
    factor: str

    @property
    def status(self) -> str:
        """`open`, or `resolved` when it has `resolved_at`."""
        return "open" if self.resolved_at is None else "resolved"


def friction_id(rule: str, anchor: str) -> UUID:
    """UUIDv5 over `<rule id>:<anchor's id>`."""
    return uuid5(NAMESPACE, f"{rule}:{anchor}")


def signal(rule: Rule, version: str, opening: Opening) -> Signal:
    """The signal that an opening of `rule` is."""
    anchor = opening.anchor
    return Signal(
        id=friction_id(rule.id, anchor.id),
        rule=rule.id,
        rule_version=version,
        anchor=anchor.id,
        channel=anchor.channel,
        source=anchor.source,
        opened_at=opening.opened_at,
        resolved_at=opening.resolved_at,
        evidence=tuple(opening.evidence),
        weight=rule.weight,
        factor=rule.factor,
    )


def friction_event(found: Signal, anchor: Event) -> FrictionEvent:
    """The signal as an event for the second layer."""
    return FrictionEvent(
        id=str(found.id),
        type=f"friction.{found.rule}",
        time=found.opened_at,
        channel=anchor.channel,
        source=anchor.source,
        identifiers=anchor.identifiers,
        data=anchor.data,
    )
