-- What people do about incidents. An act is never changed: a later act of its kind about the same replaces it.
CREATE TABLE IF NOT EXISTS alert_acts
(
    id          String,
    act         LowCardinality(String) COMMENT 'acknowledge, verdict, snooze, mute or expect',
    alert       String COMMENT 'the incident; empty for a mute',
    fingerprint String COMMENT 'of the incident: late events may give it another id',
    rule        LowCardinality(String) COMMENT 'of the alert rules',
    labels      Array(String) COMMENT 'name=value: a mute concerns incidents with all of them',
    opened_at   DateTime64(3, 'UTC') COMMENT 'of the incident, when the act was written',
    last_at     DateTime64(3, 'UTC') COMMENT 'the end of the incident, or when the act was written',
    ends_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'when the act ends; written_at for one that ends an earlier act',
    times       Float64 COMMENT 'a snooze ends at so many times the customers; 0 for none',
    customers   UInt32 COMMENT 'of the incident, when the act was written',
    verdict     LowCardinality(String) COMMENT 'real, noise or known',
    change      String COMMENT 'the change_id of the change that should end the incident',
    comment     String,
    author      String COMMENT 'who wrote this, by their own account',
    written_at  DateTime64(3, 'UTC'),
    deleted     UInt8,
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_alert_acts AS
SELECT * FROM alert_acts FINAL WHERE NOT deleted;

-- What was not notified, and why. It follows from incidents, acts and the alerts file.
CREATE TABLE IF NOT EXISTS held_alerts
(
    id          UUID COMMENT 'derived from the incident, the reason and when it began to hold',
    alert       UUID,
    fingerprint UUID,
    rule        LowCardinality(String),
    title       String,
    labels      Array(String),
    reason      LowCardinality(String) COMMENT 'window, mute, snooze, inhibit or flapping',
    name        String COMMENT 'of the window or of the rule that inhibits, or who muted',
    channels    Array(String) COMMENT 'which were not notified; empty for all',
    began_at    DateTime64(3, 'UTC'),
    ended_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'NULL while it is held',
    count       UInt32 COMMENT 'frictions or events meanwhile',
    customers   UInt32 COMMENT 'whom they met',
    deleted     UInt8 COMMENT 'late events showed that nothing was held',
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (rule, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_held_alerts AS
SELECT * FROM held_alerts FINAL WHERE NOT deleted;

ALTER TABLE outbox ADD COLUMN IF NOT EXISTS told_act UInt64 COMMENT 'written_at (ms) of the newest act that the channel was told of';
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS followed UInt8 COMMENT 'how many times it was told what became of the incident';
