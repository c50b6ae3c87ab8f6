"""The account of a producer adds up, whatever was resent, given up, lost on the way or killed."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import orjson
from hypothesis import given
from hypothesis import strategies as st

from touchline.analysis.accounts import Gap, ProducerAccount, Totals, reconcile
from touchline.analysis.reading.accounts import read_accounts
from touchline.store import Store
from touchline.tables import AccountRow
from touchline.vocabulary.ids import NAMESPACE

NOW = 1_795_000_000_000
HOUR = 3_600_000

OUTCOMES = ("stored", "duplicates", "quarantined", "repeated", "suppressed")
ENDS = ("heard", "resent", "came and given up", "given up", "refused", "vanished")
"""What becomes of a batch: it comes, and the client knows; it comes more than once; it comes, or does not,
and the client counts it as lost; or it is lost and nobody says so, which must never happen."""

BATCH = st.tuples(
    st.lists(st.sampled_from(OUTCOMES), max_size=4),
    st.sampled_from(ENDS),
    st.integers(0, 2),
    st.integers(0, 3),
)
"""The outcomes of its events, how it ends, events lost before the queue, and how many wait behind it."""


@dataclass
class Reported:
    """A producer's rows, and what is true of it as far as its clients could tell."""

    producer: str
    rows: dict[UUID, AccountRow] = field(default_factory=dict)
    truth: Counter[str] = field(default_factory=Counter)

    def put(self, name: str, **values: Any) -> None:
        row = AccountRow(id=uuid5(NAMESPACE, f"{self.producer}:{name}"), producer=self.producer, **values)
        self.rows[row.id] = row


def _live(reported: Reported, client: str, batches: list[Any], heard_at: int) -> None:
    """One client's life: its batches, one after another."""
    position = before = 0
    lost: Counter[str] = Counter()
    since: Counter[str] = Counter()
    waiting = 0
    for number, (outcomes, end, lost_before, behind) in enumerate(batches, 1):
        before += lost_before
        lost["queue_full"] += lost_before
        since["dropped"] += lost_before
        counts = Counter(outcomes)
        good = counts["stored"] + counts["duplicates"] + counts["suppressed"]
        if end in ("heard", "resent", "came and given up"):
            queued = position + len(outcomes) + behind
            reported.put(
                f"{client}:{number}",
                at=heard_at,
                client=client,
                batch=number,
                first=position,
                events=len(outcomes),
                quarantined=counts["quarantined"],
                repeated=counts["repeated"],
                emitted=queued + before,
                queued=queued,
                lost=orjson.dumps(lost).decode(),
            )
            reported.put(
                f"outcomes {client}:{number}",
                at=heard_at,
                stored=counts["stored"],
                duplicates=counts["duplicates"],
                suppressed=counts["suppressed"],
            )
            reported.truth += counts + since
            since, waiting = Counter(), behind
        if end == "resent":
            reported.put(f"again {client}:{number}", at=heard_at, duplicates=good)
            reported.truth["resent"] += good
        if end in ("came and given up", "given up"):
            lost["undelivered"] += len(outcomes)
            since["dropped"] += 0 if end == "came and given up" else len(outcomes)
        if end == "refused":
            lost["refused"] += len(outcomes)
            since["dropped"] += len(outcomes)
        if end == "vanished":
            since["missing"] += len(outcomes)
        position += len(outcomes)
    reported.truth["waiting"] += waiting


def _totals(rows: Iterable[AccountRow]) -> list[Totals]:
    """What the store's query gives of the rows."""
    groups: dict[tuple[str, str], list[AccountRow]] = defaultdict(list)
    for row in rows:
        groups[row.producer, row.client].append(row)
    found = []
    for (producer, client), some in sorted(groups.items()):
        last = max(some, key=lambda row: row.batch)
        found.append(
            Totals(
                producer=producer,
                client=client,
                batches=last.batch,
                heard_at=max(row.at for row in some),
                received=sum(row.events for row in some),
                reached=max(row.first + row.events for row in some),
                quarantined=sum(row.quarantined for row in some),
                repeated=sum(row.repeated for row in some),
                emitted=last.emitted if client else 0,
                queued=last.queued if client else 0,
                lost=last.lost if client else "",
                stored=sum(row.stored for row in some),
                duplicates=sum(row.duplicates for row in some),
                suppressed=sum(row.suppressed for row in some),
            )
        )
    return found


def _reported(producer: str, clients: list[list[Any]], heard_at: int) -> Reported:
    reported = Reported(producer)
    for number, batches in enumerate(clients):
        _live(reported, f"c-{number}", batches, heard_at)
    return reported


def _assert_adds_up(one: ProducerAccount) -> None:
    assert one.emitted == (
        one.stored
        + one.duplicate
        + one.quarantined
        + one.suppressed
        + one.dropped.total()
        + one.in_memory
        + one.in_log
        + one.unexplained
    )


