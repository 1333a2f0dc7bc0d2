-- Near-duplicates: signatures of prompts, and the clusters that a look at a dataset found.

CREATE TABLE near_duplicate_signatures (
    record_id  INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,                        -- of how signatures are made
    updated_at INTEGER NOT NULL,                        -- the record's, when this was made: another one, and it is made anew
    bands      BLOB NOT NULL                            -- 16 times 4 bytes
) STRICT;

CREATE TABLE near_duplicate_runs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: splits name it
    dataset_id       TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    threshold        REAL NOT NULL,
    records_revision INTEGER NOT NULL,                  -- the dataset's, up to which the clusters hold
    records          INTEGER NOT NULL DEFAULT 0,        -- valid records that were compared
    found_at         INTEGER,                           -- NULL until all members are stored
    -- What is there of them now, counted when the clusters are found, kept, set aside.
    clusters         INTEGER NOT NULL DEFAULT 0,
    members          INTEGER NOT NULL DEFAULT 0,
    deletable        INTEGER NOT NULL DEFAULT 0,
    set_aside        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX near_duplicate_runs_by_dataset ON near_duplicate_runs (dataset_id, id);

CREATE TABLE near_duplicate_members (
    run_id    INTEGER NOT NULL REFERENCES near_duplicate_runs (id) ON DELETE CASCADE,
    cluster   INTEGER NOT NULL,                         -- the id of its earliest record when it was found
    record_id INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    like_id   INTEGER,                                  -- the kept record that it is nearly the same as; NULL: it is kept itself
    PRIMARY KEY (run_id, cluster, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX near_duplicate_members_by_record ON near_duplicate_members (record_id);

-- Records of which a person said that they are none: a cluster of nothing but records of one such saying stays away.
CREATE TABLE near_duplicate_dismissals (
    record_id INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    cluster   INTEGER NOT NULL
) STRICT;
