"""Runs variants of the fold from the compiled wheel: reads a name per line, writes each run as a pickle."""

import pickle
import sys

from benchmarks.support.fold_variants import fold_variants
from benchmarks.support.timing import frozen_garbage
from benchmarks.support.traffic import demo_traffic
from touchline.config.rule_packs import load_rules
from touchline.friction import fold
from touchline.runtime.garbage import search_seldom


def main(events: int, flush: int) -> None:
    """Run a variant for each line of standard input."""
    if fold.__file__.endswith(".py"):
        raise RuntimeError(f"{fold.__file__} is not compiled")
    search_seldom()
    variants = fold_variants(demo_traffic(events), load_rules(), flush)
    reported: set[str] = set()
    for line in sys.stdin:
        name = line.strip()
        with frozen_garbage():
            run = variants[name]()
        outcome = None if name in reported else run.outcome()
        reported.add(name)
        pickle.dump((run.watch.cpu, run.watch.wall, run.events, run.counts, outcome), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
