"""Signals: the frictions that rules find, and the events that carry them to the second layer."""

from uuid import UUID

import msgspec

from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import derived_id


class FrictionName(str):
    """The text that a friction id is derived from; used in place of the id where no rule reads the id."""

    __slots__ = ()

    @property
    def friction_id(self) -> UUID:
        """The id: UUIDv5 of this text."""
        return derived_id(self)


class FrictionEvent(Event, frozen=True, kw_only=True, gc=False):
    """A signal of the first layer as the second layer sees it: an event of type `friction.<rule id>`.

    `id` is the friction id or its `FrictionName`, `time` is `opened_at`; the other fields are the anchor's.
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
        """The friction id. It is derived on each access, because most signals are never written."""
        return friction_id(self.rule, self.anchor)

    @property
    def status(self) -> str:
        """`resolved` if it has `resolved_at`, else `open`."""
        return "open" if self.resolved_at is None else "resolved"


def friction_id(rule: str, anchor: str) -> UUID:
    """The friction id: UUIDv5 of `<rule id>:<anchor id>`."""
    return derived_id(f"{rule}:{anchor}")
