-- First contacts of January, and those after which nobody called again. Table: calls.
-- A first contact was answered by an agent, with none answered of the same customer and type of call in the 7
-- days before; it was enough where no call of theirs followed within 7 days, answered or not. An unidentified
-- caller is a customer of that one call. As events: the measure first_contact_resolution.
WITH
    started AS (
        SELECT
            CASE customer_id WHEN '0' THEN 'call ' || place ELSE customer_id END AS customer,
            CASE WHEN type IN ('PS', 'PE', 'NE', 'NW', 'IN', 'TT') THEN type ELSE 'other' END AS reason,
            outcome = 'AGENT' AS answered,
            date,
            unixepoch(
                '19' || substr(date, 1, 2) || '-' || substr(date, 3, 2) || '-' || substr(date, 5, 2)
                || ' ' || substr('0' || vru_entry, -8)
            ) AS at
        FROM calls
        WHERE outcome <> 'PHANTOM'
    ),
    judged AS (
        SELECT
            date,
            answered,
            sum(answered) OVER (
                PARTITION BY customer, reason ORDER BY at RANGE BETWEEN 604800 PRECEDING AND 1 PRECEDING
            ) AS answered_before,
            count(*) OVER (
                PARTITION BY customer, reason ORDER BY at RANGE BETWEEN 1 FOLLOWING AND 604800 FOLLOWING
            ) AS called_again
        FROM started
    )
SELECT sum(called_again = 0) AS numerator, count(*) AS denominator
FROM judged
WHERE answered AND coalesce(answered_before, 0) = 0 AND date LIKE '9901%';
