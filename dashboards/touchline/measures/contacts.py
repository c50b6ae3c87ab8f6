"""Measures of contacts, and the SQL that they observe: one row for each contact.

Events are grouped by contact with aggregates that give the same result if an event is stored twice, so
duplicate rows need no FINAL. Columns of `events` hold what contacts need, computed when events were written:
`told` the fields of `data`, and `contact_hash`, `customer_hash` and `entity_hash` numbers for texts.
"""

from touchline.measures.measure import Measure
from touchline.measures.owners import owned_by_hash
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.order import place_sql

QUEUED = """
SELECT at, channel, source, queue, reason, team, entity, least(answer.1, hung_up) AS ended,
       answer.1 <= hung_up AND answer.1 < toDateTime64('2299-01-01', 3) AS answered,
       NOT answered AND hung_up < toDateTime64('2299-01-01', 3) AS abandoned,
       NOT answered AND promised AS called_back,
       if((answered ? answer.2 : hung_up_after) >= 0, answered ? answer.2 : hung_up_after,
          dateDiff('millisecond', at, ended) / 1000) AS waited
FROM (
    SELECT minIf(time, type = 'contact.queued') AS at,
           argMinIf(channel, time, type = 'contact.queued') AS channel,
           argMinIf(source, time, type = 'contact.queued') AS source,
           argMinIf(entity, time, type = 'contact.queued') AS entity,
           argMinIf(step_queue, time, type = 'contact.queued') AS queue,
           argMinIf(step_reason, time, step_reason != '') AS reason,
           argMinIf(step_team, time, step_team != '') AS team,
           arrayFirst(step -> step.1 >= at, arraySort(arrayPushBack(
               groupArrayIf((time, step_wait), type = 'contact.answered'),
               (toDateTime64('2299-01-01', 3), -1.)))) AS answer,
           arrayFirst(step -> step.1 >= at, arraySort(arrayPushBack(
               groupArrayIf((time, step_wait), type = 'contact.abandoned'),
               (toDateTime64('2299-01-01', 3), -1.)))) AS hang_up,
           hang_up.1 AS hung_up, hang_up.2 AS hung_up_after,
           countIf(type = 'promise.made' AND step_kind = 'callback') > 0 AS promised
    FROM (
        SELECT type, time, channel, source, entity, contact_hash, told.reason AS step_reason,
               told.queue AS step_queue, team AS step_team, told.kind AS step_kind,
               ifNull(told.wait_seconds, -1) AS step_wait
        FROM events
        WHERE type IN ('contact.queued', 'contact.answered', 'contact.abandoned', 'promise.made')
          AND time >= {since:DateTime64(3)} - INTERVAL 1 DAY
          AND time < {until:DateTime64(3)} + INTERVAL 1 DAY
          AND contact_hash != 0
    )
    GROUP BY contact_hash
    HAVING at >= {since:DateTime64(3)} AND at < {until:DateTime64(3)}
)
"""
"""One row for each contact queued in the period, at the time it was first queued.

`waited`: seconds until it was answered or abandoned. `answered`, `abandoned`, `called_back`: 0 or 1.
"""

_STEPS = (
    "contact.started",
    "contact.queued",
    "contact.answered",
    "contact.held",
    "contact.transferred",
    "contact.escalated",
    "contact.ended",
)

