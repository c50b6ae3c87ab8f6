"""The difference between what a customer's events now amount to and what the store holds.

New and changed rows as they are, and what is no longer true as retracted or superseded: only this
is written. A friction keeps the time at which it was first detected.
"""

from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from msgspec.structs import astuple, replace

from touchline.engine.customer import Folded
from touchline.journeys import Journey
from touchline.tables.rows import FrictionRow, JourneyRow


def frictions(
    customer: UUID, folded: Folded, held: Iterable[FrictionRow], detected_at: int, version: int
) -> Iterator[FrictionRow]:
    """The rows of `frictions` to write for a customer; `held` are those not retracted."""
    before = {row.id: row for row in held}
    journey_ids: dict[str, UUID] = {}
    for one, journey in zip(folded.signals, folded.journey_of, strict=True):
        friction = one.id
        known = before.pop(friction, None) if before else None
        journey_id = journey_ids.get(journey.first)
        if journey_id is None:
            journey_id = journey_ids[journey.first] = journey.id
        row = FrictionRow(
            id=friction,
            rule=one.rule,
            rule_version=one.rule_version,
            customer=customer,
            journey=journey_id,
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
        yield _superseded(row, version)


def journeys_anew(
    customer: UUID, folded: Folded, before: Callable[[], Folded], gone: set[str], version: int
) -> Iterator[JourneyRow]:
    """The rows of `journeys` to write for a customer who was folded anew.

    `before` says what was written last; `gone` are the first events of those journeys that are none any more.
    """
    for one in folded.journeys:
        yield journey_row(customer, one, folded, version)
    if gone:
        told = before()
        for one in told.journeys:
            if one.first in gone:
                yield _superseded(journey_row(customer, one, told, version), version)


def journey_row(customer: UUID, journey: Journey, folded: Folded, version: int) -> JourneyRow:
    """The row of one of a customer's journeys; the last one says when the customer is next due."""
    due_at = folded.due_at if journey is folded.journeys[-1] else None
    return JourneyRow(*(journey.id, customer, *astuple(journey), due_at, 0, version))


def _superseded(row: JourneyRow, version: int) -> JourneyRow:
    return replace(row, superseded=1, due_at=None, version=version)
