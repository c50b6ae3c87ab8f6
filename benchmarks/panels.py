"""`panels`: how long each panel's query takes in a large store.

The worker processes a week of the demo's retailer. SQL then copies its events, frictions, journeys and
identities, under other names and some weeks earlier, until the store has a quarter of a year of events.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, process_time, sleep
from typing import Any

import orjson

from benchmarks.support.report import Report
from benchmarks.support.traffic import SEED, START
from touchline.collector.acceptance import accept_each
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.measures import customer_id_of
from touchline.panels import DASHBOARDS, Panel, expand, interval, panels_with
from touchline.simulation import Retailer
from touchline.store import QueryError, Store, open_store
from touchline.store.handles.embedded import EmbeddedHandle
from touchline.vocabulary.durations import parse_duration

EVENTS = 10_000_000
ROUNDS = 3
BASE = 100_000
"""Events that the worker processes, at most a third of all; the rest are copies of them."""

WEEKS = 13
LIMITS_MS = {10_000_000: 300, 50_000_000: 1_000}
"""The most that a panel should take in a store of at most so many events."""

MERGE_SECONDS = 600
GOALS = {"service_level": 0.8, "abandonment": 0.08, "first_contact_resolution": 0.75, "recovered": 0.3}

_HOUR = 3_600_000
_DAY = 24 * _HOUR
_AVERAGE_LOAD = 0.71
"""The retailer's average rate as a share of its highest."""

_COPIES = 10
"""Copies per INSERT."""

_MOVED = f"toIntervalMillisecond((k % {WEEKS}) * {7 * _DAY} + k * 61000)"
_NAMED = r"'\"([a-z]+_id)\":\"([^\"]*)\"'"

_CUSTOMER = customer_id_of("concat(joinGet('strongest', 'entity', customer), '~', toString(k))")

_COPY = {
    "events": f"""
        * EXCEPT k REPLACE (concat(id, '~', toString(k)) AS id, time - {_MOVED} AS time,
            received_at - {_MOVED} AS received_at, concat(entity, '~', toString(k)) AS entity,
            arrayMap(identifier -> concat(identifier, '~', toString(k)), identifiers) AS identifiers,
            replaceRegexpAll(data, {_NAMED}, concat('"\\\\1":"\\\\2~', toString(k), '"')) AS data)""",
    "identities": f"""
        * EXCEPT k REPLACE (concat(entity, '~', toString(k)) AS entity, {_CUSTOMER} AS customer)""",
    "frictions": f"""
        * EXCEPT k REPLACE (reinterpret(sipHash128(id, k), 'UUID') AS id,
            {_CUSTOMER} AS customer,
            reinterpret(sipHash128(journey, k), 'UUID') AS journey,
            opened_at - {_MOVED} AS opened_at, detected_at - {_MOVED} AS detected_at,
            resolved_at - {_MOVED} AS resolved_at,
            arrayMap(event -> concat(event, '~', toString(k)), evidence) AS evidence)""",
    "journeys": f"""
        * EXCEPT k REPLACE (reinterpret(sipHash128(id, k), 'UUID') AS id,
            {_CUSTOMER} AS customer,
            concat(first, '~', toString(k)) AS first, start - {_MOVED} AS start, last - {_MOVED} AS last,
            arrayMap(begun -> begun - {_MOVED}, way_begun) AS way_begun)""",
    "accounts": f"""
        * EXCEPT k REPLACE (reinterpret(sipHash128(id, k), 'UUID') AS id, at - {_MOVED} AS at)""",
}
"""The columns of copy `k`; a friction of a copy refers to the customer and the journey of that copy."""


