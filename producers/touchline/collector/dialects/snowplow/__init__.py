"""Snowplow's trackers: the tracker protocol by POST, and by GET as a picture of one pixel.

| Snowplow | Touchline |
|---|---|
| `eid` | `id`; without one, an id derived from the content |
| `ttm`, else `dtm` with `stm` | `time`, with `sent_at` |
| `aid` | `source`; without one, the name of the key |
| `p` | `channel`: `web`; `mob`, `app`, `tv`, `cnsl`, `iot` and `headset` are `app` |
| `uid`, or `id` of the entity `user` | identifier `account`; of a guest, `guest`; beside a `uid`, `user` |
| `email` of the entity `user` | identifier `email` |
| `duid`, `tnuid`, `nuid`, or `userId` of the entity `client_session` | identifier `device` |
| `sid`, or `sessionId` of the entity `client_session` | `context.session_id` |
| the events in `counterparts` | types of the vocabulary |
| other events of Snowplow's own | `custom.snowplow_NAME`; e-commerce actions by their `type` |
| a structured event | `custom.CATEGORY_ACTION` |
| other self-describing events | `custom.VENDOR_NAME` of their schema |
| e-commerce entities | the fields of the type, and `data.cart`, `data.products`, … |
| other entities | `context.entities` |
| other fields | `context.snowplow` |

What a customer typed into a form (`value`) and the address (`ip`) are left out.
"""

from typing import Final

from touchline.collector.dialects.dialect import (
    Answer,
    Cors,
    Described,
    Dialect,
    Received,
    Refusal,
    Translated,
    error,
)
from touchline.collector.dialects.snowplow.event import translated
from touchline.collector.dialects.snowplow.payload import MOST_EVENTS, posted, queried
from touchline.collector.results import Result

MOST_BYTES: Final = 16 * 1024**2
"""After an outage, a tracker sends all that it kept in one request: that for Python up to 10,000 events."""

_PERMANENT: Final = frozenset({413, 415})
"""Problems of the request itself, although trackers send it again after these statuses."""

PIXEL_GIF: Final = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent picture of one pixel."""

_KEYED: Final = "/k/"


def _post(received: Received) -> list[Translated]:
    return translated(posted(received), received)


def _get(received: Received) -> list[Translated]:
    return translated(queried(received), received)


def _key_in_path(received: Received) -> str:
    """The key in `/k/KEY/…`: trackers have no setting for one, but send to any path."""
    if not received.path.startswith(_KEYED):
        return ""
    return received.path.removeprefix(_KEYED).partition("/")[0]


def _picture(received: Received, given: list[Result]) -> Answer:
    return Answer(PIXEL_GIF, media_type="image/gif", headers={"Cache-Control": "no-store"})


def _refuse(refusal: Refusal) -> Answer:
    """Trackers repeat 413 and 415 for ever, with all events that came since; they drop 422."""
    return error(refusal._replace(status=422) if refusal.status in _PERMANENT else refusal)


TRACKER: Final = Dialect(
    name="snowplow",
    described=Described("Send events of Snowplow's trackers; the key may be in the path."),
    paths=("/com.snowplowanalytics.snowplow/tp2", "/k/{key}/com.snowplowanalytics.snowplow/tp2"),
    translate=_post,
    secret=_key_in_path,
    refuse=_refuse,
    cors=Cors(headers=("authorization", "content-type", "sp-anonymous"), credentials=True),
    most_bytes=MOST_BYTES,
    most_events=MOST_EVENTS,
)
"""Events by POST."""

PIXEL: Final = Dialect(
    name="snowplow-pixel",
    described=Described(
        "Send one event of a Snowplow tracker in the query.", accepts={}, answers={"image/gif": {}}
    ),
    paths=("/i", "/k/{key}/i"),
    translate=_get,
    methods=("GET", "HEAD"),
    secret=_key_in_path,
    answer=_picture,
    refuse=_refuse,
    cors=Cors(methods=("GET", "HEAD"), headers=("authorization", "sp-anonymous"), credentials=True),
)
"""One event by GET, in the query."""
