-- The ways from a cart to an order in a journey (docs/semantics.md): a panel reads them, and not the events.
ALTER TABLE journeys ADD COLUMN IF NOT EXISTS way_begun Array(DateTime64(3, 'UTC'))
    COMMENT 'for each way from a cart to an order, the time of its first step';
ALTER TABLE journeys ADD COLUMN IF NOT EXISTS way_channel Array(LowCardinality(String)) COMMENT 'of the first step';
ALTER TABLE journeys ADD COLUMN IF NOT EXISTS way_source Array(LowCardinality(String)) COMMENT 'of the first step';
ALTER TABLE journeys ADD COLUMN IF NOT EXISTS way_reached Array(UInt8) COMMENT 'the furthest step, from 1 to 4';
ALTER TABLE journeys ADD COLUMN IF NOT EXISTS way_next Array(LowCardinality(String))
    COMMENT 'type of the event that came next; empty for none';
ALTER TABLE journeys ADD COLUMN IF NOT EXISTS way_met Array(UInt8) COMMENT '1 if a friction hangs on that event';
CREATE OR REPLACE VIEW current_journeys AS
SELECT * FROM journeys FINAL WHERE NOT superseded;
