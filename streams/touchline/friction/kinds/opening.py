"""A signal while it is being found, and what it keeps of the event that anchors it."""

from typing import Any, NamedTuple


class Anchor(NamedTuple):
    """The fields kept of an event that may anchor a signal; `projection` is for the second layer."""

    id: str
    time: int
    channel: str
    source: str
    projection: "Projection | None"


class Projection(NamedTuple):
    """The fields of an anchor that conditions and keys of second-layer rules read."""

    identifiers: tuple[str, ...]
    data: dict[str, Any]


class Opening:
    """A mutable signal: it may still gain evidence (`more`: ids after the anchor's) or be resolved."""

    __slots__ = ("anchor", "more", "opened_at", "resolved_at")

    def __init__(self, anchor: Anchor, opened_at: int, more: list[str] | None = None) -> None:
        self.anchor = anchor
        self.opened_at = opened_at
        self.more = more
        self.resolved_at: int | None = None

    def add_evidence(self, event_id: str) -> None:
        """Add an event to the evidence."""
        if self.more is None:
            self.more = [event_id]
        else:
            self.more.append(event_id)

    def copy(self) -> "Opening":
        """An independent copy."""
        copied = Opening(self.anchor, self.opened_at, None if self.more is None else list(self.more))
        copied.resolved_at = self.resolved_at
        return copied

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of the events that support the signal, in order."""
        return (self.anchor.id,) if self.more is None else (self.anchor.id, *self.more)
