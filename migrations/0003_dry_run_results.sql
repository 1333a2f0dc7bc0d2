-- What lists show of a dry run, so that no list reads whole reports.
ALTER TABLE dry_runs ADD COLUMN result TEXT;            -- DryRunResult; derived from `report` when that is stored

UPDATE dry_runs SET result = json_object(
    'timestamp',         json(report -> '$.timestamp'),
    'verdict',           json(report -> '$.diagnosis.verdict'),
    'mean',              json(report -> '$.statistics.mean'),
    'samples_planned',   json(report -> '$.samples_planned'),
    'samples_evaluated', json(report -> '$.samples_evaluated'),
    'failed',            json(report -> '$.failed'),
    'partial',           json(report -> '$.partial')
) WHERE report IS NOT NULL;

-- Counting recorded responses reads the index alone.
DROP INDEX records_by_status;
CREATE INDEX records_by_status ON records (dataset_id, status, first_error, has_output);
