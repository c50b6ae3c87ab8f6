"""What a panel shows follows from the events that stand, however the store came to hold their results."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.laws.arrivals import HOUR, IDENTIFIERS, LIMITS, Arrived, Decision, interleaved, some_decisions
from tests.laws.offline import RULES
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.identity import Entry
from touchline.panels import PANELS, expand
from touchline.store import Store, open_store
from touchline.store.handles.embedded import EmbeddedHandle
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

BEGIN = 1_790_000_000_000
END = BEGIN + 40 * 24 * HOUR
DEPENDENT_ON_ARRIVAL = {"results", "detection_lag"}
"""Panels about when and in which requests events arrived; all others are about what happened."""

EXAMPLES = max(1, settings().max_examples // 2_000)
"""Each opens two stores and queries every panel twice."""

MONEY = ("cart.updated", "checkout.started", "order.placed")

TYPES = (
    *MONEY,
    *("contact.started", "contact.queued"),
    *("contact.answered", "contact.abandoned", "contact.ended", "help.failed", "request.denied"),
    *("feedback.given", "mention.posted", "mention.answered"),
)


def _place(seed: tuple[str, int, str, list[str], int]) -> object:
    """What no two events share: the hour, but for those of carts and orders.

    Which of two events of a contact at one time is the first is not defined.
    """
    kind, hour, channel, identifiers, key = seed
    return (kind, hour, channel, *identifiers, key) if kind in MONEY else hour


@st.composite
def _some_events(draw: st.DrawFn) -> list[Event]:
    """Events of forty days whose fields panels read: contacts, carts, scores and mentions."""
    seeds = draw(
        st.lists(
            st.tuples(
                st.sampled_from(TYPES),
                st.integers(0, 40 * 24 - 1),
                st.sampled_from(["web", "phone", "store"]),
                st.lists(st.sampled_from(IDENTIFIERS), min_size=1, max_size=3, unique=True),
                st.integers(0, 3),
            ),
            min_size=8,
            max_size=40,
            unique_by=_place,
        )
    )
    return [
        Event(
            id=f"e{number}",
            type=kind,
            time=BEGIN + hour * HOUR,
            channel=channel,
            source="shop",
            producer="shop",
            identifiers=tuple(sorted(identifiers, key=rank)),
            data={
                "cart": key,
                "cart_id": f"k{key}",
                "order_id": f"o{key}",
                "value": 10.0 + number,
                "currency": "EUR",
                "contact_id": f"c{key}",
                "reason": "delivery",
                "queue": f"q{key % 2}",
                "wait_seconds": 7.0 * key,
                "metric": "csat",
                "score": key,
                "mention_id": f"m{key}",
            },
            received_at=BEGIN + hour * HOUR + 1_000 * key,
        )
        for number, (kind, hour, channel, identifiers, key) in enumerate(seeds)
    ]


@contextmanager
def _opened(new_store: Path, folder: Path) -> Iterator[Store]:
    copytree(new_store, folder, symlinks=True)
    with open_store(folder) as store:
        yield store


def _process(log: MemoryLog, store: Store, records: int, held: int) -> None:
    """Process a log in flushes of so many records; the last one at the end of time."""
    worker = Worker(log, store, RULES, held_customers=held, limits=LIMITS)
    worker.bring_rules_into_force()
    while found := worker.read(records):
        worker.flush(found, BEGIN + 20 * 24 * HOUR)
    while worker.flush([], END):
        pass


def _shown(store: Store, start: int, end: int) -> dict[str, Any]:
    """What the panels show in a period."""
    chosen = {"customer": ("account:1", "email:a@b.example")}
    return {
        panel.id: store.query(expand(panel.sql, start, end, 24 * 3_600, chosen)).result_rows
        for panel in PANELS
        if panel.id not in DEPENDENT_ON_ARRIVAL
    }


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate])
@given(_some_events(), some_decisions, st.randoms(use_true_random=True), st.data())
def test_panels_show_what_stands_whatever_happened_before(
    new_store: Path,
    tmp_path_factory: pytest.TempPathFactory,
    events: list[Event],
    decisions: list[Decision],
    random: Any,
    data: st.DataObject,
) -> None:
    """Late and doubled events, merges, splits, erasures and merged parts leave panels as of a new store.

    The new store gets only the events that stand, in order, in one flush.
    """
    arrived = Arrived()
    doubled = [event for event in events if random.random() < 0.2]
    for arrival in interleaved(random, [*events, *doubled], decisions):
        arrived.add(arrival)
    start = data.draw(st.integers(0, 30)) * 24 * HOUR + BEGIN
    span = (start, start + data.draw(st.integers(100, 1_000)) * HOUR)
    folder = tmp_path_factory.mktemp("panels")
    with _opened(new_store, folder / "lived") as store:
        _process(arrived.log, store, random.randint(1, 5), random.randint(0, 3))
        if data.draw(st.booleans()):
            handle = EmbeddedHandle(folder / "lived")
            for table in ("events", "frictions", "journeys", "identities"):
                handle.command(f"OPTIMIZE TABLE {table} FINAL")
            handle.close()
        lived = _shown(store, *span)
    with _opened(new_store, folder / "new") as store:
        _process(_log_of(arrived), store, 1_000, 100)
        assert _shown(store, *span) == lived


def _log_of(arrived: Arrived) -> MemoryLog:
    """The decisions in force, then the events that stand, in order."""
    again = Arrived()
    pairs = [{"what": "split", "identifiers": pair} for pair in sorted(arrived.bans)]
    shares = [{"what": "share", "identifiers": (one,)} for one in sorted(arrived.shares)]
    for number, fields in enumerate((*pairs, *shares)):
        entry: dict[str, Any] = {"id": f"again{number}", "at": number, "who": "operator", **fields}
        again.add(Decision("split", (), [Entry(**entry)]))
    for event in sorted(arrived.events.values(), key=lambda event: (event.time, event.id)):
        again.add(event)
    return again.log
