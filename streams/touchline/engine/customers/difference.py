"""The rows that bring the store from what it holds of a customer to the customer's present result.

They are new and changed rows, and rows that are no longer true, as retracted or superseded. A friction keeps
the time at which it was first detected.

Rows lie by week. One that comes to lie in another week does not replace the earlier version, so that one is
written as retracted or superseded as well, in its own week.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import astuple, replace

from touchline.engine.customers.fold import Folded
from touchline.journeys import Journey, Way
from touchline.tables.rows import FrictionRow, JourneyRow


class FrictionChange(NamedTuple):
    """A row of `frictions` to write, and the one before; None if that is retracted, or not there.

    `moved`: the row takes back what lies in another week; the friction is still true.
    """

    row: FrictionRow
    before: FrictionRow | None
    moved: bool = False


def frictions(
    customer: UUID, folded: Folded, held: Iterable[FrictionRow], detected_at: int, version: int
) -> Iterator[FrictionChange]:
    """The rows of `frictions` to write for a customer; `held` are those not retracted."""
    before = {(row.week, row.id): row for row in sorted(held, key=_version)}
    newest = {row.id: row for row in before.values()}
    true: set[UUID] = set()
    journey_ids: dict[str, UUID] = {}
    for signal, journey in zip(folded.signals, folded.journey_of, strict=True):
        friction = signal.id
        known = newest.get(friction) if newest else None
        journey_id = journey_ids.get(journey.first)
        if journey_id is None:
            journey_id = journey_ids[journey.first] = journey.id
        row = FrictionRow(
            id=friction,
            rule=signal.rule,
            rule_version=signal.rule_version,
            customer=customer,
            journey=journey_id,
            anchor=signal.anchor,
            channel=signal.channel,
            source=signal.source,
            opened_at=signal.opened_at,
            detected_at=known.detected_at if known else detected_at,
            resolved_at=signal.resolved_at,
            status=signal.status,
            count=len(signal.evidence),
            evidence=signal.evidence,
            weight=signal.weight,
            factor=signal.factor,
            version=known.version if known else version,
            announced=known.announced if known else 0,
        )
        if known is None:
            yield FrictionChange(row, None)
            continue
        true.add(friction)
        before.pop((row.week, friction), None)
        if row != known:
            yield FrictionChange(replace(row, version=version), known)
    for row in before.values():
        yield FrictionChange(replace(row, status="retracted", version=version), row, row.id in true)


def _version(row: FrictionRow) -> int:
    return row.version


def journeys(
    customer: UUID, folded: Folded, held: Iterable[JourneyRow], version: int
) -> Iterator[JourneyRow]:
    """The rows of `journeys` to write for a customer; `held` are those not superseded."""
    before = {(row.week, row.id): row for row in held}
    for journey in folded.journeys:
        row = journey_row(customer, journey, folded, version)
        known = before.pop((row.week, row.id), None)
        if known is None or replace(row, version=known.version) != known:
            yield row
    for row in before.values():
        yield _superseded(row, version)


def journeys_refolded(
    customer: UUID, folded: Folded, before: Callable[[], Folded], gone: set[str], version: int
) -> Iterator[JourneyRow]:
    """The rows of `journeys` to write for a customer that was refolded.

    `before` gives what was written last; `gone` are the first events of journeys that no longer exist, or lie
    in another week.
    """
    for journey in folded.journeys:
        yield journey_row(customer, journey, folded, version)
    if gone:
        written = before()
        for journey in written.journeys:
            if journey.first in gone:
                yield _superseded(journey_row(customer, journey, written, version), version)


def journey_moved(customer: UUID, journey: Journey, folded: Folded, last: int, version: int) -> JourneyRow:
    """What to write where a journey lay when its last event was at `last` (ms)."""
    return _superseded(replace(journey_row(customer, journey, folded, version), last=last), version)


def journey_row(customer: UUID, journey: Journey, folded: Folded, version: int) -> JourneyRow:
    """The row of one of a customer's journeys; the last one says when the customer is next due."""
    due_at = folded.due_at if journey is folded.journeys[-1] else None
    *fields, ways = astuple(journey)
    return JourneyRow(*(journey.id, customer, *fields, *_columns(ways), due_at, 0, version))


def _columns(ways: tuple[Way, ...]) -> tuple[tuple[object, ...], ...]:
    """The columns of the ways: where they began, the steps reached, what came next, and its friction."""
    if not ways:
        return _NO_WAYS
    begun, channels, sources, reached, _, came, _, met = zip(*ways, strict=True)
    return begun, channels, sources, reached, came, met


_NO_WAYS = ((),) * 6


def _superseded(row: JourneyRow, version: int) -> JourneyRow:
    return replace(row, superseded=1, due_at=None, version=version)
