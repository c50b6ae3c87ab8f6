CREATE TABLE IF NOT EXISTS identity_laws
(
    fingerprint String COMMENT 'of the law and the limits that every identifier is decided by',
    in_force_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY in_force_at;
