"""A friction with its case: who takes care of it, and how it ended."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from touchline.vocabulary.families.case import Verdict

VERDICTS: tuple[str, ...] = get_args(Verdict)
"""How a case can end."""

State = Literal["open", "assigned", "closed", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A friction and what staff did about it. Times are ms since 1970.

    Attributes:
        friction: The friction's id.
        entity: The identifier of the event that the friction is attached to. Events of the case name it, so
            they stay with the friction's customer, and go with it.
        consent: What that event says of the customer's consent, as JSON; empty for nothing.
        customer: The customer's id.
        name: The customer's strongest identifier.
        resolved_at: When the expected event came after all; None if it did not.
        assignee: Who takes care of it; empty for nobody.
        closed_at: When staff closed it; None while they have not.
        verdict: How staff closed it; empty while they have not.
        comments: How many there are.
        value: What the customer ordered so far, by currency.
    """

    friction: str
    rule: str
    channel: str
    source: str
    weight: int
    opened_at: int
    customer: str
    name: str
    entity: str = ""
    consent: str = ""
    resolved_at: int | None = None
    assignee: str = ""
    closed_at: int | None = None
    closed_by: str = ""
    verdict: str = ""
    comments: int = 0
    value: dict[str, float] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """Closed by staff, else resolved by an event, else assigned, else open."""
        if self.closed_at is not None:
            return "closed"
        if self.resolved_at is not None:
            return "resolved"
        return "assigned" if self.assignee else "open"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that staff did: the event's type, its time (ms), who did it, and what the event says."""

    type: str
    at: int
    by: str
    assignee: str = ""
    verdict: str = ""
    comment: str = ""
