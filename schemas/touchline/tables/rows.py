"""Rows of the tables that are written as differences. Times are milliseconds since 1970."""

from uuid import UUID

import msgspec


class FrictionRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row of `frictions`; `version` grows with every change, the highest counts.

    `announced` is the version of the last change that was announced to programs; 0 for none.
    """

    id: UUID
    rule: str
    rule_version: str
    customer: UUID
    journey: UUID
    anchor: str
    channel: str
    source: str
    opened_at: int
    detected_at: int
    resolved_at: int | None
    status: str
    count: int
    evidence: tuple[str, ...]
    weight: int
    factor: str
    version: int
    announced: int = 0


class FrictionChangeRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row of `friction_changes`: a friction after a change that is announced to programs.

    `subject` is derived from the customer and the friction, `id` from the subject and the version. Rows are
    read in the order of `position`, `version` and `id`. A change may be there at two positions. The row of a
    forgotten customer does not say whose it was.
    """

    position: int
    id: UUID
    kind: str
    subject: UUID
    customer: UUID
    identifier: str
    friction: UUID
    rule: str
    rule_version: str
    journey: UUID
    anchor: str
    channel: str
    source: str
    opened_at: int
    detected_at: int
    resolved_at: int | None
    status: str
    count: int
    evidence: tuple[str, ...]
    weight: int
    factor: str
    version: int


class JourneyRow(msgspec.Struct, frozen=True, gc=False):
    """A row of `journeys`, a `Journey` among it; `version` grows with every change, the highest counts."""

    id: UUID
    customer: UUID
    first: str
    start: int
    last: int
    path: tuple[str, ...]
    events: int
    contacts: int
    visits: int
    strikes: int
    score: int
    grade: str
    outcome: str
    wait_seconds: int
    transfers: int
    channel_switches: int
    repeats: int
    due_at: int | None
    superseded: int
    version: int


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `accounts`: from the ingress, for a request, or from the worker, for a log record.

    The ingress fills `batch` to `lost` (JSON); the client counts `emitted`, `queued` and `lost` since its
    start. The worker fills the last four; both fill `conflicting`.
    """

    id: UUID
    at: int
    producer: str
    client: str = ""
    batch: int = 0
    first: int = 0
    events: int = 0
    quarantined: int = 0
    repeated: int = 0
    emitted: int = 0
    queued: int = 0
    lost: str = ""
    stored: int = 0
    duplicates: int = 0
    conflicting: int = 0
    suppressed: int = 0


class IdentityRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `identities`: an identifier (`kind:value`) and its customer."""

    entity: str
    customer: UUID
    version: int


class OccurrenceRow(msgspec.Struct, frozen=True):
    """A row of `occurrences`: an identifier, and a set of identifiers with it, strongest first."""

    identifier: str
    identifiers: tuple[str, ...]


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `alerts`, an incident; `version` grows with every change, the highest counts."""

    id: UUID
    fingerprint: UUID
    rule: str
    kind: str
    title: str
    severity: str
    labels: tuple[str, ...]
    opened_at: int
    detected_at: int
    resolved_at: int | None
    status: str
    count: int
    customers: int
    usual: float | None
    evidence: tuple[str, ...]
    summary: str
    version: int


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `outbox`: the last notification of an incident to a channel; the highest `version` counts."""

    channel: str
    fingerprint: UUID
    alert: UUID
    told: str = "nothing"
    told_at: int | None = None
    told_version: int = 0
    attempts: int = 0
    failing_since: int | None = None
    next_at: int | None = None
    error: str = ""
    version: int = 0
