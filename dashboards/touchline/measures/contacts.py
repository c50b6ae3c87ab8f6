"""Measures of contacts, and what they observe: SQL with a row a contact, each a `Measure.base`.

Rows of a contact are brought together by its id with aggregates that do not mind an event twice, so that
doubled rows cost nothing and never count. What the data of a step say is in `events.told`, read when the
event was written.
"""

from touchline.measures.measure import DAY, Measure
from touchline.measures.owners import owned

QUEUED = """
SELECT at, channel, source, queue, reason, least(answer.1, hung_up) AS ended,
       answer.1 <= hung_up AND answer.1 < toDateTime64('2299-01-01', 3) AS answered,
       NOT answered AND hung_up < toDateTime64('2299-01-01', 3) AS abandoned,
       NOT answered AND promised AS called_back,
       if((answered ? answer.2 : hung_up_after) >= 0, answered ? answer.2 : hung_up_after,
          dateDiff('millisecond', at, ended) / 1000) AS waited
FROM (
    SELECT contact,
           minIf(time, type = 'contact.queued') AS at,
           argMinIf(channel, time, type = 'contact.queued') AS channel,
           argMinIf(source, time, type = 'contact.queued') AS source,
           argMinIf(told_queue, time, type = 'contact.queued') AS queue,
           argMinIf(told_reason, time, told_reason != '') AS reason,
           arrayFirst(one -> one.1 >= at, arraySort(arrayPushBack(
               groupArrayIf((time, told_wait), type = 'contact.answered'),
               (toDateTime64('2299-01-01', 3), -1.)))) AS answer,
           arrayFirst(one -> one.1 >= at, arraySort(arrayPushBack(
               groupArrayIf((time, told_wait), type = 'contact.abandoned'),
               (toDateTime64('2299-01-01', 3), -1.)))) AS hang_up,
           hang_up.1 AS hung_up, hang_up.2 AS hung_up_after,
           countIf(type = 'promise.made' AND told_kind = 'callback') > 0 AS promised
    FROM (
        SELECT type, time, channel, source, told.contact_id AS contact, told.reason AS told_reason,
               told.queue AS told_queue, told.kind AS told_kind, ifNull(told.wait_seconds, -1) AS told_wait
        FROM events
        WHERE type IN ('contact.queued', 'contact.answered', 'contact.abandoned', 'promise.made')
          AND time >= {since:DateTime64(3)} - INTERVAL 1 DAY
          AND time < {until:DateTime64(3)} + INTERVAL 1 DAY
          AND contact != ''
    )
    GROUP BY contact
    HAVING at >= {since:DateTime64(3)} AND at < {until:DateTime64(3)}
)
"""
"""A row a contact that was queued in the span, at the time of its first queue.

`waited` (seconds until it was answered or abandoned), `answered`, `abandoned`, `called_back`.
"""

_HANDLED = """
SELECT contact,
       minIf(time, type = 'contact.started') AS at,
       argMinIf(entity, time, type = 'contact.started') AS entity,
       argMinIf(channel, time, type = 'contact.started') AS channel,
       argMinIf(source, time, type = 'contact.started') AS source,
       argMinIf(told_queue, time, told_queue != '') AS queue,
       argMinIf(told_reason, place, told_reason != '') AS reason,
       countIf(type = 'contact.started' AND told_direction = 'outbound') > 0 AS outbound,
       countIf(type NOT IN ('contact.started', 'contact.queued')) > 0 AS handled,
       countIf(type = 'contact.transferred') > 0 AS transferred,
       countIf(type = 'contact.escalated') > 0 AS escalated,
       argMaxIf(ifNull(told_resolved, 1) = 0, time, type = 'contact.ended' AND isNotNull(told_resolved))
           AS unresolved
FROM (
    SELECT type, time, channel, source, entity, told.contact_id AS contact, told.reason AS told_reason,
           told.queue AS told_queue, told.direction AS told_direction, told.resolved AS told_resolved,
           toUnixTimestamp64Milli(time) + if(type = 'contact.started', 0, 10000000000000) AS place
    FROM events
    WHERE type IN ('contact.started', 'contact.queued', 'contact.answered', 'contact.held',
                   'contact.transferred', 'contact.escalated', 'contact.ended')
      AND time >= {since:DateTime64(3)} - INTERVAL 7 DAY
      AND time < {until:DateTime64(3)} + INTERVAL 30 DAY
      AND contact != ''
)
GROUP BY contact
"""


HANDLED = f"""
SELECT at, channel, source, queue, reason, transferred, escalated
FROM ({_HANDLED})
WHERE handled AND at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
"""  # noqa: S608 - made of constants
"""A row a contact that was started in the span and reached someone: `transferred`, `escalated`."""

_BEGUN = """type = 'contact.started' AND time >= {since:DateTime64(3)} - INTERVAL 7 DAY
    AND time < {until:DateTime64(3)} + INTERVAL 7 DAY"""

_NEVER, _AGES = "toDateTime64('2299-01-01', 3, 'UTC')", "toDateTime64(0, 3, 'UTC')"

