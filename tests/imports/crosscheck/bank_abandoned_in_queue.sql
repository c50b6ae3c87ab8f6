-- Calls that waited in the queue and whose caller hung up. Table: calls.
-- As events: contact.abandoned where data.stage = queue; one a call.
-- A wait shows in q_start or q_exit: one call was queued at midnight sharp and has q_start 0:00:00.
SELECT count(*) AS found
FROM calls
WHERE outcome = 'HANG' AND (q_start <> '0:00:00' OR q_exit <> '0:00:00');
