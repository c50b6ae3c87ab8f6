"""The dashboard *Data health*: whether the data of the other dashboards are fresh and complete."""

from touchline.panels.panel import Column, Dashboard, Panel, Threshold
from touchline.panels.sql import BUCKETS, PRODUCER, PRODUCERS, with_gaps
from touchline.vocabulary.event import IMPORTED
from touchline.vocabulary.internal import IS_TOUCHPOINT

ID = "health"

DASHBOARD = Dashboard(
    ID,
    "Data health",
    "Are the data fresh and complete, and if not, which producer is missing?",
    (PRODUCERS,),
)

_COUNTED = f"{IS_TOUCHPOINT} AND {PRODUCER}"
"""SQL condition on `events`: internal ones would hide that a producer is silent."""

NOTHING_ARRIVED = "No events in this period. Check that a producer sends to this collector."
NOTHING_LIVE = "No live events in this period. Imported events are history and have no delay."
NO_QUARANTINED = "No event was quarantined in this period."

_EVENT = "sipHash64(id)"
"""SQL for what tells events apart: in 8 bytes, so that months of events fit in a query's memory.

Among a hundred million events, the chance that two have the same number is 1 in 3,700.
"""

_EVENTS = f"uniqExact({_EVENT})"
"""SQL for the number of events: an event may be stored twice, and counts once."""

_ARRIVED = f"""
    SELECT any(producer) AS sender, any(time) AS at, any(received_at) AS received,
           if(sender = '{IMPORTED}', NULL,
              greatest(0, dateDiff('millisecond', at, received)) / 1000) AS lag
    FROM events
    WHERE $__timeFilter(time) AND {_COUNTED}
    GROUP BY {_EVENT}
"""
"""Events by the time they happened, as in the other dashboards. Imported events have no lag."""

_SILENCE = (Threshold(0, "good"), Threshold(300, "warn"), Threshold(3600, "bad"))


def _delays(at: str, rows: str) -> str:
    """SQL for the median and the 95th percentile of `lag` over time; `rows` has `lag` and the column `at`."""
    found = f"""
SELECT $__timeInterval({at}) AS time, toNullable(quantileExact(0.5)(lag)) AS `median`,
       toNullable(quantileExact(0.95)(lag)) AS `95th percentile`
FROM ({rows})
GROUP BY time
"""
    return f"{with_gaps(found, '`median`', '`95th percentile`')}ORDER BY time"


