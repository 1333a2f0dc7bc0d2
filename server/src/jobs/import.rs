//! The import job: a file's lines become records, batch by batch.
//!
//! A batch and the line it reaches are stored in one transaction, so a killed import goes on at the next
//! line. A replacing import keeps the old records until the whole file was read; if that fails, what it
//! had brought goes and the old ones stay.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{JobContext, Outcome};
use crate::datasets::new_id;
use crate::datasets::records::{mark_duplicate, verdict_of};
use crate::db::imports::BatchCounts;
use crate::db::records::query::KeptByKey;
use crate::db::records::write::NewRecord;
use crate::db::{self, Tx};
use crate::error::{ServiceError, ServiceResult};
use crate::format;
use crate::import::{Batch, ImportLimits, LineForm, PreparedRecord, read_batches};
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::import::ImportMode;
use crate::types::job::JobKind;
use crate::types::validation::RecordStatus;

/// The job's arguments.
#[derive(Debug, Serialize, Deserialize)]
struct Args {
    import_id: String,
    path: PathBuf,
    /// Whether the file is ours (an upload) and goes when the import has ended.
    owns_file: bool,
    mode: ImportMode,
    /// The highest record id when it was asked for: what a replacing import replaces.
    replaces_up_to: i64,
}

/// A file to be imported.
#[derive(Debug)]
pub struct ImportRequest<'a> {
    /// Where it lies; must stay there until the job ends.
    pub path: &'a Path,
    /// What the user calls it.
    pub file_name: &'a str,
    /// Whether to delete it afterwards.
    pub owns_file: bool,
    /// Append or replace.
    pub mode: ImportMode,
}

/// Queues an import; answers the job's id.
pub async fn start(state: &AppState, dataset_id: &str, request: ImportRequest<'_>) -> ServiceResult<String> {
    db::datasets::get(&state.db, dataset_id).await?;
    refuse_while_validating(state, dataset_id).await?;
    let bytes = tokio::fs::metadata(request.path).await.map_err(|error| {
        ServiceError::App(AppError::invalid_field(
            "file",
            format!("{} cannot be read: {error}.", request.path.display()),
        ))
    })?;
    if bytes.len() == 0 {
        return Err(AppError::invalid_field(
            "file",
            format!("{} is empty: it has 0 bytes. Choose a file with one JSON record per line.", request.file_name),
        )
        .into());
    }
    let (import_id, job_id) = (new_id(), new_id());
    let mut tx = state.db.begin().await?;
    let args = Args {
        import_id: import_id.clone(),
        path: request.path.to_owned(),
        owns_file: request.owns_file,
        mode: request.mode,
        replaces_up_to: if request.mode == ImportMode::Replace {
            db::records::write::last_id(&mut tx).await?
        } else {
            0
        },
    };
    db::jobs::insert(&mut tx, &job_id, JobKind::Import, dataset_id, &serde_json::to_string(&args)?).await?;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    db::imports::insert(&mut tx, &import_id, dataset_id, &job_id, request.file_name, request.mode, size).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    Ok(job_id)
}

/// A validation of all records decides duplicates in record order; what came or changed beside it could be
/// decided by half the picture.
pub(crate) async fn refuse_while_validating(state: &AppState, dataset_id: &str) -> ServiceResult<()> {
    if db::jobs::is_active(&state.db, dataset_id, JobKind::Validate).await? {
        return Err(AppError::conflict(
            "The records are being validated by changed rules. Wait until that is done, then try again.",
        )
        .into());
    }
    Ok(())
}

/// Younger uploads are left alone: another process may be writing one that it has no job for yet.
const ORPHANED_AFTER: Duration = Duration::from_hours(24);

