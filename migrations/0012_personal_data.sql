-- Which kinds of personal data and keys a record holds: the bits of server/src/types/pii.rs; NULL where an earlier version
-- stored it and nobody has looked since. The column stands behind the long texts, so lists read it from the index alone.
ALTER TABLE records ADD COLUMN pii INTEGER;

CREATE INDEX records_by_pii ON records (dataset_id, id, pii, status, topic) WHERE pii > 0;
CREATE INDEX records_without_pii ON records (dataset_id, pii) WHERE pii IS NULL;

-- Every page of a dataset shows how many there are: counted as they come and go, not by walking over a million of them.
CREATE TABLE pii_counts (
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    pii        INTEGER NOT NULL,                        -- exactly these kinds
    records    INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, pii)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER records_pii_insert AFTER INSERT ON records WHEN new.pii > 0 BEGIN
    INSERT INTO pii_counts VALUES (new.dataset_id, new.pii, 1)
    ON CONFLICT DO UPDATE SET records = records + 1;
END;

CREATE TRIGGER records_pii_delete AFTER DELETE ON records WHEN old.pii > 0 BEGIN
    UPDATE pii_counts SET records = records - 1 WHERE dataset_id = old.dataset_id AND pii = old.pii;
END;

CREATE TRIGGER records_pii_update AFTER UPDATE OF dataset_id, pii ON records
WHEN new.pii IS NOT old.pii OR new.dataset_id <> old.dataset_id BEGIN
    UPDATE pii_counts SET records = records - 1 WHERE old.pii > 0 AND dataset_id = old.dataset_id AND pii = old.pii;
    INSERT INTO pii_counts SELECT new.dataset_id, new.pii, 1 WHERE new.pii > 0
    ON CONFLICT DO UPDATE SET records = records + 1;
END;
