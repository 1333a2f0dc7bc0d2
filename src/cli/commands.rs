//! Every command but `serve`: the same services as the pages, in this process.

use std::path::Path;
use std::process::ExitCode;

use anneal_server::datasets;
use anneal_server::db;
use anneal_server::dry_run;
use anneal_server::error::ServiceError;
use anneal_server::export::stream::{RecordFormat, records_jsonl};
use anneal_server::grader;
use anneal_server::jobs;
use anneal_server::sample;
use anneal_server::state::AppState;
use anneal_server::training;
use anneal_server::types::dataset::Dataset;
use anneal_server::types::dry_run::{DryRunConfig, DryRunReport, SampleSelection, Verdict};
use anneal_server::types::error::AppError;
use anneal_server::types::grader::GraderConfig;
use anneal_server::types::job::{JobState, JobStatus};
use anneal_server::types::training::{SplitConfig, SplitPart};
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::import::import;
use super::options::{Command, DryRunOptions, ExportOptions, ExportWhat};
use super::{CliError, output, work_off};

/// Exit code of a dry run that ends in anything but GO.
const NOT_GO: u8 = 100;

/// Runs one command.
pub async fn run(state: &AppState, command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Serve => Err(CliError::Message("serve is started elsewhere".to_owned())),
        Command::Import(options) => import(state, options).await,
        Command::Validate(options) => validate(state, &options.dataset, options.output.json).await,
        Command::DryRun(options) => run_dry(state, options).await,
        Command::Export(options) => export(state, options).await,
        Command::Demo(options) => demo(state, options.json).await,
    }
}

