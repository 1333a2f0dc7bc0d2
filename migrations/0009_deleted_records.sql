-- Records that a person deleted wait in a hidden dataset of their own, whole and under their ids, until nobody can want them
-- back: giving them their dataset's id again is all that an undo has to do to the rows.
ALTER TABLE datasets ADD COLUMN deletion_of TEXT;       -- the dataset whose deleted records this hidden one keeps
CREATE INDEX datasets_by_deletion ON datasets (deletion_of, deleted_at) WHERE deletion_of IS NOT NULL;
