-- A person's deletion of a dataset can be taken back for a while; its rows go afterwards.
ALTER TABLE datasets ADD COLUMN restorable_until INTEGER; -- of a hidden dataset; NULL: nobody can bring it back

-- Records of a copied dataset keep where they came from: these rows say it, and are no imports of the copy.
ALTER TABLE imports ADD COLUMN copied_from TEXT;          -- the import of the dataset that was copied
CREATE INDEX imports_by_origin ON imports (copied_from) WHERE copied_from IS NOT NULL;

-- What a person changed of a record, newest last: what it was before each change. Bounded per record by whoever writes.
CREATE TABLE record_changes (
    id           INTEGER PRIMARY KEY,
    record_id    INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL,                           -- edit, restore, topic
    topic        TEXT,                                    -- kind topic: the label before
    topic_method TEXT,
    status       TEXT,                                    -- the other kinds: what validation said before,
    first_error  TEXT,
    raw          TEXT,                                    -- the line, where it had not parsed,
    data         TEXT                                     -- and the data
) STRICT;
CREATE INDEX record_changes_by_record ON record_changes (record_id, id);

-- Which dry runs have scored a record.
CREATE INDEX dry_run_samples_by_record ON dry_run_samples (record_id);

-- What a bulk action on everything that matches was asked for: chosen once, so that its own changes move nothing in or out.
CREATE TABLE record_selections (
    job_id    TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    record_id INTEGER NOT NULL,
    PRIMARY KEY (job_id, record_id)
) STRICT, WITHOUT ROWID;
