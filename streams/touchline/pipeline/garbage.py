"""Python's search for cyclic garbage, made rare.

It looks through every object again and again as their number grows, and a worker that holds very many
customers, whose state has no cycles, would spend as long in it as in the fold.
"""

import gc

_THRESHOLDS = (100_000, 20, 100)


def search_seldom() -> None:
    """Look for cyclic garbage a hundred times less often than Python does by itself, in this process."""
    gc.set_threshold(*_THRESHOLDS)
