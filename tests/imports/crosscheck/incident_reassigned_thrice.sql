-- Incidents reassigned three times or more. Table: log.
-- As events: contact.transferred where data.transfers = 3; one an incident. A repeat of contact.transferred,
-- count 3, key data.contact_id finds the same once its `within` spans an incident's whole life.
SELECT count(*) AS found
FROM (SELECT number FROM log GROUP BY number HAVING max(CAST(reassignment_count AS INTEGER)) >= 3);