def _tellable(batches: list[Any]) -> bool:
    """A client reports how many it lost, not which: one that came can stand for one that vanished."""
    return not {"came and given up", "vanished"} <= {end for _, end, _, _ in batches}


CLIENTS = st.lists(st.lists(BATCH, max_size=5).filter(_tellable), min_size=1, max_size=2)


@given(CLIENTS, st.booleans())
def test_the_account_says_what_is_true(clients: list[list[Any]], gone: bool) -> None:
    """Each count is the true one; what nobody reported is unexplained, and what a gone client held is too."""
    reported = _reported("shop", clients, NOW - 2 * HOUR if gone else NOW - 1)
    found = reconcile(_totals(reported.rows.values()), now=NOW, at_rest=True)
    if not reported.rows:
        assert not found
        return
    (one,) = found
    truth = reported.truth
    _assert_adds_up(one)
    assert (one.stored, one.quarantined, one.suppressed) == (
        truth["stored"],
        truth["quarantined"],
        truth["suppressed"],
    )
    assert one.duplicate == truth["duplicates"] + truth["repeated"]
    assert one.dropped.total() == truth["dropped"]
    assert one.resent == truth["resent"]
    unexplained = Counter({finding.kind: 0 for finding in one.findings})
    for finding in one.findings:
        unexplained[finding.kind] += finding.events
    assert (unexplained["missing"], unexplained["log"]) == (truth["missing"], 0)
    assert (one.in_memory, unexplained["memory"]) == (
        (0, truth["waiting"]) if gone else (truth["waiting"], 0)
    )


@given(
    st.lists(
        st.builds(
            Totals,
            producer=st.sampled_from(["shop", "till"]),
            client=st.sampled_from(["", "c-1", "c-2"]),
            heard_at=st.sampled_from([NOW, NOW - HOUR]),
            lost=st.sampled_from(["", '{"refused":3}', '{"undelivered":9,"invalid":2}']),
            **{
                name: st.integers(0, 20)
                for name in (
                    "received",
                    "reached",
                    "quarantined",
                    "repeated",
                    "emitted",
                    "queued",
                    "stored",
                    "duplicates",
                    "suppressed",
                )
            },
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_it_adds_up_whatever_the_rows_say(totals: list[Totals], at_rest: bool) -> None:
    """Rows that contradict each other, as of a client that lies, give no negative count and a true sum."""
    for one in reconcile(totals, now=NOW, at_rest=at_rest):
        came = sum(each.received for each in totals if each.producer == one.producer)
        refused = sum(each.quarantined + each.repeated for each in totals if each.producer == one.producer)
        if refused <= came:
            _assert_adds_up(one)
        counts = (one.stored, one.duplicate, one.suppressed, one.in_memory, one.in_log, one.resent)
        assert min(*counts, *one.dropped.values(), one.unexplained) >= 0


@given(CLIENTS)
def test_logged_events_are_in_flight_until_they_are_processed(clients: list[list[Any]]) -> None:
    """An accepted event that is not yet stored is in flight; once the log is at rest it is a finding."""
    reported = _reported("shop", clients, NOW)
    for row in [row for row in reported.rows.values() if not row.client]:
        del reported.rows[row.id]
    if not reported.rows:
        return
    good = sum(reported.truth[name] for name in ("stored", "duplicates", "suppressed"))
    (working,) = reconcile(_totals(reported.rows.values()), now=NOW, at_rest=False)
    (resting,) = reconcile(_totals(reported.rows.values()), now=NOW, at_rest=True)
    assert working.in_log == good
    assert sum(finding.events for finding in resting.findings if finding.kind == "log") == good
    _assert_adds_up(working)
    _assert_adds_up(resting)


def test_the_store_sums_up_as_the_law_does(store: Store) -> None:
    """The store's query gives of any rows, inserted in any order and twice, what the law is tested with."""
    batches = [
        [
            (
                ["stored"] * (number % 4) + ["quarantined"] * (client % 3),
                ENDS[(number * client) % 6],
                1,
                number,
            )
            for number in range(1, 7)
        ]
        for client in range(1, 6)
    ]
    rows = [row for name in ("shop", "till") for row in _reported(name, batches, NOW).rows.values()]
    columns = {name: [getattr(row, name) for row in rows] for name in AccountRow.__struct_fields__}
    for token in ("once", "twice"):
        store.insert("accounts", {name: list(reversed(values)) for name, values in columns.items()}, token)
    totals, gaps = read_accounts(store)
    assert totals == _totals(rows)
    sizes = Counter[tuple[str, str]]()
    for gap in gaps:
        sizes[gap.producer, gap.client] += gap.events
    assert sizes == Counter(
        {
            (one.producer, one.client): one.reached - one.received
            for one in totals
            if one.reached > one.received and one.client
        }
    )
    assert gaps[0] == Gap(producer="shop", client="c-0", after_batch=2, before_batch=6, events=7)
