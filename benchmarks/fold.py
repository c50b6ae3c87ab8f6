"""`fold`: what the pure fold costs an event, in order, late and with merges, and beside the peers."""

import cProfile
import io
import pstats
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import contestants
from benchmarks.compiled import compiled
from benchmarks.contestants import Owned
from benchmarks.report import Report
from benchmarks.timing import Standing, Turn, compete, one_core
from benchmarks.traffic import Traffic, arrivals, demo_traffic, flushes, robot_traffic
from touchline.config.rule_packs import load_rules
from touchline.friction import RuleSet

EVENTS = 200_000
ROUNDS = 5
FLUSH = 10_000
SMALL_FLUSH = 20
REFOLDED = 20_000
"""Events of the comparison that folds anew for each: its cost an event hardly depends on how many."""

MEASURED = ("in_order", "held_10_percent_late", "compiled_in_order", "compiled_held_10_percent_late")
ROBOT_EVENTS, ROBOT_LATE = 100_000, 100
COMPARED = ("refold_per_event", "dictionaries", "bytewax", "quix_memory", "quix_rocksdb")


def measure(events: int = EVENTS, rounds: int = ROUNDS) -> Report:
    """Let all of them fold the same traffic, in turn."""
    core = one_core()
    rules = load_rules()
    traffic = demo_traffic(events)
    flush = max(1, min(FLUSH, events // 10))
    ours = contestants_of(traffic, rules, flush)
    with TemporaryDirectory() as folder, compiled(list(ours), events, flush) as built:
        peers, missing = contestants.peers(traffic, flush, Path(folder))
        if isinstance(built, str):
            missing.append(built)
            built = {}
        standings = compete(ours | built | peers, rounds)
    figures = {
        "customers": len(set(traffic.customers)),
        "rules": len(rules.rules),
        "rounds": rounds,
        "flush": flush,
        "frictions": len(standings["in_order"].outcome),
        **{name: standing.figures for name, standing in standings.items()},
    }
    notes = [
        "events_per_second is of processor time, all threads, on "
        + ("no core of its own" if core is None else f"core {core}")
        + f"; the median of {rounds} rounds, taken in turn; garbage collection as in a worker, what was"
        " prepared is frozen",
        f"in_order: flushes of {flush}, and small ones of {SMALL_FLUSH}, as where very many customers are "
        "there at once and few of them twice in a flush",
        "held: the same through HeldCustomers, nobody let go of; keeping the events, which is the store's "
        "part, is not counted; with merges, one customer in ten is known by a device until its last event",
        "compiled_…: the same from a wheel whose innermost rooms are compiled to C (docs/operations.md)",
        f"robot_late: one customer with {ROBOT_EVENTS} kept events, and an event a minute to three days late",
        f"refold_per_event is of the first {min(REFOLDED, events)} events",
        "dictionaries, bytewax and quix get events as dictionaries, in order alone, and make no journeys; "
        "Kafka, decoding, recovery snapshots and changelogs are left out",
    ]
    return Report("fold", figures, _ratios(standings), notes + missing, _differences(standings))


def profile(events: int = EVENTS, rounds: int = 1) -> str:
    """Where the time goes: in order, and with 10 % late."""
    traffic, rules = demo_traffic(events), load_rules()
    ours = contestants_of(traffic, rules, max(1, min(FLUSH, events // 10)))
    text = io.StringIO()
    for name in ("in_order", "held_10_percent_late"):
        profiler = cProfile.Profile()
        for _ in range(rounds):
            profiler.runcall(ours[name])
        text.write(f"{name}\n")
        pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime").print_stats(25)
    return text.getvalue()


def contestants_of(traffic: Traffic, rules: RuleSet, flush: int) -> dict[str, Callable[[], Turn]]:
    """Touchline's fold in several ways."""
    owned = list(zip(traffic.customers, traffic.events, strict=True))
    end = traffic.end

    def arriving(late: float) -> list[Sequence[Owned]]:
        return flushes([owned[place] for place in arrivals(traffic, late, flush)], flush)

    in_order, small = flushes(owned, flush), flushes(owned, SMALL_FLUSH)
    late_1, late_10 = arriving(0.01), arriving(0.1)
    robot, robot_late = robot_traffic(ROBOT_EVENTS, ROBOT_LATE)
    robot_flushes = flushes(robot, FLUSH)
    linked_late = flushes(traffic.linked_late(0.1), flush)
    return {
        "in_order": lambda: contestants.in_order(in_order, rules, end),
        "in_order_small_flush": lambda: contestants.in_order(small, rules, end),
        "held": lambda: contestants.held(in_order, rules, end),
        "held_1_percent_late": lambda: contestants.held(late_1, rules, end),
        "held_10_percent_late": lambda: contestants.held(late_10, rules, end),
        "held_with_merges": lambda: contestants.merging(linked_late, rules, end),
        "robot_late": lambda: contestants.robot(robot_flushes, robot_late, rules),
        "refold_per_event": lambda: contestants.refold(owned[:REFOLDED], rules),
    }


def _ratios(standings: Mapping[str, Standing]) -> dict[str, float]:
    """How many times as fast as the comparison, in the same run."""
    return {
        f"{one}/{other}": round(
            standings[other].figures["cpu_us_per_event"] / standings[one].figures["cpu_us_per_event"], 2
        )
        for one in MEASURED
        if one in standings
        for other in COMPARED
        if other in standings
    }


def _differences(standings: Mapping[str, Standing]) -> list[str]:
    """Who did not find the same frictions: late or early, by whatever means, they are the same."""
    right = standings["in_order"].outcome
    return [
        f"{name} found {len(standing.outcome - right)} frictions that in_order did not, "
        f"and missed {len(right - standing.outcome)}, of the rules "
        f"{', '.join(sorted({one[0] for one in right ^ standing.outcome}))}: has the "
        "default pack changed and benchmarks/peers/pack.py not?"
        for name, standing in standings.items()
        if standing.outcome is not None and standing.outcome != right
    ]
