"""SQL fragments that several panels share: filters, earlier weeks, measures."""

from collections.abc import Mapping, Sequence

from touchline.measures import BY_NAME, Observed
from touchline.panels.filters import all_chosen, chosen, values_of
from touchline.panels.panel import Variable
from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.names import NAMES

CHANNEL = chosen("channel", "channel")
SOURCE = chosen("source", "source")
RULE = chosen("rule", "rule")
PRODUCER = chosen("producer", "producer")
_NO_JOURNEY = "toUUIDOrZero('')"
"""The journey of a member of a segment of customers."""

_CHOSEN_SEGMENTS = f"FROM current_segment_members WHERE has({values_of('segment')}, segment)"
_ALL_CUSTOMERS = all_chosen("segment")

OF_CUSTOMERS = f"({_ALL_CUSTOMERS} OR customer IN (SELECT customer {_CHOSEN_SEGMENTS}))"
"""The customer is in a chosen segment, or has a journey in it."""

_OF_ENTITIES = f"""({_ALL_CUSTOMERS} OR entity IN (
        SELECT entity FROM current_identities WHERE customer IN (SELECT customer {_CHOSEN_SEGMENTS})))"""


def _of_journeys(journey: str) -> str:
    """SQL condition: the customer, or the journey with this id, is in a chosen segment."""
    members = f"SELECT customer, journey {_CHOSEN_SEGMENTS}"
    one_of = " OR ".join(f"(customer, {of}) IN ({members})" for of in (_NO_JOURNEY, journey))
    return f"({_ALL_CUSTOMERS} OR {one_of})"


OF_JOURNEYS = _of_journeys("id")
PLACE = f"{CHANNEL} AND {SOURCE}"

EVENTS = f"{PLACE} AND {_OF_ENTITIES}"
"""Reads the columns of `events`: `channel`, `source` and `entity`."""

CONTACTS = " AND ".join([EVENTS, *(chosen(name, name) for name in ("queue", "reason", "team"))])
"""Of a contact: its first queue, its reason, and the first team that took it."""

_OF_CONTACTS = "(startsWith(type, 'contact.') OR type = 'promise.made')"


def _in_contact(column: str, variable: str) -> str:
    """SQL condition: the contact of an event has a step with a chosen value, or all values are chosen."""
    steps = f"startsWith(type, 'contact.') AND contact_hash != 0 AND has({values_of(variable)}, {column})"
    return (
        f"({all_chosen(variable)} OR {_OF_CONTACTS}"
        f" AND contact_hash IN (SELECT contact_hash FROM events WHERE {steps}))"
    )


_ANCHORS = f"""SELECT id FROM events
        WHERE {_in_contact("told.queue", "queue")}
          AND {_in_contact("told.reason", "reason")}
          AND {_in_contact("team", "team")}
          AND {chosen("store", "store")}"""

_PLACES = ("queue", "reason", "team", "store")
_ANCHORED = f"""({" AND ".join(map(all_chosen, _PLACES))}
     OR anchor IN ({_ANCHORS})
     OR anchor IN (SELECT toString(id) FROM frictions WHERE anchor IN ({_ANCHORS})))"""
"""The event that a friction hangs on is of such a contact, or of such a store.

A friction that hangs on another one goes with that one.
"""

FRICTIONS = f"{PLACE} AND {RULE} AND {_ANCHORED} AND {_of_journeys('journey')}"
"""Reads the columns of `frictions`: `channel`, `source`, `rule`, `anchor`, `customer` and `journey`."""

JOURNEYS = f"{chosen('path[1]', 'channel')} AND {OF_JOURNEYS}"
"""Reads the columns of `journeys`. A journey counts on the channel where it started."""

MET = f"""({" AND ".join(map(all_chosen, ("source", "rule", *_PLACES)))}
     OR id IN (SELECT journey FROM current_frictions WHERE {SOURCE} AND {RULE} AND {_ANCHORED}))"""
"""The journey `id` met a chosen friction."""

OBSERVED: Mapping[Observed, str] = {
    "contact": CONTACTS,
    "post": EVENTS,
    "journey": f"{CHANNEL} AND {OF_JOURNEYS}",
    "friction": FRICTIONS,
    "cart": f"{PLACE} AND {OF_CUSTOMERS}",
}
"""The filters of what a measure observes."""


def named(column: str) -> str:
    """SQL for the plain name of the value of a column, such as `channel`."""
    return f"transform({column}, {[*NAMES[column]]}, {[*NAMES[column].values()]}, {column})"


CHANNELS = Variable(
    "channel",
    "Channel",
    f"SELECT DISTINCT channel, {named('channel')} AS name FROM events WHERE {IS_TOUCHPOINT} ORDER BY channel",
)
SOURCES = Variable(
    "source", "Source", f"SELECT DISTINCT source FROM events WHERE {IS_TOUCHPOINT} ORDER BY source"
)
PRODUCERS = Variable(
    "producer",
    "Producer",
    f"SELECT DISTINCT producer FROM (SELECT producer FROM events WHERE {IS_TOUCHPOINT} "
    "UNION ALL SELECT producer FROM quarantine) ORDER BY producer",
)
RULES = Variable("rule", "Rule", "SELECT DISTINCT rule FROM current_frictions ORDER BY rule")


