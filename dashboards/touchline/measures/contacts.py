"""What is observed of contacts: SQL with a row a contact, to be a `Measure.base`.

Rows of a contact are brought together by its id with aggregates that do not mind an event twice, so that
doubled rows cost nothing and never count. What the data of a step say is in `events.told`, read when the
event was written.
"""

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
