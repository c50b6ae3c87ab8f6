-- Frictions and journeys lie by week, and in it by customer: a question about a week reads that week alone, and not the
-- whole history. A row that comes to lie in another week replaces none there, so its worker takes the old one back.
--
-- Every statement may be run again. A worker of an older version that still runs cannot write meanwhile: the table that
-- it knows is renamed before its rows are copied. A copy that is there twice is one row once parts are merged.
CREATE TABLE IF NOT EXISTS frictions_by_week
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
    version      UInt64,
    announced    UInt64 COMMENT 'version of the last change that was announced to programs; 0 for none'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (toMonday(opened_at), customer, id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
         fsync_part_directory = 1;
RENAME TABLE IF EXISTS frictions TO frictions_before;
CREATE TABLE IF NOT EXISTS frictions_before AS frictions_by_week
ENGINE = ReplacingMergeTree(version)
ORDER BY (customer, id);
INSERT INTO frictions_by_week SELECT * FROM frictions_before FINAL;
DROP TABLE IF EXISTS frictions_before;
RENAME TABLE IF EXISTS frictions_by_week TO frictions;

CREATE TABLE IF NOT EXISTS journeys_by_week
(
    id           UUID,
    customer     UUID,
    first        String COMMENT 'id of the first event',
    start        DateTime64(3, 'UTC'),
    last         DateTime64(3, 'UTC'),
    path         Array(LowCardinality(String)),
    events       UInt32,
    contacts     UInt32,
    visits       UInt32,
    strikes      UInt32,
    score        UInt8,
    grade        LowCardinality(String),
    outcome      LowCardinality(String),
    wait_seconds UInt32,
    transfers    UInt32,
    channel_switches UInt32,
    repeats      UInt32,
    due_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'next deadline of the customer, on the last journey',
    superseded   UInt8,
    version      UInt64,
    way_begun    Array(DateTime64(3, 'UTC')) COMMENT 'for each way from a cart to an order, the time of its first step',
    way_channel  Array(LowCardinality(String)) COMMENT 'of the first step',
    way_source   Array(LowCardinality(String)) COMMENT 'of the first step',
    way_reached  Array(UInt8) COMMENT 'the furthest step, from 1 to 4',
    way_next     Array(LowCardinality(String)) COMMENT 'type of the event that came next; empty for none',
    way_met      Array(UInt8) COMMENT '1 if a friction hangs on that event'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (toMonday(last), customer, id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
         fsync_part_directory = 1;
RENAME TABLE IF EXISTS journeys TO journeys_before;
CREATE TABLE IF NOT EXISTS journeys_before AS journeys_by_week
ENGINE = ReplacingMergeTree(version)
ORDER BY (customer, id);
INSERT INTO journeys_by_week SELECT * FROM journeys_before FINAL;
DROP TABLE IF EXISTS journeys_before;
RENAME TABLE IF EXISTS journeys_by_week TO journeys;
