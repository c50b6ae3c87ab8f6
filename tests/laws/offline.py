"""The offline result and the tables of a store, in one form: they must be equal."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from touchline.analysis.replay import replay
from touchline.engine.memory import MemoryStore
from touchline.friction import RuleSet
from touchline.identity import Policy
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

RULES = RuleSet(parse_rules(Path(__file__).with_name("rules.yaml").read_text()))

_SIGNAL = ("customer", "id", "rule", "anchor", "opened_at", "resolved_at", "evidence")
_JOURNEY = ("customer", "id", "first", "start", "last", "events", "path", "strikes")


def offline(events: Iterable[Event], now: int, policy: Policy) -> dict[str, Any]:
    """The result of a replay by `RULES`."""
    result = replay(events, RULES, now, policy=policy)
    signals, journeys = _rows(result["signals"], _SIGNAL), _rows(result["journeys"], _JOURNEY)
    return {"customers": result["customers"], "signals": signals, "journeys": journeys}


def tables(store: MemoryStore) -> dict[str, Any]:
    """What a store holds that is true."""
    owner = {row["entity"]: str(row["customer"]) for row in store.tables["identities"].values()}
    signals = [row for row in store.tables["frictions"].values() if row["status"] != "retracted"]
    journeys = [row for row in store.tables["journeys"].values() if not row["superseded"]]
    return {
        "customers": {row["id"]: owner[row["entity"]] for row in store.tables["events"].values()},
        "signals": _rows(signals, _SIGNAL),
        "journeys": _rows(journeys, _JOURNEY),
    }


def _rows(rows: Iterable[dict[str, Any]], names: Sequence[str]) -> list[list[Any]]:
    return sorted([_plain(row[name]) for name in names] for row in rows)


def _plain(value: Any) -> Any:
    """UUIDs as text, tuples as lists."""
    if isinstance(value, tuple | list):
        return list(value)
    return value if value is None or isinstance(value, int) else str(value)
