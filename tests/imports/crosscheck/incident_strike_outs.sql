-- Callers' weeks with three frictions of the default pack: opened another incident of the same category within 7
-- days, of three channels within 3 days, first worked on after more than five minutes (by phone), on hold for more
-- than two minutes, handed on a second time within 7 days, and the service level missed. Table: log.
-- Frictions of a caller with at most 7 days from each to the next are one stretch; it is a strike-out once any three
-- of them fall within 7 days. As events: the default pack's strike_out.
WITH
    cut AS (
        SELECT
            *,
            instr(opened_at, '/') AS o1,
            instr(opened_at, '/') + instr(substr(opened_at, instr(opened_at, '/') + 1), '/') AS o2,
            instr(sys_updated_at, '/') AS u1,
            instr(sys_updated_at, '/') + instr(substr(sys_updated_at, instr(sys_updated_at, '/') + 1), '/') AS u2
        FROM log
    ),
    updates AS (
        SELECT
            number,
            place,
            -- An unknown caller is a customer of that one incident.
            CASE caller_id WHEN '?' THEN 'incident ' || number ELSE caller_id END AS customer,
            CASE contact_type WHEN 'IVR' THEN 'Phone' ELSE contact_type END AS channel,
            category,
            made_sla,
            incident_state AS state,
            lag(incident_state, 1, 'New') OVER incident AS before,
            CAST(reassignment_count AS INTEGER) AS transfers,
            CAST(reopen_count AS INTEGER) AS reopened,
            unixepoch(
                substr(opened_at, o2 + 1, 4)
                || '-' || substr('0' || substr(opened_at, o1 + 1, o2 - o1 - 1), -2)
                || '-' || substr('0' || substr(opened_at, 1, o1 - 1), -2)
                || substr(opened_at, o2 + 5)
            ) AS opened,
            unixepoch(
                substr(sys_updated_at, u2 + 1, 4)
                || '-' || substr('0' || substr(sys_updated_at, u1 + 1, u2 - u1 - 1), -2)
                || '-' || substr('0' || substr(sys_updated_at, 1, u1 - 1), -2)
                || substr(sys_updated_at, u2 + 5)
            ) AS at
        FROM cut
        WINDOW incident AS (PARTITION BY number ORDER BY place)
    ),
    changes AS (
        SELECT
            *,
            row_number() OVER incident = 1 AS is_first,
            transfers > coalesce(max(transfers) OVER earlier, 0) AS was_transferred,
            reopened > coalesce(max(reopened) OVER earlier, 0) AS was_reopened,
            sum(state = 'Active') OVER (incident ROWS UNBOUNDED PRECEDING) = 1 AND state = 'Active' AS first_active,
            sum(made_sla = 'false') OVER (incident ROWS UNBOUNDED PRECEDING) = 1 AND made_sla = 'false' AS missed,
            state LIKE 'Awaiting %' AS waits,
            before LIKE 'Awaiting %' AS waited,
            state IN ('Resolved', 'Closed') AS is_over,
            before IN ('Resolved', 'Closed') AS was_over
        FROM updates
        WINDOW
            incident AS (PARTITION BY number ORDER BY place),
            earlier AS (PARTITION BY number ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),
    started AS (
        SELECT customer, category, channel, number, opened AS at FROM changes WHERE is_first AND category <> '?'
    ),
    again AS (
        SELECT
            customer,
            at,
            lag(at) OVER matter AS before_at,
            lag(at, 2) OVER matter AS before_that
        FROM started
        WINDOW matter AS (PARTITION BY customer, category ORDER BY at, number)
    ),
    -- Incidents of one matter with at most 3 days from each to the next.
    runs AS (
        SELECT *, sum(begins) OVER (PARTITION BY customer, category ORDER BY at, number ROWS UNBOUNDED PRECEDING) AS run
        FROM (
            SELECT
                *,
                coalesce(at - lag(at) OVER (PARTITION BY customer, category ORDER BY at, number) > 259200, 1) AS begins
            FROM started
        )
    ),
    hops AS (
        SELECT late.customer, late.category, late.run, late.number, late.at
        FROM runs AS late
        INNER JOIN runs AS early
            ON early.customer = late.customer AND early.category = late.category
            AND early.at BETWEEN late.at - 259200 AND late.at
        GROUP BY late.number
        HAVING count(DISTINCT early.channel) >= 3
    ),
    handed AS (
        SELECT
            customer,
            at,
            lag(at) OVER theirs AS before_at,
            lag(at, 2) OVER theirs AS before_that
        FROM changes
        WHERE was_transferred
        WINDOW theirs AS (PARTITION BY customer, number ORDER BY at, transfers)
    ),
    frictions AS (
        SELECT customer, at FROM again
        WHERE at - before_at <= 604800 AND (before_that IS NULL OR before_at - before_that > 604800)
        UNION ALL
        SELECT customer, min(at) FROM hops GROUP BY customer, category, run
        UNION ALL
        SELECT customer, at FROM changes WHERE first_active AND channel = 'Phone' AND at - opened > 300
        UNION ALL
        SELECT customer, at + 120 FROM changes AS held
        WHERE waits AND NOT waited AND NOT EXISTS (
            SELECT 1 FROM changes AS later
            WHERE later.number = held.number AND later.customer = held.customer
                AND later.at BETWEEN held.at AND held.at + 120
                AND (
                    later.was_transferred OR later.was_reopened
                    OR (later.waited AND NOT later.waits AND NOT later.is_over)
                    -- Of the same minute, the end is read before the hold.
                    OR (later.is_over AND NOT later.was_over AND later.at > held.at)
                )
        )
        UNION ALL
        SELECT customer, at FROM handed
        WHERE at - before_at <= 604800 AND (before_that IS NULL OR before_at - before_that > 604800)
        UNION ALL
        SELECT customer, at FROM changes WHERE missed
    ),
    spaced AS (
        SELECT
            customer,
            at,
            lag(at) OVER theirs AS before_at,
            lag(at, 2) OVER theirs AS before_that
        FROM frictions
        WINDOW theirs AS (PARTITION BY customer ORDER BY at)
    ),
    stretches AS (
        SELECT
            customer,
            at - before_that <= 604800 AS third,
            sum(before_at IS NULL OR at - before_at > 604800)
                OVER (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING) AS stretch
        FROM spaced
    )
SELECT count(*) AS found
FROM (SELECT customer, stretch FROM stretches GROUP BY customer, stretch HAVING max(coalesce(third, 0)) = 1);
