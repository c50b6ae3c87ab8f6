-- Panels group the steps of contacts, and find whose contacts, scores and steps to an order they are, by numbers: texts
-- take half as long again. The customer of an account is computed from its name (vocabulary/ids.py), and those of other
-- entities are looked up in identities by their own entity_hash.
ALTER TABLE events ADD COLUMN IF NOT EXISTS contact_hash UInt64
    MATERIALIZED if(told.contact_id = '', 0, sipHash64(told.contact_id)) COMMENT '0 without told.contact_id';
ALTER TABLE events ADD COLUMN IF NOT EXISTS customer_hash UInt64
    MATERIALIZED if(startsWith(entity, 'account:') AND type IN ('contact.started', 'feedback.given', 'cart.updated',
            'checkout.started', 'checkout.step_completed', 'order.placed'),
        sipHash64(reinterpretAsUUID(bitOr(bitAnd(reinterpretAsUInt128(concat(
            reverse(substring(SHA1(concat(unhex('1b8b125dd18d5bfabb0918e8a710f425'), entity)), 1, 8)),
            reverse(substring(SHA1(concat(unhex('1b8b125dd18d5bfabb0918e8a710f425'), entity)), 9, 8)))),
            toUInt128('85070591730234615865843651857941991423')),
            toUInt128('170141183460469231731687303715884126208')))), 0)
    COMMENT 'the customer, if entity is an account; 0 for types that no panel asks this of';
ALTER TABLE events ADD COLUMN IF NOT EXISTS entity_hash UInt64
    MATERIALIZED if(NOT startsWith(entity, 'account:') AND type IN ('contact.started', 'feedback.given', 'cart.updated',
            'checkout.started', 'checkout.step_completed', 'order.placed'),
        sipHash64(entity), 0)
    COMMENT 'entity, if it is no account; 0 for types that no panel asks this of';
ALTER TABLE events ADD COLUMN IF NOT EXISTS given
    Tuple(metric LowCardinality(String), score Nullable(Float64), scale Nullable(Float64), lower_is_better Nullable(Bool))
    MATERIALIZED if(type = 'feedback.given',
        JSONExtract(data, 'Tuple(metric LowCardinality(String), score Nullable(Float64), scale Nullable(Float64),
            lower_is_better Nullable(Bool))'),
        defaultValueOfTypeName('Tuple(metric LowCardinality(String), score Nullable(Float64), scale Nullable(Float64),
            lower_is_better Nullable(Bool))'))
    COMMENT 'what measures read of feedback';
ALTER TABLE events DROP PROJECTION IF EXISTS by_type;
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_type
    (SELECT type, time, received_at, channel, source, producer, entity, id, data, told, team, store, text_identifiers,
            contact_hash, customer_hash, entity_hash, given
     ORDER BY type, time);
ALTER TABLE events MATERIALIZE PROJECTION by_type;
