-- Model endpoints (OpenAI-compatible), what they are used for by default, and every call that was made of them.
CREATE TABLE endpoints (
    id                  TEXT PRIMARY KEY,
    name                TEXT NOT NULL UNIQUE COLLATE NOCASE,
    base_url            TEXT NOT NULL,
    key_source          TEXT NOT NULL,              -- none, environment, stored
    key_variable        TEXT,                       -- environment: the variable's name
    key_sealed          BLOB,                       -- stored: encrypted, see secrets.rs
    key_hint            TEXT,                       -- stored: how it ends, to be told from others
    concurrency         INTEGER NOT NULL,
    requests_per_minute INTEGER,                    -- NULL: no limit
    tokens_per_minute   INTEGER,
    timeout_s           INTEGER NOT NULL,
    prices              TEXT NOT NULL,              -- [ModelPrice]
    models              TEXT NOT NULL DEFAULT '[]', -- [EndpointModel], as it offered them last
    models_at           INTEGER,                    -- NULL: never asked
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL
) STRICT;

CREATE TABLE default_models (
    role        TEXT PRIMARY KEY,                   -- base, judge, generator
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    model       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What holds for the whole program, by name.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every call of a model that ended, and every use of a kept answer. Answers are kept by what was asked (cache_key).
CREATE TABLE llm_calls (
    id                INTEGER PRIMARY KEY,
    dataset_id        TEXT REFERENCES datasets (id) ON DELETE CASCADE,
    record_id         INTEGER REFERENCES records (id) ON DELETE CASCADE, -- the record it served
    purpose           TEXT NOT NULL,                -- judge, response, generation, connection_test
    endpoint_id       TEXT NOT NULL,                -- (outlives the endpoint)
    endpoint_name     TEXT NOT NULL,
    model             TEXT NOT NULL,
    sample_index      INTEGER NOT NULL DEFAULT 0,   -- repeats of one request have different ones
    cache_key         BLOB,                         -- of an answer that is kept
    answered_from     INTEGER REFERENCES llm_calls (id) ON DELETE SET NULL, -- no call was made: that one's answer was used
    from_cache        INTEGER NOT NULL DEFAULT 0,
    request           TEXT NOT NULL,                -- the body as sent; '' where answered_from has it
    answer            TEXT,                         -- ChatAnswer
    error             TEXT,                         -- why there is none
    raw_error         TEXT,                         -- what the endpoint sent
    attempts          INTEGER NOT NULL,
    latency_ms        INTEGER NOT NULL,
    prompt_tokens     INTEGER,                      -- NULL: the endpoint did not say
    cached_tokens     INTEGER,
    completion_tokens INTEGER,
    reasoning_tokens  INTEGER,
    cost              REAL,                         -- US dollars; NULL: unknown
    created_at        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX llm_calls_by_key ON llm_calls (cache_key) WHERE cache_key IS NOT NULL;
CREATE INDEX llm_calls_by_dataset ON llm_calls (dataset_id, id);
CREATE INDEX llm_calls_by_record ON llm_calls (record_id, id);
CREATE INDEX llm_calls_answered_from ON llm_calls (answered_from) WHERE answered_from IS NOT NULL;
