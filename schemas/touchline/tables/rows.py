"""Rows of the tables that are written as differences. Times are milliseconds since 1970."""

from uuid import UUID

import msgspec


class FrictionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `frictions`; `version` grows with every change, the highest counts."""

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


class JourneyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `journeys`; `version` grows with every change, the highest counts."""

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


class IdentityRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `identities`: an identifier (`kind:value`) and whose it is."""

    entity: str
    customer: UUID
    version: int
