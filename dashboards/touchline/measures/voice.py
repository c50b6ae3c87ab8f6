"""Measures of what customers say, and what they observe: SQL with a row a score, or a post."""

from touchline.measures.measure import DAY, HOUR, Measure

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


MEASURES: tuple[Measure, ...] = (
    Measure(
        "mentions_answered",
        1,
        "Mentions answered within an hour",
        "Which share of public mentions is answered within 60 minutes?",
        "share",
        True,
        "Mentions with an answer within 60 minutes ÷ mentions posted in the span.",
        "60 min expected by 40 to 50 %; warn at 60 min, breach at 24 h",
        MENTIONS,
        "isNotNull(took) AND took <= 3600",
        settles=HOUR,
    ),
    Measure(
        "mention_response_time",
        1,
        "Response time on social media",
        "How long does a public mention wait for its answer?",
        "seconds",
        False,
        "Median seconds from mention.posted to the first mention.answered, of mentions posted in the span "
        "that were answered (within 30 days). What was never answered is in mentions_answered.",
        "60 min expected; breach at 24 h",
        MENTIONS,
        "took",
        "isNotNull(took)",
        kind="median",
        settles=30 * DAY,
    ),
    Measure(
        "detractors_answered",
        1,
        "Detractors answered within two days",
        "Which share of those who would not recommend us hears from us within 48 hours?",
        "share",
        True,
        "NPS scores of 0 to 6 with an answer within 48 hours ÷ NPS scores of 0 to 6 given in the span.",
        "a detractor's follow-up 48 h",
        FEEDBACK,
        "isNotNull(took) AND took <= 172800",
        "metric = 'nps' AND isNotNull(score) AND score <= 6",
        settles=2 * DAY,
    ),
    Measure(
        "feedback_response_time",
        1,
        "Response time on feedback",
        "How long does feedback wait for its answer?",
        "seconds",
        False,
        "Median seconds from feedback.given to the first feedback.answered, of feedback given in the span "
        "that was answered (within 30 days).",
        "a detractor's follow-up 48 h; e-mail 6 h",
        FEEDBACK,
        "took",
        "isNotNull(took)",
        kind="median",
        settles=30 * DAY,
    ),
    Measure(
        "nps",
        1,
        "Net promoter score",
        "Would customers recommend us?",
        "points",
        True,
        "Share of 9 and 10 less share of 0 to 6, in points, of the NPS scores given in the span (on 0 to "
        "10).",
        "NPS = % of 9 and 10 less % of 0 to 6",
        SCORES,
        "100 * ((score >= 9) - (score <= 6))",
        "metric = 'nps' AND score BETWEEN 0 AND 10",
    ),
    Measure(
        "csat",
        1,
        "Satisfaction",
        "Which share of those asked is satisfied?",
        "share",
        True,
        "Scores of 4 or 5 ÷ CSAT scores given in the span. On another scale: of at least four fifths of the "
        "highest; where lower is better, the scale is turned round. Without a scale, it is 5.",
        "CSAT = (4s + 5s) ÷ answers",
        SCORES,
        "if(lower, ifNull(scale, 5) + 1 - score, score) >= 0.8 * ifNull(scale, 5)",
        "metric = 'csat'",
    ),
    Measure(
        "ces",
        1,
        "Customer effort score",
        "How easy do customers say it was?",
        "of 7",
        True,
        "Mean of the CES scores given in the span, brought to 1 to 7 with 7 the easiest: scales from 1 to "
        "`scale` (7 if not given), turned round where lower_is_better says so.",
        "CES = mean, with its scale and direction stored",
        SCORES,
        "1 + 6 * if(lower, ifNull(scale, 7) - score, score - 1) / (ifNull(scale, 7) - 1)",
        "metric = 'ces' AND ifNull(scale, 7) > 1",
    ),
)
