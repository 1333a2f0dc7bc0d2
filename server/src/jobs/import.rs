//! The import job: a file's lines become records, batch by batch.
//!
//! A batch and the line it reaches are stored in one transaction, so a killed import goes on at the next
//! line. A replacing import keeps the old records until the whole file was read; if that fails, what it
//! had brought goes and the old ones stay; then the files that were to be added to it are not read either.

mod settle;
mod writer;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::settle::settle;
use self::writer::Writer;
use super::{JobContext, Outcome};
use crate::clock::now_ms;
use crate::datasets::new_id;
use crate::db::imports::{NewImport, Settled};
use crate::db::{self, Tx};
use crate::error::{ServiceError, ServiceResult};
use crate::format;
use crate::import::{ImportLimits, ReadOptions, read_batches};
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::import::{Counts, CsvMapping, ImportMode, SkipReason};
use crate::types::job::{JobKind, JobState};

/// The job's arguments.
#[derive(Debug, Serialize, Deserialize)]
struct Args {
    import_id: String,
    path: PathBuf,
    /// Whether the file is ours (an upload) and goes when the import has ended.
    owns_file: bool,
    mode: ImportMode,
    /// The replacing import to whose records this one's are to be added.
    #[serde(default)]
    added_to: Option<String>,
    /// What the columns are, where it is a CSV file.
    #[serde(default)]
    csv_mapping: Option<CsvMapping>,
    /// The file's name where several are imported together, so that an error tells which it is about.
    #[serde(default)]
    one_of_several: Option<String>,
}

/// A file to be imported.
#[derive(Debug, Clone)]
pub struct ImportFile {
    /// Where it lies; must stay there until the job ends.
    pub path: PathBuf,
    /// What the user calls it.
    pub file_name: String,
    /// Whether to delete it afterwards.
    pub owns_file: bool,
    /// What its columns are, where it is a CSV file; guessed by their names where nothing is said.
    pub csv_mapping: Option<CsvMapping>,
}

/// Queues an import per file, all of them or none; answers the jobs' ids in the files' order. Replacing is the first
/// import's. The others append to what it brings, and do not run where it has not replaced: they would join old records
/// that were to go.
pub async fn start(
    state: &AppState,
    dataset_id: &str,
    files: &[ImportFile],
    mode: ImportMode,
) -> ServiceResult<Vec<String>> {
    db::datasets::get(&state.db, dataset_id).await?;
    let mut sizes = Vec::with_capacity(files.len());
    for file in files {
        sizes.push(size_of(file).await?);
    }
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    refuse_while_validating(&mut tx, dataset_id).await?;
    let mut job_ids = Vec::with_capacity(files.len());
    let mut replacing = None;
    let asked_at = now_ms();
    for (file, size) in files.iter().zip(sizes) {
        let (import_id, job_id) = (new_id(), new_id());
        let mode = if job_ids.is_empty() { mode } else { ImportMode::Append };
        let args = Args {
            import_id: import_id.clone(),
            path: file.path.clone(),
            owns_file: file.owns_file,
            mode,
            added_to: replacing.clone(),
            csv_mapping: file.csv_mapping.clone(),
            one_of_several: (files.len() > 1).then(|| file.file_name.clone()),
        };
        let words = serde_json::to_string(&args)?;
        db::jobs::insert_at(&mut tx, &job_id, JobKind::Import, dataset_id, &words, asked_at).await?;
        let import = NewImport {
            id: &import_id,
            job_id: &job_id,
            file_name: &file.file_name,
            mode,
            added_to: args.added_to.as_deref(),
            bytes: size,
        };
        db::imports::insert(&mut tx, dataset_id, &import).await?;
        if mode == ImportMode::Replace {
            replacing = Some(import_id);
        }
        job_ids.push(job_id);
    }
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    Ok(job_ids)
}

