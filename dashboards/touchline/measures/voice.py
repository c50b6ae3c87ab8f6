"""What is observed of what customers say, scores and mentions: SQL with a row a score, or a post."""

_SCORES = """
SELECT time AS at, channel, source, '' AS queue, '' AS reason, ifNull(told.lower_is_better, 0) AS lower,
       assumeNotNull(told.score) AS score, told.scale AS scale
FROM (
    SELECT time, channel, source,
           JSONExtract(data, 'Tuple(metric String, score Nullable(Float64), scale Nullable(Float64),
               lower_is_better Nullable(Bool))') AS told
    FROM events
    WHERE type = 'feedback.given' AND time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}
    LIMIT 1 BY id
)
WHERE isNotNull(told.score)
"""


def scores(metric: str, numerator: str, where: str) -> str:
    """A row a score of a metric in the span; to choose from: `score`, `scale` (or NULL), `lower`."""
    return (
        f"SELECT at, channel, source, queue, reason, {numerator} AS numerator, 1 AS denominator\n"
        f"FROM ({_SCORES} AND told.metric = '{metric}')\nWHERE {where}"
    )


def answers(
    asked: str, answered: str, key: str, numerator: str, *, which: str = "1", where: str = "1"
) -> str:
    """A row a post or a feedback of the span; `took` is seconds until its first answer, or NULL.

    Args:
        asked: The type of event that waits for an answer.
        answered: The type of event that is one.
        key: The field of `data` by which they belong together.
        numerator: What is counted, of `took`.
        which: Which of `asked` count, of `told.metric` and `told.score`.
        where: Which rows count, of `took`.
    """
    return f"""
SELECT at, channel, source, '' AS queue, '' AS reason, {numerator} AS numerator, 1 AS denominator
FROM (
    SELECT minIf(time, type = '{asked}') AS at, argMinIf(channel, time, type = '{asked}') AS channel,
           argMinIf(source, time, type = '{asked}') AS source,
           dateDiff('millisecond', at, minOrNullIf(time, type = '{answered}')) / 1000 AS took
    FROM (
        SELECT type, time, channel, source,
               JSONExtract(data, 'Tuple({key} String, metric String, score Nullable(Float64))') AS told
        FROM events
        WHERE type IN ('{asked}', '{answered}') AND time >= {{since:DateTime64(3)}}
          AND time < {{until:DateTime64(3)}} + INTERVAL 30 DAY
    )
    WHERE type = '{answered}' OR ({which})
    GROUP BY told.{key}
    HAVING at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
)
WHERE {where}
"""  # noqa: S608 - made of constants
