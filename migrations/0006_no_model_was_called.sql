-- A run on recorded responses called no model, so neither it nor its report names one.
UPDATE dry_runs SET config = json_remove(config, '$.base_model'), report = json_remove(report, '$.config.base_model')
WHERE config ->> '$.response_source' = 'recorded';
