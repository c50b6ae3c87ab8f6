CREATE TABLE events
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
    INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_time time TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (entity, time, id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE identities
(
    entity   String COMMENT 'an identifier, kind:value',
    customer UUID,
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY entity
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE frictions
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
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE journeys
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
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE quarantine
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
ORDER BY (received_at, id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE VIEW current_frictions AS
SELECT * FROM frictions FINAL WHERE status != 'retracted';

CREATE VIEW current_journeys AS
SELECT * FROM journeys FINAL WHERE NOT superseded;

CREATE VIEW current_identities AS
SELECT * FROM identities FINAL;
