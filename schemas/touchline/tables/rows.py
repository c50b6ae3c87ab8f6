"""Rows of the tables that are written as differences. Times are milliseconds since 1970."""

from uuid import UUID

import msgspec

_DAY = 86_400_000
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday, three days after a Monday."""


def week_of(time: int) -> int:
    """The week of a time (ms since 1970), as a number of weeks since 1970; weeks begin on Mondays, in UTC.

    Rows of `frictions` and `journeys` lie by week. A row replaces earlier versions of it in its week only.
    """
    return (time // _DAY + _EPOCH_WEEKDAY) // 7


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

    @property
    def week(self) -> int:
        """The week in which it lies in the table, as a number of weeks since 1970; they begin on Mondays."""
        return week_of(self.opened_at)


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
    """A row of `journeys`, a `Journey` among it; `version` grows with every change, the highest counts.

    `way_…` have a value for each way to an order.
    """

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
    way_begun: tuple[int, ...]
    way_channel: tuple[str, ...]
    way_source: tuple[str, ...]
    way_reached: tuple[int, ...]
    way_next: tuple[str, ...]
    way_met: tuple[int, ...]
    due_at: int | None
    superseded: int
    version: int

    @property
    def week(self) -> int:
        """The week in which it lies in the table, as a number of weeks since 1970; they begin on Mondays."""
        return week_of(self.last)


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
    causes: tuple[str, ...] = ()
    explained: int = 0
    changes: tuple[str, ...] = ()
    cost: str = ""


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
    reference: str = ""
    told_act: int = 0
    followed: int = 0


class AlertActRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `alert_acts`: what somebody did about an incident, or a mute of a rule.

    An act holds from `written_at` until `ends_at`, or until the next act of its kind about the same.
    """

    id: str
    act: str
    rule: str
    opened_at: int
    last_at: int
    author: str
    written_at: int
    alert: str = ""
    fingerprint: str = ""
    labels: tuple[str, ...] = ()
    ends_at: int | None = None
    times: float = 0.0
    customers: int = 0
    verdict: str = ""
    change: str = ""
    comment: str = ""
    deleted: int = 0
    version: int = 0


class HeldAlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `held_alerts`: notifications of an incident that were held for a reason."""

    id: UUID
    alert: UUID
    fingerprint: UUID
    rule: str
    title: str
    labels: tuple[str, ...]
    reason: str
    name: str
    channels: tuple[str, ...]
    began_at: int
    ended_at: int | None
    count: int
    customers: int
    deleted: int = 0
    version: int = 0


class RuleImpactRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `rule_impact`: the associated loss of a rule; `rule` is "" for all rules together."""

    computed_at: int
    rule: str
    title: str
    factor: str
    owner: str
    since: int
    until: int
    outcome: str
    within: int
    one_in: int
    currency: str
    contact_cost: float
    verdict: str
    missing: str
    exposed: int
    controls: int
    matched: float
    converted: float
    converted_controls: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    loss: float | None
    loss_low: float | None
    loss_high: float | None
    contacts: float | None
    contacts_low: float | None
    contacts_high: float | None
    e_value: float | None
    placebo: float | None
    placebo_low: float | None
    placebo_high: float | None
    at_risk: float | None


class ChangeEffectRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `change_effects`: what a deployed change did to a rule; `rule` is "" if it names none."""

    computed_at: int
    change: str
    deployed_at: int
    title: str
    channel: str
    source: str
    rule: str = ""
    meant: int = 0
    days: float = 0.0
    days_wanted: float = 0.0
    before: int = 0
    journeys_before: int = 0
    after: int = 0
    journeys_after: int = 0
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    elsewhere: float | None = None
    beside: float | None = None
    beside_low: float | None = None
    beside_high: float | None = None
    verdict: str = "unknown"
    sentence: str = ""
    saved: float | None = None
    saved_low: float | None = None
    saved_high: float | None = None
    currency: str = ""
