-- The number of the last grader that was ever saved: after a reset the next one must not go by a number that trainers know.
ALTER TABLE datasets ADD COLUMN last_grader_version INTEGER NOT NULL DEFAULT 0;

-- What was paid for grading a sample: calls that were made (kept answers are none), and US dollars, NULL where that is not known.
ALTER TABLE dry_run_samples ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dry_run_samples ADD COLUMN cost REAL DEFAULT 0;
