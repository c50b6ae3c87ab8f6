"""What every worker does with one flush: plan it, write it, and keep its customers and caches up to date.

`Worker` has a log of its own and decides identity in the same process. `PartitionWorker` shares a log, and an
identity stage elsewhere decides. Both hand what came in to this engine.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from touchline.engine.customers.changes import Folding, Refold
from touchline.engine.customers.deadlines import Deadlines
from touchline.engine.customers.held import HELD_CUSTOMERS
from touchline.engine.flush import Flush, Writer, Written
from touchline.engine.identity.ownership import Ownership
from touchline.engine.messages import Publisher
from touchline.engine.plan import Intake, Moment, plan
from touchline.engine.ports import InForce, Log, Store
from touchline.friction import RuleSet
from touchline.journeys import JOURNEY_GAP
from touchline.tables.rows import IdentityRow

REMEMBERED = 200_000
"""Entries of each of a worker's caches of what the store holds."""

DUE_CUSTOMERS = 2_000
"""Customers that are evaluated together because an obligation falls due."""

LAW_VERSION = 4
"""The version of the law of frictions and journeys (docs/semantics.md).

Increase it with every change that gives stored events of the same customers other frictions or journeys: the
order of events, what a rule means, what a journey counts. Every store is then refolded once, at its next
start. What decides about customers has a version of its own (`touchline.identity.law`).
"""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Flushed(NamedTuple):
    """What one flush did: counts.

    Attributes:
        suppressed: Events that name a forgotten identifier.
        customers: How many were folded.
        frictions: For each rule, the signals that were new.
        retracted: Signals that are no longer true.
        forwarded: Events for other workers.
        held_customers: Customers held in memory afterwards.
        conflicting: For each producer, the duplicates whose content differs from the first event with the id.
    """

    records: int
    stored: int
    duplicates: int
    quarantined: int
    suppressed: int
    customers: int
    frictions: dict[str, int]
    retracted: int = 0
    forwarded: int = 0
    held_customers: int = 0
    conflicting: Mapping[str, int] = MappingProxyType({})


class Setup(NamedTuple):
    """How customers are folded, and how many are held; `journey_gap` (ms) is the longest silence."""

    rules: RuleSet
    journey_gap: int = JOURNEY_GAP
    held_customers: int = HELD_CUSTOMERS

    @property
    def fingerprint(self) -> str:
        """Equal for setups with equal results."""
        return f"{LAW_VERSION}/{self.rules.fingerprint}/{self.journey_gap}"

    @property
    def in_force(self) -> InForce:
        """What the store records of these rules."""
        return InForce(self.fingerprint, dict(self.rules.reaches))


class Recent(Generic[Key, Value]):
    """A bounded cache: the entries that were added longest ago go first."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._entries: dict[Key, Value] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def __getitem__(self, key: Key) -> Value:
        return self._entries[key]

    def unknown(self, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys that are not in the cache."""
        return set(keys).difference(self._entries)

    def add(self, entries: Iterable[tuple[Key, Value]]) -> None:
        """Remember entries."""
        self._entries.update(entries)
        if (excess := len(self._entries) - self._most) > 0:
            for key in list(islice(self._entries, excess)):
                del self._entries[key]

    def discard(self, keys: Iterable[Key]) -> None:
        """Forget the entries of these keys."""
        for key in keys:
            self._entries.pop(key, None)

    def discard_values(self, values: Collection[Value]) -> None:
        """Forget the entries with these values."""
        self.discard([key for key, value in self._entries.items() if value in values])

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()


class Engine:
    """The customers of one worker.

    Args:
        store: Shared with nobody, or with the workers of other partitions.
        setup: How customers are folded.
        due: The customers with a pending obligation, and the deadline (ms).
        sender: Where messages and changes of frictions go; None where one process does everything.
        log: Where positions are kept; None where the runtime commits.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        due: Iterable[tuple[str, int]],
        sender: Publisher | None = None,
        log: Log | None = None,
    ) -> None:
        self.deadlines = Deadlines(due)
        self._version = store.last_version()
        self.folding = Folding(
            store, setup.rules, setup.journey_gap, self.deadlines, setup.held_customers, self._version
        )
        self._writer = Writer(store, self.folding, sender, log, sender)
        # Identifiers that have a row in the identities table.
        self.named: Recent[str, None] = Recent()

    @property
    def next_deadline(self) -> int | None:
        """When a pending obligation falls due next (ms); None where nothing is pending."""
        return self.deadlines.next

    def due(self, now: int) -> list[str]:
        """Customers with an obligation that may be missed at `now` (ms), a portion of them at a time."""
        return self.deadlines.fallen(now, DUE_CUSTOMERS)

    def moment(self, now: int, detected_at: int, *, history: bool = False) -> Moment:
        """The moment of the next flush, with a version that no row has."""
        self._version = max(self._version + 1, detected_at)
        return Moment(now, detected_at, self._version, history)

    def flush(self, intake: Intake, ownership: Ownership, moment: Moment, records: int) -> Flushed:
        """Plan and write one flush of so many records.

        Raises:
            TooMuchPoison: too many lines cannot be read; nothing was written.
        """
        # No event named these, and their rows are gone: one that names them now needs rows again.
        self.named.discard(customer for customer, unnamed in intake.reloads.items() if unnamed)
        flush = plan(intake, ownership, moment, self.named.unknown(intake.identifiers))
        touched, written = self._carry_out(flush)
        self.named.add((row.entity, None) for row in flush.identities)
        self.named.discard(flush.deletions.identities)
        batch = intake.batch
        return Flushed(
            records=records,
            stored=len(batch.events) + len(batch.repeated),
            duplicates=batch.duplicates,
            conflicting=Counter(event.producer for event in batch.conflicting),
            quarantined=len(flush.quarantine),
            suppressed=len(batch.suppressed),
            customers=touched,
            frictions=dict(written.new),
            retracted=written.retracted,
            forwarded=sum(map(len, intake.routed.forward.values())),
            held_customers=len(self.folding),
        )

    def refold(
        self,
        customers: Collection[str],
        ownership: Ownership,
        moment: Moment,
        token: str,
        identities: Sequence[IdentityRow] = (),
    ) -> None:
        """Fold customers from the stored events, though nothing came in; `identities` are rows to write."""
        refold = Refold(
            touched=sorted(customers),
            moved=frozenset(customers),
            ownership=ownership,
            now=moment.now,
            detected_at=moment.detected_at,
            history=moment.history,
        )
        self._carry_out(Flush(version=moment.version, token=token, identities=identities, refold=refold))

    def put_in_force(self, rules: InForce, law: str, moment: Moment) -> None:
        """Record that every identifier is decided by this law, and every customer folded by these rules."""
        self._carry_out(
            Flush(
                version=moment.version,
                token=rules.fingerprint,
                rules=rules,
                law=law,
                detected_at=moment.detected_at,
            )
        )

    def _carry_out(self, flush: Flush) -> tuple[int, Written]:
        written = self._writer.carry_out(flush)
        self._version = written.version
        return len(flush.refold.touched) if flush.refold else 0, written
