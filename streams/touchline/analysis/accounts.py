"""Accounting: where every event that a producer emitted is now.

Law: emitted = stored + duplicate + quarantined + suppressed + dropped + in flight + unexplained, whatever
came twice, out of order, or not at all. A client says with each batch how many events it emitted, queued and
lost, and which positions of its queue the batch holds; the door says what came, the worker what became of it.
So of what the client queued,

    positions that came         are stored, duplicate, quarantined or suppressed, or still in the log
    positions that did not      are dropped as far as the client says so, else unexplained
    positions behind the last   are in the client's memory, or lost with it if it is not heard of any more

An event that a client counts as lost and that came nevertheless (it did not hear the answer) is no loss; a
batch that came more than once is counted once. What a killed process tracked after its last batch is known to
nobody. And a client reports how many it lost, not which: one that came nevertheless can stand for another of
the same client that vanished.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Literal

from touchline.analysis.account_sums import Hole, Sums
from touchline.vocabulary.durations import MINUTE

SILENT = 15 * MINUTE
"""A client that is not heard of for so long (ms) has given up what it had: the SDK tries for ten minutes."""

Kind = Literal["missing", "memory", "log"]
"""Events that never came and were not reported, that a silent client had, that never left the log."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Events that nothing explains; `client` is empty where all of the producer's are meant."""

    kind: Kind
    client: str
    events: int
    text: str


@dataclass(slots=True)
class ProducerAccount:
    """One producer's account, in events. `in_memory` and `in_log` are in flight.

    `resent` came once more because the client did not hear the answer; they are in no other count.
    """

    producer: str
    heard_at: int = 0
    clients: int = 0
    emitted: int = 0
    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    suppressed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    in_memory: int = 0
    in_log: int = 0
    resent: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        """Events of which nobody knows where they are."""
        return sum(finding.events for finding in self.findings)


def reconcile(
    sums: Iterable[Sums], holes: Sequence[Hole] = (), *, now: int, at_rest: bool, silent: int = SILENT
) -> list[ProducerAccount]:
    """The account of each producer, by name.

    Args:
        sums: The table's rows, summed up, by producer.
        holes: Where events are missing, for the words.
        now: The time (ms).
        at_rest: Whether the log is worked off: then what was accepted must be in the store.
        silent: A client that is not heard of for so long (ms) has lost what was in its memory.
    """
    found = []
    for producer, some in groupby(sorted(sums, key=attrgetter("producer")), key=attrgetter("producer")):
        account = ProducerAccount(producer)
        listed = list(some)
        for one in listed:
            account.heard_at = max(account.heard_at, one.heard_at)
            if one.client:
                own = [hole for hole in holes if (hole.producer, hole.client) == (producer, one.client)]
                _add_client(account, one, own, gone=one.heard_at < now - silent)
            else:
                account.emitted += one.came
        _add_fates(account, listed, at_rest)
        found.append(account)
    return found


def _add_client(account: ProducerAccount, one: Sums, holes: Sequence[Hole], *, gone: bool) -> None:
    """What became of the events that did not come, and how many there were in all."""
    lost = Counter(one.losses)
    before_queue = min(max(one.emitted - one.queued, 0), lost.total())
    reported = lost.total() - before_queue
    absent = max(one.reached - one.came, 0)
    waiting = max(one.queued - one.reached, 0)
    _take_back(lost, max(reported - absent, 0))
    missing = max(absent - reported, 0)

    account.clients += 1
    account.emitted += one.came + lost.total() + missing + waiting
    account.dropped += lost
    if missing:
        between = "; ".join(
            f"{hole.events:,} between batch {hole.after_batch} and batch {hole.before_batch}"
            for hole in holes
        )
        account.findings.append(
            Finding(
                "missing",
                one.client,
                missing,
                f"{missing:,} events never came, and the client does not report them as lost"
                + (f": {between}" if between else ""),
            )
        )
    if waiting and gone:
        account.findings.append(
            Finding(
                "memory",
                one.client,
                waiting,
                f"{waiting:,} events were in the client's memory when it was last heard of, with batch "
                f"{one.batches}: if it was killed, they are lost, and what it tracked after that is unknown",
            )
        )
    elif waiting:
        account.in_memory += waiting


def _add_fates(account: ProducerAccount, listed: Sequence[Sums], at_rest: bool) -> None:
    """What became of the events that came."""
    stored, duplicates, suppressed, came, quarantined, repeated = (
        sum(getattr(one, name) for one in listed)
        for name in ("stored", "duplicates", "suppressed", "came", "quarantined", "repeated")
    )
    good = came - quarantined - repeated
    behind = max(good - stored - duplicates - suppressed, 0)
    # What came out of the log more often than it counted at the door was sent again, or, where even that
    # does not explain it, came of a batch that the client gave up; or nobody told of it at all.
    account.resent = more = max(stored + duplicates + suppressed - good, 0)
    again = min(more, duplicates)
    duplicates, more = duplicates - again, more - again
    again = min(more, suppressed)
    suppressed, more = suppressed - again, more - again
    came_after_all = min(more, account.dropped.total())
    _take_back(account.dropped, came_after_all)
    account.resent -= more
    account.emitted += more - came_after_all

    account.stored, account.suppressed, account.quarantined = stored, suppressed, quarantined
    account.duplicate = duplicates + repeated
    if behind and at_rest:
        account.findings.append(
            Finding(
                "log",
                "",
                behind,
                f"{behind:,} events were accepted, the log is worked off, and they are not in the store",
            )
        )
    else:
        account.in_log = behind


def _take_back(lost: Counter[str], count: int) -> None:
    """Count so many fewer as lost: they came after all. First those that nobody knew for sure."""
    for reason in sorted(lost, key=lambda reason: reason != "undelivered"):
        less = min(lost[reason], count)
        lost[reason] -= less
        count -= less
    for reason in [reason for reason, left in lost.items() if not left]:
        del lost[reason]
