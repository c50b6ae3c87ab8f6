-- What occurred together, by each identifier: asked for those that a flush names, so that a start reads nothing of it.
CREATE TABLE IF NOT EXISTS occurrences
(
    identifier  String,
    identifiers Array(String) COMMENT 'a set that it was in, strongest first: taken into account'
)
ENGINE = ReplacingMergeTree
ORDER BY (identifier, identifiers)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000,
         fsync_after_insert = 1, fsync_part_directory = 1;
INSERT INTO occurrences
SELECT arrayJoin(identifiers) AS identifier, identifiers FROM
(
    SELECT identifiers FROM events WHERE length(identifiers) > 1
    UNION ALL
    SELECT identifiers FROM links
);
