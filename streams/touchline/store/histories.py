"""All events, customer by customer, read from the store in portions: memory stays bounded.

A hash of the id assigns each customer to a part of about `PART_EVENTS` events; a part is read in pages. So
memory holds at most a page and one customer, whatever the size of the store. Pages are cut by time and id; a
customer's events are put in order once all of them are read.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter

import msgspec

from touchline.store import EVENT_JSON, parse_answer
from touchline.store.reader import Reader
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import PHASES, Phases, in_order

PART_EVENTS = 50_000
PAGE_EVENTS = 20_000

_COUNT = "SELECT count() FROM events"
_PAGE = f"""
WITH owners AS (
    SELECT entity, customer FROM current_identities
    WHERE cityHash64(customer) % {{parts:UInt64}} = {{part:UInt64}}
)
SELECT toString(customer) AS owner, {EVENT_JSON}
FROM events INNER JOIN owners USING (entity)
WHERE entity IN (SELECT entity FROM owners)
  AND (owner, time, id) > ({{owner:String}}, fromUnixTimestamp64Milli({{time:Int64}}), {{id:String}})
ORDER BY owner, time, id
LIMIT 1 BY owner, time, id
LIMIT {{most:UInt64}}
"""  # noqa: S608 - constants

_decode = msgspec.json.Decoder(Event).decode


def histories(
    reader: Reader,
    progress: Callable[[int, int], None] = lambda done, parts: None,
    *,
    phases: Phases = PHASES,
    part_events: int = PART_EVENTS,
    page_events: int = PAGE_EVENTS,
) -> Iterator[tuple[str, list[Event]]]:
    """Each customer's id and its events, in order and each once. `progress` gets the parts done and in total.

    `phases` are those of the rules that the events are folded with.

    Raises:
        StoreError: the store does not answer.
    """
    parts = 1 + parse_answer(reader.reply(_COUNT, "JSONCompact").body).result_rows[0][0] // part_events
    progress(0, parts)
    for part in range(parts):
        for owner, events in groupby(_events(reader, part, parts, page_events), key=itemgetter(0)):
            yield owner, in_order((event for _, event in events), phases)
        progress(part + 1, parts)


def _events(reader: Reader, part: int, parts: int, most: int) -> Iterator[tuple[str, Event]]:
    owner, time, event_id, read = "", 0, "", most
    while read == most:
        after = {"owner": owner, "time": time, "id": event_id, "part": part, "parts": parts, "most": most}
        body = reader.reply(_PAGE, "TSVRaw", {name: str(value) for name, value in after.items()}).body
        read = 0
        for line in body.splitlines():
            customer, _, body = line.partition(b"\t")
            owner, event = customer.decode(), _decode(body)
            time, event_id, read = event.time, event.id, read + 1
            yield owner, event
