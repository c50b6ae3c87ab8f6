"""The difference between what a customer's events now amount to and what the store holds.

New and changed rows as they are, and what is no longer true as retracted or superseded: only this
is written. A friction keeps the time at which it was first detected.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from msgspec.structs import astuple, replace

from touchline.journeys import Journey
from touchline.pipeline.customer import Folded
from touchline.tables.rows import FrictionRow, JourneyRow


def frictions(
    customer: UUID, folded: Folded, held: Iterable[FrictionRow], detected_at: int, version: int
) -> Iterator[FrictionRow]:
    """The rows of `frictions` to write for a customer; `held` are those not retracted."""
    before = {row.id: row for row in held}
    journey_ids = {journey.first: journey.id for journey in folded.journey_of}
    for one, journey in zip(folded.signals, folded.journey_of, strict=True):
        friction = one.id
        known = before.pop(friction, None)
        row = FrictionRow(
            id=friction,
            rule=one.rule,
            rule_version=one.rule_version,
            customer=customer,
            journey=journey_ids[journey.first],
            anchor=one.anchor,
            channel=one.channel,
            source=one.source,
            opened_at=one.opened_at,
            detected_at=known.detected_at if known else detected_at,
            resolved_at=one.resolved_at,
            status=one.status,
            count=len(one.evidence),
            evidence=one.evidence,
            weight=one.weight,
            factor=one.factor,
            version=known.version if known else version,
        )
        if known is None:
            yield row
        elif row != known:
            yield replace(row, version=version)
    for row in before.values():
        yield replace(row, status="retracted", version=version)


def journeys(
    customer: UUID, folded: Folded, held: Iterable[JourneyRow], version: int
) -> Iterator[JourneyRow]:
    """The rows of `journeys` to write for a customer; `held` are those not superseded."""
    before = {row.id: row for row in held}
    for one in folded.journeys:
        row = journey_row(customer, one, folded, version)
        known = before.pop(row.id, None)
        if known is None or replace(row, version=known.version) != known:
            yield row
    for row in before.values():
        yield replace(row, superseded=1, due_at=None, version=version)


def journey_row(customer: UUID, journey: Journey, folded: Folded, version: int) -> JourneyRow:
    """The row of one of a customer's journeys; the last one says when the customer is next due."""
    due_at = folded.due_at if journey is folded.journeys[-1] else None
    return JourneyRow(*(journey.id, customer, *astuple(journey), due_at, 0, version))
