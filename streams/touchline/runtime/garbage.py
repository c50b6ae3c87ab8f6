"""Python's search for cyclic garbage, made rare.

It looks through every object again and again as their number grows. A worker holds very many customers, and
for the time of a flush very many events, none of which has cycles: it would spend as long in it as in the
fold.
"""

import gc

_THRESHOLDS = (1_000_000, 20, 100)
"""More than a flush makes for as long as it takes: what it lets go of again is never looked through."""


def search_seldom() -> None:
    """Look for cyclic garbage a thousand times less often than Python does by itself, in this process."""
    gc.set_threshold(*_THRESHOLDS)


def search_only_new() -> None:
    """Leave all objects that there are now, such as modules, out of the search; call it once, at the start.

    They stay to the end, and each search through them makes requests wait.
    """
    gc.collect()
    gc.freeze()
