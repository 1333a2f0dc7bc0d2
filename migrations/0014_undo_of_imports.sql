-- Every import is a unit that can be undone. What is taken away waits in hidden datasets, as deleted records do.
ALTER TABLE imports ADD COLUMN added_to TEXT;           -- the replacing import together with which it was asked for
ALTER TABLE imports ADD COLUMN replaced TEXT REFERENCES datasets (id) ON DELETE SET NULL;   -- keeps what it replaced, until the next import
ALTER TABLE imports ADD COLUMN taken_back TEXT REFERENCES datasets (id) ON DELETE SET NULL; -- keeps what it brought, after its undo
ALTER TABLE imports ADD COLUMN undone_at INTEGER;       -- NULL: it is not undone
