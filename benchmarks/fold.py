"""`fold`: what the pure fold costs per event, in order, late and with merges, compared with the peers."""

import cProfile
import io
import pstats
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.in_process import peer_variants
from benchmarks.support.compiled_wheel import compiled_variants
from benchmarks.support.fold_variants import FLUSH, REFOLDED, ROBOT_EVENTS, SMALL_FLUSH, fold_variants
from benchmarks.support.report import Report
from benchmarks.support.timing import Result, pin_to_one_core, run_rounds
from benchmarks.support.traffic import demo_traffic
from touchline.config.rule_packs import load_rules

EVENTS = 200_000
ROUNDS = 5

MEASURED = ("in_order", "held_10_percent_late", "compiled_in_order", "compiled_held_10_percent_late")
COMPARED = ("refold_per_event", "dictionaries", "bytewax", "quix_memory", "quix_rocksdb")


def measure(events: int = EVENTS, rounds: int = ROUNDS) -> Report:
    """Run all variants over the same traffic, in turn."""
    core = pin_to_one_core()
    rules = load_rules()
    traffic = demo_traffic(events)
    flush = max(1, min(FLUSH, events // 10))
    ours = fold_variants(traffic, rules, flush)
    with TemporaryDirectory() as folder, compiled_variants(list(ours), events, flush) as compiled:
        peers, missing = peer_variants(traffic, flush, Path(folder))
        if isinstance(compiled, str):
            missing.append(compiled)
            compiled = {}
        results = run_rounds(ours | compiled | peers, rounds)
    figures = {
        "customers": len(set(traffic.customers)),
        "rules": len(rules.rules),
        "rounds": rounds,
        "flush": flush,
        "frictions": len(results["in_order"].outcome),
        **{name: result.figures for name, result in results.items()},
    }
    notes = [
        "events_per_second is per second of processor time, all threads, on "
        + ("any core" if core is None else f"core {core}")
        + f"; median of {rounds} rounds, variants in turn; garbage collection as in a worker, with prepared"
        " objects frozen",
        f"in_order: flushes of {flush}. in_order_small_flush: flushes of {SMALL_FLUSH}, as with so many "
        "customers that few have two events in one flush",
        "held: through HeldCustomers, with room for every customer; keeping events is the store's work and "
        "is not counted. held_with_merges: one customer in ten is known by a device until its last event",
        "compiled_…: from a wheel whose innermost modules are compiled to C (docs/operations.md)",
        f"robot_late: one customer with {ROBOT_EVENTS} kept events, and events a minute to three days late",
        f"refold_per_event: the first {min(REFOLDED, events)} events only",
        "dictionaries, bytewax and quix get decoded events in order and make no journeys; Kafka, decoding, "
        "recovery snapshots and changelogs are not included",
    ]
    return Report("fold", figures, _ratios(results), notes + missing, _differences(results))


def profile(events: int = EVENTS, rounds: int = 1) -> str:
    """A profile of `in_order` and `held_10_percent_late`."""
    traffic, rules = demo_traffic(events), load_rules()
    variants = fold_variants(traffic, rules, max(1, min(FLUSH, events // 10)))
    text = io.StringIO()
    for name in ("in_order", "held_10_percent_late"):
        profiler = cProfile.Profile()
        for _ in range(rounds):
            profiler.runcall(variants[name])
        text.write(f"{name}\n")
        pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime").print_stats(25)
    return text.getvalue()


def _ratios(results: Mapping[str, Result]) -> dict[str, float]:
    """How many times as fast as each comparison."""
    return {
        f"{name}/{other}": round(
            results[other].figures["cpu_us_per_event"] / results[name].figures["cpu_us_per_event"], 2
        )
        for name in MEASURED
        if name in results
        for other in COMPARED
        if other in results
    }


def _differences(results: Mapping[str, Result]) -> list[str]:
    """The variants that did not find the same frictions as `in_order`."""
    expected = results["in_order"].outcome
    return [
        f"{name} found {len(result.outcome - expected)} frictions that in_order did not, "
        f"and missed {len(expected - result.outcome)}, of the rules "
        f"{', '.join(sorted({friction[0] for friction in expected ^ result.outcome}))}: has the "
        "default pack changed and benchmarks/peers/pack.py not?"
        for name, result in results.items()
        if result.outcome is not None and result.outcome != expected
    ]
