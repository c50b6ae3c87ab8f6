"""The dashboard *Contacts*: waiting times, hang-ups, transfers and resolution."""

from touchline.measures import BY_NAME, CONTACT
from touchline.panels.filters import all_chosen
from touchline.panels.of_measures import measure_over_time, measure_stat
from touchline.panels.panel import Column, Dashboard, Panel, Reference, Threshold
from touchline.panels.sql import (
    CHANNELS,
    CONTACTS,
    EVENTS,
    QUEUES,
    REASONS,
    SEGMENTS,
    SOURCES,
    TEAMS,
    TIME,
    measured,
    of_period,
    together,
    with_gaps,
)

ID = "contacts"

DASHBOARD = Dashboard(
    ID,
    "Contacts",
    "Do customers get through, how long do they wait, and are their questions resolved?",
    (CHANNELS, SOURCES, QUEUES, REASONS, TEAMS, SEGMENTS),
    since="7d",
)

NOT_QUEUED = "No contact was queued in this period."
NOT_ANSWERED = "No queued contact was answered in this period."
NOT_HANDLED = "No contact was handled in this period."
NO_FIRST_CONTACT = "No first contact with a reason in this period."

SERVICE_LEVEL = (Reference(0.8, "Industry standard"),)
WAIT = (Reference(28, "Industry average"),)
ABANDONED = (Reference(0.05, ""), Reference(0.08, "Industry range"))
TRANSFERRED = (Reference(0.19, "Industry average"),)
FIRST_CONTACT = (Reference(0.7, "Industry average"), Reference(0.8, "World class"))
MENTIONS = (Reference(0.4, "Expectation"),)

_HUNG_UP = together(("abandonment", "short_abandons"), TIME)

NAMED_QUEUE = "if(measured.queue = '', 'no queue', measured.queue)"
"""SQL for the name of a queue; contacts without one have the same name in every panel."""

