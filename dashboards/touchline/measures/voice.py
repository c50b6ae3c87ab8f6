"""SQL for what customers and staff say: scores and texts after a friction, staff feedback beside it.

Each takes the period from `{since:DateTime64(3)}` to `{until:DateTime64(3)}`, end exclusive, and conditions
on the columns of its rows.
"""

from typing import Final

from touchline.measures.feedback import MEASURES
from touchline.measures.owners import owned, owned_by_hash
from touchline.vocabulary.texts import HAS_TEXT, texts_sql

AFTER_DAYS: Final = 14
"""How many days after a friction a score or a text counts as coming after it."""

FEWEST_SCORES: Final = 20
"""Customers with a score on either side, below which nothing is said."""

PERIOD: Final = "time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}"

_MARKED: Final = (
    ("(?i)(https?: ?//|www[.])[^[:space:]]+", "[link]"),
    ("[^[:space:]<>()]+@[^[:space:]<>()]+", "[e-mail]"),
    ("@[[:alnum:]_.-]+", "[name]"),
    ("[A-Z]{2}[0-9]{2}( ?[0-9A-Z]{4}){2,}( ?[0-9A-Z]{1,3})?", "[number]"),
    ("[+]?[(]?[0-9][0-9 ()/.-]{5,}[0-9]", "[number]"),
    ("[[:alnum:]_-]*([0-9][[:alpha:]_-]*){3,}[[:alnum:]_-]*", "[number]"),
)
"""What may identify a customer in a text, and what is shown instead, in this order."""


def redacted(text: str, identifiers: str = "") -> str:
    """SQL for a text without links, e-mail addresses, account names and numbers of three digits or more.

    Args:
        text: SQL for the text.
        identifiers: SQL for the identifiers of its event (`kind:value`); their values are left out too.
    """
    if identifiers:
        value = "substring(one, position(one, ':') + 1)"
        text = (
            f"arrayFold((left, one) -> if(length({value}) < 4, left, replaceAll(left, {value}, '[name]')), "
            f"{identifiers}, {text})"
        )
    for pattern, mark in _MARKED:
        text = f"replaceRegexpAll({text}, '{pattern}', '{mark}')"
    return text


def _met(rules: str) -> str:
    """SQL for the frictions that may precede something in the period: `customer`, `met_rule` and `met_at`."""
    return f"""
SELECT customer, CAST(rule, 'String') AS met_rule, opened_at AS met_at FROM current_frictions
WHERE opened_at >= {{since:DateTime64(3)}} - INTERVAL {AFTER_DAYS} DAY AND opened_at < {{until:DateTime64(3)}}
  AND {rules}"""


def _before(at: str) -> str:
    """SQL condition: the friction came before `at`. It does not hold for the defaults of an outer join."""
    return f"met_at < {at} AND met_at >= {at} - INTERVAL {AFTER_DAYS} DAY"


def verbatims(most: int, where: str = "1", rules: str = "1") -> str:
    """SQL for the newest texts that came after a friction, at most three of a customer.

    Its columns are `at`, `channel`, `source`, `kind`, `rules` (a text) and `words` (redacted).

    Args:
        most: How many texts.
        where: A condition on `channel` and `source`.
        rules: A condition on `rule`.
    """
    texts = f"""
SELECT id, entity, time AS at FROM events WHERE {HAS_TEXT} AND {PERIOD} AND {where}"""
    # Only the texts that are shown are read. The texts are the smaller side of the join.
    return f"""
WITH chosen AS MATERIALIZED (
    SELECT id, any((at, customer)) AS written, groupUniqArray(met_rule) AS preceding
    FROM ({_met(rules)}) AS frictions INNER JOIN ({owned(texts)}) AS texts USING (customer)
    WHERE {_before("at")}
    GROUP BY id
    ORDER BY written.1 DESC, id
    LIMIT 3 BY written.2
    LIMIT {most}
)
SELECT at, channel, source, kind, arrayStringConcat(arraySort(preceding), ', ') AS rules,
       {redacted("leftUTF8(text, 400)", "identifiers")} AS words
FROM chosen INNER JOIN ({texts_sql(f"{PERIOD} AND id IN (SELECT id FROM chosen)")}) AS texts USING (id)
ORDER BY at DESC, id
"""


