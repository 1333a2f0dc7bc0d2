-- The first shape of the store. Times are milliseconds since the epoch. JSON stands in text columns only
-- where the shape is the user's (a record's data) or a report's.

CREATE TABLE datasets (
    id                  TEXT PRIMARY KEY,               -- UUID v7
    name                TEXT NOT NULL,
    objective           TEXT NOT NULL DEFAULT '',
    validation_config   TEXT NOT NULL,                  -- ValidationConfig
    target_distribution TEXT,                           -- TargetDistribution; NULL: uniform
    records_revision    INTEGER NOT NULL DEFAULT 0,     -- grows with every change of records or labels
    topics_revision     INTEGER NOT NULL DEFAULT 0,     -- grows with every change of hierarchy or targets
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    dataset_id       TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    args             TEXT NOT NULL,
    state            TEXT NOT NULL,
    done             INTEGER NOT NULL DEFAULT 0,
    total            INTEGER NOT NULL DEFAULT 0,
    unit             TEXT NOT NULL DEFAULT '',
    message          TEXT NOT NULL DEFAULT '',
    result           TEXT,
    error            TEXT,
    owner            TEXT,                              -- the runner that works on it
    heartbeat_at     INTEGER,                           -- its last sign of life
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    attempts         INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, created_at);
CREATE INDEX jobs_by_dataset ON jobs (dataset_id, kind, created_at);
-- One at a time, whoever asks: only imports may queue up.
CREATE UNIQUE INDEX jobs_one_active ON jobs (dataset_id, kind) WHERE state IN ('queued', 'running') AND kind <> 'import';

CREATE TABLE imports (
    id           TEXT PRIMARY KEY,
    dataset_id   TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    job_id       TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    file_name    TEXT NOT NULL,
    mode         TEXT NOT NULL,
    bytes        INTEGER NOT NULL DEFAULT 0,
    last_line    INTEGER NOT NULL DEFAULT 0,            -- the last line stored: where a resumed import goes on
    records      INTEGER NOT NULL DEFAULT 0,
    native_lines INTEGER NOT NULL DEFAULT 0,
    chat_lines   INTEGER NOT NULL DEFAULT 0,
    duration_ms  INTEGER NOT NULL DEFAULT 0,
    settled      INTEGER NOT NULL DEFAULT 0,            -- 1 once nothing is left to do but to say so
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX imports_by_dataset ON imports (dataset_id, created_at);

CREATE TABLE records (
    id               INTEGER PRIMARY KEY,               -- ascending in import order
    dataset_id       TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    data             TEXT NOT NULL,                     -- JSON; 'null' where the line did not parse
    metadata         TEXT NOT NULL DEFAULT '{}',
    item             TEXT NOT NULL DEFAULT '{}',
    raw              TEXT,                              -- the line as it came, only where it did not parse
    parse_error      TEXT,
    span_id          TEXT,
    topic            TEXT,
    previous_topic   TEXT,
    topic_confidence REAL,
    topic_method     TEXT,
    needs_review     INTEGER NOT NULL DEFAULT 0,
    secondary_topics TEXT NOT NULL DEFAULT '[]',
    is_generated     INTEGER NOT NULL DEFAULT 0,
    source_record_id INTEGER,
    evaluation       TEXT,
    import_id        TEXT REFERENCES imports (id) ON DELETE SET NULL,
    line             INTEGER,
    -- Derived from `data` when it is stored; never edited alone.
    preview          TEXT NOT NULL DEFAULT '',          -- start of the last user message
    message_count    INTEGER NOT NULL DEFAULT 0,
    has_output       INTEGER NOT NULL DEFAULT 0,
    ends_with_user   INTEGER NOT NULL DEFAULT 0,        -- the prompt's last message is a user's
    prompt_hash      BLOB,                              -- 16 bytes over canonical messages and tools; NULL after a structural error
    -- Validation.
    status           TEXT NOT NULL,                     -- pending, valid, invalid, duplicate
    first_error      TEXT,
    errors           TEXT NOT NULL DEFAULT '[]',
    details          TEXT,
    duplicate_of     INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_by_line ON records (import_id, line) WHERE import_id IS NOT NULL;
-- Walks and pages go by id, within a dataset or one status of it.
CREATE INDEX records_by_id ON records (dataset_id, id);
CREATE INDEX records_by_status_id ON records (dataset_id, status, id);
CREATE INDEX records_by_import ON records (import_id, status) WHERE import_id IS NOT NULL;
CREATE INDEX records_by_status ON records (dataset_id, status, first_error);
CREATE INDEX records_by_topic ON records (dataset_id, status, topic, needs_review);
CREATE INDEX records_by_prompt ON records (dataset_id, prompt_hash) WHERE prompt_hash IS NOT NULL;
CREATE INDEX records_by_span ON records (dataset_id, span_id) WHERE span_id IS NOT NULL;

CREATE TABLE topic_hierarchies (
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    nodes      TEXT NOT NULL,                           -- [TopicNode]
    created_at INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, version)
) STRICT;

CREATE TABLE graders (
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    config     TEXT NOT NULL,                           -- GraderConfig
    created_at INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, version)
) STRICT;

CREATE TABLE grader_tests (
    id             INTEGER PRIMARY KEY,
    dataset_id     TEXT NOT NULL,
    grader_version INTEGER NOT NULL,
    report         TEXT NOT NULL,                       -- GraderTestReport
    created_at     INTEGER NOT NULL,
    FOREIGN KEY (dataset_id, grader_version) REFERENCES graders (dataset_id, version) ON DELETE CASCADE
) STRICT;
CREATE INDEX grader_tests_by_version ON grader_tests (dataset_id, grader_version, id);

CREATE TABLE dry_runs (
    id               TEXT PRIMARY KEY,
    dataset_id       TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    job_id           TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    config           TEXT NOT NULL,                     -- DryRunConfig
    grader_version   INTEGER NOT NULL,
    records_revision INTEGER NOT NULL,
    topics_revision  INTEGER NOT NULL,
    balance_score    REAL,                              -- when it was planned: part of the diagnosis
    eligible_records INTEGER NOT NULL DEFAULT 0,
    planned          INTEGER NOT NULL DEFAULT 0,        -- 1 once every sample's row exists
    duration_ms      INTEGER NOT NULL DEFAULT 0,
    report           TEXT,                              -- DryRunReport
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX dry_runs_by_dataset ON dry_runs (dataset_id, created_at);

CREATE TABLE dry_run_samples (
    dry_run_id     TEXT NOT NULL REFERENCES dry_runs (id) ON DELETE CASCADE,
    ordinal        INTEGER NOT NULL,
    record_id      INTEGER NOT NULL,
    topic          TEXT,
    prompt_preview TEXT NOT NULL,
    response       TEXT,                                -- NULL until graded
    score          REAL,
    reasoning      TEXT,
    error          TEXT,
    logs           TEXT NOT NULL DEFAULT '[]',
    finished_at    INTEGER,                             -- NULL: still to do
    PRIMARY KEY (dry_run_id, ordinal)
) STRICT, WITHOUT ROWID;