/// By id, else by name; several of one name are an error that lists their ids.
pub(super) async fn find(state: &AppState, wanted: &str) -> Result<Dataset, CliError> {
    match db::datasets::get(&state.db, wanted).await {
        Ok(dataset) => return Ok(dataset),
        Err(ServiceError::App(AppError::NotFound { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    let mut found = db::datasets::find_by_name(&state.db, wanted).await?;
    match (found.pop(), found.len()) {
        (Some(dataset), 0) => Ok(dataset),
        (Some(last), others) => {
            let ids: Vec<String> = found.into_iter().chain([last]).map(|dataset| dataset.id).collect();
            Err(CliError::Message(format!(
                "{} datasets are called \"{wanted}\"; name one by its id: {}",
                others + 1,
                ids.join(", ")
            )))
        }
        (None, _) => {
            let names: Vec<String> = db::datasets::list(&state.db)
                .await?
                .into_iter()
                .map(|dataset| format!("\"{}\"", dataset.name))
                .collect();
            let known = if names.is_empty() {
                "there are none yet; import a file or run `anneal demo`".to_owned()
            } else {
                format!("there are {}", names.join(", "))
            };
            Err(CliError::Message(format!("no dataset has the id or name \"{wanted}\": {known}.")))
        }
    }
}

pub(super) fn ended_well(job: &JobStatus) -> Result<(), CliError> {
    match job.state {
        JobState::Succeeded => Ok(()),
        JobState::Cancelled => Err(CliError::Message(format!("cancelled: {}", job.message))),
        _ => Err(CliError::Message(job.error.clone().unwrap_or_else(|| job.message.clone()))),
    }
}

async fn validate(state: &AppState, wanted: &str, json: bool) -> Result<ExitCode, CliError> {
    let dataset = find(state, wanted).await?;
    let mut tx = state.db.begin().await?;
    let job_id = jobs::validate::enqueue(&mut tx, &dataset.id).await?;
    tx.commit().await.map_err(anneal_server::error::ServiceError::from)?;
    ended_well(&work_off(state, &job_id, json).await?)?;
    let report = datasets::hygiene(state, &dataset.id).await?;
    if json {
        output::json(&report)?;
    } else {
        output::hygiene(&report);
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_dry(state: &AppState, options: DryRunOptions) -> Result<ExitCode, CliError> {
    let dataset = find(state, &options.dataset).await?;
    dry_run::require_responses(state, &dataset.id).await?;
    if let Some(path) = &options.grader {
        let script = tokio::fs::read_to_string(path)
            .await
            .map_err(|error| CliError::Message(format!("{} cannot be read: {error}.", path.display())))?;
        grader::save(state, &dataset.id, GraderConfig::Script { script }).await?;
    }
    let config = DryRunConfig {
        sample_size: options.samples,
        seed: options.seed,
        stratify_by_topic: !options.no_stratify,
        ..DryRunConfig::default()
    };
    let run = dry_run::start(state, &dataset.id, config).await?;
    ended_well(&work_off(state, &run.job_id, options.output.json).await?)?;
    let report = db::dry_runs::get(&state.db, &run.id).await?.summary.report;
    let report = report.ok_or_else(|| CliError::Message("the run ended without a report".to_owned()))?;
    if options.output.json {
        output::json(&report)?;
    } else {
        output::dry_run(&report);
        let failed = db::dry_runs::samples(&state.db, &run.id, &SampleSelection::Failed, None, 1).await?;
        output::failures(failed.samples.iter().filter_map(|sample| sample.error.as_deref()));
    }
    Ok(exit_code(&report))
}

fn exit_code(report: &DryRunReport) -> ExitCode {
    match report.diagnosis.as_ref().map(|diagnosis| diagnosis.verdict) {
        Some(Verdict::Go) => ExitCode::SUCCESS,
        _ => ExitCode::from(NOT_GO),
    }
}

async fn demo(state: &AppState, json: bool) -> Result<ExitCode, CliError> {
    let runner = tokio::spawn(jobs::runner::run(state.clone(), None));
    let id = sample::create(state).await?;
    runner.abort();
    let overview = datasets::overview(state, &id).await?;
    if json {
        output::json(&overview)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!("{} ({id})", overview.dataset.name));
    output::hygiene(&overview.hygiene);
    if let Some(report) = overview.dry_run.and_then(|run| run.summary.report) {
        output::dry_run(&report);
    }
    output::line(&format!(
        "Look at it in the browser: anneal serve, then http://{}/finetune/{id}",
        state.config.address
    ));
    Ok(ExitCode::SUCCESS)
}

async fn export(state: &AppState, options: ExportOptions) -> Result<ExitCode, CliError> {
    let dataset = find(state, &options.dataset).await?;
    let id = dataset.id.clone();
    let split = SplitConfig { train_ratio: options.train_ratio, seed: options.seed, ..SplitConfig::default() };
    let out = options.out.as_deref();
    let written = match options.what {
        ExportWhat::Records => write(out, records_jsonl(state.db.clone(), id, RecordFormat::Native, None)).await?,
        ExportWhat::Chat => write(out, records_jsonl(state.db.clone(), id, RecordFormat::Chat, None)).await?,
        ExportWhat::Train => write(out, training::rows(state, &id, split, SplitPart::Train).await?).await?,
        ExportWhat::Valid => write(out, training::rows(state, &id, split, SplitPart::Valid).await?).await?,
        ExportWhat::Topics => write_json(out, db::topics::current(&state.db, &id).await?.as_ref(), "topics").await?,
        ExportWhat::Hygiene => write_json(out, Some(&datasets::hygiene(state, &id).await?), "hygiene report").await?,
        ExportWhat::Coverage => {
            write_json(out, datasets::overview(state, &id).await?.coverage.as_ref(), "coverage report").await?
        }
        ExportWhat::DryRun => {
            let report = datasets::overview(state, &id).await?.dry_run.and_then(|run| run.summary.report);
            write_json(out, report.as_ref(), "dry-run report").await?
        }
    };
    match (options.output.json, out) {
        (true, Some(path)) => output::json(&json!({ "path": path, "bytes": written }))?,
        (false, Some(path)) => {
            output::line(&format!("{} written to {}", anneal_server::format::bytes(written), path.display()));
        }
        (_, None) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(out: Option<&Path>) -> Result<Box<dyn AsyncWrite + Unpin>, CliError> {
    Ok(match out {
        Some(path) => {
            let file = tokio::fs::File::create(path)
                .await
                .map_err(|error| CliError::Message(format!("{} cannot be written: {error}.", path.display())))?;
            Box::new(tokio::io::BufWriter::new(file))
        }
        None => Box::new(tokio::io::stdout()),
    })
}

async fn write(
    out: Option<&Path>,
    chunks: impl Stream<Item = anneal_server::error::ServiceResult<impl AsRef<[u8]>>>,
) -> Result<i64, CliError> {
    let mut writer = open(out).await?;
    let mut chunks = std::pin::pin!(chunks);
    let mut written = 0_i64;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        written += i64::try_from(chunk.as_ref().len()).unwrap_or(i64::MAX);
        writer.write_all(chunk.as_ref()).await.map_err(unwritten)?;
    }
    writer.flush().await.map_err(unwritten)?;
    Ok(written)
}

async fn write_json<T: Serialize>(out: Option<&Path>, value: Option<&T>, what: &str) -> Result<i64, CliError> {
    let Some(value) = value else { return Err(CliError::Message(format!("the dataset has no {what} yet."))) };
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Message(error.to_string()))? + "\n";
    write(out, futures_util::stream::iter([Ok(text)])).await
}

fn unwritten(error: std::io::Error) -> CliError {
    CliError::Message(format!("the output could not be written: {error}."))
}
