-- An import of a million records: the word index gathers 16 MB before it writes a segment, and joins eight segments at a time
-- instead of four, so that fewer words are written again and again (docs/benchmarks.md).
INSERT INTO records_fts (records_fts, rank) VALUES ('hashsize', 16000000);
INSERT INTO records_fts (records_fts, rank) VALUES ('automerge', 8);
