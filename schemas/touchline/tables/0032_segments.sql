-- Segments and own funnels, as people write them on the page: the definition is YAML.
CREATE TABLE IF NOT EXISTS segments
(
    id         LowCardinality(String),
    definition String,
    author     String COMMENT 'who wrote this version, by their own account',
    written_at DateTime64(3, 'UTC'),
    deleted    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_segments AS
SELECT * FROM segments FINAL WHERE NOT deleted;

CREATE TABLE IF NOT EXISTS funnels
(
    id         LowCardinality(String),
    definition String,
    author     String,
    written_at DateTime64(3, 'UTC'),
    deleted    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_funnels AS
SELECT * FROM funnels FINAL WHERE NOT deleted;

-- Who is in a segment, as computed from time to time.
CREATE TABLE IF NOT EXISTS segment_members
(
    segment  LowCardinality(String),
    customer UUID,
    journey  UUID COMMENT 'all zeros in a segment of customers',
    member   UInt8 COMMENT '0 for one that is no longer in it',
    version  UInt64 COMMENT 'ms since 1970 of the computation; the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (segment, customer, journey)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_segment_members AS
SELECT segment, customer, journey FROM segment_members FINAL WHERE member;

CREATE TABLE IF NOT EXISTS segment_runs
(
    segment     LowCardinality(String),
    title       String,
    owner       String,
    computed_at DateTime64(3, 'UTC'),
    customers   UInt64,
    journeys    UInt64 COMMENT '0 in a segment of customers',
    error       String COMMENT 'why it could not be computed; its members are those of the run before',
    deleted     UInt8,
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY segment
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_segment_runs AS
SELECT * FROM segment_runs FINAL WHERE NOT deleted;
