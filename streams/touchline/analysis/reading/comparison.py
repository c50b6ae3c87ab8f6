"""Reads what a comparison needs: journeys per touchpoint and rule, and deployed changes."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from touchline.analysis.compare import Cell, Change, Counts, Touchpoint
from touchline.analysis.periods import CannotCompare, Periods
from touchline.vocabulary.internal import IS_TOUCHPOINT

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs a query: SQL and its parameters as text → the rows."""

_SPANS = (
    "({0} >= {{before_since:DateTime64(3)}} AND {0} < {{before_until:DateTime64(3)}} "
    "OR {0} >= {{after_since:DateTime64(3)}} AND {0} < {{after_until:DateTime64(3)}})"
)
_JOURNEYS = f"""
SELECT channel, source, later, uniqExact(customer)
FROM (
    SELECT channel, source, customer, later
    FROM (
        SELECT DISTINCT channel, source, entity, time >= {{after_since:DateTime64(3)}} AS later
        FROM events WHERE {IS_TOUCHPOINT} AND ({_SPANS.format("time")})
    ) AS seen
    INNER JOIN (SELECT entity, customer FROM current_identities) AS owners USING (entity)
    UNION ALL
    SELECT channel, source, customer, opened_at >= {{after_since:DateTime64(3)}}
    FROM current_frictions WHERE {_SPANS.format("opened_at")}
)
GROUP BY channel, source, later
"""  # noqa: S608 - made of constants
_AFFECTED = f"""
SELECT channel, source, rule, opened_at >= {{after_since:DateTime64(3)}} AS later, uniqExact(customer)
FROM current_frictions WHERE {_SPANS.format("opened_at")}
GROUP BY channel, source, rule, later
"""  # noqa: S608 - made of constants
_CHANGE = """
SELECT toUnixTimestamp64Milli(time), JSONExtractString(data, 'title'), JSONExtractString(data, 'rule'),
       channel, source
FROM events WHERE type = 'change.deployed' AND JSONExtractString(data, 'change_id') = {change:String}
ORDER BY time, id LIMIT 1
"""
_CHANGES = """
SELECT JSONExtractString(data, 'change_id') AS change, max(time) AS at FROM events
WHERE type = 'change.deployed' GROUP BY change ORDER BY at DESC LIMIT 5
"""


def read_counts(ask: Ask, periods: Periods) -> Counts:
    """The journeys of two periods, and those that met each rule, at each touchpoint."""
    parameters = {
        "before_since": _seconds(periods.before.since),
        "before_until": _seconds(periods.before.until),
        "after_since": _seconds(periods.after.since),
        "after_until": _seconds(periods.after.until),
    }
    journeys: dict[Touchpoint, list[int]] = defaultdict(lambda: [0, 0])
    for channel, source, later, count in ask(_JOURNEYS, parameters):
        journeys[channel, source][later] = count
    affected: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for channel, source, rule, later, count in ask(_AFFECTED, parameters):
        affected[channel, source, rule][later] = count
    return Counts(
        {touchpoint: (before, after) for touchpoint, (before, after) in journeys.items()},
        {cell: (before, after) for cell, (before, after) in affected.items()},
    )


def find_change(ask: Ask, change_id: str) -> Change:
    """The deployed change with an id; the first of several.

    Raises:
        CannotCompare: There is none.
    """
    rows = ask(_CHANGE, {"change": change_id})
    if not rows:
        latest = ", ".join(str(row[0]) for row in ask(_CHANGES, {}))
        hint = f"the latest are {latest}" if latest else "there is no change.deployed event at all: send one"
        raise CannotCompare(f"no change.deployed event has the change_id '{change_id}'; {hint}")
    at, title, rule, channel, source = rows[0]
    return Change(change_id, at, title, rule, (channel, source))


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03}"
