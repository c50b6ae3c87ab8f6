-- Bursts of incidents: a known caller's incidents, each opened at most seven days after the one before, at
-- least two of them. Table: log.
-- As events: repeat of contact.started, count 2, within 7d, with no key.
WITH
    firsts AS (
        SELECT number, caller_id, opened_at, row_number() OVER (PARTITION BY number ORDER BY place) AS nth
        FROM log
    ),
    cut AS (
        SELECT
            caller_id,
            opened_at,
            instr(opened_at, '/') AS slash,
            instr(opened_at, '/') + instr(substr(opened_at, instr(opened_at, '/') + 1), '/') AS slash2
        FROM firsts
        WHERE nth = 1 AND caller_id <> '?'
    ),
    started AS (
        SELECT
            caller_id AS customer,
            unixepoch(
                substr(opened_at, slash2 + 1, 4)
                || '-' || substr('0' || substr(opened_at, slash + 1, slash2 - slash - 1), -2)
                || '-' || substr('0' || substr(opened_at, 1, slash - 1), -2)
                || substr(opened_at, slash2 + 5)
            ) AS at
        FROM cut
    ),
    pairs AS (
        SELECT
            at - lag(at) OVER byTime AS gap,
            lead(at) OVER byTime - at AS next_gap
        FROM started
        WINDOW byTime AS (PARTITION BY customer ORDER BY at)
    )
SELECT count(*) AS found
FROM pairs
WHERE (gap IS NULL OR gap > 7 * 86400) AND next_gap <= 7 * 86400;
