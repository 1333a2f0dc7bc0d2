-- Several responses to one prompt, by a model that is asked: a row is a rollout.
ALTER TABLE dry_run_samples ADD COLUMN rollout INTEGER NOT NULL DEFAULT 0;  -- of its prompt, from 0
ALTER TABLE dry_run_samples ADD COLUMN generated TEXT;                     -- RecordedResponse; NULL: the response is the record's
ALTER TABLE dry_run_samples ADD COLUMN regrade REAL;                       -- what a second, independent grading gave

-- What a model's calls are like is asked before a run.
CREATE INDEX llm_calls_by_model ON llm_calls (endpoint_id, model, purpose, from_cache, id);
