"""`python -m benchmarks NAME [--json]`: run one benchmark and print its report."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from touchline.runtime.garbage import search_seldom

BENCHMARKS: dict[str, tuple[str, dict[str, str]]] = {
    "latency": (
        "time from accepted to visible as a friction, embedded and with Kafka",
        {
            "rate": "events per second",
            "seconds": "duration of the load",
            "readers": "instead, `touchline up` without and with so many heavy queries at a time",
            "viewers": "instead, `touchline up` without and with so many open pages",
        },
    ),
    "recovery": (
        "time from the start of the process to the first processed event",
        {"customers": "customers in the store", "starts": "number of starts"},
    ),
    "growth": (
        "cost per event as the store grows",
        {
            "events": "events stored at the last step",
            "measured": "events processed at each step",
            "quiet": "seconds without a merge before each step",
        },
    ),
    "identity": (
        "the identity stage with many customers stored: its start, memory and cost per new link",
        {"customers": "customers in the store", "links": "new links to decide"},
    ),
    "worker": (
        "from Kafka to the store with one worker, compared with plain inserts, Faust, Bytewax and Quix",
        {
            "events": "events of the demo's traffic",
            "peer_events": "events for Bytewax and Quix Streams",
            "faust_events": "events for Faust",
        },
    ),
    "fold": (
        "cost of the fold per event: in order, late, with merges; compared with Bytewax and Quix Streams",
        {"events": "events of the demo's traffic", "rounds": "runs of each variant"},
    ),
    "memory": (
        "bytes per held customer",
        {"customers": "customers to hold", "sample": "customers in the breakdown by object"},
    ),
    "sdk": (
        "cost of the SDK per call and event, compared with Segment and PostHog; rate of writing to disk",
        {"events": "events of each run", "rounds": "runs of each library"},
    ),
    "collector": (
        "events and requests per second that one collector makes durable, natively and by Segment's API",
        {"seconds": "duration of the load in each way"},
    ),
    "panels": (
        "query time of each panel in a large store",
        {
            "events": "events in the store",
            "rounds": "runs of each query",
            "store": "folder of the store, which is kept; it is filled unless it exists",
            "period": "how long the panels look back, such as 90d, instead of their dashboards' default",
        },
    ),
    "insight": (
        "whether impact and explain find what simulations planted, and nothing else",
        {"runs": "runs of each simulation", "shops": "simulated retailers, with and without causes"},
    ),
    "detection": (
        "false alarms and detected rises of alert rules, compared with other ways to decide",
        {"runs": "weeks of each of 42 scenarios"},
    ),
    "alert": (
        "time from the crossing of a threshold to the notification at a receiver",
        {"outages": "number of outages, one after the other"},
    ),
    "outage": (
        "an outage of Kafka under load: memory of the collector, and whether accepted events are lost",
        {"seconds": "duration of the outage", "rate": "posted events per second"},
    ),
}
"""Name of the benchmark, and of its module → its help, and the options of `measure` with their help."""


def main(arguments: list[str]) -> int:
    """Run the benchmark that the arguments name; return 1 if its result is void."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run one benchmark.")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, (about, sizes) in BENCHMARKS.items():
        benchmark = names.add_parser(name, help=about, description=about)
        benchmark.add_argument("--json", action="store_true", help="print the report as one JSON object")
        benchmark.add_argument("--profile", action="store_true", help="print a profile instead (fold only)")
        for size, meaning in sizes.items():
            kind = {"store": Path, "period": str}.get(size, int)
            benchmark.add_argument(f"--{size.replace('_', '-')}", type=kind, help=meaning)
    options = vars(parser.parse_args(arguments))
    module: Any = import_module(f"benchmarks.{options['name']}")
    sizes = {size: options[size] for size in BENCHMARKS[options["name"]][1] if options[size] is not None}
    if options["profile"]:
        if not hasattr(module, "profile"):
            parser.error(f"{options['name']} has no profile")
        sys.stdout.write(module.profile(**sizes))
        return 0
    search_seldom()
    report = module.measure(**sizes)
    sys.stdout.write((report.json() if options["json"] else report.text()) + "\n")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
