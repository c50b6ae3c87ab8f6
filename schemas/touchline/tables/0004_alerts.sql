CREATE TABLE IF NOT EXISTS alerts
(
    id          UUID COMMENT 'an incident: derived from the rule, the labels and when it began',
    fingerprint UUID COMMENT 'derived from the rule and the labels alone: what receivers know it by',
    rule        LowCardinality(String) COMMENT 'of the alert rules',
    kind        LowCardinality(String),
    title       String,
    severity    LowCardinality(String) COMMENT 'critical, warning or info',
    labels      Array(String) COMMENT 'where: name=value, in the order in which the rule names them',
    opened_at   DateTime64(3, 'UTC') COMMENT 'when the condition began to hold, by the times of the events',
    detected_at DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    status      Enum8('firing' = 1, 'resolved' = 2, 'retracted' = 3),
    count       UInt32 COMMENT 'frictions or events, from the first that counted towards it',
    customers   UInt32 COMMENT 'whom they met',
    usual       Nullable(Float64) COMMENT 'what the window holds at this time of earlier weeks',
    evidence    Array(String) COMMENT 'up to three journeys',
    evidence_customers Array(String) COMMENT 'whose they are, in the same order',
    summary     String COMMENT 'one sentence for people',
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (rule, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_alerts AS
SELECT * FROM alerts FINAL WHERE status != 'retracted';

-- What a channel still has to be told follows from `alerts` and from what it was told.
CREATE TABLE IF NOT EXISTS outbox
(
    channel     LowCardinality(String),
    fingerprint UUID,
    alert       UUID COMMENT 'the incident that it was told of last, or is to be told of',
    told        Enum8('nothing' = 0, 'firing' = 1, 'resolved' = 2) COMMENT 'what the channel took last',
    told_at     Nullable(DateTime64(3, 'UTC')),
    told_version UInt64 COMMENT 'the version of the alert that it took',
    attempts    UInt32 COMMENT 'failed ones since',
    failing_since Nullable(DateTime64(3, 'UTC')),
    next_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'when it is tried again',
    error       String,
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (channel, fingerprint)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
