//! Every command but `serve`: the same services as the pages, in this process.

use std::process::ExitCode;

use anneal_server::datasets;
use anneal_server::db;
use anneal_server::error::ServiceError;
use anneal_server::export::report::dry_run_report;
use anneal_server::export::stream::{RecordFormat, records_jsonl};
use anneal_server::state::AppState;
use anneal_server::training;
use anneal_server::types::dataset::Dataset;
use anneal_server::types::error::AppError;
use anneal_server::types::job::{JobState, JobStatus};
use anneal_server::types::pii::MaskStyle;
use anneal_server::types::training::{SplitConfig, SplitPart};
use anneal_server::types::validation::HygieneReport;
use serde_json::json;

use super::export_file::{nothing_yet, write, write_json};
use super::import::import;
use super::imports::imports;
use super::options::{Command, ExportOptions, ExportWhat, ValidateOptions};
use super::records::records;
use super::{CliError, output, work_off};

/// Exit code of a dry run that ends in anything but GO, and of a dataset of which more is invalid than allowed.
pub(super) const NOT_GO: u8 = 100;

/// Runs one command.
pub async fn run(state: &AppState, command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Serve | Command::TestEndpoint(_) => {
            Err(CliError::Message("what serves is started elsewhere".to_owned()))
        }
        Command::Import(options) => import(state, options).await,
        Command::Imports(options) => imports(state, options).await,
        Command::Validate(options) => validate(state, options).await,
        Command::Records(command) => records(state, command).await,
        Command::NearDuplicates(options) => super::near_duplicates::run(state, options).await,
        Command::DryRun(options) => Box::pin(super::dry_run::run(state, options)).await,
        Command::Export(options) => Box::pin(export(state, options)).await,
        Command::Demo(options) => super::demo::demo(state, options.output.json).await,
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
                "{} datasets are called \"{wanted}\"; name one by its id: {}.",
                anneal_server::format::count(i64::try_from(others + 1).unwrap_or(i64::MAX)),
                some_of(&ids)
            )))
        }
        (None, _) => {
            let datasets = db::datasets::list(&state.db).await?;
            let names: Vec<String> = datasets.into_iter().map(|dataset| format!("\"{}\"", dataset.name)).collect();
            let known = if names.is_empty() {
                "there are none yet; import a file or run `anneal demo`".to_owned()
            } else {
                format!("there are {}", some_of(&names))
            };
            Err(CliError::Message(format!("no dataset has the id or name \"{wanted}\": {known}.")))
        }
    }
}

/// The first of a list, and how many more there are.
fn some_of(list: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = list.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {} more", anneal_server::format::count(i64::try_from(more).unwrap_or(i64::MAX))),
    }
}

pub(super) fn ended_well(job: &JobStatus) -> Result<(), CliError> {
    match job.state {
        JobState::Succeeded => Ok(()),
        JobState::Cancelled => Err(CliError::Message(format!("cancelled: {}", job.message))),
        _ => Err(CliError::Message(job.error.clone().unwrap_or_else(|| job.message.clone()))),
    }
}

/// The report as it is stored; records are looked at again only if asked for, because that outdates dry runs.
async fn validate(state: &AppState, options: ValidateOptions) -> Result<ExitCode, CliError> {
    let json = options.output.json;
    let dataset = find(state, &options.dataset).await?;
    if options.again {
        let job_id = datasets::validate_again(state, &dataset.id).await?;
        ended_well(&work_off(state, &job_id, json).await?)?;
    }
    let report = datasets::hygiene(state, &dataset.id).await?;
    if json {
        output::json(&report)?;
    } else {
        output::hygiene(&report);
    }
    match options.max_invalid {
        Some(most) => within(&report, most),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Whether no more than the share breaks a rule; of records that nobody validated, nobody can say.
fn within(report: &HygieneReport, most_percent: f64) -> Result<ExitCode, CliError> {
    if report.pending > 0 {
        return Err(CliError::Message(format!(
            "{} not validated, so what share is invalid is not known: `anneal validate --again` validates them.",
            count_are(report.pending)
        )));
    }
    let is_over = report.rejected as f64 * 100.0 > most_percent * report.total as f64;
    Ok(if is_over { ExitCode::from(NOT_GO) } else { ExitCode::SUCCESS })
}

fn count_are(records: i64) -> String {
    format!("{} {}", anneal_server::format::counted(records, "record"), if records == 1 { "is" } else { "are" })
}

async fn export(state: &AppState, options: ExportOptions) -> Result<ExitCode, CliError> {
    let dataset = find(state, &options.dataset).await?;
    let id = dataset.id.clone();
    let split = SplitConfig { train_ratio: options.train_ratio, seed: options.seed, ..SplitConfig::default() };
    let (out, mask) = (options.out.as_deref(), options.mask_pii);
    let has_records =
        matches!(options.what, ExportWhat::Records | ExportWhat::Chat | ExportWhat::Train | ExportWhat::Valid);
    if mask.is_some() && !has_records {
        return Err(CliError::Message(
            "--mask-pii masks records, chat, train and valid; this export has no records in it.".to_owned(),
        ));
    }
    let written = match options.what {
        ExportWhat::Records => {
            write(out, records_jsonl(state.db.clone(), id, RecordFormat::Native, None, mask)).await?
        }
        ExportWhat::Chat => write(out, records_jsonl(state.db.clone(), id, RecordFormat::Chat, None, mask)).await?,
        ExportWhat::Train => write(out, training::rows(state, &id, split, SplitPart::Train, None, mask).await?).await?,
        ExportWhat::Valid => write(out, training::rows(state, &id, split, SplitPart::Valid, None, mask).await?).await?,
        ExportWhat::Topics => write_json(out, db::topics::current(&state.db, &id).await?.as_ref(), "topics").await?,
        ExportWhat::Hygiene => write_json(out, Some(&datasets::hygiene(state, &id).await?), "hygiene report").await?,
        ExportWhat::Coverage => {
            write_json(out, datasets::coverage(state, &id).await?.as_ref(), "coverage report").await?
        }
        ExportWhat::DryRun => {
            let run = datasets::overview(state, &id).await?.dry_run;
            let Some((run, report)) = run.and_then(|run| Some((run.summary.id, run.report?))) else {
                return Err(nothing_yet("dry-run report"));
            };
            write(out, dry_run_report(state.db.clone(), run, &report)?).await?
        }
    };
    match (options.output.json, out) {
        (true, Some(path)) => {
            output::json(&json!({ "path": path, "bytes": written, "masked": mask.map(MaskStyle::as_str) }))?;
        }
        (false, Some(path)) => {
            let masked = if mask.is_some() { ", masked" } else { "" };
            output::line(&format!("{} written to {}{masked}", anneal_server::format::bytes(written), path.display()));
        }
        (_, None) => {}
    }
    Ok(ExitCode::SUCCESS)
}
