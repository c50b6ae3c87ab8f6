"""What is observed of what customers say, scores and mentions: SQL with a row a score, or a post."""

SCORES = """
SELECT time AS at, channel, source, '' AS queue, '' AS reason, told.metric AS metric,
       ifNull(told.lower_is_better, 0) AS lower, assumeNotNull(told.score) AS score, told.scale AS scale
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
"""A row a score in the span: `metric`, `score`, `scale` (or NULL), `lower` where lower is better."""


def _answers(asked: str, answered: str, key: str) -> str:
    """A row a post or a feedback of the span: `took`, seconds until its first answer, or NULL.

    Also `metric` and `score` of the feedback.

    Args:
        asked: The type of event that waits for an answer.
        answered: The type of event that is one.
        key: The field of `data` by which they belong together.
    """
    return f"""
SELECT at, channel, source, '' AS queue, '' AS reason, took, metric, score
FROM (
    SELECT minIf(time, type = '{asked}') AS at, argMinIf(channel, time, type = '{asked}') AS channel,
           argMinIf(source, time, type = '{asked}') AS source,
           dateDiff('millisecond', at, minOrNullIf(time, type = '{answered}')) / 1000 AS took,
           argMinIf(told.metric, time, type = '{asked}') AS metric,
           argMinIf(told.score, time, type = '{asked}') AS score
    FROM (
        SELECT type, time, channel, source,
               JSONExtract(data, 'Tuple({key} String, metric String, score Nullable(Float64))') AS told
        FROM events
        WHERE type IN ('{asked}', '{answered}') AND time >= {{since:DateTime64(3)}}
          AND time < {{until:DateTime64(3)}} + INTERVAL 30 DAY
    )
    GROUP BY told.{key}
    HAVING at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
)
"""  # noqa: S608 - made of constants


MENTIONS = _answers("mention.posted", "mention.answered", "mention_id")
"""A row a mention posted in the span: `took`, seconds until it was answered, or NULL."""

FEEDBACK = _answers("feedback.given", "feedback.answered", "feedback_id")
"""A row a feedback given in the span: `took`, as of a mention; its `metric` and its `score`, or NULL."""
