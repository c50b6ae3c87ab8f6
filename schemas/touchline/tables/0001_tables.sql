-- Every statement may be run again: a crash between two of them is made good by the next start.

CREATE TABLE IF NOT EXISTS events
(
    id          String,
    type        LowCardinality(String),
    time        DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC'),
    channel     LowCardinality(String),
    source      LowCardinality(String),
    producer    LowCardinality(String),
    entity      String,
    identifiers Array(String),
    data        String CODEC(ZSTD(1)),
    context     String CODEC(ZSTD(1)),
    schema      UInt16,
    log_offset  UInt64 COMMENT 'the log record that brought the event: a replayed record is not a duplicate',
    INDEX by_time time TYPE minmax GRANULARITY 1,
    -- Is an id stored already? Asked for every event; at a million events 2 to 6 times as fast as a bloom filter.
    PROJECTION by_id (SELECT id, log_offset ORDER BY id)
)
ENGINE = ReplacingMergeTree
ORDER BY (entity, time, id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000,
         deduplicate_merge_projection_mode = 'rebuild', fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS identities
(
    entity   String COMMENT 'an identifier, kind:value',
    customer UUID,
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY entity
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS frictions
(
    id           UUID,
    rule         LowCardinality(String),
    rule_version LowCardinality(String),
    customer     UUID,
    journey      UUID,
    anchor       String COMMENT 'id of the event, or of the friction, that the signal hangs on',
    channel      LowCardinality(String),
    source       LowCardinality(String),
    opened_at    DateTime64(3, 'UTC'),
    detected_at  DateTime64(3, 'UTC'),
    resolved_at  Nullable(DateTime64(3, 'UTC')),
    status       Enum8('open' = 1, 'resolved' = 2, 'retracted' = 3),
    count        UInt32,
    evidence     Array(String),
    weight       UInt16,
    factor       LowCardinality(String),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (customer, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS journeys
(
    id         UUID,
    customer   UUID,
    first      String COMMENT 'id of the first event',
    start      DateTime64(3, 'UTC'),
    last       DateTime64(3, 'UTC'),
    path       Array(LowCardinality(String)),
    events     UInt32,
    contacts   UInt32,
    visits     UInt32,
    strikes    UInt32,
    score      UInt8,
    grade      LowCardinality(String),
    outcome    LowCardinality(String),
    wait_seconds UInt32,
    transfers  UInt32,
    channel_switches UInt32,
    repeats    UInt32,
    due_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'next deadline of the customer, on the last journey',
    superseded UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (customer, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS quarantine
(
    id          String COMMENT 'deterministic: a replayed record writes the same row',
    received_at DateTime64(3, 'UTC'),
    producer    LowCardinality(String),
    reason      LowCardinality(String) COMMENT 'one of the closed set of reasons',
    message     String COMMENT 'what was wrong, and what to do',
    field       String COMMENT 'where: a path into the event',
    body        String COMMENT 'the event, whole, as it came'
)
ENGINE = ReplacingMergeTree
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_frictions AS
SELECT * FROM frictions FINAL WHERE status != 'retracted';

CREATE VIEW IF NOT EXISTS current_journeys AS
SELECT * FROM journeys FINAL WHERE NOT superseded;

CREATE VIEW IF NOT EXISTS current_identities AS
SELECT * FROM identities FINAL;
