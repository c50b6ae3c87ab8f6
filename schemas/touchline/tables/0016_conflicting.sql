ALTER TABLE accounts ADD COLUMN IF NOT EXISTS conflicting UInt32
    COMMENT 'of repeated and duplicates: other content than the first event with the id';
