"""Finds customers by an id in the data of their events: of an order, a contact, a ticket or the like."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from touchline.vocabulary.registry import EVENT_TYPES

MOST: Final = 10
"""Customers that are found at most, those of the latest events."""

SHORTEST: Final = 3
"""Characters of the shortest text that is looked for: shorter ones are in too many events."""

_FAMILIES: Final = frozenset({"order", "contact", "store", "promise", "followup", "voice", "life"})
"""The families whose types have ids that customers and staff name. Those of pages and campaigns have none."""

_ELSEWHERE: Final = ", ".join(
    f"'{name}'" for name, about in EVENT_TYPES.items() if about.family not in _FAMILIES
)
# To look for the text in the whole of `data` first is far faster than to read all of its fields.
_EVENTS: Final = f"""
SELECT entity, type, toUnixTimestamp64Milli(time), arrayFirst(
    pair -> pair.2 IN (decodeURLComponent({{text:String}}), decodeURLComponent({{quoted:String}}))
        AND (endsWith(pair.1, '_id') OR pair.1 IN ('order', 'ticket', 'contact', 'case')),
    JSONExtractKeysAndValuesRaw(data)
).1 AS field
FROM events
PREWHERE type NOT IN ({_ELSEWHERE}) AND position(data, decodeURLComponent({{text:String}})) > 0
WHERE field != ''
ORDER BY time DESC, id LIMIT 1 BY entity LIMIT {MOST}
"""  # noqa: S608 - made of constants
_OWNERS: Final = """
SELECT entity, toString(argMax(customer, version)) FROM identities
WHERE entity IN JSONExtract(decodeURLComponent({entities:String}), 'Array(String)') GROUP BY entity
"""


class Reference(NamedTuple):
    """A customer who has an id in an event.

    Attributes:
        customer: The customer's id.
        entity: The identifier of the event.
        type: The type of the latest such event.
        at: When that was (ms).
        field: The field of its data that has the id.
    """

    customer: str
    entity: str
    type: str
    at: int
    field: str


def find_references(
    ask: Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]], text: str
) -> list[Reference]:
    """The customers of the events that have a text as an id, the latest first; each once.

    Raises what the store raises.
    """
    text = text.strip()
    if len(text) < SHORTEST:
        return []
    # As JSON has it in a text, and as a number.
    inner = json.dumps(text, ensure_ascii=False)
    rows = ask(_EVENTS, {"text": quote(inner[1:-1]), "quoted": quote(inner)})
    if not rows:
        return []
    entities = json.dumps([row[0] for row in rows], ensure_ascii=False)
    owners = {row[0]: row[1] for row in ask(_OWNERS, {"entities": quote(entities)})}
    found: dict[str, Reference] = {}
    for entity, type_, at, field in rows:
        if customer := owners.get(entity):
            found.setdefault(customer, Reference(customer, entity, type_, at, field))
    return list(found.values())
