"""What one flush of a worker did."""

from typing import NamedTuple


class Flushed(NamedTuple):
    """Counts; `frictions` are, for each rule, the signals that were new.

    `suppressed` are events that name a forgotten identifier, `customers` were folded, `retracted` are
    signals that are no longer true. A worker of a partition also counts the events that it forwarded.
    """

    records: int
    stored: int
    duplicates: int
    quarantined: int
    suppressed: int
    customers: int
    frictions: dict[str, int]
    retracted: int = 0
    forwarded: int = 0
