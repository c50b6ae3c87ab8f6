"""What the door writes down of each request: how many events came, and what their producer says of itself.

One line a request, in the log with its events; `touchline accounts` sets it against what the store has.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self
from uuid import uuid5

import orjson
import uuid_utils

from touchline.collector.acceptance import Acceptance, Result
from touchline.log.contract import Batch
from touchline.vocabulary.ids import NAMESPACE

HEADER: Final = "touchline-account"

_CLIENT: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_COUNT: Final = re.compile(r"\d{1,15}")
_LOST: Final = re.compile(r"lost\.([a-z][a-z0-9_]{0,31})")
_MOST_PARTS: Final = 40


@dataclass(frozen=True, slots=True)
class Told:
    """A client's account of itself, as the SDK sends it; all counts are since the client began."""

    client: str
    batch: int
    first: int
    emitted: int
    queued: int
    lost: dict[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """Read `client=…, batch=7, first=600, emitted=712, queued=709, lost.refused=3`; else None."""
        said = dict(part.strip().partition("=")[::2] for part in (header or "").split(",")[:_MOST_PARTS])
        counts = {name: int(text) for name, text in said.items() if _COUNT.fullmatch(text)}
        client = said.get("client", "")
        if not _CLIENT.fullmatch(client) or not {"batch", "first", "emitted", "queued"} <= counts.keys():
            return None
        lost = {found[1]: count for name, count in counts.items() if (found := _LOST.fullmatch(name))}
        return cls(client, counts["batch"], counts["first"], counts["emitted"], counts["queued"], lost)


def accounted(acceptance: Acceptance, producer: str, told: Told | None = None) -> Batch:
    """The batch of a request, with its line of the account."""
    batch = acceptance.batch
    return replace(batch, accounts=[account_line(acceptance.results, producer, batch.received_at, told)])


def account_line(
    results: Sequence[Result], producer: str, received_at_ms: int, told: Told | None = None
) -> bytes:
    """A row of the accounts: what came in one request, and what the client told with it.

    A request that a client sends again has the same id: it counts once, however often it was sent.
    """
    counts = Counter(result.status for result in results)
    own = told or Told("", 0, 0, 0, 0)
    name = uuid5(NAMESPACE, f"account:{producer}:{own.client}:{own.batch}") if told else uuid_utils.uuid7()
    return orjson.dumps(
        {
            "id": str(name),
            "at": received_at_ms,
            "producer": producer,
            "client": own.client,
            "batch": own.batch,
            "first": own.first,
            "events": len(results),
            "quarantined": counts["quarantined"],
            "repeated": counts["duplicate"],
            "emitted": own.emitted,
            "queued": own.queued,
            "lost": orjson.dumps(own.lost).decode(),
        }
    )
