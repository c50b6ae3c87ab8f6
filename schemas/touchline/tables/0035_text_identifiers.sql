-- The identifiers of events with words of a customer (vocabulary/texts.py), which no panel shows: the projection has
-- these and not those of all events, so that a period's texts are read without reading all events.
ALTER TABLE events ADD COLUMN IF NOT EXISTS text_identifiers Array(String)
    MATERIALIZED if(type IN ('feedback.given', 'mention.posted'), identifiers, []);
ALTER TABLE events DROP PROJECTION IF EXISTS by_type;
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_type
    (SELECT type, time, received_at, channel, source, producer, entity, id, data, told, team, store, text_identifiers
     ORDER BY type, time);
ALTER TABLE events MATERIALIZE PROJECTION by_type;
