"""A store that takes events as they come, and what staff say about its frictions."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
import pytest

from touchline.cases.case import Case
from touchline.cases.reading import find_case
from touchline.cases.writing import SOURCE, native
from touchline.collector.acceptance import accept_each
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import Entry
from touchline.measures import Ask
from touchline.store import Store
from touchline.vocabulary.validation import Validator

Said = Callable[[Case], dict[str, Any]]


class Desk:
    """A store with its log: events and entries of the ledger are taken in at once, by the default pack."""

    def __init__(self, store: Store) -> None:
        self.store, self.log = store, MemoryLog()
        self.rules = load_rules()
        self._said = 0

    @property
    def ask(self) -> Ask:
        """What asks the store."""
        return lambda sql, parameters: self.store.query(sql, dict(parameters)).result_rows

    def take(self, events: Sequence[dict[str, Any]]) -> None:
        """Take in native events."""
        self._accept([orjson.dumps(event) for event in events], "shop")

    def decide(self, entry: Entry) -> None:
        """Take in an entry of the ledger."""
        self.log.append("ledger", [orjson.dumps(dict(_fields(entry)))], 1)
        self.fold()

    def fold(self, rules: RuleSet | None = None) -> None:
        """Work through the log, by these rules from now on; retract what they do not find."""
        worker = Worker(self.log, self.store, rules or self.rules)
        worker.bring_rules_into_force()
        while records := worker.read():
            worker.flush(records)

    def case(self, friction: str) -> Case:
        """A friction with its case."""
        found = find_case(self.ask, friction)
        assert found is not None
        return found

    def say(self, friction: str, said: Said, *, at: int = 0, by: str = "kim") -> None:
        """Have `by` say something about a friction at a time (ms); now by default."""
        case = self.case(friction)
        self._said += 1
        at = at or int(time.time() * 1000)
        raw = native(said(case), case, by=by, at=at, event_id=f"said-{self._said}")
        self._accept([raw], SOURCE)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return [tuple(row) for row in self.store.query(sql).result_rows]

    def _accept(self, raws: Sequence[bytes], producer: str) -> None:
        now = int(time.time() * 1000)
        acceptance = accept_each(raws, received_at_ms=now, producer=producer, validator=Validator())
        assert not acceptance.batch.quarantine, acceptance.results
        self.log.append("touchpoints", list(acceptance.batch.touchpoints), now)
        self.fold()


def _fields(entry: Entry) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(entry, name)) for name in entry.__struct_fields__)


@pytest.fixture
def desk(store: Store) -> Desk:
    """An empty store."""
    return Desk(store)
