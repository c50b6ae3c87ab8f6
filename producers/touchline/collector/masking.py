"""Hides keys of producers in what quarantine keeps: more people read quarantine than may know the keys."""

import re
from typing import Final

from touchline.collector.keys import PREFIXES

HIDDEN: Final = "…"

SHORTEST_KEY: Final = 20
"""Without keys, a client may send any text as its key: a shorter one may also mean something else."""

_KEY: Final = re.compile(rf"\b(?:{'|'.join(PREFIXES)})[\w-]{{40,}}".encode())


def masked(raw: bytes, secret: str) -> bytes:
    """The bytes without the key of their request, and without anything that has the form of a key.

    Args:
        raw: An event, or the body of a request.
        secret: The key that the request came with, where its dialect finds it; empty if nowhere.
    """
    if len(secret) >= SHORTEST_KEY:
        raw = raw.replace(secret.encode(errors="replace"), HIDDEN.encode())
    return _KEY.sub(HIDDEN.encode(), raw)
