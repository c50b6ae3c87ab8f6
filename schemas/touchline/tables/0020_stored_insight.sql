-- What each rule's frictions cost, as computed from time to time. One row a rule and day; rule is empty for all
-- rules together. Numbers that cannot be known are NULL, and `missing` says why.
CREATE TABLE IF NOT EXISTS rule_impact
(
    computed_at     DateTime64(3, 'UTC') COMMENT 'the same for all rows of a run',
    rule            LowCardinality(String),
    title           String,
    factor          LowCardinality(String),
    owner           String,
    since           DateTime64(3, 'UTC') COMMENT 'customers who reached the step from then on count',
    until           DateTime64(3, 'UTC') COMMENT 'the end of the data; frictions count whose outcome they cover',
    outcome         LowCardinality(String) COMMENT 'the type of the events that count as conversions',
    within          UInt64 COMMENT 'ms: how long after the friction a conversion counts',
    one_in          UInt32 COMMENT 'of so many customers one was read; numbers are scaled to all',
    currency        LowCardinality(String),
    contact_cost    Float64 COMMENT 'of one contact; part of the loss',
    verdict         LowCardinality(String) COMMENT 'loss, gain, no clear difference, or unknown',
    missing         String COMMENT 'why the verdict is unknown',
    exposed         UInt64 COMMENT 'who met the friction, once a week each',
    controls        UInt64 COMMENT 'who they are compared with',
    matched         Float64 COMMENT 'the share of the exposed that have a control',
    converted       Float64 COMMENT 'the share of the exposed that converted',
    converted_controls Float64 COMMENT 'the share of the controls, not adjusted',
    difference      Nullable(Float64) COMMENT 'that share minus the share of those without the friction',
    difference_low  Nullable(Float64),
    difference_high Nullable(Float64),
    loss            Nullable(Float64) COMMENT 'of all exposed, in the currency; below 0 for a gain',
    loss_low        Nullable(Float64),
    loss_high       Nullable(Float64),
    contacts        Nullable(Float64) COMMENT 'contacts more than without the friction',
    contacts_low    Nullable(Float64),
    contacts_high   Nullable(Float64),
    e_value         Nullable(Float64),
    placebo         Nullable(Float64) COMMENT 'the difference before the friction, which should be about 0',
    placebo_low     Nullable(Float64),
    placebo_high    Nullable(Float64),
    at_risk         Nullable(Float64) COMMENT 'the value of all exposed that did not convert'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (toDate(until), rule)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_impact AS
SELECT * FROM rule_impact FINAL WHERE computed_at = (SELECT max(computed_at) FROM rule_impact);

-- What each deployed change did to the rules at its touchpoint. Rates are journeys with the friction of all there.
CREATE TABLE IF NOT EXISTS change_effects
(
    computed_at     DateTime64(3, 'UTC') COMMENT 'the same for all rows of a run',
    change          String COMMENT 'change_id of the change.deployed event',
    deployed_at     DateTime64(3, 'UTC'),
    title           String,
    channel         LowCardinality(String),
    source          LowCardinality(String),
    rule            LowCardinality(String) COMMENT 'empty where there is nothing to compare yet',
    meant           UInt8 COMMENT 'whether the change is meant for this rule',
    days            Float64 COMMENT 'length of each of both periods',
    days_wanted     Float64 COMMENT 'length that a verdict needs',
    before          UInt32,
    journeys_before UInt32,
    after           UInt32,
    journeys_after  UInt32,
    ratio           Nullable(Float64) COMMENT 'rate after divided by rate before',
    ratio_low       Nullable(Float64),
    ratio_high      Nullable(Float64),
    elsewhere       Nullable(Float64) COMMENT 'the same ratio at touchpoints that the change did not touch',
    beside          Nullable(Float64) COMMENT 'ratio divided by elsewhere',
    beside_low      Nullable(Float64),
    beside_high     Nullable(Float64),
    verdict         LowCardinality(String) COMMENT 'fell, rose, chance, too few, early, or unknown',
    sentence        String COMMENT 'the verdict in words',
    saved           Nullable(Float64) COMMENT 'loss avoided in the period after the change; below 0: more loss',
    saved_low       Nullable(Float64),
    saved_high      Nullable(Float64),
    currency        LowCardinality(String)
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (deployed_at, change, channel, source, rule)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_change_effects AS
SELECT * FROM change_effects FINAL WHERE computed_at = (SELECT max(computed_at) FROM change_effects);