/// Deletes uploads that no import will read any more: their dataset was deleted, or the server ended while
/// they were arriving. Called at start.
pub async fn delete_orphaned_uploads(state: &AppState) -> ServiceResult<()> {
    let mut needed = std::collections::HashSet::new();
    for args in db::jobs::active_args(&state.db, JobKind::Import).await? {
        needed.insert(serde_json::from_str::<Args>(&args)?.path);
    }
    let mut uploads = tokio::fs::read_dir(state.config.uploads_dir()).await?;
    while let Some(upload) = uploads.next_entry().await? {
        // A time in the future is no age.
        let age = upload.metadata().await?.modified()?.elapsed().unwrap_or_default();
        if age >= ORPHANED_AFTER && !needed.contains(&upload.path()) {
            tokio::fs::remove_file(upload.path()).await?;
        }
    }
    Ok(())
}

/// Runs it from where it stopped.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let args: Args = serde_json::from_str(args)?;
    if db::imports::is_settled(&context.state.db, &args.import_id).await? {
        // The process ended between the last word of the import and the job's.
        return Ok(Outcome::Done("read before the server's last stop".to_owned()));
    }
    let outcome = read_file(context, &args).await;
    let ended = !matches!(outcome, Ok(Outcome::Interrupted));
    let complete = matches!(outcome, Ok(Outcome::Done(_)));
    if ended && !context.interrupted() {
        settle(context, &args, complete).await?;
    }
    outcome
}

/// What follows the reading: a replacing import replaces or leaves no trace, and an upload is deleted.
async fn settle(context: &JobContext, args: &Args, complete: bool) -> ServiceResult<()> {
    let mut tx = context.begin().await?;
    if complete {
        if args.mode == ImportMode::Replace {
            db::records::write::delete_up_to(&mut tx, &context.dataset_id, args.replaces_up_to).await?;
        }
        db::imports::set_settled(&mut tx, &args.import_id).await?;
    } else if args.mode == ImportMode::Replace {
        db::records::write::delete_import(&mut tx, &args.import_id).await?;
    }
    db::datasets::touch_records(&mut tx, &context.dataset_id).await?;
    tx.commit().await?;
    if args.owns_file
        && let Err(error) = tokio::fs::remove_file(&args.path).await
    {
        tracing::warn!(path = %args.path.display(), %error, "an upload that was read could not be deleted");
    }
    Ok(())
}

