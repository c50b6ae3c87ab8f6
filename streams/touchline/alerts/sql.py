"""The SQL of alert rules on the store's views, as text.

Every query takes `{lo:Int64}` and `{hi:Int64}`: times (ms) after `lo`, up to `hi`. The view leaves out
retracted frictions; distinct counts leave out duplicate rows.
"""

from touchline.alerts.baseline.unusual import AROUND
from touchline.alerts.conditions import label_list, largest_series, matching, named, spans, typed
from touchline.alerts.rules import (
    Absence,
    AlertRule,
    Loss,
    Measured,
    StrikeOut,
    Unusual,
    Watching,
    is_attribute,
)
from touchline.vocabulary.durations import MINUTE, WEEK
from touchline.vocabulary.internal import IS_TOUCHPOINT

MOST_ROWS = 500_000
"""Rows of a query at most; the newest are kept."""

TICKS = 20
"""Parts of an unusual number's window that are counted separately if they are longer than a minute."""

SETTLES = MINUTE
"""An observation of a measure counts so long after its time: by then a contact has waited long enough."""

LABELLED = "labels = JSONExtract({labels:String}, 'Array(String)')"
"""The condition that a row of `watched` has these labels, given as a JSON array."""


def tick(rule: Unusual) -> int:
    """The parts (ms) of a rule's window that are counted separately."""
    return max(MINUTE, rule.within // TICKS)


def watched(rule: AlertRule, weeks: range = range(1), around: int = 0) -> str:
    """Rows (labels, at, customer, journey, channel, source) that the rule watches; of a loss with its price.

    `journey` is empty for events; of refused events, the customer is not known either.

    `weeks` gives the spans: the current one moved back by each number of weeks, those of earlier weeks longer
    by `around` (ms) at both ends.
    """
    if isinstance(rule, StrikeOut):
        return _strike_outs(rule)
    if isinstance(rule, Measured):
        return " UNION ALL ".join(_against(rule, week) for week in weeks)
    if isinstance(rule, Loss):
        return _priced(rule, weeks)
    if isinstance(rule, Unusual) and rule.refused:
        return (
            f"SELECT DISTINCT {label_list(rule)} AS labels, toUnixTimestamp64Milli(received_at) AS at, "  # noqa: S608
            "'' AS customer, '' AS journey, '' AS channel, producer AS source, id FROM quarantine "
            f"WHERE {named('reason', rule.refused)} AND {matching(rule)} "
            f"AND {spans('received_at', weeks, around)}"
        )
    if isinstance(rule, Watching) and rule.frictions:
        return (
            f"SELECT {label_list(rule)} AS labels, toUnixTimestamp64Milli(opened_at) AS at, "  # noqa: S608
            "toString(customer) AS customer, toString(journey) AS journey, channel, source "
            f"FROM ({_frictions(rule, weeks, around)}) WHERE {matching(rule)}"
        )
    events = f"{typed(rule.events)} AND {matching(rule)} AND {spans('time', weeks, around)}"
    return (
        "SELECT labels, at, toString(owner.customer) AS customer, '' AS journey, channel, source FROM "  # noqa: S608
        f"(SELECT DISTINCT id, entity, channel, source, {label_list(rule)} AS labels, "
        "toUnixTimestamp64Milli(time) AS at "
        f"FROM events WHERE {events}) AS seen "
        "JOIN (SELECT entity, customer FROM current_identities WHERE entity IN "
        f"(SELECT entity FROM events WHERE {events})) AS owner ON owner.entity = seen.entity"
    )


def points(rule: AlertRule) -> str:
    """The rows from which the rule's intervals are computed, newest first.

    Rows (labels, at, customer) of a threshold or strike-out; (labels, tick's end, number) of an unusual
    number; (labels, at, sum, number) of a measure; (labels, first, last) of an absence, for each stretch of
    `longer_than` that has events; (labels, at, customer and friction rule, loss in thousandths, currency) of
    a loss.

    If labels are attributes, the query takes `{held:String}`: labels to look at in any case, as a JSON array
    of arrays.
    """
    limit = f"ORDER BY at DESC LIMIT {MOST_ROWS}"
    if isinstance(rule, Unusual):
        part, around = tick(rule), AROUND * rule.within
        rows = watched(rule, range(rule.weeks + 1), around)
        return (
            f"SELECT labels, intDiv(at + {part - 1}, {part}) * {part} AS at, count() AS number "  # noqa: S608
            f"FROM ({rows}) WHERE {largest_series(rule, rows)} "
            f"GROUP BY labels, at {limit}"
        )
    if isinstance(rule, Measured):
        return (
            f"SELECT {label_list(rule)} AS labels, toUnixTimestamp64Milli(seen.at) + {SETTLES} AS at, "  # noqa: S608
            f"sum(toFloat64(numerator)) AS total, count() AS number FROM ({_observed(rule)}) AS seen "
            f"WHERE {matching(rule)} GROUP BY labels, at {limit}"
        )
    if isinstance(rule, Absence):
        events = f"{typed(rule.events)} AND {matching(rule)} AND {spans('time', range(1))}"
        at = "toUnixTimestamp64Milli(time)"
        rows = f"SELECT {label_list(rule)} AS labels FROM events WHERE {events}"  # noqa: S608
        return (
            f"SELECT {label_list(rule)} AS labels, min({at}) AS at, max({at}) AS last FROM events "  # noqa: S608
            f"WHERE {events} AND {largest_series(rule, rows)} "
            f"GROUP BY labels, intDiv({at}, {rule.longer_than}) {limit}"
        )
    rows = watched(rule)
    series = largest_series(rule, rows, "uniqExact(customer)")
    columns = "concat(customer, friction) AS who, price, currency" if isinstance(rule, Loss) else "customer"
    return f"SELECT DISTINCT labels, at, {columns} FROM ({rows}) WHERE {series} {limit}"  # noqa: S608


def extent(rule: AlertRule) -> str:
    """One row for the labels: how many, how many customers, and the first three (at, journey, customer)."""
    return (
        "SELECT sum(number), uniqExactIf(customer, customer != ''), "  # noqa: S608
        "groupArraySorted(3)((first, journey, customer)) FROM "
        f"(SELECT min(at) AS first, journey, customer, count() AS number FROM ({watched(rule)}) "
        f"WHERE {LABELLED} GROUP BY journey, customer)"
    )


def lost(rule: Loss) -> str:
    """One row for the labels: the loss, its bounds, the currency, its customers, those of others.

    The currency is that of the newest friction. Amounts in another currency are not added.
    """
    priced = f"({watched(rule)}) WHERE {LABELLED}"
    return (
        f"WITH (SELECT argMax(currency, (at, currency)) FROM {priced}) AS newest "  # noqa: S608
        "SELECT sumIf(one.1, currency = newest) / 1000, sumIf(one.2, currency = newest), "
        "sumIf(one.3, currency = newest), newest, "
        "uniqExactIf(customer, currency = newest), uniqExactIf(customer, currency != newest) FROM "
        f"(SELECT max((price, low, high)) AS one, customer, currency FROM {priced} "
        "GROUP BY customer, friction, currency)"
    )


def usual(rule: AlertRule, weeks: int) -> str:
    """Rows (weeks ago, how many, how many customers) of the span in earlier weeks; none where nothing was.

    Of a loss, the third is its amount.
    """
    if isinstance(rule, Loss):
        return (
            "SELECT week, sum(number), sum(price) / 1000 FROM "  # noqa: S608
            f"(SELECT intDiv({{hi:Int64}} - at, {WEEK}) AS week, count() AS number, max(price) AS price "
            f"FROM ({watched(rule, range(1, weeks + 1))}) WHERE {LABELLED} "
            "GROUP BY week, customer, friction) GROUP BY week"
        )
    return (
        f"SELECT intDiv({{hi:Int64}} - at, {WEEK}) AS week, count(), uniqExact(customer) FROM "  # noqa: S608
        f"({watched(rule, range(1, weeks + 1))}) WHERE {LABELLED} GROUP BY week"
    )


OLDEST = f"SELECT toUnixTimestamp64Milli(min(time)), count() FROM events WHERE {IS_TOUCHPOINT}"  # noqa: S608
"""The time of the oldest touchpoint, and whether there is one."""

REACHES = "SELECT rules, reaches FROM rule_sets ORDER BY in_force_at DESC LIMIT 1"
"""The friction rules in force, and how far (ms) each looks back."""

_NEWEST = "(SELECT argMaxIf(currency, computed_at, currency != '') FROM rule_impact)"
PRICED = (
    "SELECT toUnixTimestamp64Milli(min(until)), count() FROM rule_impact WHERE until > "  # noqa: S608
    f"(SELECT max(until) FROM rule_impact WHERE currency != '' AND currency != {_NEWEST})"
)
"""The end of the data of the first stored impact in the newest currency, and whether there is one."""

JOURNEYS = """
SELECT toString(customer), toString(argMax(id, start)) FROM current_journeys
WHERE customer IN JSONExtract({customers:String}, 'Array(UUID)')
  AND start <= fromUnixTimestamp64Milli({hi:Int64})
GROUP BY customer
"""
"""The journey that each customer was on at a time."""


def _observed(rule: Measured, week: int = 0) -> str:
    """The observations of the span, moved back by a number of weeks."""
    spans = (("since", "lo"), ("until", "hi"))
    text = rule.observations.rows
    for name, bound in spans:
        moved = f"{{{bound}:Int64}} + 1 - {SETTLES} - {week * WEEK}"
        text = text.replace(f"{{{name}:DateTime64(3)}}", f"fromUnixTimestamp64Milli({moved})")
    return text


def _against(rule: Measured, week: int) -> str:
    """Rows of `watched` for the observations that count against the measure; all, if it is no share."""
    observed = _observed(rule, week)
    observations = rule.observations
    against = f"numerator = {int(not observations.higher_is_better)}" if observations.is_share else "1"
    return (
        f"SELECT {label_list(rule)} AS labels, toUnixTimestamp64Milli(seen.at) + {SETTLES} AS at, "  # noqa: S608
        "toString(owner.customer) AS customer, '' AS journey, channel, source "
        f"FROM ({observed}) AS seen JOIN (SELECT entity, customer FROM current_identities "
        f"WHERE entity IN (SELECT entity FROM ({observed}))) AS owner ON owner.entity = seen.entity "
        f"WHERE {against} AND {matching(rule)}"
    )


def _strike_outs(rule: StrikeOut) -> str:
    lively = f"SELECT journey FROM current_frictions WHERE {spans('opened_at', range(1))}"  # noqa: S608
    struck = (
        f"SELECT {label_list(rule)} AS labels, toUnixTimestamp64Milli(reached.1) AS at, customer, journey, "  # noqa: S608
        "reached.4 AS channel, reached.5 AS source FROM "
        "(SELECT toString(customer) AS customer, toString(journey) AS journey, "
        "arraySort(groupArray((opened_at, id, weight, channel, source))) AS met, "
        "arrayCumSum(tupleElement(met, 3)) AS strikes, "
        f"arrayFirstIndex(sum -> sum >= {rule.strikes}, strikes) AS number, "
        f"met[number] AS reached FROM current_frictions WHERE journey IN ({lively}) "
        "GROUP BY customer, journey HAVING number > 0) "
        f"WHERE at > {{lo:Int64}} AND at <= {{hi:Int64}} AND {matching(rule)}"
    )
    return _worth(struck, rule.worth) if rule.worth else struck


def _worth(rows: str, worth: float) -> str:
    """Those of the rows whose customer had placed orders of this value in one currency by then."""
    columns = "labels, at, customer, journey, channel, source"
    buyers = (
        "SELECT entity, customer FROM current_identities "  # noqa: S608
        f"WHERE customer IN (SELECT toUUID(customer) FROM ({rows}))"
    )
    orders = (
        "SELECT entity, toUnixTimestamp64Milli(time) AS placed, "  # noqa: S608
        "JSONExtractString(data, 'currency') AS currency, JSONExtractFloat(data, 'value') AS amount "
        f"FROM events WHERE type = 'order.placed' AND entity IN (SELECT entity FROM ({buyers})) LIMIT 1 BY id"
    )
    return (
        f"SELECT DISTINCT {columns} FROM (SELECT {columns}, currency FROM ({rows}) AS struck "  # noqa: S608
        "JOIN (SELECT toString(owner.customer) AS buyer, placed, currency, amount "
        f"FROM ({orders}) AS bought JOIN ({buyers}) AS owner ON owner.entity = bought.entity) AS bought "
        "ON bought.buyer = struck.customer WHERE placed <= at "
        f"GROUP BY {columns}, currency HAVING round(sum(amount), 6) >= {worth!r})"
    )


def _frictions(rule: Watching | Loss, weeks: range, around: int = 0) -> str:
    """The frictions of the rule in the spans, with `data` and `context` of their events if it needs these."""
    columns = "rule, customer, journey, anchor, channel, source, opened_at, factor"
    found = (
        f"SELECT {columns} FROM current_frictions "  # noqa: S608
        f"WHERE {named('rule', rule.frictions)} AND {spans('opened_at', weeks, around)}"
    )
    if not any(map(is_attribute, (*rule.by, *rule.where, *rule.without))):
        return found
    # The keys of both tables find the events: by the identifiers of the customers.
    entities = (
        "SELECT entity FROM current_identities "  # noqa: S608
        f"WHERE customer IN (SELECT customer FROM ({found}))"
    )
    return (
        f"SELECT {columns}, data, context FROM ({found}) AS met "  # noqa: S608
        "LEFT JOIN (SELECT id, any(data) AS data, any(context) AS context FROM events "
        f"WHERE entity IN ({entities}) AND id IN (SELECT anchor FROM ({found})) GROUP BY id) AS hung "
        "ON hung.id = met.anchor"
    )


def _priced(rule: Loss, weeks: range) -> str:
    """Rows of `watched`, with the friction rule, its loss in thousandths, the bounds, and the currency."""
    met = (
        f"SELECT {label_list(rule)} AS labels, toUnixTimestamp64Milli(opened_at) AS at, "  # noqa: S608
        "toString(customer) AS customer, toString(journey) AS journey, channel, source, "
        f"toString(rule) AS friction, toDate(opened_at) AS day FROM ({_frictions(rule, weeks)}) "
        f"WHERE {matching(rule)}"
    )
    return (
        "SELECT labels, at, customer, journey, channel, source, friction, "  # noqa: S608
        "toInt64(round(1000 * loss / exposed)) AS price, loss_low / exposed AS low, "
        f"loss_high / exposed AS high, currency FROM ({met}) AS met "
        "ASOF JOIN (SELECT toString(rule) AS priced, toDate(until) AS computed, verdict, exposed, loss, "
        "loss_low, loss_high, currency FROM rule_impact FINAL) AS impact "
        "ON met.friction = impact.priced AND met.day > impact.computed "
        "WHERE verdict = 'loss' AND exposed > 0 AND isNotNull(low) AND isNotNull(high)"
    )
