-- What happened in a span of time, by type: asked by every panel and measure; the table itself lies by entity.
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_time
    (SELECT type, time, received_at, channel, source, producer, entity, id, data ORDER BY type, time);
ALTER TABLE events MATERIALIZE PROJECTION by_time;
