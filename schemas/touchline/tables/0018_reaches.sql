ALTER TABLE rule_sets ADD COLUMN IF NOT EXISTS rules Array(String)
    COMMENT 'the ids of the rules';
ALTER TABLE rule_sets ADD COLUMN IF NOT EXISTS reaches Array(UInt64)
    COMMENT 'ms: how far each of them looks back from a friction, in the order of the ids';
