"""The worker of a log of its own, as in `touchline up`: the whole pipeline in one process.

It is one partition together with the identity stage: a link is decided before its event is routed, so that an
event costs one fold. A record of the ledger is a flush of its own.
"""

from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from touchline.engine.batch import Batch, read_batch, read_entries
from touchline.engine.customers.held import HELD_CUSTOMERS
from touchline.engine.engine import Engine, Flushed, Setup
from touchline.engine.flush import Deletions, Withdrawn
from touchline.engine.identity.decider import Decided, Decider, RefoldProgress, unseen_progress
from touchline.engine.identity.ownership import DecidedOwnership
from touchline.engine.plan import Intake, Moment, Verdict, reloads_of
from touchline.engine.ports import REFOLDING, InForce, Log, Record, Store
from touchline.friction import RuleSet
from touchline.identity import LIMITS, Arrived, Assignment, Limits, Reload, route
from touchline.journeys import JOURNEY_GAP
from touchline.vocabulary.internal import touchpoints

FLUSH_BYTES = 4 * 1024**2
"""A flush reads about this much of the log."""

FLUSH_RECORDS = 1_000
"""A flush reads at most this many records of the log."""

IDENTIFIERS_PER_CUSTOMER = 3
"""Cached identifiers per held customer."""


class Worker:
    """One consumer of one log, and the only writer of its store.

    Args:
        log: Read from its last commit on.
        store: Its tables.
        rules: What customers are folded by.
        journey_gap: A silence longer than this (ms) ends a journey.
        held_customers: How many customers are held in memory at most.
        limits: How many identifiers of a kind a customer may have.
    """

    def __init__(
        self,
        log: Log,
        store: Store,
        rules: RuleSet,
        journey_gap: int = JOURNEY_GAP,
        held_customers: int = HELD_CUSTOMERS,
        limits: Limits = LIMITS,
    ) -> None:
        self._log, self._store = log, store
        setup = Setup(rules, journey_gap, held_customers)
        self._rules = setup.in_force
        self._decider = Decider(store, IDENTIFIERS_PER_CUSTOMER * held_customers, limits)
        self._engine = Engine(store, setup, store.due(), log=log)
        # History is evaluated at the time of its newest event.
        self._newest = store.newest() or 0
        self._position = log.committed()

    @property
    def next_deadline(self) -> int | None:
        """When a pending obligation falls due next (ms); None where nothing is pending."""
        return self._engine.next_deadline

    @property
    def held_customers(self) -> int:
        """How many customers are held in memory."""
        return len(self._engine.folding)

    def read(self, most: int = FLUSH_RECORDS) -> Sequence[Record]:
        """The next records of the log, `most` or fewer; none at its end. One of the ledger comes alone.

        All of them are for one flush. After a flush that was cut off, they are that flush's records.
        """
        begun = self._log.begun()
        if begun > self._position:
            return self._read_up_to(begun)
        records = self._log.read(self._position, limit_bytes=FLUSH_BYTES, limit_records=most)
        if records and records[0].kind == "ledger":
            return records[:1]
        return list(takewhile(lambda record: record.kind != "ledger", records))

    def flush(
        self, records: Sequence[Record], now: int | None = None, detected_at: int | None = None
    ) -> Flushed | None:
        """Process `records` and the obligations that fall due by `now`; None where there is nothing to do.

        Args:
            records: The next of the log, as `read` gave them; none, to look at deadlines alone.
            now: The evaluation time (ms). Without it, as for history, the newest event's time.
            detected_at: When the pipeline learns what this flush finds (ms); `now` if not given.

        Raises:
            TooMuchPoison: too many lines cannot be read; nothing was written.
        """
        of_ledger = bool(records) and records[0].kind == "ledger"
        batch = read_batch([] if of_ledger else records, self._store, self._decider.suppression)
        self._newest = max([self._newest, *(event.time for event in touchpoints(batch.events))])
        history = now is None
        now = self._newest if now is None else now
        due = self._engine.due(now)
        if not records and not due:
            return None
        moment = self._engine.moment(now, now if detected_at is None else detected_at, history=history)
        decided = self._decider.begin()
        ruling = _Ruling()
        if of_ledger:
            ruling = self._decide(records[0], decided)
        else:
            self._decider.observe({event.identifiers for event in (*batch.events, *batch.repeated)}, decided)
        ownership = self._ownership(None if of_ledger else decided)
        offset = records[-1].offset if records else None
        flushed = self._engine.flush(
            self._intake(batch, decided, ruling, due, offset, moment), ownership, moment, len(records)
        )
        self._position = self._position if offset is None else offset
        return flushed

    @property
    def rules_in_force(self) -> bool:
        """Whether these limits and rules made every customer, or there is none yet."""
        rules, law = self._store.rules_in_force(), self._store.law_in_force()
        return (rules is None or rules == self._rules.fingerprint) and (
            law == self._decider.law or (rules is None and law is None)
        )

    def bring_rules_into_force(
        self,
        now: int | None = None,
        detected_at: int | None = None,
        progress: RefoldProgress = unseen_progress,
    ) -> int:
        """Refold every customer if other rules, other limits or another law were in force before.

        Returns how many were refolded. An exception of `progress` stops it; the next call begins again.
        """
        other_law = self._store.law_in_force() != self._decider.law
        if not other_law and self._store.rules_in_force() == self._rules.fingerprint:
            return 0
        history = now is None
        now = self._newest if now is None else now
        detected_at = now if detected_at is None else detected_at
        refolded, of = 0, self._store.identity_count()
        if of:
            refolding = InForce(REFOLDING, self._rules.reaches)
            self._engine.put_in_force(refolding, REFOLDING, self._engine.moment(now, detected_at))
        for changed, everyone, done in self._decider.redecide():
            moment = self._engine.moment(now, detected_at, history=history)
            rows = self._decider.rows(changed, moment.version)
            customers = {move.after for move in everyone}
            former = {move.before for move in everyone} if other_law else set()
            self._engine.refold(customers | former, self._ownership(None), moment, str(self._position), rows)
            refolded += len(customers)
            progress(done, of)
        moment = self._engine.moment(now, detected_at)
        self._engine.put_in_force(self._rules, self._decider.law, moment)
        return refolded

    def _decide(self, record: Record, decided: Decided) -> "_Ruling":
        """Process what an operator decided."""
        entries, unreadable = read_entries(record)
        gone = self._decider.decide(entries, decided)
        events = {event: identifiers for entry in entries for event, identifiers in entry.events}
        refused = frozenset(row for entry in entries for row in entry.refused)
        reloads, deletions = self._erase(gone, decided) if gone else ([], Deletions())
        withdrawn = Withdrawn(refused=refused)
        if events:
            withdrawal = self._decider.withdraw(events, decided)
            reloads += map(Reload, sorted(withdrawal.customers))
            reloads += (Reload(identifier, unnamed=True) for identifier in sorted(withdrawal.unseen))
            deletions = deletions._replace(identities=deletions.identities | withdrawal.unseen)
            withdrawn = Withdrawn(withdrawal.entities, frozenset(events), withdrawal.sets, refused)
        return _Ruling(unreadable, reloads, deletions._replace(withdrawn=withdrawn))

    def _erase(self, gone: frozenset[str], decided: Decided) -> tuple[list[Reload], Deletions]:
        """Forget identifiers: which customers are refolded, and which rows go."""
        erasure = self._decider.erasure(gone)
        customer_of = self._decider.identities.customer_of
        touched = {customer_of(entity) for entity in erasure.entities} | gone
        self._decider.forget(gone, decided)
        reloads = [Reload(customer) for customer in sorted(touched)]
        reloads += (Reload(identifier, unnamed=True) for identifier in sorted(erasure.unseen - gone))
        events = ((erasure.entities, gone),)
        return reloads, Deletions(events, erasure.unseen, tuple(decided.lapsed), gone)

    def _intake(
        self,
        batch: Batch,
        decided: Decided,
        ruling: "_Ruling",
        due: Collection[str],
        offset: int | None,
        moment: Moment,
    ) -> Intake:
        arrived = Arrived(
            new=batch.events,
            repeated=batch.repeated,
            assignments=[Assignment(*move) for move in decided.moves],
            reloads=ruling.reloads,
        )
        erased = ruling.deletions.identities
        return Intake(
            token=str(self._position if offset is None else offset),
            offset=offset,
            batch=batch,
            unreadable=ruling.unreadable,
            routed=route(arrived, self._decider.identities.customer_of, _all_here),
            reloads=reloads_of(ruling.reloads),
            due=due,
            identifiers={identifier for event in batch.events for identifier in event.identifiers},
            suppression=self._decider.suppression,
            verdict=Verdict(
                identities=[
                    row for row in self._decider.rows(decided, moment.version) if row.entity not in erased
                ],
                sets=decided.sets,
                link_entries=decided.link_entries,
                suppressions=decided.suppressions,
                deletions=ruling.deletions,
            ),
        )

    def _ownership(self, decided: Decided | None) -> DecidedOwnership:
        """The owners as decided; without `decided`, any customer may have rows."""
        # So it may after a flush that was cut off: it wrote rows of events that it did not store.
        certain = decided is not None and self._log.begun() <= self._position
        moves = decided.moves if decided is not None and certain else None
        return DecidedOwnership(self._store, self._decider.identities, moves)

    def _read_up_to(self, offset: int) -> list[Record]:
        found: list[Record] = []
        position = self._position
        while position < offset:
            records = self._log.read(position, limit_bytes=FLUSH_BYTES, limit_records=FLUSH_RECORDS)
            found += (record for record in records if record.offset <= offset)
            position = records[-1].offset
        return found


class _Ruling(NamedTuple):
    """What follows from a record of the ledger, beside the decisions about identity."""

    unreadable: Sequence[dict[str, Any]] = ()
    reloads: Sequence[Reload] = ()
    deletions: Deletions = Deletions()


def _all_here(customer: str) -> bool:
    return True
