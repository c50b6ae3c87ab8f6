"""Segment's dialect, which RudderStack's clients speak too (docs/connect/segment.md has every rule).

| Call | Type | Data |
|---|---|---|
| `track` | a type of the vocabulary (`tracks`), else `custom.NAME` | the properties and our fields |
| `page`, `screen` | `page.viewed`; `custom.page`, `custom.screen` without a name or path | the properties |
| `identify` | `identity.linked` | the traits that are no identifiers |
| `alias` | `identity.linked` | none |
| `group` | `custom.group` | the traits, and `group_id` |
| others | `custom.TYPE` | the properties and the traits |

`userId` is the account, `anonymousId` and alias's `previousId` are devices, the traits `email` and `phone`
are identifiers of their kinds.

| Module | What |
|---|---|
| `bodies` | the calls in a request, and JSON |
| `calls` | one call to a native event |
| `tracks` | the table of track events |
| `fields` | properties to our fields |
| `identities` | which event it is, and who it is about |
| `circumstances` | context, channel and source |
| `times` | when it was |
| `answers` | what clients get back |
"""

from typing import Final

from touchline.collector.dialects.dialect import Cors, Described, Dialect
from touchline.collector.dialects.segment.answers import accepted, metrics_taken, refused, settings
from touchline.collector.dialects.segment.bodies import BATCHES, SINGLE_CALLS, write_key
from touchline.collector.dialects.segment.calls import translate

_MOST_BYTES = 5 * 1024 * 1024
"""RudderStack's clients send up to 4 MB, and a batch that exceeds it by its last event."""

SEGMENT: Final = Dialect(
    name="segment",
    described=Described(
        "Send calls of Segment's and RudderStack's clients: one of its path's type, or a batch.",
        accepts={"application/json": {"type": "object"}, "text/plain": {"type": "string"}},
    ),
    paths=tuple(f"/v1/{name}{slash}" for name in (*SINGLE_CALLS, *BATCHES) for slash in ("", "/")),
    translate=translate,
    secret=write_key,
    answer=accepted,
    refuse=refused,
    calls={"/v1/projects/{key}/settings": settings, "/v1/m": metrics_taken, "/v1/m/": metrics_taken},
    cors=Cors(headers=("authorization", "content-type", "content-encoding", "x-retry-count")),
    most_bytes=_MOST_BYTES,
)
"""The HTTP API of Segment and RudderStack."""