CONTACT = f"""
SELECT contact_hash,
       minIf(time, type = 'contact.started') AS at,
       argMinIf(entity, time, type = 'contact.started') AS entity,
       argMinIf(customer_hash, time, type = 'contact.started') AS customer_hash,
       argMinIf(entity_hash, time, type = 'contact.started') AS entity_hash,
       argMinIf(channel, time, type = 'contact.started') AS channel,
       argMinIf(source, time, type = 'contact.started') AS source,
       argMinIf(step_queue, place, step_queue != '') AS queue,
       argMinIf(step_reason, place + if(type = 'contact.started', 0, 1000000000000000), step_reason != '')
           AS reason,
       argMinIf(step_team, place, step_team != '') AS team,
       countIf(type = 'contact.started' AND step_direction = 'outbound') > 0 AS outbound,
       countIf(type NOT IN ('contact.started', 'contact.queued')) > 0 AS handled,
       countIf(type = 'contact.transferred') > 0 AS transferred,
       countIf(type = 'contact.escalated') > 0 AS escalated,
       argMaxIf(ifNull(step_resolved, 1) = 0, time, type = 'contact.ended' AND isNotNull(step_resolved))
           AS unresolved
FROM (
    SELECT type, time, channel, source, entity, customer_hash, entity_hash, contact_hash,
           told.reason AS step_reason, told.queue AS step_queue, team AS step_team,
           told.direction AS step_direction, told.resolved AS step_resolved,
           {place_sql(_STEPS)} AS place
    FROM events
    WHERE type IN {_STEPS}
      AND time >= {{since:DateTime64(3)}} - INTERVAL 7 DAY
      AND time < {{until:DateTime64(3)}} + INTERVAL 30 DAY
      AND contact_hash != 0
)
GROUP BY contact_hash
"""
"""One row for each contact of the period and 7 days before, or 30 days after: its queue is the first one."""

HANDLED = f"""
SELECT at, channel, source, queue, reason, team, entity, transferred, escalated
FROM ({CONTACT})
WHERE handled AND at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
"""
"""One row for each handled contact started in the period. `transferred`, `escalated`: 0 or 1."""

_OWNED = owned_by_hash(
    CONTACT,
    ("contact.started",),
    "time >= {since:DateTime64(3)} - INTERVAL 7 DAY AND time < {until:DateTime64(3)} + INTERVAL 7 DAY",
)

_NEVER, _LONG_AGO = "toDateTime64('2299-01-01', 3, 'UTC')", "toDateTime64(0, 3, 'UTC')"

FIRST = f"""
SELECT at, channel, source, queue, reason, team, entity, unresolved,
       previous_here < at - INTERVAL 7 DAY AS first_here, next_here <= at + INTERVAL 7 DAY AS again_here,
       previous_anywhere < at - INTERVAL 7 DAY AS first_anywhere,
       next_anywhere <= at + INTERVAL 7 DAY AS again_anywhere
FROM (
    SELECT at, channel, source, queue, reason, team, entity, handled, unresolved,
           if(handled, at, {_LONG_AGO}) AS handled_at,
           sipHash64(owner, reason) AS matter, sipHash64(matter, channel) AS matter_here,
           max(handled_at) OVER (here ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous_here,
           leadInFrame(at, 1, {_NEVER}) OVER (here ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next_here,
           max(handled_at) OVER (anywhere ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
               AS previous_anywhere,
           leadInFrame(at, 1, {_NEVER}) OVER (anywhere ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
               AS next_anywhere
    FROM ({_OWNED})
    WHERE reason != '' AND NOT outbound AND at >= {{since:DateTime64(3)}} - INTERVAL 7 DAY
      AND at < {{until:DateTime64(3)}} + INTERVAL 7 DAY
    WINDOW here AS (PARTITION BY matter_here ORDER BY at, contact_hash),
           anywhere AS (PARTITION BY matter ORDER BY at, contact_hash)
)
WHERE handled AND at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
"""
"""One row for each handled contact of the period that has a reason.

`first_here`, `first_anywhere`: the customer had no handled contact for the same reason in the 7 days before,
on the same channel or on any. `again_here`, `again_anywhere`: another contact follows within 7 days.
`unresolved`: the end of the contact says so.
"""


