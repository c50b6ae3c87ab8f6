"""The dialect of PostHog's libraries. docs/connect/posthog.md has the table of what becomes of each event.

| Where | What |
|---|---|
| `mapping` | tables: event names to types, properties to fields of data or to circumstances |
| `people` | which id is an account, and which a device |
| `times` | when it happened, and the client's clock at sending |
| `elements` | what was clicked |
| `libraries` | what differs between libraries |
| `request` | bodies: JSON, forms, versions 0 and 1 of the protocol |
| `translation` | an event, from all of these |
| `answers`, `settings` | what the libraries need to read |
"""

from typing import Final

from touchline.collector.dialects.dialect import Cors, Described, Dialect
from touchline.collector.dialects.posthog.answers import answer, refuse
from touchline.collector.dialects.posthog.request import secret_of
from touchline.collector.dialects.posthog.settings import config, config_script, flags
from touchline.collector.dialects.posthog.translation import translate

_SENDS: Final = ("/batch", "/capture", "/e", "/i/v0/e", "/i/v0/ai/batch", "/i/v1/analytics/events")
_MOST_BYTES: Final = 8 * 1024 * 1024
"""posthog-python fills a request up to 5 MB and one more event."""

POSTHOG: Final = Dialect(
    name="posthog",
    described=Described(
        "Send events of PostHog's libraries.",
        accepts={"application/json": {}, "text/plain": {"type": "string"}},
    ),
    paths=tuple(path + end for path in _SENDS for end in ("", "/")),
    translate=translate,
    secret=secret_of,
    answer=answer,
    refuse=refuse,
    calls={
        "/array/{key}/config": config,
        "/array/{key}/config.js": config_script,
        "/flags": flags,
        "/flags/": flags,
        "/decide": flags,
        "/decide/": flags,
    },
    cors=Cors(methods=("GET", "POST")),
    most_bytes=_MOST_BYTES,
    sniffs_gzip=True,
)
