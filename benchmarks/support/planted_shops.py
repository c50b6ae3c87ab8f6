"""Shops of few storylines, folded into one store: payments that fail, an outage, long waits, and the others.

Each seed is a shop of its own, three weeks after the one before, so that one store holds many.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final, NamedTuple

import orjson

from benchmarks.support.traffic import START
from touchline.analysis.explain.explanation import Explanation
from touchline.analysis.reading.explaining.explanation import read_explanation
from touchline.analysis.reading.explaining.scopes import Scope, of_incident, of_point, of_rule
from touchline.collector.acceptance import accept_each
from touchline.config.alerts_files import load_alerts
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.panels import BY_ID
from touchline.panels.points import Point, frictions_of_point
from touchline.rules import Rule
from touchline.simulation import simulate
from touchline.simulation.story import DAY, HOUR, MINUTE, Touchpoint
from touchline.simulation.storylines.service import calls_once, waits_long
from touchline.simulation.storylines.shopping import buys_online, cannot_pay, pays_at_the_third_try
from touchline.store import Store

APART: Final = 21 * DAY
OUTAGE: Final = DAY
"""When a shop's outage begins, ms after the shop; it lasts five minutes."""

CAUSES: Final = {
    "alert on events": "data.method = bank transfer",
    "rule of repeats": "data.method = bank transfer",
    "rule of one event": "data.queue = partner",
    "point": "data.method = bank transfer",
}
"""What is explained of each shop, and the cause that is planted for it."""

_CUSTOMERS = {
    buys_online: (110, 0, OUTAGE),
    calls_once: (110, 0, OUTAGE),
    pays_at_the_third_try: (36, 0, OUTAGE),
    waits_long: (36, 0, OUTAGE),
    cannot_pay: (30, OUTAGE, 5 * MINUTE),
}
"""How many follow each storyline, from when on, and for how long they arrive (ms)."""


_PORTION = 2_000
"""Touchpoints that the log gets at a time."""


class Incident(NamedTuple):
    """The incident of a shop's outage."""

    labels: tuple[str, ...]
    opened_at: int
    resolved_at: int | None = None


def fill(store: Store, seeds: Sequence[int], *, causes: bool) -> None:
    """Fold the shops of these seeds into a store."""
    due = [one for seed in seeds for one in _touchpoints(seed, causes=causes)]
    due.sort(key=lambda one: (one.due, one.id))
    log = MemoryLog()
    for first in range(0, len(due), _PORTION):
        portion = due[first : first + _PORTION]
        lines = [orjson.dumps(one.envelope()) for one in portion]
        accepted = accept_each(lines, received_at_ms=portion[-1].due, producer="shop")
        log.append("touchpoints", accepted.batch.touchpoints, portion[-1].due)
    worker = Worker(log, store, load_rules())
    while records := worker.read():
        worker.flush(records, records[-1].received_at)
    while worker.flush([], due[-1].due) is not None:
        pass


def explained(store: Store, seed: int) -> dict[str, Explanation]:
    """What explain says of a seed's shop, for each of `CAUSES`."""
    rules = {rule.id: rule for rule in load_rules().rules}
    began = START + seed * APART
    scopes = {
        "alert on events": scope_of_outage(began + OUTAGE),
        "rule of repeats": of_rule("payment_failed_again", rules, began, began + OUTAGE),
        "rule of one event": of_rule("long_wait", rules, began, began + APART),
        "point": _point(rules, began + OUTAGE),
    }

    def ask(sql: str, parameters: Mapping[str, str]) -> Any:
        return store.query(sql, parameters).result_rows

    return {name: read_explanation(ask, scope) for name, scope in scopes.items()}


def scope_of_outage(began: int) -> Scope:
    """The incident of the failed payments in an outage that began at a time (ms), eight minutes later."""
    [rule] = [rule for rule in load_alerts().rules if rule.id == "payment_outage"]
    incident = Incident(("source=webshop",), began + 3 * MINUTE)
    rules = {rule.id: rule for rule in load_rules().rules}
    return of_incident(rule, incident, rules, began + 8 * MINUTE)


def causes_named(explanation: Explanation) -> list[str]:
    """The attributes that an explanation names, the first first."""
    return [f"{one.attribute.field} = {one.attribute.value}" for one in explanation.findings]


def _touchpoints(seed: int, *, causes: bool) -> Iterator[Touchpoint]:
    began, draws = START + seed * APART, Random(seed)  # noqa: S311 - a simulation
    for storyline, (count, since, lasting) in _CUSTOMERS.items():
        is_call = storyline in (calls_once, waits_long)
        for number in range(count):
            at = began + since + draws.randrange(lasting)
            story = simulate(storyline, f"{seed}:{storyline.__name__}:{number}", at, causes=causes)
            # Callers who buy online later would put less into their carts than the others.
            yield from (one for one in story.touchpoints if not is_call or one.channel == "phone")


def _point(rules: Mapping[str, Rule], began: int) -> Scope:
    series = "payment_failed_again"
    point = Point(BY_ID["rules_over_time"], (began, began + HOUR), series)
    return of_point(frictions_of_point(point), {"series": series}, point.between, [series], rules, {"rule"})