PANELS = (
    Panel(
        id="freshness",
        dashboard=ID,
        title="Freshness",
        question="How old is the newest event at the end of the period?",
        sql=f"""
SELECT if(count() = 0, NULL, greatest(0, dateDiff('second', max(received_at), $__toTime))) AS value
FROM events
WHERE received_at <= $__toTime AND {_COUNTED}
""",
        kind="stat",
        unit="seconds",
        empty="No event has arrived yet.",
        thresholds=_SILENCE,
        width=6,
        height=4,
    ),
    Panel(
        id="events",
        dashboard=ID,
        title="Events stored",
        question="How many events happened in this period?",
        sql=f"SELECT {_EVENTS} AS value FROM events WHERE $__timeFilter(time) AND {_COUNTED}",
        kind="stat",
        unit="count",
        empty=NOTHING_ARRIVED,
        width=6,
        height=4,
    ),
    Panel(
        id="quarantined",
        dashboard=ID,
        title="Quarantined events",
        question="What share of incoming events was refused?",
        sql=f"""
SELECT if(bad + good = 0, NULL, bad / (bad + good)) AS value
FROM (
    SELECT {_EVENTS} AS bad FROM quarantine WHERE $__timeFilter(received_at) AND {PRODUCER}
) AS refused
CROSS JOIN (SELECT {_EVENTS} AS good FROM events WHERE $__timeFilter(time) AND {_COUNTED}) AS stored
""",
        kind="stat",
        unit="share",
        empty=NOTHING_ARRIVED,
        thresholds=(Threshold(0, "good"), Threshold(0.001, "warn"), Threshold(0.01, "bad")),
        width=6,
        height=4,
    ),
    Panel(
        id="late",
        dashboard=ID,
        title="Late events",
        question="What share of live events arrived more than a minute late?",
        sql=f"SELECT if(count(lag) = 0, NULL, countIf(lag > 60) / count(lag)) AS value FROM ({_ARRIVED})",
        kind="stat",
        unit="share",
        empty=NOTHING_LIVE,
        width=6,
        height=4,
    ),
    Panel(
        id="events_by_producer",
        dashboard=ID,
        title="Events by producer",
        question="Does every producer send as usual?",
        sql=f"""
SELECT time, series, sum(number) AS value
FROM (
    SELECT $__timeInterval(at) AS time, producer AS series, {_EVENTS} AS number
    FROM (SELECT time AS at, producer, id FROM events WHERE $__timeFilter(time) AND {_COUNTED})
    GROUP BY time, series
    UNION ALL
    SELECT time, series, 0
    FROM ({BUCKETS}) AS buckets
    CROSS JOIN (
        SELECT DISTINCT producer AS series FROM events WHERE $__timeFilter(time) AND {_COUNTED}
    ) AS producers
)
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        unit="count",
        empty=NOTHING_ARRIVED,
        stacked=True,
    ),
    Panel(
        id="quarantine_over_time",
        dashboard=ID,
        title="Quarantined events by reason",
        question="Why are events refused, and since when?",
        sql=f"""
SELECT $__timeInterval(received_at) AS time, reason AS series, {_EVENTS} AS value
FROM quarantine
WHERE $__timeFilter(received_at) AND {PRODUCER}
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        unit="count",
        empty=NO_QUARANTINED,
        stacked=True,
    ),
    Panel(
        id="producers",
        dashboard=ID,
        title="Producers",
        question="How many events did each producer send, and when did the last one arrive?",
        sql=f"""
SELECT producer, sum(good) AS stored, sum(bad) AS quarantined,
       if(stored + quarantined = 0, NULL, quarantined / (stored + quarantined)) AS refused,
       max(newest) AS last, greatest(0, dateDiff('second', last, $__toTime)) AS silent,
       max(middle) AS lag, max(slow) AS slowest
FROM (
    SELECT sender AS producer, count() AS good, 0 AS bad, max(received) AS newest,
           toNullable(quantileExact(0.5)(lag)) AS middle, toNullable(quantileExact(0.95)(lag)) AS slow
    FROM ({_ARRIVED})
    GROUP BY sender
    UNION ALL
    SELECT producer, 0, {_EVENTS}, max(received_at), NULL, NULL
    FROM quarantine
    WHERE $__timeFilter(received_at) AND {PRODUCER}
    GROUP BY producer
)
GROUP BY producer
ORDER BY quarantined DESC, stored DESC, producer
""",
        kind="table",
        unit="count",
        empty=NOTHING_ARRIVED,
        columns={
            "producer": Column("Producer", "text"),
            "stored": Column("Stored"),
            "quarantined": Column("Quarantined"),
            "refused": Column("Share quarantined", "share"),
            "last": Column("Last event", "time"),
            "silent": Column("Silent for", "seconds", thresholds=_SILENCE),
            "lag": Column("Median delay", "seconds"),
            "slowest": Column("95th percentile of delay", "seconds"),
        },
        width=24,
    ),
    Panel(
        id="arrival_lag",
        dashboard=ID,
        title="Arrival delay",
        question="How long do live events take to arrive?",
        sql=_delays("at", f"SELECT at, lag FROM ({_ARRIVED}) WHERE lag IS NOT NULL"),
        kind="timeseries",
        unit="seconds",
        empty=NOTHING_LIVE,
    ),
    Panel(
        id="detection_lag",
        dashboard=ID,
        title="Detection delay",
        question="How long does it take to detect a friction?",
        sql=_delays(
            "detected_at",
            """
    SELECT detected_at, greatest(0, dateDiff('millisecond', opened_at, detected_at)) / 1000 AS lag
    FROM current_frictions
    WHERE $__timeFilter(detected_at)
""",
        ),
        kind="timeseries",
        unit="seconds",
        empty="No friction was detected in this period.",
    ),
    Panel(
        id="event_types",
        dashboard=ID,
        title="Events by type",
        question="Which types of events arrive, and which are missing?",
        sql=f"""
SELECT type AS label, {_EVENTS} AS events
FROM events
WHERE $__timeFilter(time) AND {_COUNTED}
GROUP BY label
ORDER BY events DESC, label
LIMIT 40
""",
        kind="bars",
        unit="count",
        empty=NOTHING_ARRIVED,
        height=20,
    ),
    Panel(
        id="results",
        dashboard=ID,
        title="Events by result",
        question="How many of each producer's events were stored, and what happened to the others?",
        sql=f"""
SELECT producer AS label, sum(accounts.stored) AS stored,
       sum(accounts.duplicates) + sum(accounts.repeated) - sum(accounts.conflicting) AS duplicate,
       sum(accounts.conflicting) AS conflicting,
       sum(accounts.quarantined) AS quarantined, sum(accounts.suppressed) AS suppressed
FROM accounts FINAL
WHERE $__timeFilter(at) AND {PRODUCER}
GROUP BY label
HAVING stored + duplicate + conflicting + quarantined + suppressed > 0
ORDER BY stored DESC, label
LIMIT 40
""",
        kind="bars",
        unit="count",
        empty=NOTHING_ARRIVED,
        height=20,
        stacked=True,
    ),
    Panel(
        id="quarantine_latest",
        dashboard=ID,
        title="Latest quarantined events",
        question="What is wrong, and how can it be fixed?",
        sql=f"""
SELECT received_at, producer, reason, field, message
FROM quarantine FINAL
WHERE $__timeFilter(received_at) AND {PRODUCER}
ORDER BY received_at DESC, id
LIMIT 50
""",
        kind="table",
        unit="text",
        empty=NO_QUARANTINED,
        columns={
            "received_at": Column("When", "time"),
            "producer": Column("Producer", "text"),
            "reason": Column("Reason", "text"),
            "field": Column("Field", "text"),
            "message": Column("Message", "text"),
        },
        width=24,
    ),
    Panel(
        id="violations",
        dashboard=ID,
        title="Violations by producer",
        question="Which producer sends events that the vocabulary or the tracking plan excludes?",
        sql=f"""
SELECT producer, type, field, reason, {_EVENTS} AS events, max(received_at) AS last
FROM (
    SELECT id, producer, substring(JSONExtractString(body, 'type'), 1, 128) AS type, field, reason,
           received_at
    FROM quarantine
    WHERE $__timeFilter(received_at) AND {PRODUCER}
    UNION ALL
    SELECT id, producer, type, JSONExtractString(context, 'plan_violation') AS field, 'allowed', received_at
    FROM events
    WHERE $__timeFilter(time) AND {_COUNTED} AND context LIKE '%"plan_violation"%'
)
GROUP BY producer, type, field, reason
ORDER BY events DESC, producer, type, field, reason
LIMIT 50
""",
        kind="table",
        unit="count",
        empty="No event violated the vocabulary or the tracking plan in this period.",
        columns={
            "producer": Column("Producer", "text"),
            "type": Column("Event", "text"),
            "field": Column("Field", "text"),
            "reason": Column("Reason", "text"),
            "events": Column("Events"),
            "last": Column("Last", "time"),
        },
        width=24,
    ),
)
