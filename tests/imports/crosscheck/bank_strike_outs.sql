-- Customers' weeks with three frictions of the default pack: given up in the menu or in the queue, answered after
-- more than five minutes, and a first call again about the same thing within 7 days. Table: calls.
-- Frictions of a customer with at most 7 days from each to the next are one stretch; it is a strike-out once any
-- three of them fall within 7 days. As events: the default pack's strike_out.
WITH
    clocks AS (
        SELECT
            place,
            CASE customer_id WHEN '0' THEN 'call ' || place ELSE customer_id END AS customer,
            CASE WHEN type IN ('PS', 'PE', 'NE', 'NW', 'IN', 'TT') THEN type ELSE 'other' END AS reason,
            outcome,
            CAST(vru_time AS INTEGER) AS in_menu,
            CAST(q_time AS INTEGER) AS waited,
            q_start <> '0:00:00' OR q_exit <> '0:00:00' AS queued,
            '19' || substr(date, 1, 2) || '-' || substr(date, 3, 2) || '-' || substr(date, 5, 2) AS day,
            vru_entry,
            CASE
                WHEN outcome = 'AGENT' AND (ser_start <> '0:00:00' OR ser_exit <> '0:00:00') THEN ser_start
                WHEN q_start <> '0:00:00' OR q_exit <> '0:00:00' THEN q_exit
                ELSE vru_exit
            END AS left_at
        FROM calls
        WHERE outcome <> 'PHANTOM'
    ),
    timed AS (
        SELECT
            *,
            unixepoch(day || ' ' || substr('0' || vru_entry, -8)) AS began,
            unixepoch(day || ' ' || substr('0' || left_at, -8)) AS raw
        FROM clocks
    ),
    ended AS (
        -- A clock that is back by more than half a day has passed midnight; one that is back by less was set.
        SELECT *, max(began, CASE WHEN raw < began - 43200 THEN raw + 86400 ELSE raw END) AS over FROM timed
    ),
    again AS (
        SELECT
            customer,
            began AS at,
            lag(began) OVER matter AS before_at,
            lag(began, 2) OVER matter AS before_that
        FROM timed
        WINDOW matter AS (PARTITION BY customer, reason ORDER BY began, place)
    ),
    frictions AS (
        SELECT customer, over AS at FROM ended
        WHERE outcome = 'HANG' AND (queued OR (in_menu > 0 AND over - began <= 3600))
        UNION ALL
        SELECT customer, over FROM ended WHERE outcome = 'AGENT' AND waited > 300
        UNION ALL
        SELECT customer, at FROM again
        WHERE at - before_at <= 604800 AND (before_that IS NULL OR before_at - before_that > 604800)
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