def _of_steps(name: str, title: str, column: str) -> Variable:
    return Variable(
        name,
        title,
        f"SELECT DISTINCT {column} AS found FROM events "
        f"WHERE startsWith(type, 'contact.') AND found != '' ORDER BY found",
    )


QUEUES = _of_steps("queue", "Queue", "told.queue")
REASONS = _of_steps("reason", "Reason", "told.reason")
TEAMS = _of_steps("team", "Agent team", "team")
STORES = Variable("store", "Store", "SELECT DISTINCT store FROM events WHERE store != '' ORDER BY store")
PLACES = (QUEUES, REASONS, TEAMS, STORES)
SEGMENTS = Variable(
    "segment", "Segment", "SELECT segment, title FROM current_segment_runs ORDER BY title, segment"
)

BUCKETS = """
    SELECT toStartOfInterval($__fromTime, INTERVAL $__interval_s second)
           + INTERVAL number * $__interval_s second AS time
    FROM numbers(toUInt64((toUnixTimestamp($__toTime) - toUnixTimestamp($__fromTime)) / $__interval_s) + 2)
    WHERE time <= $__toTime
"""
"""One row for each point in time, so that a chart shows 0 instead of a gap."""


def with_gaps(sql: str, *columns: str) -> str:
    """SQL that adds a row of NULLs for each point in time without a row, so that a line has gaps there.

    Args:
        sql: A query for `time` and numeric columns. Without any value, the result has no rows.
        columns: Its columns besides `time`.
    """
    names = ", ".join(columns)
    nulls = ", NULL" * len(columns)
    newest = ", ".join(f"max(points.{column}) AS {column}" for column in columns)
    known = " OR ".join(f"isNotNull({column})" for column in columns)
    return f"""
SELECT time, {names}
FROM (
    SELECT time, {names}, countIf({known}) OVER () AS known
    FROM (
        SELECT time, {newest}
        FROM (SELECT time, {names} FROM ({sql}) UNION ALL SELECT time{nulls} FROM ({BUCKETS})) AS points
        GROUP BY time
    )
)
WHERE known > 0
"""


_BEGIN = "(SELECT toInt64(toUnixTimestamp(min(start))) FROM journeys)"
"""SQL for the time (s) at which the data begin."""

_REACHES = (
    "mapFromArrays((SELECT argMax(rules, in_force_at) FROM rule_sets), "
    "(SELECT argMax(reaches, in_force_at) FROM rule_sets))"
)
"""SQL for how far (ms) each rule looks back, by id."""

WITH_EARLIER_WEEKS = f"""
    SELECT opened_at + INTERVAL week WEEK AS at, week, id, rule, channel, source, customer, status,
           {_REACHES}[CAST(rule, 'String')] AS reach
    FROM current_frictions ARRAY JOIN range(5) AS week
    WHERE opened_at >= $__fromTime - INTERVAL 4 WEEK AND opened_at <= $__toTime
      AND $__timeFilter(opened_at + INTERVAL week WEEK) AND {FRICTIONS}
"""
"""One row for each friction of the period (`week` 0), and of the same period 1 to 4 weeks earlier.

`reach` is how far (ms) its rule looks back.
"""

EARLIER = "[countIf(week = 1), countIf(week = 2), countIf(week = 3), countIf(week = 4)]"
"""SQL for the numbers of frictions 1 to 4 weeks earlier."""

TIME = "$__timeInterval(at) AS time"


def usual(time: str, earlier: str, reach: str) -> str:
    """SQL for the mean of the earlier weeks that the data cover; NULL if they cover none.

    A rule finds fewer frictions where the data begin within its window. So a week counts only if the data
    begin before it by `reach` (ms). `earlier` is `EARLIER`, `time` the time that is compared.
    """
    covered = f"toInt64(toUnixTimestamp({time})) - {_BEGIN} - intDiv(toInt64({reach}) + 999, 1000)"
    weeks = f"least(4, intDiv({covered}, 604800))"
    return f"if({weeks} < 1, NULL, arraySum(arraySlice({earlier}, 1, {weeks})) / {weeks})"


def measured(name: str, *by: str) -> str:
    """SQL for one measure in the period: `value` and `number` (of observations), grouped by `… AS name`.

    Groups without observations have no row.
    """
    groups = "".join(f"{_alias(expression)}, " for expression in by)
    return (
        f"SELECT {groups}value_of_{name} AS value, number_of_{name} AS number\n"
        f"FROM ({together((name,), *by)})\nWHERE number > 0"
    )


def together(names: Sequence[str], *by: str) -> str:
    """SQL for measures that share a base, which is read once: `value_of_…` (or NULL) and `number_of_…`."""
    measures = [BY_NAME[name] for name in names]
    [base] = {measure.base for measure in measures}
    values = ",\n    ".join(measure.of_base for measure in measures)
    columns = "".join(f"{expression}, " for expression in by)
    groups = f"\nGROUP BY {', '.join(map(_alias, by))}" if by else ""
    filters = OBSERVED[measures[0].observed]
    return of_period(f"SELECT {columns}{values}\nFROM ({base})\nWHERE {filters}{groups}")


def of_period(sql: str) -> str:
    """SQL of measures for the period of a panel."""
    for parameter, macro in (("since", "$__fromTime"), ("until", "$__toTime")):
        sql = sql.replace(f"{{{parameter}:DateTime64(3)}}", macro)
    return sql


def _alias(expression: str) -> str:
    return expression.rpartition(" AS ")[2]
