"""Events and operators' decisions as they arrive in a log, and what stands after all of them."""

from typing import Any, NamedTuple

import msgspec
import orjson
from hypothesis import strategies as st

from tests.laws.offline import offline, tables
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.identity import Entry, Limits, Pair, Policy, customer_id
from touchline.identity.ledger import hashed
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

HOUR = 3_600_000
RECEIVED = 2_000 * HOUR
END = 1_000 * HOUR
"""Later than every event."""

IDENTIFIERS = (
    *("account:1", "account:2", "email:a@b.example", "email:c@d.example", "device:x", "device:y"),
    *("terminal:t", "contact:c"),
)

LIMITS: Limits = {"account": 1, "email": 1}
"""So low that few events share a device."""

Seed = tuple[str, int, str, list[str], int]
"""Type, hour, channel, identifiers and cart of an event."""


def events_of(seeds: list[Seed]) -> list[Event]:
    """The events, `e0` first."""
    return [
        Event(
            id=f"e{n}",
            type=kind,
            time=at * HOUR,
            channel=channel,
            source="shop",
            identifiers=tuple(sorted(identifiers, key=rank)),
            data={"cart": cart},
            received_at=RECEIVED,
        )
        for n, (kind, at, channel, identifiers, cart) in enumerate(seeds)
    ]


class Decision(NamedTuple):
    """What an operator decided about identifiers, and the entries in which the ledger says so."""

    what: str
    named: tuple[str, ...]
    entries: list[Entry]


def _decisions_of(taken: list[tuple[str, tuple[str, ...]]]) -> list[Decision]:
    """Decisions, each later than the one before.

    A split and its undoing part the first identifier from all others; a share is of all that are no accounts.
    """
    found = []
    for n, (what, named) in enumerate(taken):
        fields: dict[str, Any] = {"at": n, "who": "operator", "what": what}
        parts: list[dict[str, Any]]
        if "split" in what:
            parts = [{"identifiers": (named[0], other)} for other in named[1:]]
        elif "share" in what:
            parts = [{"identifiers": (one,)} for one in _shareable(named)]
        elif what == "erase":
            parts = [{"identifiers": named, "salt": "salt"}]
        else:
            parts = [{"hashes": tuple(hashed(one, "salt") for one in named), "salt": "salt"}]
        entries = [Entry(id=f"l{n}-{k}", **fields, **part) for k, part in enumerate(parts)]
        found.append(Decision(what, named, entries))
    return found


def _shareable(named: tuple[str, ...]) -> list[str]:
    return [one for one in named if not one.startswith("account:")]


some_events = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("cart.updated", "order.placed", "contact.started", "help.failed", "request.denied"),
                "case.commented",
            ]
        ),
        st.integers(0, 900),
        st.sampled_from(["web", "phone", "store"]),
        st.lists(st.sampled_from(IDENTIFIERS), min_size=1, max_size=3, unique=True),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=16,
).map(events_of)

some_decisions = st.lists(
    st.tuples(
        st.sampled_from(["split", "split", "unsplit", "share", "share", "unshare", "erase", "readmit"]),
        st.lists(st.sampled_from(IDENTIFIERS), min_size=2, max_size=6, unique=True).map(tuple),
    ).map(lambda one: one if "split" in one[0] else (one[0], one[1][:-1][:3])),
    max_size=5,
).map(_decisions_of)

Arrival = Event | Decision


def interleaved(random: Any, events: list[Event], decisions: list[Decision]) -> list[Arrival]:
    """The events in any order, and between them the decisions in theirs."""
    arriving: list[Arrival] = [*events, *decisions]
    random.shuffle(arriving)
    undecided = iter(decisions)
    return [one if isinstance(one, Event) else next(undecided) for one in arriving]


class Arrived:
    """A log, and what stands after its records: events, bans, shares and the forgotten."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.events: dict[str, Event] = {}
        self.bans: set[Pair] = set()
        self.shares: set[str] = set()
        self.forgotten: set[str] = set()

    def add(self, arrival: Arrival) -> None:
        """Append a record of an event or a decision."""
        if isinstance(arrival, Event):
            if self.forgotten.isdisjoint(arrival.identifiers):
                self.events.setdefault(arrival.id, arrival)
            self.log.append("touchpoints", [line_of(arrival)], RECEIVED)
        else:
            self._decide(arrival.what, arrival.named)
            self._append(arrival.entries)

    def withdraw(self, number: int, gone: list[Event]) -> None:
        """Append an entry that takes events back."""
        for event in gone:
            del self.events[event.id]
        events = tuple((event.id, event.identifiers) for event in gone)
        self._append(
            [Entry(id=f"w{number}", at=100 + number, who="operator", what="withdraw", events=events)]
        )

    def _append(self, entries: list[Entry]) -> None:
        self.log.append("ledger", [msgspec.json.encode(entry) for entry in entries], RECEIVED)

    def _decide(self, what: str, named: tuple[str, ...]) -> None:
        if what == "readmit":
            self.forgotten -= set(named)
        elif what == "erase":
            self.forgotten |= set(named)
            self.events = {
                name: event
                for name, event in self.events.items()
                if self.forgotten.isdisjoint(event.identifiers)
            }
            self.bans = {pair for pair in self.bans if self.forgotten.isdisjoint(pair)}
            self.shares -= self.forgotten
        elif "share" in what:
            shared = set(_shareable(named)) - self.forgotten
            self.shares = self.shares | shared if what == "share" else self.shares - shared
        else:
            pairs = {
                _pair(named[0], other) for other in named[1:] if self.forgotten.isdisjoint((named[0], other))
            }
            self.bans = self.bans | pairs if what == "split" else self.bans - pairs

    def check(self, store: MemoryStore, end: int, limits: Limits = LIMITS) -> None:
        """The tables are a replay of the events that stand, and name nothing else."""
        policy = Policy(limits, frozenset(self.bans), frozenset(self.shares))
        assert tables(store) == offline(self.events.values(), end, policy)
        seen = {one for event in self.events.values() for one in event.identifiers}
        assert {row["entity"] for row in store.tables["identities"].values()} == seen
        together = {event.identifiers for event in self.events.values() if len(event.identifiers) > 1}
        assert {row["identifiers"] for row in store.tables["occurrences"].values()} == together
        names = {customer_id(one) for one in seen}
        for table in ("frictions", "journeys"):
            assert {row["customer"] for row in store.tables[table].values()} <= names
        for row in store.tables["ledger"].values():
            assert self.forgotten.isdisjoint(row["identifiers"])


def _pair(one: str, other: str) -> Pair:
    stronger, weaker = sorted((one, other), key=rank)
    return stronger, weaker


def line_of(event: Event) -> bytes:
    """An event as the log has it."""
    names = event.__struct_fields__
    return orjson.dumps({name: getattr(event, name) for name in names} | {"entity": event.entity})
