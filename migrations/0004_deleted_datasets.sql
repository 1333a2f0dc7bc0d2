-- A deleted dataset is hidden at once; its rows go in batches afterwards, so that other writers get through.
ALTER TABLE datasets ADD COLUMN deleted_at INTEGER;     -- NULL: not deleted
