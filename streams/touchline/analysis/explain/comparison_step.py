"""The step at which affected and unaffected customers were both at risk, found from what they passed."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from touchline.vocabulary.durations import HOUR

SHORTLY: Final = HOUR
"""How long (ms) before the friction an event counts as a step on the way to it."""

NEARLY_ALL: Final = 0.9
"""The least share of the affected that passed the step."""

FEWEST: Final = 10
"""The fewest other customers who passed it."""

MOVED: Final = 0.5
"""The least share of the others that came from another value of a field that belongs to the step."""


class Step(NamedTuple):
    """A type of events, and a field of `data` with its value as JSON; '' if all of the type are."""

    kind: str
    field: str = ""
    value: str = ""


class Passing(NamedTuple):
    """How many passed a possible step.

    Attributes:
        step: The step.
        affected: Customers who passed it shortly before the friction.
        before: The median time from the last such event to the friction, ms.
        others: Customers without the friction who passed it.
        moved: Those of them who passed the type with another value of the field shortly before.
    """

    step: Step
    affected: int
    before: float
    others: int = 0
    moved: int = 0


def last_common_step(passings: Iterable[Passing], affected: int) -> Passing | None:
    """The last step that nearly all of the affected passed, and others as well; None if there is none.

    A field belongs to the step if others mostly come to its value from another one, as from `step: delivery`
    to `step: payment`: it says where in the journey they are. A field that customers keep, such as a payment
    method, may be the cause and is compared.
    """
    common = [one for one in passings if one.affected >= NEARLY_ALL * affected and one.others >= FEWEST]
    kinds = [one for one in common if not one.step.field]
    if not kinds:
        return None
    last = min(kinds, key=lambda one: (one.before, one.step))
    places = [
        one
        for one in common
        if one.step.field and one.step.kind == last.step.kind and one.moved >= MOVED * one.others
    ]
    return min(places, key=lambda one: (one.before, -one.affected, one.step), default=last)
