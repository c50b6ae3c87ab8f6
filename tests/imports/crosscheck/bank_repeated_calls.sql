-- Bursts of calls: an identified customer's calls, each at most a day after the one before, at least two of
-- them. Table: calls.
-- As events: repeat of contact.started, count 2, within 1d, with no key.
WITH
    started AS (
        SELECT
            customer_id AS customer,
            unixepoch(
                '19' || substr(date, 1, 2) || '-' || substr(date, 3, 2) || '-' || substr(date, 5, 2)
                || ' ' || substr('0' || vru_entry, -8)
            ) AS at
        FROM calls
        WHERE outcome <> 'PHANTOM' AND customer_id <> '0'
    ),
    pairs AS (
        SELECT
            at - lag(at) OVER byTime AS gap,
            lead(at) OVER byTime - at AS next_gap
        FROM started
        WINDOW byTime AS (PARTITION BY customer ORDER BY at)
    )
-- A burst is counted at its first call: none within a day before, one within a day after.
SELECT count(*) AS found
FROM pairs
WHERE (gap IS NULL OR gap > 86400) AND next_gap <= 86400;
