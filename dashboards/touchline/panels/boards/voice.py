"""The dashboard *Voice*: what customers write and score, alone and after a friction; what staff say."""

from touchline.measures.voice import AFTER_DAYS, PERIOD, scores_after, staff_feedback, verbatims
from touchline.panels.of_measures import measure_stat
from touchline.panels.panel import Column, Dashboard, Link, Panel
from touchline.panels.sql import CHANNELS, PLACE, RULE, RULES, SEGMENTS, SOURCES, of_period
from touchline.vocabulary.texts import texts_sql

ID = "voice"

DASHBOARD = Dashboard(
    ID,
    "Voice",
    "What do customers say, and what do they say after a friction?",
    (CHANNELS, SOURCES, RULES, SEGMENTS),
    since="30d",
)

NO_TEXT = "No text in this period that has been examined: texts are examined every few hours."
NO_WORDS = "No word stands out, or too few customers wrote after a friction: 20 are needed, and 20 others."

FEWEST_BEFORE = 50
"""Texts in the period before, below which shares are not compared."""

CLEAR = 3
"""Standard errors from which a change of a share is clear: there are up to twelve topics a language."""

_BEFORE = "$__fromTime - toIntervalSecond(dateDiff('second', $__fromTime, $__toTime))"
_BOTH_PERIODS = f"time >= {_BEFORE} AND time <= $__toTime"

_EXAMINED = f"""
SELECT at, language, topic, negative
FROM (SELECT * FROM ({texts_sql(_BOTH_PERIODS)}) WHERE {PLACE}) AS written
INNER JOIN (SELECT event AS id, language, topic, negative FROM current_voice_texts) AS examined USING (id)
"""
"""One row for each text of the period and of the equally long one before, with its topic or NULL."""

_EXAMINED_THEN = """
(SELECT countIf(until >= $__fromTime AND since <= $__toTime) > 0 FROM voice_runs
 WHERE computed_at = (SELECT max(computed_at) FROM voice_runs))
""".strip()
"""SQL condition: the texts that were examined last are of a time that overlaps the period."""

_LABELS = """
SELECT language, toNullable(topic) AS topic, arrayStringConcat(words, ', ') AS label
FROM current_voice_topics
UNION ALL
SELECT language, NULL, if(no_topics = '', 'no clear topic', no_topics) FROM current_voice_languages
"""
"""The words of each topic of each language, and what those without a topic are called."""

_AMOUNT = {
    "nps": "concat(toString(round({0})), ' points')",
    "csat": "concat(toString(round(100 * {0})), ' %')",
    "ces": "concat(toString(round({0}, 1)), ' of 7')",
}


def _amount(value: str) -> str:
    cases = ", ".join(f"metric = '{metric}', {form.format(value)}" for metric, form in _AMOUNT.items())
    return f"multiIf(isNull({value}), NULL, {cases}, toString({value}))"


def _change(value: str) -> str:
    """SQL for a difference with its sign and without its unit."""
    rounded = f"round(metric = 'csat' ? 100 * {value} : {value}, metric = 'ces' ? 1 : 0)"
    return f"concat({rounded} > 0 ? '+' : '', toString({rounded}))"


