-- The sums of all calls on /settings are read from these, not from rows that hold whole requests and answers.
CREATE INDEX llm_calls_by_cost ON llm_calls (from_cache, cost, answered_from);
CREATE INDEX llm_calls_failed ON llm_calls (id) WHERE error IS NOT NULL;
