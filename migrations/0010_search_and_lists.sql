-- Searching and listing at a million records: an index of words, and an index for every order and filter of the list.

-- The words of each record (see server/src/datasets/search), without a copy of the texts; they are cut and folded before
-- they come here, so that all this tokenizer has to know is the blank.
CREATE VIRTUAL TABLE records_fts USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');
CREATE TRIGGER records_fts_delete AFTER DELETE ON records BEGIN
    DELETE FROM records_fts WHERE rowid = old.id;
END;
-- What earlier versions stored is still to be indexed, which no SQL can do: from one id up to another.
CREATE TABLE records_fts_backlog (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    after_id INTEGER NOT NULL,
    up_to_id INTEGER NOT NULL
) STRICT;
INSERT INTO records_fts_backlog SELECT 1, 0, MAX(id) FROM records HAVING MAX(id) IS NOT NULL;

-- With what a list filters by, so that counting never touches the table.
DROP INDEX records_by_id;
CREATE INDEX records_by_id ON records (dataset_id, id, status, topic, needs_review);
CREATE INDEX records_by_topic_id ON records (dataset_id, topic, id, status, needs_review);
CREATE INDEX records_by_errors ON records (dataset_id, errors, id) WHERE errors <> '[]';
CREATE INDEX records_to_review ON records (dataset_id, id, status, topic) WHERE needs_review = 1;
CREATE INDEX records_generated ON records (dataset_id, id, status, topic) WHERE is_generated = 1;
CREATE INDEX records_by_messages ON records (dataset_id, message_count, id, status, topic);
CREATE INDEX records_by_change ON records (dataset_id, updated_at, id, status, topic);
