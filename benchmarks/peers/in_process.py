"""The peers' step over the same traffic in this process: in a plain loop, in Bytewax and in Quix Streams."""

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks.peers import pack
from benchmarks.peers.patterns import Event, Found, State
from benchmarks.support.fold_variants import Frictions
from benchmarks.support.timing import Run, Stopwatch, Variant
from benchmarks.support.traffic import Traffic


def peer_variants(traffic: Traffic, flush: int, folder: Path) -> tuple[dict[str, Variant], list[str]]:
    """The installed peers by name, and a note on each that is not installed."""
    events = [
        (customer, orjson.loads(line))
        for customer, line in zip(traffic.customers, traffic.lines, strict=True)
    ]
    variants: dict[str, Variant] = {"dictionaries": lambda: _dictionaries(events, traffic.end)}
    missing = []
    if find_spec("bytewax"):
        variants["bytewax"] = lambda: _bytewax(events, traffic.end, flush)
    else:
        missing.append("bytewax")
    if find_spec("quixstreams"):
        keyed = [(customer.encode(), event) for customer, event in events]
        variants["quix_memory"] = lambda: _quix(keyed, traffic.end, flush, "memory", folder)
        variants["quix_rocksdb"] = lambda: _quix(keyed, traffic.end, flush, "rocksdb", folder)
    else:
        missing.append("quixstreams")
    return variants, [not_installed(name) for name in missing]


def not_installed(name: str) -> str:
    """The note on a peer that is not installed."""
    return f"{name} is not installed, and not measured: uv sync --group peers"


def _dictionaries(events: Sequence[tuple[str, Event]], end: int) -> Run:
    """The step in a loop, without any library."""
    watch = Stopwatch()
    states: dict[str, State] = {}
    found: list[Found] = []
    with watch.running():
        for customer, event in events:
            state = states.get(customer)
            if state is None:
                state = states[customer] = pack.initial_state()
            found += pack.step(state, event)
        for state in states.values():
            found += pack.sweep(state, end)
    return Run(watch, len(events), lambda: _latest(found))


def _bytewax(events: Sequence[tuple[str, Event]], end: int, flush: int) -> Run:
    from benchmarks.peers import bytewax_step

    watch = Stopwatch()
    with watch.running():
        found = bytewax_step.run(events, end, flush)
    return Run(watch, len(events), lambda: _latest(found))


def _quix(events: Sequence[tuple[bytes, Event]], end: int, flush: int, store: str, folder: Path) -> Run:
    from benchmarks.peers.quix_step import Quix

    watch = Stopwatch()
    with TemporaryDirectory(dir=folder) as own:
        quix = Quix(store, Path(own), flush)
        with watch.running():
            quix.feed(events)
        # Quix Streams has no timers: a last event for each customer, outside the time, checks its deadlines.
        sweep = {"type": "sweep", "time": end, "data": {}}
        found = quix.feed([(customer, sweep) for customer in dict.fromkeys(key for key, _ in events)])
        quix.close()
    return Run(watch, len(events), lambda: _latest(found))


def _latest(found: Iterable[Found]) -> Frictions:
    """The last version of each friction."""
    latest = {(friction[0], friction[1]): friction for friction in found}
    return {
        (rule, anchor, opened, resolved, tuple(evidence))
        for rule, anchor, opened, resolved, evidence in latest.values()
    }
