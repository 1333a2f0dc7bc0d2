//! `anneal import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anneal_server::datasets;
use anneal_server::db;
use anneal_server::jobs::import::{self as import_job, ImportFile};
use anneal_server::state::AppState;
use anneal_server::types::import::{CsvMapping, ImportMode, ImportReport, suggested_name};
use anneal_server::types::job::JobState;
use anneal_server::types::validation::ValidationConfig;
use serde_json::json;

use super::commands::{ended_well, find};
use super::options::ImportOptions;
use super::spool::{self, Spooled};
use super::{CliError, output, work_off};

/// Imports files one after another into one dataset; one that fails does not keep the others out.
pub async fn import(state: &AppState, options: ImportOptions) -> Result<ExitCode, CliError> {
    let mut files = Vec::with_capacity(options.files.len());
    // What came through pipes stays until this function ends.
    let mut spooled = Vec::new();
    for path in &options.files {
        files.push(checked(state, path, &options, &mut spooled).await?);
    }
    if options.dry_run {
        return preview(state, &files, &options).await;
    }
    let (dataset_id, is_new) = if let Some(wanted) = &options.into {
        (find(state, wanted).await?.id, false)
    } else {
        let first = files.first().map(|file| file.file_name.as_str()).unwrap_or_default();
        let name = options.name.clone().unwrap_or_else(|| suggested_name(first));
        (datasets::create(state, &name, "").await?, true)
    };
    let mode = if options.replace { ImportMode::Replace } else { ImportMode::Append };
    let job_ids = match import_job::start(state, &dataset_id, &files, mode).await {
        Ok(job_ids) => job_ids,
        Err(error) => {
            drop_if_new(state, &dataset_id, is_new).await;
            return Err(error.into());
        }
    };
    let mut jobs = Vec::with_capacity(job_ids.len());
    for job_id in &job_ids {
        jobs.push(work_off(state, job_id, options.output.json).await?);
    }
    let hygiene = datasets::hygiene(state, &dataset_id).await?;
    if hygiene.total == 0 && jobs.iter().all(|job| job.state == JobState::Failed) {
        drop_if_new(state, &dataset_id, is_new).await;
    }
    for job in &jobs {
        // (Of several, its error names the file.)
        ended_well(job)?;
    }
    let mut imports = db::imports::list(&state.db, &dataset_id).await?;
    // (Another process may import into the same dataset.)
    imports.retain(|import| job_ids.contains(&import.job_id));
    imports.reverse();
    if options.output.json {
        output::json(&json!({ "dataset_id": dataset_id, "imports": imports, "hygiene": hygiene }))?;
    } else {
        output::line(&format!("dataset {dataset_id}"));
        imports.iter().for_each(output::import);
        output::hygiene(&hygiene);
        let unmapped = imports.iter().find(|import| options.csv_map.is_none() && is_useless_csv(import));
        if let Some(import) = unmapped {
            output::complain(&format!(
                "No row of {} became a valid record. Say what its columns are: --csv-map Question=prompt,Answer=completion (--dry-run lists the columns).",
                import.file_name
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a file that is a CSV file by its name brought nothing that can be used.
fn is_useless_csv(import: &ImportReport) -> bool {
    let name = import.file_name.to_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    import.valid == 0 && [".csv", ".tsv"].iter().any(|ending| name.ends_with(ending))
}

async fn checked(
    state: &AppState,
    path: &Path,
    options: &ImportOptions,
    spooled: &mut Vec<Spooled>,
) -> Result<ImportFile, CliError> {
    let csv_mapping = csv_mapping(options);
    if spool::is_stdin(path) {
        let came = spool::stdin(state).await?;
        let path = came.path().to_owned();
        spooled.push(came);
        return Ok(ImportFile { path, file_name: "stdin".to_owned(), owns_file: false, csv_mapping });
    }
    let path: PathBuf = std::path::absolute(path).map_err(|error| CliError::Message(error.to_string()))?;
    let metadata = tokio::fs::metadata(&path)
        .await
        .map_err(|error| CliError::Message(format!("{} cannot be read: {error}.", path.display())))?;
    if metadata.is_dir() {
        return Err(CliError::Message(format!("{} is not a file but a folder; name the files in it.", path.display())));
    }
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if metadata.is_file() {
        return Ok(ImportFile { path, file_name, owns_file: false, csv_mapping });
    }
    let came = spool::pipe(state, &path).await?;
    let path = came.path().to_owned();
    spooled.push(came);
    Ok(ImportFile { path, file_name, owns_file: false, csv_mapping })
}

/// What was said of the columns of CSV files, if anything.
fn csv_mapping(options: &ImportOptions) -> Option<CsvMapping> {
    let said = options.csv_map.is_some() || options.csv_no_header;
    said.then(|| CsvMapping { no_header: options.csv_no_header, ..options.csv_map.clone().unwrap_or_default() })
}

/// Shows what is in the files, by the rules of the dataset that they would join.
async fn preview(state: &AppState, files: &[ImportFile], options: &ImportOptions) -> Result<ExitCode, CliError> {
    let config = match &options.into {
        Some(wanted) => find(state, wanted).await?.validation_config,
        None => ValidationConfig::default(),
    };
    let limits = import_job::limits(state, false);
    let mut previews = Vec::with_capacity(files.len());
    for file in files {
        let preview = anneal_server::import::preview(&file.path, &config, limits, file.csv_mapping.as_ref())
            .map_err(|error| CliError::Message(format!("{}: {error}", file.file_name)))?;
        previews.push(preview);
    }
    if options.output.json {
        let named = files.iter().zip(&previews);
        let named: Vec<_> =
            named.map(|(file, preview)| json!({ "file_name": file.file_name, "preview": preview })).collect();
        output::json(&named)?;
    } else {
        files.iter().zip(&previews).for_each(|(file, preview)| output::preview(&file.file_name, preview));
    }
    Ok(ExitCode::SUCCESS)
}

/// An import that brought nothing leaves no empty dataset behind; why it brought nothing is the error to be shown.
async fn drop_if_new(state: &AppState, dataset_id: &str, is_new: bool) {
    if !is_new {
        return;
    }
    // For good: nobody has seen it, so nobody wants it back.
    if let Err(error) = datasets::discard(state, dataset_id).await {
        output::complain(&format!("the empty dataset could not be deleted: {error}"));
    }
}
