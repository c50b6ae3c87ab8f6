"""Stores with known events in them, and how the measures ask them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import orjson
import pytest

from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.measures import BY_NAME, Ask, Reading, Span, evaluate
from touchline.store import Store
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.event import Event

Accept = Callable[[Iterable[dict[str, Any]]], list[Event]]
Fold = Callable[[Store, Sequence[Event]], None]
Measured = Callable[[Store, str, Span], Reading]


@pytest.fixture(scope="session")
def accept() -> Accept:
    """Native events as the collector would accept them, received when they happened."""

    def _accept(envelopes: Iterable[dict[str, Any]]) -> list[Event]:
        found = []
        for one in envelopes:
            event = to_event(Envelope.model_validate_json(orjson.dumps(one, default=str)))
            assert event is not None
            found.append(event)
        return found

    return _accept


@pytest.fixture(scope="session")
def fold() -> Fold:
    """Have the worker take events into a store, some at a time, by the default pack."""

    def _fold(store: Store, events: Sequence[Event]) -> None:
        log = MemoryLog()
        for start in range(0, len(events), 2_000):
            lines = [msgspec.json.encode(event) for event in events[start : start + 2_000]]
            log.append("touchpoints", lines, max((event.time for event in events), default=0))
        worker = Worker(log, store, load_rules())
        while records := worker.read():
            for record in records:
                worker.flush([record])
        while worker.flush([]) is not None:
            pass

    return _fold


@pytest.fixture(scope="session")
def ask_of() -> Callable[[Store], Ask]:
    """What asks a store."""
    return lambda store: lambda sql, parameters: store.query(sql, dict(parameters)).result_rows


@pytest.fixture(scope="session")
def measured(ask_of: Callable[[Store], Ask]) -> Measured:
    """The one reading of a measure, by name."""

    def _measured(store: Store, name: str, span: Span) -> Reading:
        [reading] = evaluate(ask_of(store), span, {}, measures=[BY_NAME[name]], now=span.until)
        return reading

    return _measured
