"""Take turns of `fold` as they are asked for, a name a line, and tell each by pickle."""

import pickle
import sys

from benchmarks.fold import contestants_of
from benchmarks.timing import undisturbed
from benchmarks.traffic import demo_traffic
from touchline.config.rule_packs import load_rules
from touchline.friction import fold
from touchline.runtime.garbage import search_seldom


def main(events: int, flush: int) -> None:
    """Serve until the input ends."""
    if fold.__file__.endswith(".py"):
        raise RuntimeError(f"{fold.__file__} is not compiled")
    search_seldom()
    ours = contestants_of(demo_traffic(events), load_rules(), flush)
    told: set[str] = set()
    for line in sys.stdin:
        name = line.strip()
        with undisturbed():
            turn = ours[name]()
        outcome = None if name in told else turn.outcome()
        told.add(name)
        pickle.dump((turn.watch.cpu, turn.watch.wall, turn.events, turn.counts, outcome), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
