"""*Contacts*: who gets through, how long it takes, and whether it is settled then."""

from touchline.panels.panel import Column, Dashboard, Panel, Reference, Threshold
from touchline.panels.parts import CHANNELS, EVENTS, SOURCES, TIME, measured, over_time, stat, together

ID = "contacts"

DASHBOARD = Dashboard(
    ID,
    "Contacts",
    "Do customers get through, how long do they wait, and is it settled then?",
    (CHANNELS, SOURCES),
    since="7d",
)

NOBODY_QUEUED = "Nobody was queued in this span."
NO_CONTACT = "No contact of this span reached anyone."

SERVICE_LEVEL = Reference(0.8, "80 % in 20 s", "the usual aim")
WAIT = Reference(28, "28 s", "the usual average")
ABANDONED = (
    Reference(0.05, "5 %", "the lower end of what is usual"),
    Reference(0.08, "8 %", "its upper end"),
)
TRANSFERRED = Reference(0.19, "19 %", "of calls are transferred")
FIRST_CONTACT = (
    Reference(0.7, "70 %", "first-contact resolution on average"),
    Reference(0.8, "80 %", "world class"),
)
ONE_CONTACT = Reference(0.59, "59 %", "usually settled with one contact across channels")
MENTIONS = Reference(0.4, "40 %", "of customers, or more, expect an answer within 60 minutes")

