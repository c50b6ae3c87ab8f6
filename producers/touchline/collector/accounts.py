"""The accounts row of each request: how many events it had, and the counters that its client sent with it.

The row is in the log with the request's events; `touchline accounts` compares it with the store.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self
from uuid import uuid5

import orjson
import uuid_utils

from touchline.collector.acceptance import Acceptance
from touchline.collector.results import Result
from touchline.log.contract import Batch
from touchline.vocabulary.ids import NAMESPACE

HEADER: Final = "touchline-account"

_CLIENT: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_COUNT: Final = re.compile(r"\d{1,15}")
_LOST: Final = re.compile(r"lost\.([a-z][a-z0-9_]{0,31})")
_MOST_PARTS: Final = 40


@dataclass(frozen=True, slots=True)
class ClientCounters:
    """The counters of one client, as the SDK sends them. Counts start when the client starts."""

    client: str
    batch: int
    first: int
    emitted: int
    queued: int
    lost: dict[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """Parse `client=…, batch=7, first=600, emitted=712, queued=709, lost.refused=3`; None if invalid."""
        parts = dict(part.strip().partition("=")[::2] for part in (header or "").split(",")[:_MOST_PARTS])
        counts = {name: int(text) for name, text in parts.items() if _COUNT.fullmatch(text)}
        client = parts.get("client", "")
        if not _CLIENT.fullmatch(client) or not {"batch", "first", "emitted", "queued"} <= counts.keys():
            return None
        lost = {match[1]: count for name, count in counts.items() if (match := _LOST.fullmatch(name))}
        return cls(client, counts["batch"], counts["first"], counts["emitted"], counts["queued"], lost)


def with_account(acceptance: Acceptance, producer: str, counters: ClientCounters | None = None) -> Batch:
    """The batch of a request, with its accounts row."""
    batch = acceptance.batch
    return replace(batch, accounts=[account_row(acceptance.results, producer, batch.received_at, counters)])


def account_row(
    results: Sequence[Result], producer: str, received_at_ms: int, counters: ClientCounters | None = None
) -> bytes:
    """The accounts row of one request, as a JSON line. A rejected event is not in it: its producer has it.

    A request that a client sends again gives a row with the same id, so it counts once.
    """
    statuses = Counter(result.status for result in results)
    client = counters or ClientCounters("", 0, 0, 0, 0)
    row_id = (
        uuid5(NAMESPACE, f"account:{producer}:{client.client}:{client.batch}")
        if counters
        else uuid_utils.uuid7()
    )
    return orjson.dumps(
        {
            "id": str(row_id),
            "at": received_at_ms,
            "producer": producer,
            "client": client.client,
            "batch": client.batch,
            "first": client.first,
            "events": len(results) - statuses["rejected"],
            "quarantined": statuses["quarantined"],
            "repeated": statuses["duplicate"],
            "suppressed": statuses["suppressed"],
            "conflicting": sum(result.conflicting for result in results) if statuses["duplicate"] else 0,
            "emitted": client.emitted,
            "queued": client.queued,
            "lost": orjson.dumps(client.lost).decode(),
        }
    )
