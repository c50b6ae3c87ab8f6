CREATE TABLE IF NOT EXISTS ledger
(
    id          String,
    at          DateTime64(3, 'UTC'),
    who         String COMMENT 'the operator',
    what        Enum8('split' = 1, 'unsplit' = 2, 'erase' = 3, 'readmit' = 4),
    identifiers Array(String) COMMENT 'the pair of a split or unsplit',
    hashes      Array(String) COMMENT 'what an erase forgets, or a readmit lets in again: salted hashes alone',
    salt        String,
    reason      String,
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