_OF_METRIC = ", ".join(
    f"kind = '{measure.name}' AND {measure.where.replace('metric', 'kind')}, toFloat64({measure.numerator})"
    for measure in MEASURES
    if measure.name in ("nps", "csat", "ces")
)


# Of scores of one millisecond, the id decides; a number is compared faster than a tuple.
_LAST: Final = "toUnixTimestamp64Milli(at) * 524288 + sipHash64(id) % 524288"


def scores_after(where: str = "1", rules: str = "1") -> str:
    """SQL that compares scores after each rule's friction with scores without any friction before.

    Its columns are `metric`, `rule`, `customers`, `score`, `unaffected`, `usual` (the score without), and
    `difference`, `low` and `high` (its 95 % interval; all NULL if too few customers are on either side). Each
    customer counts once for each metric, with the last score of the period.

    Args:
        where: A condition on `channel` and `source`.
        rules: A condition on `rule`, of the rules that are shown.
    """
    scores = f"""
SELECT id, at, channel, source, kind, customer_hash, entity_hash, multiIf({_OF_METRIC}, NULL) AS value
FROM (
    SELECT id, time AS at, channel, source, customer_hash, entity_hash, given.metric AS kind,
           assumeNotNull(given.score) AS score, given.scale AS scale,
           ifNull(given.lower_is_better, 0) AS lower
    FROM events WHERE type = 'feedback.given' AND {PERIOD} AND isNotNull(given.score)
)
WHERE isNotNull(value)"""
    return f"""
WITH scored AS MATERIALIZED (
    SELECT owner, kind AS metric, max(at) AS last_at, assumeNotNull(argMax(value, {_LAST})) AS last_value
    FROM ({owned_by_hash(scores, ("feedback.given",), PERIOD)}) WHERE {where}
    GROUP BY owner, metric
)
SELECT metric, rule, customers, score, unaffected, usual,
       if(known, score - usual, NULL) AS difference,
       if(known, middle - 1.96 * sqrt(spread), NULL) AS low,
       if(known, middle + 1.96 * sqrt(spread), NULL) AS high
FROM (
    SELECT *,
           least(customers, unaffected) >= {FEWEST_SCORES} AND (metric = 'csat' OR spread > 0) AS known,
           metric = 'csat' ? (score * customers + 1) / (customers + 2)
               - (usual * unaffected + 1) / (unaffected + 2) : score - usual AS middle,
           metric = 'csat'
               ? ((score * customers + 1) / (customers + 2)) * (1 - (score * customers + 1) / (customers + 2))
                   / (customers + 2)
               + ((usual * unaffected + 1) / (unaffected + 2))
                   * (1 - (usual * unaffected + 1) / (unaffected + 2)) / (unaffected + 2)
               : variance / customers + usual_variance / unaffected AS spread
    FROM (
        SELECT metric, rule, customers, score, variance,
               maxIf(customers, rule = '') OVER of_metric AS unaffected,
               if(unaffected = 0, NULL, maxIf(score, rule = '') OVER of_metric) AS usual,
               maxIf(variance, rule = '') OVER of_metric AS usual_variance
        FROM (
            SELECT metric, rule, count() AS customers, avg(last_value) AS score,
                   if(count() < 2, 0, varSamp(last_value)) AS variance
            FROM (
                SELECT metric, last_value,
                       arrayFilter((met_rule, met_at) -> {_before("last_at")}, met_rules, times) AS preceding
                FROM scored LEFT JOIN (
                    SELECT sipHash64(customer) AS owner, groupArray(met_rule) AS met_rules,
                           groupArray(met_at) AS times
                    FROM ({_met("1")}) WHERE owner IN (SELECT owner FROM scored)
                    GROUP BY owner
                ) AS met USING (owner)
            )
            ARRAY JOIN if(empty(preceding), [''], arrayDistinct(preceding)) AS rule
            GROUP BY metric, rule
        )
        WINDOW of_metric AS (PARTITION BY metric)
    )
)
WHERE rule != '' AND {rules}
ORDER BY metric, rule
"""


