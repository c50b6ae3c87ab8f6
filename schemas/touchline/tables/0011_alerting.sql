-- An incident names journeys and no customer: whose a journey is, the journeys say, for as long as it is kept there.
ALTER TABLE alerts DROP COLUMN IF EXISTS evidence_customers;
CREATE OR REPLACE VIEW current_alerts AS
SELECT * FROM alerts FINAL WHERE status != 'retracted';

-- Of work that one process does at a time. Each row is inserted with its name and term as the token, so that of
-- several that claim a term the first has it.
CREATE TABLE IF NOT EXISTS leases
(
    name   LowCardinality(String) COMMENT 'of the work',
    term   UInt64 COMMENT 'one more with every renewal and every change of hands; the highest counts',
    holder String COMMENT 'who does the work; empty where it was given back'
)
ENGINE = ReplacingMergeTree(term)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
