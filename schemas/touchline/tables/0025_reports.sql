-- Audits and weekly digests as they were made: to compare the next one with, and for the live page.
CREATE TABLE IF NOT EXISTS reports
(
    kind    LowCardinality(String) COMMENT 'audit or weekly',
    since   DateTime64(3, 'UTC') COMMENT 'the span that it is about',
    until   DateTime64(3, 'UTC'),
    made_at DateTime64(3, 'UTC'),
    content String CODEC(ZSTD(3)) COMMENT 'its values as JSON, without words of customers'
)
ENGINE = ReplacingMergeTree(made_at)
ORDER BY (kind, until)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Where each report was sent. A channel without a row may have it all the same: the row comes after the sending.
CREATE TABLE IF NOT EXISTS reports_sent
(
    kind    LowCardinality(String),
    until   DateTime64(3, 'UTC'),
    channel LowCardinality(String),
    sent_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(sent_at)
ORDER BY (kind, until, channel)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
