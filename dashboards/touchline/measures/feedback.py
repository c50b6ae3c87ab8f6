"""Measures of feedback and public mentions, and the SQL that they observe: one row for each."""

from touchline.measures.measure import Measure
from touchline.vocabulary.durations import DAY, HOUR

SCORES = """
SELECT time AS at, channel, source, entity, '' AS queue, '' AS reason, given.metric AS metric,
       ifNull(given.lower_is_better, 0) AS lower, assumeNotNull(given.score) AS score, given.scale AS scale
FROM events
WHERE type = 'feedback.given' AND time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}
  AND isNotNull(given.score)
LIMIT 1 BY id
"""
"""One row for each score of the period: `metric`, `score`, `scale` (or NULL), `lower` (lower is better)."""


def _answers(posted: str, answered: str, key: str) -> str:
    """SQL with one row for each post of the period: `took` (seconds to its first answer, or NULL).

    Feedback also has `metric` and `score`.

    Args:
        posted: The type of event that waits for an answer.
        answered: The type of event that answers it.
        key: The field of `data` that both share.
    """
    return f"""
SELECT at, channel, source, entity, '' AS queue, '' AS reason, took, metric, score
FROM (
    SELECT minIf(time, type = '{posted}') AS at, argMinIf(channel, time, type = '{posted}') AS channel,
           argMinIf(source, time, type = '{posted}') AS source,
           argMinIf(entity, time, type = '{posted}') AS entity,
           dateDiff('millisecond', at, minOrNullIf(time, type = '{answered}')) / 1000 AS took,
           argMinIf(fields.metric, time, type = '{posted}') AS metric,
           argMinIf(fields.score, time, type = '{posted}') AS score
    FROM (
        SELECT type, time, channel, source, entity,
               JSONExtract(data, 'Tuple({key} String, metric String, score Nullable(Float64))') AS fields
        FROM events
        WHERE type IN ('{posted}', '{answered}') AND time >= {{since:DateTime64(3)}}
          AND time < {{until:DateTime64(3)}} + INTERVAL 30 DAY
    )
    GROUP BY fields.{key}
    HAVING at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
)
"""


MENTIONS = _answers("mention.posted", "mention.answered", "mention_id")
"""One row for each mention of the period: `took` (seconds to its first answer, or NULL)."""

FEEDBACK = _answers("feedback.given", "feedback.answered", "feedback_id")
"""One row for each feedback of the period: `took` as for mentions, `metric`, and `score` (or NULL)."""


MEASURES: tuple[Measure, ...] = (
    Measure(
        name="mentions_answered",
        title="Mentions answered in an hour",
        question="What share of public mentions is answered within an hour?",
        unit="share",
        higher_is_better=True,
        definition="Mentions answered within 60 minutes ÷ mentions posted in the period.",
        benchmark="40–50 % of customers expect an answer within 60 minutes; 24 hours is too late",
        base=MENTIONS,
        observed="post",
        numerator="isNotNull(took) AND took <= 3600",
        settles=HOUR,
    ),
    Measure(
        name="mention_response_time",
        title="Response time on social media",
        question="How long do public mentions wait for an answer?",
        unit="seconds",
        higher_is_better=False,
        definition="Median seconds from mention.posted to the first mention.answered, of mentions posted in "
        "the period and answered within 30 days. Unanswered mentions count in mentions_answered.",
        benchmark="Customers expect 60 minutes; 24 hours is too late",
        base=MENTIONS,
        observed="post",
        numerator="took",
        where="isNotNull(took)",
        kind="median",
        settles=30 * DAY,
    ),
    Measure(
        name="detractors_answered",
        title="Detractors answered in two days",
        question="What share of detractors gets an answer within two days?",
        unit="share",
        higher_is_better=True,
        definition="NPS scores of 0 to 6 answered within 48 hours ÷ all NPS scores of 0 to 6 of the period.",
        benchmark="Recommended follow-up: within 48 hours",
        base=FEEDBACK,
        observed="post",
        numerator="isNotNull(took) AND took <= 172800",
        where="metric = 'nps' AND isNotNull(score) AND score <= 6",
        settles=2 * DAY,
    ),
    Measure(
        name="feedback_response_time",
        title="Response time on feedback",
        question="How long does feedback wait for an answer?",
        unit="seconds",
        higher_is_better=False,
        definition="Median seconds from feedback.given to the first feedback.answered, of feedback given in "
        "the period and answered within 30 days.",
        benchmark="Recommended: 48 hours for detractors, 6 hours for e-mail",
        base=FEEDBACK,
        observed="post",
        numerator="took",
        where="isNotNull(took)",
        kind="median",
        settles=30 * DAY,
    ),
    Measure(
        name="nps",
        title="Net promoter score",
        question="Would customers recommend us?",
        unit="points",
        higher_is_better=True,
        definition="Share of scores of 9 and 10 minus share of scores of 0 to 6, in points, of the NPS "
        "scores given in the period (on a scale of 0 to 10).",
        benchmark="NPS = % promoters (9, 10) minus % detractors (0 to 6)",
        base=SCORES,
        observed="post",
        numerator="100 * ((score >= 9) - (score <= 6))",
        where="metric = 'nps' AND score BETWEEN 0 AND 10",
    ),
    Measure(
        name="csat",
        title="Customer satisfaction",
        question="What share of surveyed customers is satisfied?",
        unit="share",
        higher_is_better=True,
        definition="Scores of 4 or 5 ÷ CSAT scores given in the period. On another scale: scores of at least "
        "four fifths of the maximum. Where lower is better, the scale is reversed. The default scale is 5.",
        benchmark="CSAT = scores of 4 and 5 ÷ answers",
        base=SCORES,
        observed="post",
        numerator="if(lower, ifNull(scale, 5) + 1 - score, score) >= 0.8 * ifNull(scale, 5)",
        where="metric = 'csat'",
    ),
    Measure(
        name="ces",
        title="Customer effort score",
        question="How easy is it for customers, by their own rating?",
        unit="of 7",
        higher_is_better=True,
        definition="Mean of the CES scores given in the period, converted to 1 to 7, where 7 is easiest. "
        "Scales run from 1 to `scale` (7 by default) and are reversed where lower_is_better is set.",
        benchmark="CES = mean score; scale and direction vary between companies",
        base=SCORES,
        observed="post",
        numerator="1 + 6 * if(lower, ifNull(scale, 7) - score, score - 1) / (ifNull(scale, 7) - 1)",
        where="metric = 'ces' AND ifNull(scale, 7) > 1",
    ),
)
