"""Where customers' own words are in events."""

from collections.abc import Mapping
from typing import Final

TEXT_FIELDS: Final[Mapping[str, str]] = {"feedback.given": "comment", "mention.posted": "text"}
"""The field of `data` with the customer's words, by type of event.

The column `text_identifiers` of `events` is filled for these types only, so a new type needs a migration.
"""


_TYPES = ", ".join(f"'{name}'" for name in TEXT_FIELDS)
_WORDS = ", ".join(
    f"type = '{name}', JSONExtract(data, '{field}', 'Nullable(String)')"
    for name, field in TEXT_FIELDS.items()
)

HAS_TEXT: Final = f"type IN ({_TYPES}) AND notEmpty(trimBoth(ifNull(multiIf({_WORDS}, ''), '')))"
"""SQL condition on `events`: the event has a text."""


def texts_sql(where: str) -> str:
    """SQL for the texts of customers, one row for each event with a text.

    Its columns are `id`, `entity`, `identifiers`, `at`, `channel`, `source`, `kind` (`mention`, or the metric
    of the feedback), `text`, and `score`, `scale`, `lower` of feedback.

    Args:
        where: A condition on `time`.
    """
    fields = ", ".join(f"{name} Nullable(String)" for name in TEXT_FIELDS.values())
    words = ", ".join(f"type = '{name}', fields.{field}" for name, field in TEXT_FIELDS.items())
    return f"""
SELECT id, entity, text_identifiers AS identifiers, time AS at, channel, source,
       if(type = 'mention.posted', 'mention', fields.metric) AS kind,
       ifNull(multiIf({words}, ''), '') AS text,
       fields.score AS score, fields.scale AS scale, ifNull(fields.lower_is_better, 0) AS lower
FROM (
    SELECT id, entity, text_identifiers, type, time, channel, source,
           JSONExtract(data, 'Tuple(metric String, score Nullable(Float64), scale Nullable(Float64),
               lower_is_better Nullable(Bool), {fields})') AS fields
    FROM events WHERE type IN ({_TYPES}) AND {where}
    LIMIT 1 BY id
)
WHERE notEmpty(trimBoth(text))
"""  # noqa: S608 - made of constants
