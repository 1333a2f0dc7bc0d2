-- Labels that are still to be carried along with a change of the topics: many records take many transactions, and what a
-- stop cuts off is finished at the next start.
CREATE TABLE topic_changes (
    id         INTEGER PRIMARY KEY,
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    from_topic TEXT NOT NULL,
    to_topic   TEXT,                                    -- NULL: the label goes
    up_to_id   INTEGER NOT NULL                         -- records that came after the change keep what they brought
) STRICT;
CREATE INDEX topic_changes_by_dataset ON topic_changes (dataset_id, id);
