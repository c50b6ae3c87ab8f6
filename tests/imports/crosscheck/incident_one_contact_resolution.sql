-- First incidents of March 2016 and those after which the caller opened no other of the same category within 7
-- days. A first incident was worked on, with none worked on of that caller and category in the 7 days before.
-- Worked on: the log shows it in another state than new, or with another group, before May. An unknown caller
-- is a customer of that one incident; incidents without a category are left out. Table: log.
-- As events: the measure one_contact_resolution.
WITH
    cut AS (
        SELECT
            number,
            place,
            caller_id,
            category,
            incident_state <> 'New' OR CAST(reassignment_count AS INTEGER) > 0 AS worked_on,
            opened_at AS opened,
            instr(opened_at, '/') AS slash,
            instr(opened_at, '/') + instr(substr(opened_at, instr(opened_at, '/') + 1), '/') AS slash2,
            substr(sys_updated_at, instr(sys_updated_at, '/') + 1) AS updated
        FROM log
    ),
    started AS (
        SELECT
            number,
            CASE caller_id WHEN '?' THEN number ELSE caller_id END AS customer,
            -- The first category that the log names: some are entered late.
            substr(min(CASE WHEN category <> '?' THEN printf('%09d', place) || category END)
                OVER (PARTITION BY number), 10) AS reason,
            unixepoch(
                substr(opened, slash2 + 1, 4)
                || '-' || substr('0' || substr(opened, slash + 1, slash2 - slash - 1), -2)
                || '-' || substr('0' || substr(opened, 1, slash - 1), -2)
                || substr(opened, slash2 + 5)
            ) AS at,
            row_number() OVER (PARTITION BY number ORDER BY place) AS nth,
            -- 4/2016 10:00 is month and year of an update.
            max(worked_on AND CAST(updated AS INTEGER) < 5 AND instr(updated, '/2016') > 0)
                OVER (PARTITION BY number) AS handled
        FROM cut
    ),
    -- Incidents of one minute follow each other by their numbers.
    ordered AS (
        SELECT
            *,
            at * 1000 + row_number() OVER (PARTITION BY customer, reason, at ORDER BY number) AS moment
        FROM started
        WHERE nth = 1 AND reason IS NOT NULL
    ),
    judged AS (
        SELECT
            at,
            handled,
            sum(handled) OVER (
                PARTITION BY customer, reason ORDER BY moment RANGE BETWEEN 604800999 PRECEDING AND 1 PRECEDING
            ) AS handled_before,
            count(*) OVER (
                PARTITION BY customer, reason ORDER BY moment RANGE BETWEEN 1 FOLLOWING AND 604800999 FOLLOWING
            ) AS opened_again
        FROM ordered
    )
SELECT sum(opened_again = 0) AS numerator, count(*) AS denominator
FROM judged
WHERE handled AND coalesce(handled_before, 0) = 0
    AND at >= unixepoch('2016-03-01') AND at < unixepoch('2016-04-01');
