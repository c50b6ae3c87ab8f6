CREATE TABLE IF NOT EXISTS rule_sets
(
    fingerprint String COMMENT 'of the rules and the journey gap that every customer is folded by',
    in_force_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY in_force_at;
