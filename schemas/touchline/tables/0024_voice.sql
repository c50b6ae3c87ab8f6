-- What customers' texts are about, computed regularly. No table has a text: queries read them from `events`, so
-- that a forgotten customer's are gone from every answer at once.
CREATE TABLE IF NOT EXISTS voice_runs
(
    computed_at DateTime64(3, 'UTC') COMMENT 'the same for all rows of a run; written last',
    since       DateTime64(3, 'UTC'),
    until       DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY computed_at
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS voice_languages
(
    computed_at DateTime64(3, 'UTC'),
    language  LowCardinality(String) COMMENT 'a code such as en; empty if it cannot be told',
    texts     UInt32,
    no_topics String COMMENT 'why there are no topics; empty if there are',
    scored    UInt32 COMMENT 'texts with a score',
    area      Nullable(Float64) COMMENT 'how well words predict scores of other customers (AUC), with its 95 % interval',
    area_low  Nullable(Float64),
    area_high Nullable(Float64),
    no_sentiment String COMMENT 'why no text is called negative; empty if some may be'
)
ENGINE = MergeTree
ORDER BY (computed_at, language)
TTL toDateTime(computed_at) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS voice_topics
(
    computed_at DateTime64(3, 'UTC'),
    language  LowCardinality(String),
    topic     UInt16 COMMENT 'its number in the language, from 0; the topic with most texts first',
    words     Array(String) COMMENT 'that label it; each is in texts of at least five customers',
    coherence Float64 COMMENT 'how well they go together: 1 always, 0 by chance, -1 never'
)
ENGINE = MergeTree
ORDER BY (computed_at, language, topic)
TTL toDateTime(computed_at) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS voice_texts
(
    computed_at DateTime64(3, 'UTC'),
    event    String COMMENT 'id of the event with the text',
    language LowCardinality(String),
    topic    Nullable(UInt16) COMMENT 'NULL for none',
    negative Nullable(Float64) COMMENT 'the chance that such a text comes with a low score; NULL if unknown'
)
ENGINE = MergeTree
ORDER BY (computed_at, event)
TTL toDateTime(computed_at) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS voice_words
(
    computed_at DateTime64(3, 'UTC'),
    rule      LowCardinality(String),
    language  LowCardinality(String),
    word      String,
    customers UInt32 COMMENT 'customers with the friction who use it',
    affected  UInt32 COMMENT 'customers with the friction who wrote',
    others    UInt32 COMMENT 'customers without it who use it',
    unaffected UInt32 COMMENT 'customers without it who wrote',
    odds      Float64 COMMENT 'how many times higher the odds of the word are with the friction',
    z         Float64 COMMENT 'the log of that, in standard errors'
)
ENGINE = MergeTree
ORDER BY (computed_at, rule, language, word)
TTL toDateTime(computed_at) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS current_voice_languages AS
SELECT * FROM voice_languages WHERE computed_at = (SELECT max(computed_at) FROM voice_runs);

CREATE VIEW IF NOT EXISTS current_voice_topics AS
SELECT * FROM voice_topics WHERE computed_at = (SELECT max(computed_at) FROM voice_runs);

CREATE VIEW IF NOT EXISTS current_voice_texts AS
SELECT * FROM voice_texts WHERE computed_at = (SELECT max(computed_at) FROM voice_runs);

CREATE VIEW IF NOT EXISTS current_voice_words AS
SELECT * FROM voice_words WHERE computed_at = (SELECT max(computed_at) FROM voice_runs);