FIRST = f"""
SELECT at, channel, source, queue, reason, unresolved,
       before_here < at - INTERVAL 7 DAY AS first_here, after_here <= at + INTERVAL 7 DAY AS again_here,
       before_anywhere < at - INTERVAL 7 DAY AS first_anywhere,
       after_anywhere <= at + INTERVAL 7 DAY AS again_anywhere
FROM (
    SELECT at, channel, source, queue, reason, handled, unresolved, if(handled, at, {_AGES}) AS reached,
           sipHash64(customer, reason) AS matter, sipHash64(matter, channel) AS matter_here,
           max(reached) OVER (here ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_here,
           leadInFrame(at, 1, {_NEVER}) OVER (here ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS after_here,
           max(reached) OVER (anywhere ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_anywhere,
           leadInFrame(at, 1, {_NEVER}) OVER (anywhere ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
               AS after_anywhere
    FROM ({owned(_HANDLED, _BEGUN)})
    WHERE reason != '' AND NOT outbound AND at >= {{since:DateTime64(3)}} - INTERVAL 7 DAY
      AND at < {{until:DateTime64(3)}} + INTERVAL 7 DAY
    WINDOW here AS (PARTITION BY matter_here ORDER BY at, contact),
           anywhere AS (PARTITION BY matter ORDER BY at, contact)
)
WHERE handled AND at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
"""  # noqa: S608 - made of constants
"""A row a contact of the span about something that reached someone, on its channel (`_here`) or on any.

`first_…` where none did about the same in the 7 days before, `again_…` where the customer came back about it
within 7 days; `unresolved`, if its end says so.
"""


MEASURES: tuple[Measure, ...] = (
    Measure(
        "first_contact_resolution",
        1,
        "First-contact resolution",
        "How often is it settled at the first contact?",
        "share",
        True,
        "First contacts after which the customer did not come back on the same channel for the same reason "
        "within 7 days, and whose end does not say unresolved ÷ first contacts. A first contact was started "
        "in the span and reached someone, and none did by the same customer, channel and reason in the 7 "
        "days before. Coming back counts even where nobody answered. Contacts without a reason, "
        "and those in which we got in touch (direction outbound), are left out.",
        "average 70 %, good 70 to 79 %, world class 80 % and more; 7 days (7 to 14 in use)",
        FIRST,
        "NOT (again_here OR unresolved)",
        "first_here",
        settles=7 * DAY,
    ),
    Measure(
        "one_contact_resolution",
        1,
        "One-contact resolution",
        "How often is it settled with one contact, whatever the channels?",
        "share",
        True,
        "As first-contact resolution, across channels: coming back on any channel for the same reason "
        "within 7 days is a failure, and a first contact has none before it on any.",
        "59 % across channels, where it is 70 % within one",
        FIRST,
        "NOT (again_anywhere OR unresolved)",
        "first_anywhere",
        settles=7 * DAY,
    ),
    Measure(
        "service_level",
        1,
        "Service level",
        "Which share of those who queue is answered within 20 seconds?",
        "share",
        True,
        "Contacts answered within 20 s ÷ contacts queued in the span (each by its first queue). The wait is "
        "the answer's wait_seconds, else the time between the two events.",
        "80 % in 20 s",
        QUEUED,
        "answered AND waited <= 20",
    ),
    Measure(
        "abandonment",
        1,
        "Abandonment",
        "Which share of those who queue gives up?",
        "share",
        False,
        "Contacts abandoned in the queue after more than 10 s ÷ contacts queued in the span. Short "
        "abandons, calls back (promise.made of kind callback with the contact_id) and hang-ups in the menu "
        "are left out of both.",
        "5 to 8 %",
        QUEUED,
        "abandoned",
        "NOT called_back AND NOT (abandoned AND waited <= 10)",
    ),
    Measure(
        "short_abandons",
        1,
        "Short abandons",
        "Which share of those who queue is gone within 10 seconds?",
        "share",
        False,
        "Contacts abandoned in the queue within 10 s ÷ contacts queued in the span, without calls back.",
        "5 to 10 s, no standard; reported apart",
        QUEUED,
        "abandoned AND waited <= 10",
        "NOT called_back",
    ),
    Measure(
        "average_wait",
        1,
        "Average speed of answer",
        "How long does one wait for an answer?",
        "seconds",
        False,
        "Seconds waited ÷ contacts answered, of those queued in the span.",
        "28 s on average",
        QUEUED,
        "waited",
        "answered",
    ),
    Measure(
        "transfer_rate",
        1,
        "Transfers",
        "Which share of contacts is handed on?",
        "share",
        False,
        "Contacts transferred at least once ÷ contacts started in the span that reached someone.",
        "19 % of calls; satisfaction 12 % and resolution 14 % lower when transferred",
        HANDLED,
        "transferred",
    ),
    Measure(
        "escalation_rate",
        1,
        "Escalations",
        "Which share of contacts goes up?",
        "share",
        False,
        "Contacts escalated at least once ÷ contacts started in the span that reached someone.",
        "no number in use",
        HANDLED,
        "escalated",
    ),
)