async fn read_file(context: &JobContext, args: &Args) -> ServiceResult<Outcome> {
    let state = &context.state;
    let dataset = db::datasets::get(&state.db, &context.dataset_id).await?;
    let skip = db::imports::last_line(&state.db, &args.import_id).await?;
    let total = i64::try_from(tokio::fs::metadata(&args.path).await?.len()).unwrap_or(i64::MAX);
    let limits = ImportLimits { max_line_bytes: state.config.max_line_bytes, ..ImportLimits::default() };

    let mut writer = Writer {
        context: context.clone(),
        import_id: args.import_id.clone(),
        replaces_up_to: args.replaces_up_to,
        total_bytes: total,
        records: 0,
        last: Instant::now(),
    };
    let path = args.path.clone();
    let runtime = tokio::runtime::Handle::current();
    let (result, writer, failure) = tokio::task::spawn_blocking(move || {
        let mut failure = None;
        let result = read_batches(&path, dataset.validation_config, limits, skip, |batch| {
            match runtime.block_on(writer.store(batch)) {
                Ok(()) if writer.context.should_stop() => ControlFlow::Break(()),
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        (result, writer, failure)
    })
    .await?;

    if let Some(error) = failure {
        return Err(error);
    }
    result.map_err(|error| AppError::invalid_field("file", error.to_string()))?;
    let message = format!("{} read", format::counted(writer.records, "record"));
    Ok(if context.should_stop() { context.stopped(message) } else { Outcome::Done(message) })
}

/// Stores batches in order.
struct Writer {
    context: JobContext,
    import_id: String,
    replaces_up_to: i64,
    total_bytes: i64,
    records: i64,
    last: Instant,
}

impl Writer {
    async fn store(&mut self, batch: Batch) -> ServiceResult<()> {
        let Batch { records, bytes_read, last_line } = batch;
        let mut tx = self.context.begin().await?;
        let kept = kept_by_key(&mut tx, &self.context.dataset_id, self.replaces_up_to, &records).await?;
        let first_id = db::records::write::last_id(&mut tx).await? + 1;
        let formats = count_formats(&records);
        let rows = decide_duplicates(records, kept, first_id)?;
        db::records::write::insert(&mut tx, &self.context.dataset_id, &self.import_id, first_id, &rows).await?;
        let stored = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let elapsed = self.last.elapsed();
        self.last = Instant::now();
        let counts = BatchCounts {
            last_line,
            records: stored,
            native_lines: formats.0,
            chat_lines: formats.1,
            duration_ms: i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX),
        };
        db::imports::add_batch(&mut tx, &self.import_id, counts).await?;
        db::datasets::touch_records(&mut tx, &self.context.dataset_id).await?;
        tx.commit().await?;
        self.records += stored;
        let done = i64::try_from(bytes_read).unwrap_or(i64::MAX).min(self.total_bytes);
        let message = format!("{} read, line {}", format::counted(self.records, "record"), format::count(last_line));
        self.context.progress(done, self.total_bytes, "bytes", message).await
    }
}

async fn kept_by_key(
    tx: &mut Tx,
    dataset_id: &str,
    after_id: i64,
    records: &[PreparedRecord],
) -> ServiceResult<KeptByKey> {
    let hashes: Vec<[u8; 16]> = records.iter().filter_map(|record| record.derived.prompt_hash).collect();
    let spans: Vec<&str> = records.iter().filter_map(|record| record.span_id.as_deref()).collect();
    db::records::query::kept_by_key(tx, dataset_id, after_id, &hashes, &spans).await
}

fn count_formats(records: &[PreparedRecord]) -> (i64, i64) {
    let count = |form| i64::try_from(records.iter().filter(|record| record.form == form).count()).unwrap_or(i64::MAX);
    (count(LineForm::Native), count(LineForm::Chat))
}

/// The greedy rule of `validation::duplicates`, against what is stored and within the batch.
fn decide_duplicates(records: Vec<PreparedRecord>, kept: KeptByKey, first_id: i64) -> ServiceResult<Vec<NewRecord>> {
    let KeptByKey { mut by_hash, mut by_span } = kept;
    let mut rows = Vec::with_capacity(records.len());
    for (id, record) in (first_id..).zip(records) {
        let by_prompt = record.derived.prompt_hash.and_then(|hash| by_hash.get(&hash).copied());
        let by_its_span = record.span_id.as_ref().and_then(|span| by_span.get(span).copied());
        let original = earliest(by_prompt, by_its_span);
        let mut verdict = verdict_of(&record.derived.findings);
        match original {
            Some(original) => {
                verdict = mark_duplicate(verdict, original);
            }
            None if verdict.status == RecordStatus::Valid => {
                keep(&mut by_hash, &mut by_span, record.derived.prompt_hash, record.span_id.as_ref(), id);
            }
            None => {}
        }
        rows.push(NewRecord {
            data: record.data.to_string(),
            metadata: serde_json::to_string(&record.metadata)?,
            item: serde_json::to_string(&record.item)?,
            raw: record.raw,
            parse_error: record.parse_error,
            span_id: record.span_id,
            topic: record.topic,
            is_generated: record.is_generated,
            evaluation: record.evaluation.map(|value| value.to_string()),
            line: record.line,
            derived: record.derived,
            verdict,
        });
    }
    Ok(rows)
}

fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn keep(
    by_hash: &mut HashMap<[u8; 16], i64>,
    by_span: &mut HashMap<String, i64>,
    hash: Option<[u8; 16]>,
    span: Option<&String>,
    id: i64,
) {
    if let Some(hash) = hash {
        by_hash.insert(hash, id);
    }
    if let Some(span) = span {
        by_span.insert(span.clone(), id);
    }
}
