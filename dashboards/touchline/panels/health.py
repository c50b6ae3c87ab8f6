"""*Data health*: whether what the other dashboards show is fresh and whole."""

from touchline.panels.panel import Column, Dashboard, Panel, Threshold

ID = "health"

DASHBOARD = Dashboard(
    ID,
    "Data health",
    "Is what the other dashboards show fresh and whole, and if not, whose data are missing?",
    (),
)

NOTHING_CAME = "Nothing came in in this span: does a producer send, and to this collector?"
NOTHING_BAD = "Nothing was quarantined in this span."

_CAME = """
    SELECT id, producer, type, time, received_at,
           greatest(0, dateDiff('millisecond', time, received_at)) / 1000 AS lag
    FROM events
    WHERE $__timeFilter(time)
    LIMIT 1 BY id
"""
"""By when it happened, as in the other dashboards; rows that are there twice count once."""

_LAGS = "quantileExact(0.5)(lag) AS `half within`, quantileExact(0.95)(lag) AS `95 of 100 within`"

PANELS = (
    Panel(
        "freshness",
        ID,
        "Freshness",
        "How old is the newest event, at the end of the span?",
        """
SELECT if(count() = 0, NULL, greatest(0, dateDiff('second', max(received_at), $__toTime))) AS value
FROM events
WHERE received_at <= $__toTime
""",
        "stat",
        "seconds",
        "Nothing has come in yet.",
        thresholds=(Threshold(0, "good"), Threshold(300, "warn"), Threshold(3600, "bad")),
        width=6,
        height=4,
    ),
    Panel(
        "events",
        ID,
        "Events stored",
        "How many events are there of this span?",
        "SELECT uniqExact(id) AS value FROM events WHERE $__timeFilter(time)",
        "stat",
        "count",
        NOTHING_CAME,
        width=6,
        height=4,
    ),
    Panel(
        "quarantined",
        ID,
        "Quarantined",
        "Which share of what came in could not be used?",
        """
SELECT if(bad + good = 0, NULL, bad / (bad + good)) AS value
FROM (SELECT uniqExact(id) AS bad FROM quarantine WHERE $__timeFilter(received_at)) AS refused
CROSS JOIN (SELECT uniqExact(id) AS good FROM events WHERE $__timeFilter(time)) AS stored
""",
        "stat",
        "share",
        NOTHING_CAME,
        thresholds=(Threshold(0, "good"), Threshold(0.001, "warn"), Threshold(0.01, "bad")),
        width=6,
        height=4,
    ),
    Panel(
        "late",
        ID,
        "Late by more than a minute",
        "Which share of events came more than a minute after it happened?",
        f"SELECT if(count() = 0, NULL, countIf(lag > 60) / count()) AS value FROM ({_CAME})",
        "stat",
        "share",
        NOTHING_CAME,
        width=6,
        height=4,
    ),
    Panel(
        "events_by_producer",
        ID,
        "Events by producer",
        "Does every producer send as it always does?",
        """
SELECT $__timeInterval(at) AS time, producer AS series, uniqExact(id) AS value
FROM (SELECT time AS at, producer, id FROM events WHERE $__timeFilter(time))
GROUP BY time, series
ORDER BY time, series
""",
        "timeseries",
        "count",
        NOTHING_CAME,
        stacked=True,
    ),
    Panel(
        "quarantine_over_time",
        ID,
        "Quarantined by reason",
        "What is wrong with what comes in, and since when?",
        """
SELECT $__timeInterval(received_at) AS time, reason AS series, uniqExact(id) AS value
FROM quarantine
WHERE $__timeFilter(received_at)
GROUP BY time, series
ORDER BY time, series
""",
        "timeseries",
        "count",
        NOTHING_BAD,
        stacked=True,
    ),
    Panel(
        "producers",
        ID,
        "Producers",
        "What became of each producer's events, and when did the last one come?",
        f"""
SELECT producer, sum(good) AS stored, sum(bad) AS quarantined,
       if(stored + quarantined = 0, NULL, quarantined / (stored + quarantined)) AS refused,
       max(newest) AS last, greatest(0, dateDiff('second', last, $__toTime)) AS silent,
       max(middle) AS lag, max(slow) AS slowest
FROM (
    SELECT producer, count() AS good, 0 AS bad, max(received_at) AS newest,
           toNullable(quantileExact(0.5)(lag)) AS middle, toNullable(quantileExact(0.95)(lag)) AS slow
    FROM ({_CAME})
    GROUP BY producer
    UNION ALL
    SELECT producer, 0, uniqExact(id), max(received_at), NULL, NULL
    FROM quarantine
    WHERE $__timeFilter(received_at)
    GROUP BY producer
)
GROUP BY producer
ORDER BY quarantined DESC, stored DESC, producer
""",
        "table",
        "count",
        NOTHING_CAME,
        columns={
            "producer": Column("Producer", "text"),
            "stored": Column("Stored"),
            "quarantined": Column("Quarantined"),
            "refused": Column("Share quarantined", "share"),
            "last": Column("Last event", "time"),
            "silent": Column("Silent for", "seconds"),
            "lag": Column("Lag, median", "seconds"),
            "slowest": Column("Lag, 95 of 100", "seconds"),
        },
        width=24,
    ),
    Panel(
        "arrival_lag",
        ID,
        "From happening to arrival",
        "How long are events on their way?",
        f"""
SELECT $__timeInterval(at) AS time, {_LAGS}
FROM (SELECT time AS at, lag FROM ({_CAME}))
GROUP BY time
ORDER BY time
""",
        "timeseries",
        "seconds",
        NOTHING_CAME,
    ),
    Panel(
        "detection_lag",
        ID,
        "From friction to knowing it",
        "How long does it take until a friction is known?",
        f"""
SELECT $__timeInterval(detected_at) AS time, {_LAGS}
FROM (
    SELECT detected_at, greatest(0, dateDiff('millisecond', opened_at, detected_at)) / 1000 AS lag
    FROM current_frictions
    WHERE $__timeFilter(detected_at)
)
GROUP BY time
ORDER BY time
""",
        "timeseries",
        "seconds",
        "No friction became known in this span.",
    ),
    Panel(
        "event_types",
        ID,
        "Events by type",
        "Which kinds of events come, and which are missing?",
        """
SELECT type AS label, uniqExact(id) AS events
FROM events
WHERE $__timeFilter(time)
GROUP BY label
ORDER BY events DESC, label
LIMIT 40
""",
        "bars",
        "count",
        NOTHING_CAME,
    ),
    Panel(
        "results",
        ID,
        "What became of them",
        "How many of each producer's events were stored, and what became of the others?",
        """
SELECT producer AS label, sum(accounts.stored) AS stored,
       sum(accounts.duplicates) + sum(accounts.repeated) AS duplicate,
       sum(accounts.quarantined) AS quarantined, sum(accounts.suppressed) AS suppressed
FROM accounts FINAL
WHERE $__timeFilter(at)
GROUP BY label
HAVING stored + duplicate + quarantined + suppressed > 0
ORDER BY stored DESC, label
LIMIT 40
""",
        "bars",
        "count",
        NOTHING_CAME,
        stacked=True,
    ),
    Panel(
        "quarantine_latest",
        ID,
        "Quarantined lately",
        "What exactly was wrong, and what is to be done?",
        """
SELECT received_at, producer, reason, field, message
FROM quarantine FINAL
WHERE $__timeFilter(received_at)
ORDER BY received_at DESC, id
LIMIT 50
""",
        "table",
        "text",
        NOTHING_BAD,
        columns={
            "received_at": Column("When", "time"),
            "producer": Column("Producer", "text"),
            "reason": Column("Reason", "text"),
            "field": Column("Field", "text"),
            "message": Column("What to do", "text"),
        },
        width=24,
    ),
)
