"""Reads customers' texts, the scores that came with them, and the frictions that preceded them."""

from typing import Final

from touchline.analysis.reading.steps import Ask, seconds
from touchline.analysis.voice.corpus import Written
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.texts import texts_sql

AFTER: Final = 14
"""How many days after a friction a text counts as being about it."""

MOST: Final = 20_000
"""The newest texts that are read."""

LOW = """multiIf(
    isNull(score), NULL,
    kind = 'nps', multiIf(score BETWEEN 0 AND 6, 1, score BETWEEN 9 AND 10, 0, NULL),
    kind = 'ces', multiIf(ifNull(scale, 7) <= 1, NULL, rating <= 1 / 3, 1, rating >= 2 / 3, 0, NULL),
    kind IN ('csat', 'review'),
        multiIf(ifNull(scale, 5) <= 1, NULL, rating <= 1 / 4, 1, rating >= 3 / 4, 0, NULL),
    NULL)"""
"""SQL: whether a score is low (1) or high (0), NULL for a middling one or none.

Of 5, 1 and 2 are low, 4 and 5 high; of 7, 1 to 3 and 5 to 7. A net promoter score is low up to 6, high from
9.
"""

RATING = """if(lower, ifNull(scale, if(kind = 'ces', 7, 5)) - score, score - 1)
    / (ifNull(scale, if(kind = 'ces', 7, 5)) - 1)"""
"""SQL: the place of a score on its scale, 0 the worst and 1 the best."""

_TEXTS = f"""
SELECT id, if(owner = toUUIDOrZero(''), entity, toString(owner)), toUnixTimestamp64Milli(at), text, low,
       arraySort(arrayDistinct(arrayMap(one -> one.1, arrayFilter(
           one -> one.2 < at AND one.2 >= at - INTERVAL {AFTER} DAY, met))))
FROM (
    SELECT *, {RATING} AS rating, {LOW} AS low
    FROM ({texts_sql("time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}")})
    ORDER BY at DESC, id LIMIT {MOST}
) AS written
LEFT JOIN (SELECT entity, customer AS owner FROM current_identities) AS owners USING (entity)
LEFT JOIN (
    SELECT customer AS owner, groupArray(1000)((rule, opened_at)) AS met FROM current_frictions
    WHERE opened_at >= {{before:DateTime64(3)}} AND opened_at < {{until:DateTime64(3)}}
    GROUP BY customer
) AS frictions USING (owner)
ORDER BY at, id
"""  # noqa: S608 - made of constants


def read_texts(ask: Ask, since: int, until: int) -> list[Written]:
    """The texts between two times (ms since 1970; the end is exclusive), in the order of time."""
    parameters = {
        "since": seconds(since),
        "before": seconds(max(0, since - AFTER * DAY)),
        "until": seconds(until),
    }
    return [
        Written(str(event), str(who), int(at), str(text), None if low is None else bool(low), tuple(rules))
        for event, who, at, text, low, rules in ask(_TEXTS, parameters)
    ]
