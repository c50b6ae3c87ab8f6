"""Accounts: where each event that a producer emitted is now.

The law: emitted = stored + duplicate + quarantined + suppressed + dropped + in flight + unexplained, for any
duplicates, any order and any loss. With each batch a client reports how many events it emitted, queued and
lost so far, and the batch's position in its queue. The collector counts what it received, the worker what it
stored. So a queued event

    received                      is stored, duplicate, quarantined or suppressed, or still in the log
    not received, at a position   is dropped if the client reports it as lost, otherwise unexplained
      before the last batch's end
    at a later position           is in the client's memory, or lost if the client is silent

An event that the client reports as lost and that was received anyway (the response got lost) counts as
received. A batch that was received more than once counts once. Two limits remain: nobody knows what a killed
process tracked after its last batch; and a client reports how many events it lost, not which, so a received
one among them can hide one that vanished.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Literal

import msgspec

from touchline.vocabulary.durations import MINUTE
from touchline.vocabulary.wording import counted

SILENT = 15 * MINUTE
"""A client that sends nothing for this long (ms) has lost its memory: the SDK retries for ten minutes."""

Kind = Literal["missing", "memory", "log"]
"""Not received and not reported as lost; in the memory of a silent client; received and not stored."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one client, summed up; `client` is "" for requests without an account and for the worker.

    `received` counts events in requests, each batch once; `reached` is the queue position after the last
    of them. `emitted`, `queued` and `lost` are the client's latest report; `heard_at` is in ms.
    """

    producer: str
    client: str = ""
    batches: int = 0
    heard_at: int = 0
    received: int = 0
    reached: int = 0
    quarantined: int = 0
    repeated: int = 0
    emitted: int = 0
    queued: int = 0
    lost: str = ""
    stored: int = 0
    duplicates: int = 0
    conflicting: int = 0
    suppressed: int = 0

    @property
    def losses(self) -> dict[str, int]:
        """`lost` by reason."""
        return msgspec.json.decode(self.lost, type=dict[str, int]) if self.lost else {}


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Events that were not received, between two batches that were; `after_batch` 0 is the start."""

    producer: str
    client: str
    after_batch: int
    before_batch: int
    events: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Unexplained events; `client` is empty if they cannot be attributed to one client."""

    kind: Kind
    client: str
    events: int
    text: str


@dataclass(slots=True)
class ProducerAccount:
    """One producer's account, in events. `in_memory` and `in_log` are in flight.

    `conflicting` are duplicates whose content differs from the first event with the id. `resent` events were
    received again because the client got no response; no count but `conflicting` includes them.
    """

    producer: str
    heard_at: int = 0
    clients: int = 0
    emitted: int = 0
    stored: int = 0
    duplicate: int = 0
    conflicting: int = 0
    quarantined: int = 0
    suppressed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    in_memory: int = 0
    in_log: int = 0
    resent: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        """The events of all findings."""
        return sum(finding.events for finding in self.findings)


def reconcile(
    totals: Iterable[Totals], gaps: Sequence[Gap] = (), *, now: int, at_rest: bool, silent: int = SILENT
) -> list[ProducerAccount]:
    """The account of each producer, ordered by name.

    Args:
        totals: The totals of each client.
        gaps: Gaps to name in findings.
        now: The time (ms).
        at_rest: Whether the log is fully processed, so that every accepted event must be in the store.
        silent: After this time (ms) without a batch, a client's memory counts as lost.
    """
    accounts = []
    by_producer = attrgetter("producer")
    for producer, group in groupby(sorted(totals, key=by_producer), key=by_producer):
        account = ProducerAccount(producer)
        clients = list(group)
        for client in clients:
            account.heard_at = max(account.heard_at, client.heard_at)
            if client.client:
                own = [gap for gap in gaps if (gap.producer, gap.client) == (producer, client.client)]
                _add_client(account, client, own, is_silent=client.heard_at < now - silent)
            else:
                account.emitted += client.received
        _add_outcomes(account, clients, at_rest)
        accounts.append(account)
    return accounts


def _add_client(account: ProducerAccount, client: Totals, gaps: Sequence[Gap], *, is_silent: bool) -> None:
    """Add the events that were not received, and how many the client emitted."""
    lost = Counter(client.losses)
    before_queue = min(max(client.emitted - client.queued, 0), lost.total())
    reported = lost.total() - before_queue
    absent = max(client.reached - client.received, 0)
    waiting = max(client.queued - client.reached, 0)
    _remove_losses(lost, max(reported - absent, 0))
    missing = max(absent - reported, 0)

    account.clients += 1
    account.emitted += client.received + lost.total() + missing + waiting
    account.dropped += lost
    if missing:
        between = "; ".join(
            f"{gap.events:,} between batch {gap.after_batch} and batch {gap.before_batch}" for gap in gaps
        )
        text = f"{counted(missing, 'event')} never arrived, and the client does not report the loss"
        account.findings.append(
            Finding("missing", client.client, missing, f"{text}: {between}" if between else text)
        )
    if waiting and is_silent:
        text = (
            f"{counted(waiting, 'event')} waited in the client's memory at its last batch, number "
            f"{client.batches}; if the process was killed, these and all later events are lost"
        )
        account.findings.append(Finding("memory", client.client, waiting, text))
    elif waiting:
        account.in_memory += waiting


def _add_outcomes(account: ProducerAccount, clients: Sequence[Totals], at_rest: bool) -> None:
    """Add what became of the events that were received."""
    stored, duplicates, suppressed, received, quarantined, repeated = (
        sum(getattr(client, name) for client in clients)
        for name in ("stored", "duplicates", "suppressed", "received", "quarantined", "repeated")
    )
    accepted = received - quarantined - repeated
    behind = max(accepted - stored - duplicates - suppressed, 0)
    # More outcomes than accepted events: first, batches that were sent again; then, batches that the client
    # reported as lost and that arrived anyway; the rest are events without any account.
    account.resent = excess = max(stored + duplicates + suppressed - accepted, 0)
    again = min(excess, duplicates)
    duplicates, excess = duplicates - again, excess - again
    again = min(excess, suppressed)
    suppressed, excess = suppressed - again, excess - again
    arrived_anyway = min(excess, account.dropped.total())
    _remove_losses(account.dropped, arrived_anyway)
    account.resent -= excess
    account.emitted += excess - arrived_anyway

    account.stored, account.suppressed, account.quarantined = stored, suppressed, quarantined
    account.duplicate = duplicates + repeated
    account.conflicting = sum(client.conflicting for client in clients)
    if behind and at_rest:
        text = f"{counted(behind, 'event')} accepted, but not in the store after the log was fully processed"
        account.findings.append(Finding("log", "", behind, text))
    else:
        account.in_log = behind


def _remove_losses(lost: Counter[str], count: int) -> None:
    """Remove `count` events from the losses, those of uncertain delivery first."""
    for reason in sorted(lost, key=lambda reason: reason != "undelivered"):
        less = min(lost[reason], count)
        lost[reason] -= less
        count -= less
    for reason in [reason for reason, left in lost.items() if not left]:
        del lost[reason]