/// A file's bytes; it must be there and not be empty.
async fn size_of(file: &ImportFile) -> ServiceResult<i64> {
    let metadata = tokio::fs::metadata(&file.path).await.map_err(|error| {
        AppError::invalid_field("file", format!("{} cannot be read: {error}.", file.path.display()))
    })?;
    if metadata.len() == 0 {
        return Err(empty_file(&file.file_name).into());
    }
    Ok(i64::try_from(metadata.len()).unwrap_or(i64::MAX))
}

/// What is said of a file with nothing in it.
pub fn empty_file(name: &str) -> AppError {
    AppError::invalid_field("file", format!("{name} is empty: it has 0 bytes. Choose a file with records in it."))
}

/// What a file may ask of the machine. What came over HTTP is bounded by size, compressed or not; a file named on the
/// command line is not.
pub fn limits(state: &AppState, is_upload: bool) -> ImportLimits {
    ImportLimits {
        max_line_bytes: state.config.max_line_bytes,
        max_decompressed_bytes: if is_upload { state.config.max_upload_bytes } else { u64::MAX },
        ..ImportLimits::default()
    }
}

/// A validation of all records decides duplicates in record order; what came or changed beside it could be
/// decided by half the picture. So it is beside the undo of an import. Asked within the transaction that stores it.
pub(crate) async fn refuse_while_validating(tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    if db::jobs::is_active(&mut *tx, dataset_id, JobKind::Validate).await? {
        return Err(AppError::conflict(
            "The records are being validated by changed rules. Wait until that is done, then try again.",
        )
        .into());
    }
    if db::jobs::is_active(tx, dataset_id, JobKind::UndoImport).await? {
        return Err(AppError::conflict(
            "An import is being undone or brought back. Wait until that is done, then try again.",
        )
        .into());
    }
    Ok(())
}

/// The uploads that an import still reads or will read.
pub(crate) async fn needed_uploads(state: &AppState) -> ServiceResult<HashSet<PathBuf>> {
    let active = db::jobs::active_args(&state.db, JobKind::Import).await?;
    let paths = active.into_iter().map(|args| serde_json::from_str::<Args>(&args).map(|args| args.path));
    Ok(paths.collect::<Result<_, _>>()?)
}

/// The file that an import with these arguments was to read, if it is ours.
pub(crate) fn upload_of(args: &str) -> ServiceResult<Option<PathBuf>> {
    let args: Args = serde_json::from_str(args)?;
    Ok(args.owns_file.then_some(args.path))
}

/// Runs it from where it stopped.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let args: Args = serde_json::from_str(args)?;
    // Settled: the process ended between the last word of the import and the job's.
    match db::imports::settled(&context.state.db, &args.import_id).await? {
        Some(Settled::Whole) => return Ok(Outcome::Done("read before the server's last stop".to_owned())),
        Some(Settled::Early) => return Ok(Outcome::Cancelled("ended before the server's last stop".to_owned())),
        None => {}
    }
    let outcome = match kept_out(context, &args).await {
        Ok(None) => read_file(context, &args).await,
        Ok(Some(outcome)) => Ok(outcome),
        Err(error) => Err(error),
    };
    if context.interrupted() || matches!(outcome, Ok(Outcome::Interrupted)) {
        // Whatever the reading came to: without being settled the import is not over, and is taken up again.
        return Ok(Outcome::Interrupted);
    }
    let settled = if matches!(outcome, Ok(Outcome::Done(_))) { Settled::Whole } else { Settled::Early };
    if !settle(context, &args, settled).await {
        return Ok(Outcome::Interrupted);
    }
    match (outcome, args.one_of_several) {
        (Err(ServiceError::App(error)), Some(name)) => {
            Err(AppError::invalid_field("file", format!("{name}: {error}")).into())
        }
        (outcome, _) => outcome,
    }
}

