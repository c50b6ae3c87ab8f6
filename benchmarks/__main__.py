"""`python -m benchmarks NAME [--json]`: run one benchmark and say what it measured."""

import argparse
import sys
from importlib import import_module
from typing import Any

from touchline.runtime.garbage import search_seldom

BENCHMARKS: dict[str, tuple[str, dict[str, str]]] = {
    "latency": (
        "from accepted to visible as a friction, embedded and around Kafka",
        {"rate": "events a second", "seconds": "for how long"},
    ),
    "recovery": (
        "from the start of the process to the first event worked off",
        {"customers": "how many are in the store", "starts": "how often it is started"},
    ),
    "growth": (
        "what an event costs as the store grows",
        {
            "events": "how many are stored at last",
            "measured": "how many are worked off at each step",
            "quiet": "for how many seconds nothing may be merged before that",
        },
    ),
    "worker": (
        "from Kafka to the store, one worker process; beside the floor, Faust's usual way, Bytewax and Quix",
        {
            "events": "how many events of the demo's traffic",
            "peer_events": "how many of them Bytewax and Quix Streams get",
            "faust_events": "how many of them Faust gets",
        },
    ),
    "fold": (
        "what the fold costs an event: in order, late, with merges; beside Bytewax and Quix Streams",
        {"events": "how many events of the demo's traffic", "rounds": "how often each takes its turn"},
    ),
    "memory": (
        "bytes of a held customer",
        {"customers": "how many are held", "sample": "how many are walked through for the breakdown"},
    ),
    "panels": (
        "what each panel's question takes, in a store of so many events",
        {"events": "how many there are", "rounds": "how often each panel is asked"},
    ),
    "outage": (
        "Kafka away under load: what the collector holds, and that nothing accepted is lost",
        {"seconds": "how long it is away", "rate": "events a second that are posted"},
    ),
}
"""Name, which is that of its module, → what it measures, and the sizes that `measure` takes."""


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; 1 if its result is void."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, (about, sizes) in BENCHMARKS.items():
        one = names.add_parser(name, help=about, description=about)
        one.add_argument("--json", action="store_true", help="print one JSON object")
        one.add_argument("--profile", action="store_true", help="say where the time goes, if it can")
        for size, meaning in sizes.items():
            one.add_argument(f"--{size.replace('_', '-')}", type=int, help=meaning)
    asked = vars(parser.parse_args(arguments))
    module: Any = import_module(f"benchmarks.{asked['name']}")
    sizes = {size: asked[size] for size in BENCHMARKS[asked["name"]][1] if asked[size] is not None}
    if asked["profile"]:
        if not hasattr(module, "profile"):
            parser.error(f"{asked['name']} has no profile")
        sys.stdout.write(module.profile(**sizes))
        return 0
    search_seldom()
    report = module.measure(**sizes)
    sys.stdout.write((report.json() if asked["json"] else report.text()) + "\n")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
