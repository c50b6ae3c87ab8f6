-- First incidents of March 2016 and those after which the caller opened no other of the same category within 7
-- days: first by whatever channel, then each channel by itself. A first incident was worked on, with none worked on
-- of that caller and category (and channel) in the 7 days before.
-- Worked on: the log shows it in another state than new, or with another group, before May. An unknown caller
-- is a customer of that one incident; incidents without a category are left out. Table: log.
-- As events: the measures one_contact_resolution and first_contact_resolution.
WITH
    cut AS (
        SELECT
            number,
            place,
            caller_id,
            category,
            CASE contact_type WHEN 'IVR' THEN 'Phone' ELSE contact_type END AS channel,
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
            channel,
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
            sum(handled) OVER before AS handled_before,
            count(*) OVER after AS opened_again,
            sum(handled) OVER before_here AS handled_before_here,
            count(*) OVER after_here AS opened_again_here
        FROM ordered
        WINDOW
            matter AS (PARTITION BY customer, reason ORDER BY moment),
            here AS (PARTITION BY customer, reason, channel ORDER BY moment),
            before AS (matter RANGE BETWEEN 604800999 PRECEDING AND 1 PRECEDING),
            after AS (matter RANGE BETWEEN 1 FOLLOWING AND 604800999 FOLLOWING),
            before_here AS (here RANGE BETWEEN 604800999 PRECEDING AND 1 PRECEDING),
            after_here AS (here RANGE BETWEEN 1 FOLLOWING AND 604800999 FOLLOWING)
    ),
    firsts AS (
        SELECT
            coalesce(handled_before, 0) = 0 AS of_all,
            opened_again = 0 AS enough,
            coalesce(handled_before_here, 0) = 0 AS of_channel,
            opened_again_here = 0 AS enough_here
        FROM judged
        WHERE handled AND at >= unixepoch('2016-03-01') AND at < unixepoch('2016-04-01')
    )
SELECT
    sum(of_all AND enough) AS one_numerator,
    sum(of_all) AS one_denominator,
    sum(of_channel AND enough_here) AS first_numerator,
    sum(of_channel) AS first_denominator
FROM firsts;