/// What an import comes to that was to be added to a replacing one which has not replaced. Imports of a dataset take
/// turns in the order in which they were asked for, so that one is over.
async fn kept_out(context: &JobContext, args: &Args) -> ServiceResult<Option<Outcome>> {
    let Some(replacing) = &args.added_to else { return Ok(None) };
    let first = db::imports::end_of(&context.state.db, replacing).await?;
    if first.settled == Some(Settled::Whole) {
        return Ok(None);
    }
    let why = format!(
        "Not read: {}, which was to replace the records, did not get to its end. The records there were before are kept, and nothing was added to them. Import all of the files again, or without that one.",
        first.file_name
    );
    match first.state {
        JobState::Cancelled => Ok(Some(Outcome::Cancelled(why))),
        // Back in the queue, where that one comes first.
        JobState::Queued | JobState::Running => Ok(Some(Outcome::Interrupted)),
        JobState::Succeeded | JobState::Failed => Err(AppError::conflict(why).into()),
    }
}

/// Ends an import that is not tried again.
pub(super) async fn give_up(context: &JobContext, args: &str) -> ServiceResult<()> {
    let args: Args = serde_json::from_str(args)?;
    match db::imports::settled(&context.state.db, &args.import_id).await? {
        Some(_) => Ok(()),
        None if settle(context, &args, Settled::Early).await => Ok(()),
        None => Err(AppError::Unavailable { message: "The server is stopping.".to_owned() }.into()),
    }
}

async fn read_file(context: &JobContext, args: &Args) -> ServiceResult<Outcome> {
    let state = &context.state;
    let dataset = db::datasets::get(&state.db, &context.dataset_id).await?;
    let skip = db::imports::last_line(&state.db, &args.import_id).await?;
    let total = i64::try_from(tokio::fs::metadata(&args.path).await?.len()).unwrap_or(i64::MAX);
    let options = ReadOptions {
        config: dataset.validation_config,
        limits: limits(state, args.owns_file),
        csv_mapping: args.csv_mapping.clone(),
        skip_until_line: skip,
    };

    let duplicates_after = match args.mode {
        ImportMode::Append => 0,
        ImportMode::Replace => {
            let mut tx = context.begin().await?;
            db::imports::begins_after(&mut tx, &args.import_id).await?
        }
    };

    let mut writer = Writer::new(context.clone(), args.import_id.clone(), duplicates_after, total);
    let path = args.path.clone();
    let runtime = tokio::runtime::Handle::current();
    let (result, records, failure) = tokio::task::spawn_blocking(move || {
        let mut failure = None;
        let result = read_batches(&path, &options, |batch| {
            let stored = match batch {
                Some(batch) => runtime.block_on(writer.store(batch)),
                // Nothing came for a while: nobody else should wait for our write lock meanwhile.
                None => runtime.block_on(writer.commit()),
            };
            match stored {
                Ok(()) if writer.should_stop() => ControlFlow::Break(()),
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        // Whether the file was read to its end or not: what was read of it stays.
        if failure.is_none() {
            failure = runtime.block_on(writer.commit()).err();
        }
        (result, writer.records(), failure)
    })
    .await?;

    if let Some(error) = failure {
        return Err(error);
    }
    result.map_err(|error| {
        let kept = error.kept_by(args.mode).map_or_else(String::new, |kept| format!(" {kept}"));
        AppError::invalid_field("file", format!("{error}{kept}"))
    })?;
    if !context.should_stop() {
        refuse_without_records(state, &args.import_id).await?;
    }
    let message = format!("{} read", format::counted(records, "record"));
    Ok(if context.should_stop() { context.stopped(message) } else { Outcome::Done(message) })
}

/// A file that was read whole and brought nothing has failed: replaced by it, a dataset would be empty.
async fn refuse_without_records(state: &AppState, import_id: &str) -> ServiceResult<()> {
    let (records, skipped) = db::imports::came_to(&state.db, import_id).await?;
    if records > 0 {
        return Ok(());
    }
    // What stands around an empty list says nothing.
    let skipped: Counts<_> = skipped.iter().filter(|(reason, _)| *reason != SkipReason::Wrapper).collect();
    let why = match skipped.in_words(SkipReason::label) {
        words if words.is_empty() => "it can be read, but there is no conversation in it".to_owned(),
        words => format!("all that is in it was passed over ({words})"),
    };
    let message =
        format!("The file holds no record: {why}. Check that it is the export you mean, and choose another one.");
    Err(AppError::invalid_field("file", message).into())
}
