CREATE TABLE IF NOT EXISTS accounts
(
    id          UUID COMMENT 'deterministic: a repeated batch, or a replayed record, writes the same row',
    at          DateTime64(3, 'UTC'),
    producer    LowCardinality(String),
    client      String COMMENT 'which process of the producer; empty where the sender does not say',
    batch       UInt64 COMMENT 'a row of the door: one request; empty columns in a row of the worker',
    first       UInt64 COMMENT 'events that left the queue of the client before those of this batch',
    events      UInt32 COMMENT 'that came with the request',
    quarantined UInt32,
    repeated    UInt32 COMMENT 'within the request',
    emitted     UInt64 COMMENT 'by the client, since it began; so are queued and lost',
    queued      UInt64,
    lost        String COMMENT 'by the client, as JSON: {reason: count}',
    stored      UInt32 COMMENT 'a row of the worker: what became of the events of one log record',
    duplicates  UInt32,
    suppressed  UInt32
)
ENGINE = ReplacingMergeTree(emitted)
ORDER BY (producer, client, batch, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
