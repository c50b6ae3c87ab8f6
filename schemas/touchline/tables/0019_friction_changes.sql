-- The version of the last change that was announced; 0 for a friction that programs have not heard of.
ALTER TABLE frictions ADD COLUMN IF NOT EXISTS announced UInt64
    COMMENT 'version of the last change that was announced to programs; 0 for none';

-- What is announced to programs, in the order of its writing. A change may be there twice, at two positions.
CREATE TABLE IF NOT EXISTS friction_changes
(
    position     UInt64 COMMENT 'of the writing: milliseconds since 1970 or a little more, never less than before',
    id           UUID COMMENT 'of the change: derived from the subject and the version',
    kind         Enum8('opened' = 1, 'changed' = 2, 'resolved' = 3, 'retracted' = 4),
    subject      UUID COMMENT 'a friction of one customer: derived from both ids',
    customer     UUID COMMENT 'all zeros after the customer was forgotten, as friction and journey',
    identifier   String COMMENT 'the strongest one of the customer',
    friction     UUID,
    rule         LowCardinality(String),
    rule_version LowCardinality(String),
    journey      UUID,
    anchor       String,
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
    version      UInt64 COMMENT 'of the row of frictions: grows with every change of the friction'
)
ENGINE = MergeTree
ORDER BY (position, version, id)
TTL toDateTime(intDiv(position, 1000)) + INTERVAL 8 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- How far each webhook has delivered the changes.
CREATE TABLE IF NOT EXISTS outlets
(
    name     LowCardinality(String) COMMENT 'of the webhook',
    position UInt64 COMMENT 'of the last delivered change, as its version and id',
    change_version UInt64,
    change_id UUID,
    version  UInt64 COMMENT 'the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