STAFF_FACTOR: Final = """multiIf(
    JSONExtractString(data, 'factor') IN ('people', 'process', 'technology', 'culture'),
        JSONExtractString(data, 'factor'),
    match(lower(topic), 'tool|system|software|screen|app|device|network'), 'technology',
    match(lower(topic), 'process|rule|policy|polic|form|approval|step'), 'process',
    match(lower(topic), 'staff|team|training|skill|shift|people'), 'people',
    match(lower(topic), 'culture|goal|target|pressure|incentive'), 'culture',
    '')"""
"""SQL for the factor of staff feedback: its field `factor`, else by the words of its topic; '' if neither."""


def staff_feedback(where: str = "1") -> str:
    """SQL for topics of staff feedback beside the frictions of the same place and factor.

    Its columns are `topic`, `team`, `factor`, `channel`, `source`, `voices` (how often it was reported),
    `score` (the mean, 0 the worst and 1 the best; NULL without scores), `frictions` (of the factor, at the
    channel and source; NULL if no friction is found there), `everywhere` (of the factor, at any place),
    `rule` (the most frequent of these, or ''), and `comment` (the newest, redacted). Without a factor,
    frictions of all count.

    Args:
        where: A condition on `channel` and `source`.
    """
    # The frictions of each place, rule and factor; the factor '' has all.
    return f"""
WITH counted AS MATERIALIZED (
    SELECT CAST(channel, 'String') AS channel, CAST(source, 'String') AS source,
           CAST(rule, 'String') AS rule, arrayJoin(['', CAST(own_factor, 'String')]) AS factor, number
    FROM (
        SELECT channel, source, rule, factor AS own_factor, count() AS number
        FROM current_frictions
        WHERE opened_at >= {{since:DateTime64(3)}} AND opened_at < {{until:DateTime64(3)}}
        GROUP BY channel, source, rule, own_factor
    )
)
SELECT topic, team, factor, channel, source, voices, score,
       if(is_place, ifNull(here, 0), NULL) AS frictions, everywhere, rule, comment
FROM (
    SELECT topic, team, factor, channel, source, uniqExact(id) AS voices, avgOrNull(score / scale) AS score,
           argMaxIf(comment, (time, id), comment != '') AS comment,
           (channel, source) IN (SELECT channel, source FROM counted) AS is_place
    FROM (
        SELECT id, time, CAST(channel, 'String') AS channel, CAST(source, 'String') AS source,
               JSONExtractString(data, 'topic') AS topic, JSONExtractString(data, 'team') AS team,
               {STAFF_FACTOR} AS factor, JSONExtract(data, 'score', 'Nullable(Float64)') AS score,
               ifNull(JSONExtract(data, 'scale', 'Nullable(Float64)'), 5) AS scale,
               {redacted("leftUTF8(JSONExtractString(data, 'comment'), 400)")} AS comment
        FROM events WHERE type = 'staff.feedback_given' AND {PERIOD} AND {where}
    )
    GROUP BY topic, team, factor, channel, source
) AS staff
LEFT JOIN (
    SELECT channel, source, factor, sum(number) AS here FROM counted
    GROUP BY channel, source, factor
) AS there USING (channel, source, factor)
LEFT JOIN (
    SELECT factor, sum(number) AS everywhere, argMax(rule, (number, rule)) AS rule
    FROM (
        SELECT factor, rule, sum(number) AS number FROM counted GROUP BY factor, rule
    )
    GROUP BY factor
) AS anywhere USING (factor)
ORDER BY voices DESC, everywhere DESC, topic, team, channel, source
"""
