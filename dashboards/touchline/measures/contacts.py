"""What is observed of contacts: SQL with a row a contact, to be a `Measure.base`.

Rows of a contact are brought together by its id with aggregates that do not mind an event twice, so that
doubled rows cost nothing and never count.
"""

from touchline.measures.owners import owners

_READ = """
SELECT type, time, channel, source, entity,
       JSONExtract(data, 'Tuple(contact_id String, reason String, queue String, kind String, direction String,
           wait_seconds Nullable(Float64), resolved Nullable(Bool))') AS told
FROM events
"""

QUEUED = f"""
SELECT at, channel, source, queue, reason, least(answer.1, hung_up) AS ended,
       answer.1 <= hung_up AND answer.1 < toDateTime64('2299-01-01', 3) AS answered,
       NOT answered AND hung_up < toDateTime64('2299-01-01', 3) AS abandoned,
       NOT answered AND promised AS called_back,
       if((answered ? answer.2 : hung_up_after) >= 0, answered ? answer.2 : hung_up_after,
          dateDiff('millisecond', at, ended) / 1000) AS waited
FROM (
    SELECT told.contact_id AS contact,
           minIf(time, type = 'contact.queued') AS at,
           argMinIf(channel, time, type = 'contact.queued') AS channel,
           argMinIf(source, time, type = 'contact.queued') AS source,
           argMinIf(told.queue, time, type = 'contact.queued') AS queue,
           argMinIf(told.reason, time, told.reason != '') AS reason,
           arrayFirst(one -> one.1 >= at, arraySort(arrayPushBack(
               groupArrayIf((time, ifNull(told.wait_seconds, -1)), type = 'contact.answered'),
               (toDateTime64('2299-01-01', 3), -1.)))) AS answer,
           arrayFirst(one -> one.1 >= at, arraySort(arrayPushBack(
               groupArrayIf((time, ifNull(told.wait_seconds, -1)), type = 'contact.abandoned'),
               (toDateTime64('2299-01-01', 3), -1.)))) AS hang_up,
           hang_up.1 AS hung_up, hang_up.2 AS hung_up_after,
           countIf(type = 'promise.made' AND told.kind = 'callback') > 0 AS promised
    FROM ({_READ}
        WHERE type IN ('contact.queued', 'contact.answered', 'contact.abandoned', 'promise.made')
          AND time >= {{since:DateTime64(3)}} - INTERVAL 1 DAY
          AND time < {{until:DateTime64(3)}} + INTERVAL 1 DAY)
    WHERE contact != ''
    GROUP BY contact
    HAVING at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
)
"""  # noqa: S608 - made of constants
"""A row a contact that was queued in the span, at the time of its first queue.

`waited` (seconds until it was answered or abandoned), `answered`, `abandoned`, `called_back`.
"""

_HANDLED = f"""
SELECT told.contact_id AS contact,
       minIf(time, type = 'contact.started') AS at,
       argMinIf(entity, time, type = 'contact.started') AS entity,
       argMinIf(channel, time, type = 'contact.started') AS channel,
       argMinIf(source, time, type = 'contact.started') AS source,
       argMinIf(told.queue, time, told.queue != '') AS queue,
       argMinIf(told.reason, (type != 'contact.started', time), told.reason != '') AS reason,
       countIf(type = 'contact.started' AND told.direction = 'outbound') > 0 AS outbound,
       countIf(type NOT IN ('contact.started', 'contact.queued')) > 0 AS handled,
       countIf(type = 'contact.transferred') > 0 AS transferred,
       countIf(type = 'contact.escalated') > 0 AS escalated,
       argMaxIf(ifNull(told.resolved, 1) = 0, time, type = 'contact.ended' AND isNotNull(told.resolved))
           AS unresolved
FROM ({_READ}
    WHERE type IN ('contact.started', 'contact.queued', 'contact.answered', 'contact.held',
                   'contact.transferred', 'contact.escalated', 'contact.ended')
      AND time >= {{since:DateTime64(3)}} - INTERVAL 7 DAY
      AND time < {{until:DateTime64(3)}} + INTERVAL 30 DAY)
WHERE contact != ''
GROUP BY contact
"""  # noqa: S608 - made of constants


HANDLED = f"""
SELECT at, channel, source, queue, reason, transferred, escalated
FROM ({_HANDLED})
WHERE handled AND at >= {{since:DateTime64(3)}} AND at < {{until:DateTime64(3)}}
"""  # noqa: S608 - made of constants
"""A row a contact that was started in the span and reached someone: `transferred`, `escalated`."""

_BEGUN = """type = 'contact.started' AND time >= {since:DateTime64(3)} - INTERVAL 7 DAY
    AND time < {until:DateTime64(3)} + INTERVAL 7 DAY"""

FIRST = f"""
SELECT one.1 AS at, one.3 AS channel, one.4 AS source, one.5 AS queue, reason, one.7 AS unresolved,
       arrayFilter(other -> other.6 AND (other.1, other.2) < (one.1, one.2)
                            AND other.1 >= one.1 - INTERVAL 7 DAY, own) AS before,
       arrayFilter(other -> (other.1, other.2) > (one.1, one.2)
                            AND other.1 <= one.1 + INTERVAL 7 DAY, own) AS after,
       NOT arrayExists(other -> other.3 = one.3, before) AS first_here,
       arrayExists(other -> other.3 = one.3, after) AS again_here,
       empty(before) AS first_anywhere, notEmpty(after) AS again_anywhere
FROM (
    SELECT reason, groupArray((at, contact, channel, source, queue, handled, unresolved)) AS own
    FROM ({_HANDLED}) AS contacts
    INNER JOIN ({owners(_BEGUN)}) AS owners USING (entity)
    WHERE reason != '' AND NOT outbound AND at >= {{since:DateTime64(3)}} - INTERVAL 7 DAY
      AND at < {{until:DateTime64(3)}} + INTERVAL 7 DAY
    GROUP BY customer, reason
)
ARRAY JOIN arrayFilter(
    other -> other.6 AND other.1 >= {{since:DateTime64(3)}} AND other.1 < {{until:DateTime64(3)}}, own) AS one
"""  # noqa: S608 - made of constants
"""A row a contact of the span about something that reached someone, on its channel (`_here`) or on any.

`first_…` where none did about the same in the 7 days before, `again_…` where the customer came back about it
within 7 days; `unresolved`, if its end says so.
"""
