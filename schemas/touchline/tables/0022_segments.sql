-- The team of the agent, and the store of what happened there: panels filter by them.
ALTER TABLE events ADD COLUMN IF NOT EXISTS team LowCardinality(String)
    MATERIALIZED if(startsWith(type, 'contact.'), JSONExtractString(data, 'team'), '');
ALTER TABLE events ADD COLUMN IF NOT EXISTS store LowCardinality(String)
    MATERIALIZED if(startsWith(type, 'contact.') OR channel = 'store', JSONExtractString(data, 'store'), '');
ALTER TABLE events DROP PROJECTION IF EXISTS by_type;
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_type
    (SELECT type, time, received_at, channel, source, producer, entity, id, data, told, team, store ORDER BY type, time);
ALTER TABLE events MATERIALIZE PROJECTION by_type;
