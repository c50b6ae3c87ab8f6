-- What people write on the live page. Each of these tables has the columns id, author, written_at, deleted and version;
-- of the rows of an id, the one with the highest version counts.
CREATE TABLE IF NOT EXISTS notes
(
    id         String,
    starts_at  DateTime64(3, 'UTC') COMMENT 'the moment or the period that the note is about',
    ends_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'NULL for a moment',
    text       String,
    dashboard  LowCardinality(String) COMMENT 'where it is shown; empty for all dashboards',
    rule       LowCardinality(String) COMMENT 'that it is about; empty for none',
    author     String COMMENT 'who wrote this version, by their own account',
    written_at DateTime64(3, 'UTC'),
    deleted    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_notes AS
SELECT * FROM notes FINAL WHERE NOT deleted;

CREATE TABLE IF NOT EXISTS goals
(
    id         LowCardinality(String) COMMENT 'the name of the measure',
    value      Float64 COMMENT 'in the unit of the measure',
    author     String,
    written_at DateTime64(3, 'UTC'),
    deleted    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_goals AS
SELECT * FROM goals FINAL WHERE NOT deleted;
