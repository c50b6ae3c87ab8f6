"""One customer, folded: the events of a customer, in order, become signals and journeys."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from touchline.friction import RuleSet, Signal
from touchline.journeys import JOURNEY_GAP, Journey, Strike, journey_at, journeys
from touchline.vocabulary.event import Event


class Folded(NamedTuple):
    """What a customer's events amount to; `due_at` (ms) is when the customer must be looked at again.

    `journey_of` gives each signal's journey, in the order of `signals`.
    """

    signals: list[Signal]
    journey_of: list[UUID]
    journeys: list[Journey]
    due_at: int | None


def fold(events: Sequence[Event], rules: RuleSet, now: int, journey_gap: int = JOURNEY_GAP) -> Folded:
    """Fold one customer's `events`, in order and each once, at the evaluation time `now` (ms)."""
    found, due_at = rules.findings(events, now)
    made = journeys(events, [Strike(one.opened_at, one.weight) for one in found], journey_gap)
    starts = [journey.start for journey in made]
    journey_of = [made[journey_at(starts, one.opened_at)].id for one in found]
    return Folded(found, journey_of, made, due_at)
