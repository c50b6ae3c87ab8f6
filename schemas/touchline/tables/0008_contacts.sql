-- What measures ask of a contact's steps, read from `data` once, when they are written, and not with every question.
ALTER TABLE events ADD COLUMN IF NOT EXISTS told
    Tuple(contact_id String, reason LowCardinality(String), queue LowCardinality(String), kind LowCardinality(String),
          direction LowCardinality(String), wait_seconds Nullable(Float64), resolved Nullable(Bool))
    MATERIALIZED if(startsWith(type, 'contact.') OR type = 'promise.made',
        JSONExtract(data, 'Tuple(contact_id String, reason LowCardinality(String), queue LowCardinality(String),
            kind LowCardinality(String), direction LowCardinality(String), wait_seconds Nullable(Float64),
            resolved Nullable(Bool))'),
        defaultValueOfTypeName('Tuple(contact_id String, reason LowCardinality(String), queue LowCardinality(String),
            kind LowCardinality(String), direction LowCardinality(String), wait_seconds Nullable(Float64),
            resolved Nullable(Bool))'));
ALTER TABLE events DROP PROJECTION IF EXISTS by_time;
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_type
    (SELECT type, time, received_at, channel, source, producer, entity, id, data, told ORDER BY type, time);
ALTER TABLE events MATERIALIZE PROJECTION by_type;