PANELS = (
    Panel(
        "service_level",
        ID,
        "Service level",
        "Which share of those who queue is answered within 20 seconds?",
        stat("service_level"),
        "stat",
        "share",
        NOBODY_QUEUED,
        measure="service_level",
        thresholds=(Threshold(0, "bad"), Threshold(0.7, "warn"), Threshold(0.8, "good")),
        references=(SERVICE_LEVEL,),
        width=4,
        height=4,
    ),
    Panel(
        "abandonment",
        ID,
        "Abandonment",
        "Which share of those who queue gives up, short abandons left out?",
        stat("abandonment"),
        "stat",
        "share",
        NOBODY_QUEUED,
        measure="abandonment",
        thresholds=(Threshold(0, "good"), Threshold(0.05, "warn"), Threshold(0.08, "bad")),
        references=ABANDONED,
        width=4,
        height=4,
    ),
    Panel(
        "average_wait",
        ID,
        "Average speed of answer",
        "How long does one wait for an answer?",
        stat("average_wait"),
        "stat",
        "seconds",
        "Nobody who was queued in this span was answered.",
        measure="average_wait",
        thresholds=(Threshold(0, "good"), Threshold(28, "warn"), Threshold(300, "bad")),
        references=(WAIT,),
        width=4,
        height=4,
    ),
    Panel(
        "transfer_rate",
        ID,
        "Transfers",
        "Which share of contacts is handed on?",
        stat("transfer_rate"),
        "stat",
        "share",
        NO_CONTACT,
        measure="transfer_rate",
        thresholds=(Threshold(0, "good"), Threshold(0.19, "warn")),
        references=(TRANSFERRED,),
        width=4,
        height=4,
    ),
    Panel(
        "first_contact_resolution",
        ID,
        "First-contact resolution",
        "How often is it settled at the first contact, on its channel?",
        stat("first_contact_resolution"),
        "stat",
        "share",
        "No first contact with a reason in this span.",
        measure="first_contact_resolution",
        thresholds=(Threshold(0, "bad"), Threshold(0.7, "warn"), Threshold(0.8, "good")),
        references=FIRST_CONTACT,
        width=4,
        height=4,
    ),
    Panel(
        "mentions_answered",
        ID,
        "Mentions answered in an hour",
        "Which share of public mentions is answered within 60 minutes?",
        stat("mentions_answered"),
        "stat",
        "share",
        "No mention in this span.",
        measure="mentions_answered",
        thresholds=(Threshold(0, "bad"), Threshold(0.4, "warn"), Threshold(0.8, "good")),
        references=(MENTIONS,),
        width=4,
        height=4,
    ),
    Panel(
        "service_level_over_time",
        ID,
        "Service level over time",
        "When are callers answered within 20 seconds, and when not?",
        over_time("service_level"),
        "timeseries",
        "share",
        NOBODY_QUEUED,
        measure="service_level",
        references=(SERVICE_LEVEL,),
    ),
    Panel(
        "abandonment_over_time",
        ID,
        "Abandonment over time",
        "When do customers give up waiting, with those apart who are gone within 10 seconds?",
        f"""
SELECT time, line.1 AS series, line.2 AS value
FROM ({together(("abandonment", "short_abandons"), TIME)})
ARRAY JOIN [('gave up after more than 10 s', value_of_abandonment),
            ('gone within 10 s', value_of_short_abandons)] AS line
WHERE isNotNull(line.2)
ORDER BY time, series
""",
        "timeseries",
        "share",
        NOBODY_QUEUED,
        measure="abandonment",
        references=ABANDONED,
    ),
    Panel(
        "wait_over_time",
        ID,
        "Wait over time",
        "When is the wait for an answer long?",
        over_time("average_wait"),
        "timeseries",
        "seconds",
        "Nobody who was queued in this span was answered.",
        measure="average_wait",
        references=(WAIT,),
    ),
    Panel(
        "contacts_over_time",
        ID,
        "Contacts by channel",
        "How many contacts begin, and on which channels?",
        f"""
SELECT $__timeInterval(at) AS time, channel AS series, uniqExact(id) AS value
FROM (
    SELECT time AS at, channel, id FROM events
    WHERE type = 'contact.started' AND $__timeFilter(time) AND {EVENTS}
)
GROUP BY time, series
ORDER BY time, series
""",
        "timeseries",
        "count",
        "No contact began in this span.",
        stacked=True,
    ),
    Panel(
        "queues",
        ID,
        "Queues",
        "Which queue lets customers wait, and which one do they leave?",
        f"""
SELECT queue, number_of_service_level AS contacts, value_of_service_level AS service_level,
       value_of_abandonment AS abandonment, value_of_short_abandons AS short_abandons,
       value_of_average_wait AS wait
FROM ({together(("service_level", "abandonment", "short_abandons", "average_wait"), "queue")})
ORDER BY contacts DESC, queue
""",
        "table",
        "count",
        NOBODY_QUEUED,
        columns={
            "queue": Column("Queue", "text"),
            "contacts": Column("Queued"),
            "service_level": Column("In 20 s", "share"),
            "abandonment": Column("Gave up", "share"),
            "short_abandons": Column("Gone within 10 s", "share"),
            "wait": Column("Wait", "seconds"),
        },
    ),
    Panel(
        "resolution",
        ID,
        "Settled at once, by queue and reason",
        "Which matters are settled at the first contact, and which make customers come back?",
        f"""
SELECT queue, reason, number_of_first_contact_resolution AS contacts,
       value_of_first_contact_resolution AS first_contact, value_of_one_contact_resolution AS one_contact
FROM ({together(("first_contact_resolution", "one_contact_resolution"), "queue", "reason")})
WHERE contacts > 0
ORDER BY contacts DESC, queue, reason
LIMIT 50
""",
        "table",
        "share",
        "No first contact with a reason in this span.",
        measure="first_contact_resolution",
        references=(*FIRST_CONTACT, ONE_CONTACT),
        columns={
            "queue": Column("Queue", "text"),
            "reason": Column("Reason", "text"),
            "contacts": Column("First contacts"),
            "first_contact": Column("Settled on the channel", "share"),
            "one_contact": Column("Settled on any channel", "share"),
        },
    ),
    Panel(
        "transfers_by_queue",
        ID,
        "Transfers by queue",
        "Where are customers handed on?",
        f"""
SELECT if(queue = '', 'no queue', queue) AS label, value AS transferred
FROM ({measured("transfer_rate", "queue")})
ORDER BY transferred DESC, label
LIMIT 20
""",
        "bars",
        "share",
        NO_CONTACT,
        measure="transfer_rate",
        references=(TRANSFERRED,),
    ),
    Panel(
        "satisfaction_by_channel",
        ID,
        "Satisfaction by channel",
        "On which channels are customers content?",
        f"""
SELECT channel AS label, value AS satisfied
FROM ({measured("csat", "channel")})
ORDER BY satisfied, label
""",
        "bars",
        "share",
        "No satisfaction score in this span.",
        measure="csat",
    ),
)
