-- Tests of drafts are kept too: they run as jobs now, and a page that was reloaded asks for what they found.
CREATE TABLE grader_tests_new (
    id             INTEGER PRIMARY KEY,
    dataset_id     TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    grader_version INTEGER,                             -- NULL: a draft
    job_id         TEXT,                                -- that made it
    report         TEXT NOT NULL,                       -- GraderTestReport
    created_at     INTEGER NOT NULL,
    FOREIGN KEY (dataset_id, grader_version) REFERENCES graders (dataset_id, version) ON DELETE CASCADE
) STRICT;
INSERT INTO grader_tests_new (id, dataset_id, grader_version, report, created_at)
    SELECT id, dataset_id, grader_version, report, created_at FROM grader_tests;
DROP TABLE grader_tests;
ALTER TABLE grader_tests_new RENAME TO grader_tests;
CREATE INDEX grader_tests_by_version ON grader_tests (dataset_id, grader_version, id);

-- What the parts of a combination said of a response.
ALTER TABLE dry_run_samples ADD COLUMN parts TEXT NOT NULL DEFAULT '[]'; -- [PartScore]

-- What people say that a response is worth, by record and response: another response is another judgement.
CREATE TABLE hand_scores (
    dataset_id    TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    record_id     INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    response_hash BLOB NOT NULL,                        -- SHA-256 of the response as it is shown
    score         REAL NOT NULL,                        -- 0..1
    note          TEXT NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, record_id, response_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX hand_scores_by_record ON hand_scores (record_id);

-- Keys of those who may have responses graded over HTTP (trainers). The keys themselves are not kept.
CREATE TABLE grader_keys (
    id           TEXT PRIMARY KEY,
    dataset_id   TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE,                  -- SHA-256: the key is random and long
    hint         TEXT NOT NULL,                         -- how it ends
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX grader_keys_by_dataset ON grader_keys (dataset_id);
