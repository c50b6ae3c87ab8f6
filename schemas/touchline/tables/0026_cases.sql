-- What staff did about each friction: its last assignment and its last closing or reopening count. The events are
-- ordered by (time, phase, id), as all are.
CREATE VIEW IF NOT EXISTS current_cases AS
SELECT friction, min(time) AS taken_up_at, max(time) AS changed_at,
       argMaxIf(assignee, place, type = 'case.assigned') AS assignee,
       argMaxIf(type, place, type IN ('case.closed', 'case.reopened')) = 'case.closed' AS is_closed,
       if(is_closed, argMaxIf(time, place, type = 'case.closed'), NULL) AS closed_at,
       if(is_closed, argMaxIf(doer, place, type = 'case.closed'), '') AS closed_by,
       if(is_closed, argMaxIf(verdict, place, type = 'case.closed'), '') AS verdict,
       uniqExactIf(id, comment != '') AS comments
FROM
(
    SELECT type, time, id,
           toUUIDOrZero(JSONExtractString(data, 'friction_id')) AS friction,
           JSONExtractString(data, 'assignee') AS assignee,
           JSONExtractString(data, 'by') AS doer,
           JSONExtractString(data, 'verdict') AS verdict,
           JSONExtractString(data, 'comment') AS comment,
           (time, transform(type, ['case.assigned', 'case.commented', 'case.closed', 'case.reopened'],
                            [1, 5, 8, 9], 5), id) AS place
    FROM events
    WHERE type IN ('case.assigned', 'case.commented', 'case.closed', 'case.reopened')
)
GROUP BY friction;