MEASURES: tuple[Measure, ...] = (
    Measure(
        name="first_contact_resolution",
        title="First-contact resolution",
        question="How often is a question resolved at the first contact?",
        unit="share",
        higher_is_better=True,
        definition="Resolved first contacts ÷ first contacts. A first contact was started in the period and "
        "handled, and no contact of the same customer, channel and reason was handled in the 7 days before. "
        "It is resolved if the customer does not contact us again on the same channel for the same reason "
        "within 7 days (answered or not), and its end does not say unresolved. Contacts without a reason and "
        "outbound contacts are left out. (In the industry, windows of 7 to 14 days are common.)",
        benchmark="Industry average: 70 %; world class: 80 % or more",
        base=FIRST,
        observed="contact",
        numerator="NOT (again_here OR unresolved)",
        where="first_here",
        settles=7 * DAY,
    ),
    Measure(
        name="one_contact_resolution",
        title="One-contact resolution",
        question="How often is a question resolved with one contact, across all channels?",
        unit="share",
        higher_is_better=True,
        definition="As first-contact resolution, across channels: another contact on any channel for the "
        "same reason within 7 days is a failure, and a first contact follows no contact on any channel.",
        benchmark="Industry average: 59 % across channels, 70 % within one channel",
        base=FIRST,
        observed="contact",
        numerator="NOT (again_anywhere OR unresolved)",
        where="first_anywhere",
        settles=7 * DAY,
    ),
    Measure(
        name="service_level",
        title="Service level",
        question="What share of queued contacts is answered within 20 seconds?",
        unit="share",
        higher_is_better=True,
        definition="Contacts answered within 20 s ÷ contacts queued in the period, each by its first queue. "
        "The wait is wait_seconds of the answer, or else the time between the two events.",
        benchmark="Industry standard: 80 % in 20 s",
        base=QUEUED,
        observed="contact",
        numerator="answered AND waited <= 20",
        inputs=("contact.answered",),
    ),
    Measure(
        name="abandonment",
        title="Abandonment rate",
        question="What share of queued callers hang up?",
        unit="share",
        higher_is_better=False,
        definition="Contacts abandoned in the queue after more than 10 s ÷ contacts queued in the period. "
        "Contacts abandoned sooner, callbacks (promise.made of kind callback with the contact_id) and "
        "hang-ups in the menu count in neither.",
        benchmark="Industry range: 5–8 %",
        base=QUEUED,
        observed="contact",
        numerator="abandoned",
        inputs=("contact.abandoned",),
        where="NOT called_back AND NOT (abandoned AND waited <= 10)",
    ),
    Measure(
        name="short_abandons",
        title="Short abandons",
        question="What share of queued callers hang up within 10 seconds?",
        unit="share",
        higher_is_better=False,
        definition="Contacts abandoned in the queue within 10 s ÷ contacts queued in the period, without "
        "callbacks.",
        benchmark="No industry figure; limits of 5 to 10 s are common",
        base=QUEUED,
        observed="contact",
        numerator="abandoned AND waited <= 10",
        inputs=("contact.abandoned",),
        where="NOT called_back",
    ),
    Measure(
        name="average_wait",
        title="Average speed of answer",
        question="How long do callers wait for an answer?",
        unit="seconds",
        higher_is_better=False,
        definition="Seconds waited ÷ contacts answered, of those queued in the period.",
        benchmark="Industry average: 28 s",
        base=QUEUED,
        observed="contact",
        numerator="waited",
        where="answered",
    ),
    Measure(
        name="transfer_rate",
        title="Transfer rate",
        question="What share of contacts is transferred?",
        unit="share",
        higher_is_better=False,
        definition="Contacts transferred at least once ÷ handled contacts started in the period. In the "
        "industry, satisfaction is 12 % and resolution 14 % lower after a transfer.",
        benchmark="Industry average: 19 % of calls",
        base=HANDLED,
        observed="contact",
        numerator="transferred",
        inputs=("contact.transferred",),
    ),
    Measure(
        name="escalation_rate",
        title="Escalation rate",
        question="What share of contacts is escalated?",
        unit="share",
        higher_is_better=False,
        definition="Contacts escalated at least once ÷ handled contacts started in the period.",
        benchmark="No industry figure",
        base=HANDLED,
        observed="contact",
        numerator="escalated",
        inputs=("contact.escalated",),
    ),
)