PANELS = (
    Panel(
        id="voice_texts",
        dashboard=ID,
        title="Texts",
        question="How many complaints, comments and public posts did customers write?",
        sql=f"SELECT count() AS value FROM ({of_period(texts_sql(PERIOD))}) WHERE {PLACE}",
        kind="stat",
        unit="count",
        empty="No text in this period.",
        width=6,
        height=4,
    ),
    measure_stat("nps", ID, empty="No answer to a recommendation survey in this period."),
    measure_stat("csat", ID, empty="No satisfaction score in this period."),
    measure_stat("detractors_answered", ID, empty="No detractor in this period."),
    Panel(
        id="voice_topics",
        dashboard=ID,
        title="Topics",
        question="What do customers write about, and what more than before?",
        sql=f"""
SELECT label AS topic, if(language = '', 'unknown', language) AS language, texts, share,
       multiIf(before < {FEWEST_BEFORE}, 'too few texts before', NOT clear, 'no clear change',
           concat(more > 0 ? 'up ' : 'down ', toString(round(100 * abs(more), 1)), ' points')) AS change,
       negative
FROM (
    SELECT language, topic, texts, negative, sum(texts) OVER own AS total,
           sum(texts_before) OVER own AS before,
           if(total = 0, 0, texts / total) AS share, if(before = 0, 0, texts_before / before) AS earlier,
           share - earlier AS more,
           abs(more) > {CLEAR} * sqrt(share * (1 - share) / total + earlier * (1 - earlier) / before) AS clear
    FROM (
        SELECT language, topic, countIf(at >= $__fromTime) AS texts,
               countIf(at < $__fromTime) AS texts_before,
               avgOrNullIf(negative, at >= $__fromTime) AS negative
        FROM ({_EXAMINED})
        GROUP BY language, topic
    )
    WINDOW own AS (PARTITION BY language)
) AS counted
INNER JOIN ({_LABELS}) AS labels ON counted.language = labels.language
    AND ifNull(counted.topic, 65535) = ifNull(labels.topic, 65535)
WHERE texts > 0
ORDER BY texts DESC, language, topic
""",
        kind="table",
        unit="count",
        empty=NO_TEXT,
        columns={
            "topic": Column("Topic", "text"),
            "language": Column("Language", "text"),
            "texts": Column("Texts"),
            "share": Column("Share of the language", "share"),
            "change": Column("Against the period before", "text"),
            "negative": Column("Negative", "share"),
        },
        width=24,
    ),
    Panel(
        id="voice_topics_over_time",
        dashboard=ID,
        title="Topics over time",
        question="Which topics come up, and when?",
        sql=f"""
SELECT $__timeInterval(at) AS time, shown AS series, count() AS value
FROM (
    SELECT at, if(has(frequent, (language, assumeNotNull(topic))), label, 'other topics') AS shown
    FROM (
        SELECT *, (
            SELECT groupArray((language, topic)) FROM (
                SELECT language, assumeNotNull(topic) AS topic, count() AS number FROM ({_EXAMINED})
                WHERE at >= $__fromTime AND isNotNull(topic)
                GROUP BY language, topic ORDER BY number DESC, language, topic LIMIT 6
            )
        ) AS frequent
        FROM ({_EXAMINED})
        WHERE at >= $__fromTime AND isNotNull(topic)
    ) AS examined
    INNER JOIN (
        SELECT language, toNullable(topic) AS topic, arrayStringConcat(arraySlice(words, 1, 3), ', ') AS label
        FROM current_voice_topics
    ) AS labels USING (language, topic)
)
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        unit="count",
        empty=NO_TEXT,
        stacked=True,
    ),
    Panel(
        id="voice_words",
        dashboard=ID,
        title="Words by friction",
        question="Which words do customers use more often after a friction than others do?",
        sql=f"""
SELECT CAST(rule, 'String') AS rule, word, CAST(language, 'String') AS language, customers,
       customers / affected AS share, others / unaffected AS usual, odds
FROM current_voice_words
WHERE {RULE} AND {_EXAMINED_THEN}
ORDER BY rule, z DESC, word
LIMIT 10 BY rule, language
LIMIT 100
""",
        kind="table",
        unit="count",
        empty=NO_WORDS,
        columns={
            "rule": Column("Rule", "text", Link("journeys", "rule")),
            "word": Column("Word", "text"),
            "language": Column("Language", "text"),
            "customers": Column("Customers"),
            "share": Column("Of those who wrote after it", "share"),
            "usual": Column("Of the others", "share"),
            "odds": Column("Times the odds"),
        },
    ),
    Panel(
        id="voice_scores",
        dashboard=ID,
        title="Scores after friction",
        question="How much lower are scores after a friction than without any?",
        sql=f"""
SELECT metric, rule, customers, {_amount("score")} AS score, {_amount("usual")} AS usual, unaffected,
       if(isNull(difference), 'too few to say',
          concat({_change("difference")}, ' (', {_change("low")}, ' to ', {_change("high")}, ')',
                 low > 0 OR high < 0 ? '' : ': no clear difference')) AS difference
FROM ({of_period(scores_after(PLACE, RULE))})
ORDER BY metric, customers DESC, rule
""",
        kind="table",
        unit="count",
        empty=f"No score came within {AFTER_DAYS} days after a friction in this period.",
        columns={
            "metric": Column("Score", "text"),
            "rule": Column("Rule", "text", Link("journeys", "rule")),
            "customers": Column("Customers"),
            "score": Column("Score after it", "text"),
            "usual": Column("Without friction", "text"),
            "unaffected": Column("Customers without"),
            "difference": Column("Difference (95 % interval)", "text"),
        },
        width=24,
    ),
    Panel(
        id="voice_verbatims",
        dashboard=ID,
        title="Verbatims",
        question="What do customers write after a friction, in their own words?",
        sql=f"""
SELECT toString(at) AS at, rules, words, kind, CAST(channel, 'String') AS channel,
       CAST(source, 'String') AS source
FROM ({of_period(verbatims(50, PLACE, RULE))})
""",
        kind="table",
        unit="count",
        empty=f"Nobody wrote within {AFTER_DAYS} days after a friction in this period.",
        columns={
            "at": Column("Time", "time"),
            "rules": Column("After", "text"),
            "words": Column("Words", "text"),
            "kind": Column("Kind", "text"),
            "channel": Column("Channel", "text"),
            "source": Column("Source", "text"),
        },
        width=24,
        height=10,
    ),
    Panel(
        id="voice_staff",
        dashboard=ID,
        title="Staff feedback",
        question="What do employees report, and how much friction of the same factor is there?",
        sql=f"{of_period(staff_feedback(PLACE))}LIMIT 50",
        kind="table",
        unit="count",
        empty="No staff feedback in this period: send staff.feedback_given.",
        columns={
            "topic": Column("Topic", "text"),
            "team": Column("Team", "text"),
            "factor": Column("Factor", "text"),
            "channel": Column("Channel", "text"),
            "source": Column("Source", "text"),
            "voices": Column("Reports"),
            "score": Column("Score", "share"),
            "frictions": Column("Frictions there"),
            "everywhere": Column("Frictions of the factor"),
            "rule": Column("Most frequent", "text"),
            "comment": Column("Newest comment", "text"),
        },
        width=24,
    ),
    Panel(
        id="voice_languages",
        dashboard=ID,
        title="What the texts allow to say",
        question="In which languages are there enough texts and scores?",
        sql=f"""
SELECT if(language = '', 'unknown', CAST(language, 'String')) AS language, texts,
       if(no_topics = '', 'yes', no_topics) AS topics,
       if(no_sentiment = '', concat('right for ', toString(round(100 * area)), ' % of pairs (',
              toString(round(100 * area_low)), ' to ', toString(round(100 * area_high)), ' %)'),
          no_sentiment) AS sentiment
FROM current_voice_languages
WHERE {_EXAMINED_THEN}
ORDER BY texts DESC, language
""",
        kind="table",
        unit="count",
        empty=NO_TEXT,
        columns={
            "language": Column("Language", "text"),
            "texts": Column("Texts"),
            "topics": Column("Topics", "text"),
            "sentiment": Column("Sentiment", "text"),
        },
    ),
)
