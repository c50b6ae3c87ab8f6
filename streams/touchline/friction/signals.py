"""Signals: what a rule found, and how it is told to the second layer."""

from uuid import UUID

import msgspec

from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import derived_id


class FrictionName(str):
    """The text that a friction id is derived from; it stands for the id where nobody asks for it."""

    __slots__ = ()

    @property
    def friction_id(self) -> UUID:
        """UUIDv5 over it."""
        return derived_id(self)


class FrictionEvent(Event, frozen=True, kw_only=True, gc=False):
    """A signal of the first layer as the second layer sees it: an event of type `friction.<rule id>`.

    Its `id` is the friction id, or the name of it, its `time` is `opened_at`; the rest is of its anchor.
    """


class Signal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One friction of one customer (docs/semantics.md#friction). Times are milliseconds since 1970."""

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
    def id(self) -> UUID:
        """The friction id, derived each time it is asked for: most signals are never written."""
        return friction_id(self.rule, self.anchor)

    @property
    def status(self) -> str:
        """`open`, or `resolved` when it has `resolved_at`."""
        return "open" if self.resolved_at is None else "resolved"


def friction_id(rule: str, anchor: str) -> UUID:
    """UUIDv5 over `<rule id>:<anchor's id>`."""
    return derived_id(f"{rule}:{anchor}")
