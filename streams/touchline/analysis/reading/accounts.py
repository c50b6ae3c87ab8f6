"""Reads the accounts table: one total per client of a producer, and the gaps in what was received."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from touchline.analysis.accounts import Gap, Totals
from touchline.store import Reply

GAPS = 5
"""Gaps that are read per client."""

MOST = 1_000
"""Gaps that are read in all."""

_TOTALS = """
SELECT producer, client, max(batch) AS batches, toUnixTimestamp64Milli(max(at)) AS heard_at,
    sum(events) AS received, max(first + events) AS reached,
    sum(quarantined) AS quarantined, sum(repeated) AS repeated,
    argMax(emitted, batch) AS emitted, argMax(queued, batch) AS queued, argMax(lost, batch) AS lost,
    sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicting) AS conflicting,
    sum(suppressed) AS suppressed
FROM accounts FINAL GROUP BY producer, client ORDER BY producer, client
"""

_GAPS = f"""
SELECT producer, client, before AS after_batch, batch AS before_batch, first - reached AS events
FROM (
    SELECT producer, client, batch, first,
        any(batch) OVER previous AS before, any(first + events) OVER previous AS reached
    FROM accounts FINAL WHERE client != ''
    WINDOW previous AS (PARTITION BY producer, client ORDER BY batch ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING)
)
WHERE first > reached ORDER BY producer, client, batch LIMIT {GAPS} BY producer, client LIMIT {MOST}
"""  # noqa: S608 - made of constants


class Reader(Protocol):
    """Answers queries on a store."""

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        """The answer to one reading statement, in a format."""


_totals = msgspec.json.Decoder(Totals, strict=False)
_gaps = msgspec.json.Decoder(Gap, strict=False)


def read_accounts(reader: Reader) -> tuple[list[Totals], list[Gap]]:
    """The totals of each client, and each client's first gaps.

    Raises:
        StoreError: The store does not answer.
    """
    return (
        _totals.decode_lines(reader.reply(_TOTALS, "JSONEachRow").body),
        _gaps.decode_lines(reader.reply(_GAPS, "JSONEachRow").body),
    )