PANELS = (
    measure_stat(
        "service_level",
        ID,
        empty=NOT_QUEUED,
        thresholds=(Threshold(0, "bad"), Threshold(0.7, "warn"), Threshold(0.8, "good")),
        references=SERVICE_LEVEL,
        width=4,
    ),
    measure_stat(
        "abandonment",
        ID,
        empty=NOT_QUEUED,
        thresholds=(Threshold(0, "good"), Threshold(0.05, "warn"), Threshold(0.08, "bad")),
        references=ABANDONED,
        width=4,
    ),
    measure_stat(
        "average_wait",
        ID,
        empty=NOT_ANSWERED,
        thresholds=(Threshold(0, "good"), Threshold(28, "warn"), Threshold(300, "bad")),
        references=WAIT,
        width=4,
    ),
    measure_stat(
        "transfer_rate",
        ID,
        empty=NOT_HANDLED,
        thresholds=(Threshold(0, "good"), Threshold(0.19, "warn")),
        references=TRANSFERRED,
        width=4,
    ),
    measure_stat(
        "first_contact_resolution",
        ID,
        empty=NO_FIRST_CONTACT,
        thresholds=(Threshold(0, "bad"), Threshold(0.7, "warn"), Threshold(0.8, "good")),
        references=FIRST_CONTACT,
        width=4,
    ),
    measure_stat(
        "mentions_answered",
        ID,
        empty="No mention was posted in this period.",
        thresholds=(Threshold(0, "bad"), Threshold(0.4, "warn"), Threshold(0.8, "good")),
        references=MENTIONS,
        width=4,
    ),
    measure_over_time(
        "service_level",
        ID,
        panel_id="service_level_over_time",
        title="Service level over time",
        question="When is the service level low?",
        empty=NOT_QUEUED,
        references=SERVICE_LEVEL,
    ),
    Panel(
        id="abandonment_over_time",
        dashboard=ID,
        title="Abandonment over time",
        question="When do callers hang up?",
        sql=f"""
SELECT time, line.1 AS series, line.2 AS value
FROM ({with_gaps(_HUNG_UP, "value_of_abandonment", "value_of_short_abandons")})
ARRAY JOIN [('hung up after 10 s', value_of_abandonment),
            ('hung up within 10 s', value_of_short_abandons)] AS line
ORDER BY time, series
""",
        kind="timeseries",
        unit="share",
        empty=NOT_QUEUED,
        measure="abandonment",
        references=ABANDONED,
        benchmark=BY_NAME["abandonment"].benchmark,
    ),
    measure_over_time(
        "average_wait",
        ID,
        panel_id="wait_over_time",
        title="Wait over time",
        question="When do callers wait longest?",
        empty=NOT_ANSWERED,
        references=WAIT,
    ),
    Panel(
        id="contacts_over_time",
        dashboard=ID,
        title="Contacts by channel",
        question="How many contacts start on each channel?",
        sql=f"""
SELECT $__timeInterval(at) AS time, channel AS series, uniqExact(id) AS value
FROM (
    SELECT time AS at, channel, id FROM events
    WHERE type = 'contact.started' AND $__timeFilter(time) AND {EVENTS}
      AND ({" AND ".join(map(all_chosen, ("queue", "reason", "team")))}
           OR contact_hash IN (SELECT contact_hash FROM ({of_period(CONTACT)}) WHERE {CONTACTS}))
)
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        names="channel",
        unit="count",
        empty="No contact started in this period.",
        stacked=True,
    ),
    Panel(
        id="queues",
        dashboard=ID,
        title="Queues",
        question="Which queues have long waits, and where do callers hang up?",
        sql=f"""
SELECT {NAMED_QUEUE} AS queue, number_of_service_level AS contacts, value_of_service_level AS service_level,
       value_of_abandonment AS abandonment, value_of_short_abandons AS short_abandons,
       value_of_average_wait AS wait
FROM ({together(("service_level", "abandonment", "short_abandons", "average_wait"), "queue")}) AS measured
ORDER BY contacts DESC, queue
""",
        kind="table",
        unit="count",
        empty=NOT_QUEUED,
        columns={
            "queue": Column("Queue", "text"),
            "contacts": Column("Queued"),
            "service_level": Column("Answered in 20 s", "share"),
            "abandonment": Column("Hung up", "share"),
            "short_abandons": Column("Hung up within 10 s", "share"),
            "wait": Column("Average wait", "seconds"),
        },
    ),
    Panel(
        id="resolution",
        dashboard=ID,
        title="Resolution by queue and reason",
        question="Which questions are resolved at the first contact?",
        sql=f"""
SELECT {NAMED_QUEUE} AS queue, if(measured.reason = '', 'no reason', measured.reason) AS reason,
       number_of_first_contact_resolution AS contacts,
       value_of_first_contact_resolution AS first_contact, value_of_one_contact_resolution AS one_contact
FROM ({together(("first_contact_resolution", "one_contact_resolution"), "queue", "reason")}) AS measured
WHERE contacts > 0
ORDER BY contacts DESC, queue, reason
LIMIT 50
""",
        kind="table",
        unit="share",
        empty=NO_FIRST_CONTACT,
        measure="first_contact_resolution",
        benchmark=BY_NAME["one_contact_resolution"].benchmark,
        columns={
            "queue": Column("Queue", "text"),
            "reason": Column("Reason", "text"),
            "contacts": Column("First contacts"),
            "first_contact": Column("First-contact resolution", "share"),
            "one_contact": Column("One-contact resolution", "share"),
        },
    ),
    Panel(
        id="transfers_by_queue",
        dashboard=ID,
        title="Transfers by queue",
        question="Which queues transfer the most contacts?",
        sql=f"""
SELECT {NAMED_QUEUE} AS label, value AS transferred
FROM ({measured("transfer_rate", "queue")}) AS measured
ORDER BY transferred DESC, label
LIMIT 20
""",
        kind="bars",
        unit="share",
        empty=NOT_HANDLED,
        measure="transfer_rate",
        references=TRANSFERRED,
        benchmark=BY_NAME["transfer_rate"].benchmark,
    ),
    Panel(
        id="satisfaction_by_channel",
        dashboard=ID,
        title="Satisfaction by channel",
        question="On which channels are customers satisfied?",
        sql=f"""
SELECT channel AS label, value AS satisfied
FROM ({measured("csat", "channel")})
ORDER BY satisfied, label
""",
        kind="bars",
        names="channel",
        unit="share",
        empty="No satisfaction score in this period.",
        measure="csat",
    ),
)