def measure(
    events: int = EVENTS, rounds: int = ROUNDS, store: Path | None = None, period: str | None = None
) -> Report:
    """Run every panel's query over a period, `rounds` times after a warm-up.

    Args:
        events: How many events the store gets.
        rounds: Runs of each query.
        store: The store's folder, which is kept; it is filled unless it exists. None fills a temporary one.
        period: How long, such as `90d`; None is the default period of each dashboard.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = store or Path(folder) / "store"
        filled_before = path.exists()
        with open_store(path) as opened:
            if not filled_before:
                base = _process(opened, min(events // 3, BASE))
                with _writing(path) as handle:
                    _copy(handle, max(1, round(events / base)))
            with _writing(path) as handle:
                _settle(handle)
            figures = _sizes(opened)
            timed = {panel.id: _timed(opened, panel, rounds, period) for panel in panels_with(GOALS)}
    failed = [f"{name}: {figure.pop('failed')}" for name, figure in timed.items() if "failed" in figure]
    events = figures["stored_events"]
    limit = next((ms for most, ms in LIMITS_MS.items() if events <= most), max(LIMITS_MS.values()))
    slowest_first = sorted(timed.items(), key=lambda item: -item[1]["wall_ms"])
    over = [f"{name} {figure['wall_ms']}" for name, figure in slowest_first if figure["wall_ms"] > limit]
    notes = [
        f"{rounds} rounds, over {period or 'the default period of each dashboard'}, in {WEEKS} weeks of "
        "events. wall_ms and cpu_ms are medians, cpu_ms of all threads; with two or more idle cores wall_ms "
        "is below it",
        "tables that only jobs fill are empty",
        f"the limit is {limit} ms; over it: {', '.join(over) or 'none'}",
        *(f"failed, with its time until then: {failure}" for failure in failed),
    ]
    ratios = {"limit/slowest": round(limit / slowest_first[0][1]["wall_ms"], 2)}
    return Report("panels", figures | dict(slowest_first), ratios, notes)


def _process(store: Store, events: int) -> int:
    """Process a week of the retailer, of about `events` events; return their exact number."""
    rate = events / (7 * _DAY / 1000) / _AVERAGE_LOAD
    return filled(store, Retailer(SEED, START, history=7 * _DAY, rate=rate), START)


def filled(store: Store, retailer: Retailer, now: int) -> int:
    """Process the past of a retailer up to `now` (ms since 1970); return the number of its events."""
    log = MemoryLog()
    accepted_events = 0
    while touchpoints := retailer.until(now, 2_000):
        lines = [orjson.dumps(touchpoint.envelope()) for touchpoint in touchpoints]
        due = touchpoints[-1].due
        accepted = accept_each(lines, received_at_ms=due, producer=touchpoints[0].source)
        log.append("touchpoints", accepted.batch.touchpoints, due)
        accepted_events += len(accepted.batch.touchpoints)
    worker = Worker(log, store, load_rules())
    while records := worker.read():
        worker.flush(records, records[-1].received_at)
    while worker.flush([], now) is not None:
        pass
    return accepted_events


@contextmanager
def _writing(path: Path) -> Iterator[EmbeddedHandle]:
    handle = EmbeddedHandle(path)
    try:
        yield handle
    finally:
        handle.close()


def _copy(handle: EmbeddedHandle, copies: int) -> None:
    handle.command(
        "CREATE TABLE strongest ENGINE = Join(ANY, LEFT, customer) AS "  # noqa: S608 - made of constants
        f"SELECT customer, entity FROM current_identities WHERE customer = {customer_id_of('entity')}"
    )
    for table, changed in _COPY.items():
        handle.command(
            f"CREATE TABLE base_{table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {table}"  # noqa: S608
        )
        for first in range(1, copies, _COPIES):
            number = min(_COPIES, copies - first)
            handle.command(
                f"INSERT INTO {table} SELECT {changed} FROM base_{table} "  # noqa: S608 - made of constants
                f"CROSS JOIN (SELECT number AS k FROM numbers({first}, {number})) AS copies "
                "SETTINGS max_memory_usage = 6000000000"
            )
        handle.command(f"DROP TABLE base_{table}")
    handle.command("DROP TABLE strongest")


def _settle(handle: EmbeddedHandle) -> None:
    """Wait until the engine merges nothing, as in a store that is not being written."""
    until = monotonic() + MERGE_SECONDS
    while monotonic() < until and handle.read("SELECT count() FROM system.merges", "TSV").strip() != b"0":
        sleep(0.5)


def _sizes(store: Store) -> dict[str, Any]:
    tables = {"events": "uniq(id)", "frictions": "count()", "journeys": "count()", "identities": "count()"}
    found: dict[str, Any] = {
        f"stored_{table}": store.query(f"SELECT {count} FROM {table}").result_rows[0][0]  # noqa: S608 - constants
        for table, count in tables.items()
    }
    parts = store.query("SELECT count() FROM system.parts WHERE table = 'events' AND active")
    return found | {"stored_parts_of_events": parts.result_rows[0][0]}


def _timed(store: Store, panel: Panel, rounds: int, period: str | None) -> dict[str, Any]:
    [since] = (period or dashboard.since for dashboard in DASHBOARDS if dashboard.id == panel.dashboard)
    start, end = START - parse_duration(since), START
    chosen = {"customer": [_customer(store, (start + end) // 2)]}
    sql = expand(panel.sql, start, end, interval(start, end), chosen)
    walls, cpus = [], []
    began = perf_counter()
    try:
        rows = len(store.query(sql).result_rows)
        for _ in range(rounds):
            began, cpu = perf_counter(), process_time()
            store.query(sql)
            walls.append((perf_counter() - began) * 1000)
            cpus.append((process_time() - cpu) * 1000)
    except QueryError as error:
        failed = str(error).partition(": While")[0]
        return {"wall_ms": round((perf_counter() - began) * 1000), "failed": failed}
    return {
        "wall_ms": round(median(walls)),
        "most_ms": round(max(walls)),
        "cpu_ms": round(median(cpus)),
        "rows": rows,
    }


def _customer(store: Store, at: int) -> str:
    """A customer with a friction at or after this time."""
    sql = f"""SELECT toString(customer) FROM current_frictions
        WHERE opened_at >= fromUnixTimestamp64Milli({at}) ORDER BY opened_at, id LIMIT 1"""  # noqa: S608
    return str(store.query(sql).result_rows[0][0])
