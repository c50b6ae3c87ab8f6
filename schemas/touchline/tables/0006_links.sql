CREATE TABLE IF NOT EXISTS links
(
    identifiers Array(String) COMMENT 'what occurred together in an event, strongest first: taken into account'
)
ENGINE = ReplacingMergeTree
ORDER BY identifiers
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Whose an identifier is, and who else is of that customer: asked for every customer that is folded anew.
ALTER TABLE identities MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE identities ADD PROJECTION IF NOT EXISTS by_customer (SELECT customer, entity ORDER BY customer);
ALTER TABLE identities MATERIALIZE PROJECTION by_customer;
