"""What became of the customers touched: folded, and compared with what the store holds.

Nothing is written here. A worker asks for the changes, writes their rows in its own order, and then says
that it wrote them; what is derived from the rows of a flush, such as alerts, is written beside them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import NamedTuple
from uuid import UUID

from touchline.engine import difference
from touchline.engine.customer import Folded
from touchline.engine.deadlines import Deadlines
from touchline.engine.held import HELD_CUSTOMERS, Held, HeldCustomers, Load
from touchline.engine.ports import Store
from touchline.friction import RuleSet
from touchline.identity import customer_id
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event


class Changes(NamedTuple):
    """Rows to write for some customers, new, changed and no longer true.

    `new` counts, for each rule, the signals that were not known before; `held` and `folded` are the
    customers by strongest identifier.
    """

    frictions: list[FrictionRow]
    journeys: list[JourneyRow]
    new: dict[str, int]
    held: dict[str, Held]
    folded: dict[str, Folded]

    @property
    def retracted(self) -> int:
        """How many signals are no longer true."""
        return sum(row.status == "retracted" for row in self.frictions)


class Folding:
    """The customers of one worker.

    Args:
        store: Asked for the rows that it holds.
        rules: What customers are folded by.
        journey_gap: A silence longer than this (ms) ends a journey.
        load: The stored events of some customers, in one go.
        deadlines: Of the customers with a pending obligation; kept up to date from here on.
        held_customers: How many are held in memory at most.
    """

    def __init__(
        self,
        store: Store,
        rules: RuleSet,
        journey_gap: int,
        load: Load,
        deadlines: Deadlines,
        held_customers: int = HELD_CUSTOMERS,
    ) -> None:
        self._store, self._rules = store, rules
        self._held = HeldCustomers(rules, journey_gap, load, held_customers)
        self._deadlines = deadlines

    def __len__(self) -> int:
        """How many customers are held in memory."""
        return len(self._held)

    def changes(
        self,
        touched: Collection[str],
        fresh: Mapping[str, list[Event]],
        moved: Collection[str],
        now: int,
        detected_at: int,
        version: int,
        rowless: Callable[[str], bool] | None = None,
    ) -> Changes:
        """Fold the touched customers with their fresh events; `moved` ones gained or lost others' events.

        Args:
            touched: Customers by strongest identifier.
            fresh: Events that the store does not hold yet, by customer, each once.
            moved: Those of the touched that must be folded anew from the stored events.
            now: The evaluation time (ms).
            detected_at: When the pipeline learns what is found (ms).
            version: Of the rows.
            rowless: Says, once `load` was asked, of which customer without older events the store has no row,
                so that it is not asked. Without this it is asked for everyone's.
        """
        customers = self._held.advance(touched, fresh, moved, now)
        folded = {name: one.folded(self._rules, now) for name, one in customers.items()}
        without = {
            name
            for name, one in customers.items()
            if rowless and not one.known and rowless(name) and one.taken == len(fresh.get(name, ()))
        }
        frictions, new = self._frictions(customers, folded, without, detected_at, version)
        journeys = self._journeys(customers, folded, without, now, version)
        return Changes(frictions, journeys, new, customers, folded)

    def wrote(self, changes: Changes) -> None:
        """The rows are in the store."""
        for name, one in changes.held.items():
            one.wrote(changes.folded[name])
            self._deadlines.expect(name, changes.folded[name].due_at)
        # One that lost all its events, to another or for good, is no more.
        self._held.hold({name: one for name, one in changes.held.items() if changes.folded[name].journeys})

    def let_go(self, customers: Iterable[str]) -> None:
        """Hold these no longer: others change their rows, and the store is asked for them."""
        self._held.let_go(customers)

    def _frictions(
        self,
        customers: Mapping[str, Held],
        folded: Mapping[str, Folded],
        without: Collection[str],
        detected_at: int,
        version: int,
    ) -> tuple[list[FrictionRow], dict[str, int]]:
        changed: list[tuple[UUID, Folded]] = []
        asked: list[UUID] = []
        for name, one in customers.items():
            now_so = folded[name]
            if one.signals_changed(now_so):
                none = one.without_signals or name in without
                if now_so.signals or not none:
                    customer = customer_id(name)
                    changed.append((customer, now_so))
                    if not none:
                        asked.append(customer)
        held: dict[UUID, list[FrictionRow]] = defaultdict(list)
        known = set()
        for row in self._store.frictions_of(asked):
            held[row.customer].append(row)
            known.add(row.id)
        rows = [
            row
            for customer, now_so in changed
            for row in difference.frictions(customer, now_so, held.get(customer, ()), detected_at, version)
        ]
        new = Counter(
            row.rule for row in rows if row.status != "retracted" and not (known and row.id in known)
        )
        return rows, dict(new)

    def _journeys(
        self,
        customers: Mapping[str, Held],
        folded: Mapping[str, Folded],
        without: Collection[str],
        now: int,
        version: int,
    ) -> list[JourneyRow]:
        rows: list[JourneyRow] = []
        unknown: dict[UUID, Folded] = {}
        replaced = self._held.replaced
        for name, one in customers.items():
            now_so = folded[name]
            before = replaced.get(name)
            if before is not None:
                gone = before.firsts - one.firsts
                told = partial(before.folded, self._rules, now)
                rows += difference.journeys_anew(customer_id(name), now_so, told, gone, version)
            elif one.known or name in without:
                # In order, journeys only grow: none is superseded.
                customer = customer_id(name)
                rows += (
                    difference.journey_row(customer, journey, now_so, version)
                    for journey in one.changed_journeys(now_so)
                )
            else:
                unknown[customer_id(name)] = now_so
        held: dict[UUID, list[JourneyRow]] = defaultdict(list)
        for row in self._store.journeys_of(list(unknown)):
            held[row.customer].append(row)
        for customer, now_so in unknown.items():
            rows += difference.journeys(customer, now_so, held[customer], version)
        return rows
