//! `anneal dry-run`: a run to its end, its verdict as the exit code.

use std::path::Path;
use std::process::ExitCode;

use anneal_server::export::report::dry_run_report;
use anneal_server::state::AppState;
use anneal_server::types::dry_run::{
    DryRunConfig, DryRunReport, DryRunSummary, ResponseSource, SampleSelection, Verdict,
};
use anneal_server::types::grader::GraderConfig;
use anneal_server::{db, dry_run, grader};

use super::commands::{NOT_GO, ended_well, find};
use super::export_file::write;
use super::options::DryRunOptions;
use super::{CliError, junit, output, work_off};

/// Starts a run, or goes on with the newest one, and waits for its end.
pub(super) async fn run(state: &AppState, options: DryRunOptions) -> Result<ExitCode, CliError> {
    let dataset = find(state, &options.dataset).await?;
    let run = if options.resume || options.retry_errors {
        resumed(state, &dataset.id, &options).await?
    } else {
        if let Some(path) = &options.grader {
            let script = tokio::fs::read_to_string(path)
                .await
                .map_err(|error| CliError::Message(format!("{} cannot be read: {error}.", path.display())))?;
            grader::save(state, &dataset.id, GraderConfig::Script { script }).await?;
        }
        dry_run::start(state, &dataset.id, config(state, &options).await?).await?
    };
    ended_well(&work_off(state, &run.job_id, options.output.json).await?)?;
    let report = db::dry_runs::report(&state.db, &run.id).await?;
    let report = report.ok_or_else(|| CliError::Message("the run ended without a report".to_owned()))?;
    if let Some(path) = &options.junit {
        write_junit(path, &dataset.name, &report).await?;
    }
    if options.output.json {
        write(None, dry_run_report(state.db.clone(), run.id, &report)?).await?;
    } else {
        output::dry_run(&report);
        let failed = db::dry_runs::samples(&state.db, &run.id, &SampleSelection::Failed, 1).await?;
        output::failures(failed.samples.iter().filter_map(|sample| sample.error.as_deref()));
    }
    Ok(exit_code(&report))
}

/// The newest run, going on.
async fn resumed(state: &AppState, dataset_id: &str, options: &DryRunOptions) -> Result<DryRunSummary, CliError> {
    let newest = db::dry_runs::list(&state.db, dataset_id).await?.into_iter().next();
    let newest = newest.ok_or_else(|| CliError::Message("there is no dry run yet that could go on.".to_owned()))?;
    Ok(dry_run::resume(state, &newest.id, options.max_cost).await?)
}

async fn config(state: &AppState, options: &DryRunOptions) -> Result<DryRunConfig, CliError> {
    let is_generated = options.rollouts.is_some() || options.model.is_some() || options.endpoint.is_some();
    let defaults = if is_generated { DryRunConfig::generated() } else { DryRunConfig::default() };
    if !is_generated && options.temperature.is_some() {
        return Err(CliError::Message(
            "--temperature is of a base model: name one with --model, or take the default with --rollouts 4."
                .to_owned(),
        ));
    }
    Ok(DryRunConfig {
        response_source: if is_generated { ResponseSource::Generated } else { ResponseSource::Recorded },
        sample_size: options.samples,
        seed: options.seed,
        stratify_by_topic: !options.no_stratify,
        rollouts_per_prompt: options.rollouts.unwrap_or(defaults.rollouts_per_prompt),
        base_model: options.model.clone(),
        base_endpoint: endpoint_id(state, options.endpoint.as_deref()).await?,
        temperature: options.temperature,
        max_cost: options.max_cost,
        stop_when_settled: options.until_settled,
        ..defaults
    })
}

/// By id or name.
async fn endpoint_id(state: &AppState, wanted: Option<&str>) -> Result<Option<String>, CliError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let endpoints = anneal_server::llm::endpoints::model_settings(state).await?.endpoints;
    if let Some(found) = endpoints.iter().find(|endpoint| endpoint.id == wanted || endpoint.name == wanted) {
        return Ok(Some(found.id.clone()));
    }
    let names: Vec<String> = endpoints.iter().map(|endpoint| format!("\"{}\"", endpoint.name)).collect();
    let known = if names.is_empty() {
        "there are none yet; add one in the settings".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    };
    Err(CliError::Message(format!("no endpoint has the id or name \"{wanted}\": {known}.")))
}

async fn write_junit(path: &Path, dataset: &str, report: &DryRunReport) -> Result<(), CliError> {
    let written = tokio::fs::write(path, junit::document(dataset, report)).await;
    written.map_err(|error| CliError::Message(format!("{} cannot be written: {error}.", path.display())))
}

fn exit_code(report: &DryRunReport) -> ExitCode {
    match report.diagnosis.as_ref().map(|diagnosis| diagnosis.verdict) {
        Some(Verdict::Go) => ExitCode::SUCCESS,
        _ => ExitCode::from(NOT_GO),
    }
}
