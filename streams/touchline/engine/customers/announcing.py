"""Which changes of frictions are announced to programs, and what is announced.

A change is announced once its row of `frictions` is written, and recorded in `friction_changes` after that.
So a change that a worker wrote and did not announce before it was cut off can be found: its row has the
version in `announced`, and `friction_changes` does not. Its customer is folded again by the repeat, and that
announces the change, with the same id, before it writes the next one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from touchline.engine.customers.difference import FrictionChange
from touchline.engine.ports import Announced, Store
from touchline.tables.rows import FrictionChangeRow, FrictionRow
from touchline.vocabulary.ids import derived_id

RECENT = 86_400_000
"""A friction that opened longer than this (ms) before it was found is history: it is not announced."""

FOLLOWED = 7 * RECENT
"""What happens to a friction is announced until this long (ms) after its last announcement."""

CUT_OFF = 3 * RECENT
"""A change that was not announced is found for this long (ms) after it was written."""

_NOBODY = UUID(int=0)


class Announcement(NamedTuple):
    """A change, and the customer by whom programs get it in order."""

    customer: UUID
    change: FrictionChangeRow


class Marked(NamedTuple):
    """Rows of `frictions` to write, announcements that another worker left to make, and those of the rows."""

    rows: list[FrictionRow]
    missing: list[Announcement]
    announcements: list[Announcement]


class Horizon(NamedTuple):
    """From which times (ms) on changes are announced.

    Attributes:
        recent: Frictions that open or are resolved from then on; None in an import of history.
        followed: Frictions whose last announcement is from then on.
    """

    recent: int | None
    followed: int


def horizon(detected_at: int, version: int, *, history: bool) -> Horizon:
    """The horizon of a flush."""
    return Horizon(None if history else detected_at - RECENT, version - FOLLOWED)


class Announcing:
    """Marks the changes of a portion that are announced.

    Args:
        store: Queried for earlier announcements.
        last_version: The highest version in the store when the worker began.
    """

    def __init__(self, store: Store, last_version: int) -> None:
        self._store = store
        self._last_version = last_version
        self.cut_off = max(0, last_version - CUT_OFF)
        """Changes of a higher version, up to the beginning of this worker, may not have been announced."""

    def may_be_cut_off(self, row: FrictionRow) -> bool:
        """Whether the row is of a change that another worker wrote and perhaps did not announce."""
        return row.announced == row.version and self.cut_off < row.version <= self._last_version

    def mark(
        self,
        changes: Sequence[FrictionChange],
        unsettled: Sequence[FrictionRow],
        names: Mapping[UUID, str],
        since: Horizon,
        position: int,
    ) -> Marked:
        """The rows to write, marked where they are announced, and the announcements in their order.

        Args:
            changes: The rows, and those that they replace.
            unsettled: Stored rows of the same customers that may be cut off.
            names: The strongest identifiers of the customers.
            since: From when on changes are announced.
            position: Of the announcements.
        """
        old = [row.id for row, before, _ in changes if before is None and not _is_recent(row, since)]
        known = self._announced([*old, *(row.id for row in unsettled)])
        missing = [
            announcement(row, _status(known, row), names[row.customer], position)
            for row in unsettled
            if row.version > known.get(row.id, {}).get(row.customer, _NEVER).version
        ]
        rows, announced = [], []
        for row, before, moved in changes:
            if not moved and _is_announced(row, before, since, known):
                row = replace(row, announced=row.version)
                status = before.status if before is not None and before.announced else None
                announced.append(announcement(row, status, names[row.customer], position))
            rows.append(row)
        return Marked(rows, missing, announced)

    def _announced(self, frictions: Sequence[UUID]) -> dict[UUID, dict[UUID, Announced]]:
        found: dict[UUID, dict[UUID, Announced]] = {}
        if frictions:
            for row in self._store.announced(frictions):
                found.setdefault(row.friction, {})[row.customer] = row
        return found


_NEVER = Announced(friction=_NOBODY, customer=_NOBODY, version=0, status="")


def _is_recent(row: FrictionRow, since: Horizon) -> bool:
    return since.recent is not None and row.opened_at >= since.recent


def _is_announced(
    row: FrictionRow,
    before: FrictionRow | None,
    since: Horizon,
    known: Mapping[UUID, Mapping[UUID, Announced]],
) -> bool:
    if before is None:
        # A friction that moved to another customer, or is true again, goes on being announced.
        return _is_recent(row, since) or any(
            announced.version >= since.followed for announced in known.get(row.id, {}).values()
        )
    if not before.announced:
        return row.status != "retracted" and _is_recent(row, since) and _is_material(row, before)
    if not _is_material(row, before):
        return False
    resolved_now = (
        since.recent is not None and row.resolved_at is not None and row.resolved_at >= since.recent
    )
    return before.announced >= since.followed or _is_recent(row, since) or resolved_now


def _is_material(row: FrictionRow, before: FrictionRow) -> bool:
    """Whether more changed than what the rules or the journeys say of it."""
    return (row.status, row.opened_at, row.resolved_at, row.evidence) != (
        before.status,
        before.opened_at,
        before.resolved_at,
        before.evidence,
    )


def _status(known: Mapping[UUID, Mapping[UUID, Announced]], row: FrictionRow) -> str | None:
    announced = known.get(row.id, {}).get(row.customer)
    return None if announced is None else announced.status


def announcement(row: FrictionRow, before: str | None, identifier: str, position: int) -> Announcement:
    """The announcement of a friction's row; `before` is the status that was announced last, if any."""
    subject = derived_id(f"{row.customer}:{row.id}")
    return Announcement(
        row.customer,
        FrictionChangeRow(
            position=position,
            id=derived_id(f"{subject}:{row.version}"),
            kind=_kind(row.status, before),
            subject=subject,
            customer=row.customer,
            identifier=identifier,
            friction=row.id,
            rule=row.rule,
            rule_version=row.rule_version,
            journey=row.journey,
            anchor=row.anchor,
            channel=row.channel,
            source=row.source,
            opened_at=row.opened_at,
            detected_at=row.detected_at,
            resolved_at=row.resolved_at,
            status=row.status,
            count=row.count,
            evidence=row.evidence,
            weight=row.weight,
            factor=row.factor,
            version=row.version,
        ),
    )


def _kind(status: str, before: str | None) -> str:
    if status == "retracted":
        return "retracted"
    if before in (None, "retracted"):
        return "opened" if status == "open" else "resolved"
    return "resolved" if (status, before) == ("resolved", "open") else "changed"


def without_customer(announcements: Iterable[Announcement], forgotten: set[UUID]) -> list[Announcement]:
    """The announcements, without what says who a forgotten customer was."""
    return [
        announcement._replace(change=_anonymous(announcement.change))
        if announcement.customer in forgotten
        else announcement
        for announcement in announcements
    ]


def _anonymous(change: FrictionChangeRow) -> FrictionChangeRow:
    """With a friction's id or an event's, the subject could be compared with those of known customers."""
    return replace(
        change,
        customer=_NOBODY,
        identifier="",
        friction=_NOBODY,
        journey=_NOBODY,
        anchor="",
        channel="",
        source="",
        opened_at=0,
        detected_at=0,
        resolved_at=None,
        count=0,
        evidence=(),
    )
