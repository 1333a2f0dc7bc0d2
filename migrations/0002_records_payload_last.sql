-- Records keep what is listed, counted and decided by in front, and the long texts behind it: SQLite walks over
-- everything that stands before a column it reads, and a conversation fills several pages.

CREATE TABLE records_new (
    id               INTEGER PRIMARY KEY,               -- ascending in import order
    dataset_id       TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    -- Validation.
    status           TEXT NOT NULL,                     -- pending, valid, invalid, duplicate
    first_error      TEXT,
    errors           TEXT NOT NULL DEFAULT '[]',
    duplicate_of     INTEGER,
    -- Topic.
    topic            TEXT,
    previous_topic   TEXT,
    topic_confidence REAL,
    topic_method     TEXT,
    needs_review     INTEGER NOT NULL DEFAULT 0,
    secondary_topics TEXT NOT NULL DEFAULT '[]',
    -- Where it came from.
    span_id          TEXT,
    is_generated     INTEGER NOT NULL DEFAULT 0,
    source_record_id INTEGER,
    import_id        TEXT REFERENCES imports (id) ON DELETE SET NULL,
    line             INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    -- Derived from `data` when it is stored; never edited alone.
    message_count    INTEGER NOT NULL DEFAULT 0,
    has_output       INTEGER NOT NULL DEFAULT 0,
    ends_with_user   INTEGER NOT NULL DEFAULT 0,        -- the prompt's last message is a user's
    prompt_hash      BLOB,                              -- 16 bytes over canonical messages and tools; NULL after a structural error
    preview          TEXT NOT NULL DEFAULT '',          -- start of the last user message, or of a bad line
    -- Long texts.
    details          TEXT,                              -- a line per error
    evaluation       TEXT,
    metadata         TEXT NOT NULL DEFAULT '{}',
    item             TEXT NOT NULL DEFAULT '{}',
    raw              TEXT,                              -- the line as it came, only where it did not parse
    data             TEXT NOT NULL                      -- JSON; 'null' where the line did not parse
) STRICT;

INSERT INTO records_new (id, dataset_id, status, first_error, errors, duplicate_of, topic, previous_topic, topic_confidence,
    topic_method, needs_review, secondary_topics, span_id, is_generated, source_record_id, import_id, line, created_at,
    updated_at, message_count, has_output, ends_with_user, prompt_hash, preview, details, evaluation, metadata, item, raw, data)
SELECT id, dataset_id, status, first_error, errors, duplicate_of, topic, previous_topic, topic_confidence,
    topic_method, needs_review, secondary_topics, span_id, is_generated, source_record_id, import_id, line, created_at,
    updated_at, message_count, has_output, ends_with_user, prompt_hash, preview, details, evaluation, metadata, item, raw, data
FROM records;

DROP TABLE records;
ALTER TABLE records_new RENAME TO records;

-- Walks and pages go by id, within a dataset or one status of it.
CREATE INDEX records_by_id ON records (dataset_id, id);
CREATE INDEX records_by_status_id ON records (dataset_id, status, id);
CREATE INDEX records_by_import ON records (import_id, status) WHERE import_id IS NOT NULL;
CREATE INDEX records_by_status ON records (dataset_id, status, first_error);
CREATE INDEX records_by_topic ON records (dataset_id, status, topic, needs_review);
-- With the status, so that the kept record of a key is found without touching the table.
CREATE INDEX records_by_prompt ON records (dataset_id, prompt_hash, status) WHERE prompt_hash IS NOT NULL;
CREATE INDEX records_by_span ON records (dataset_id, span_id, status) WHERE span_id IS NOT NULL;
