//! Durable jobs: a job is a row; its work is idempotent and resumable.
//!
//! A service inserts the row in the transaction that stores what the job needs, then calls [`Jobs::wake`].
//! The [`runner`] claims rows, gives heartbeats, and takes over what a dead process left. Each kind is one
//! file; [`run_kind`] is the one list of them. Cancel is a state: [`cancel`] stores it, the heartbeat finds
//! it, and [`JobContext::should_stop`] tells the work.

pub mod bulk;
pub mod categorize;
pub mod context;
pub mod dry_run;
pub mod duplicate;
pub mod grader_test;
pub mod import;
mod import_bounds;
pub mod near_duplicates;
pub mod runner;
pub mod undo_import;
pub mod validate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use context::{JobContext, Outcome};

use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::event::DatasetEvent;
use crate::types::job::{JobKind, JobState, JobStatus};
use crate::uploads;

/// Wakes the runner and reaches the jobs that run in this process.
#[derive(Clone, Default)]
pub struct Jobs {
    /// Notified when a job was queued; the runner also looks by itself every second.
    wake: Arc<Notify>,
    /// Cancel handles by job id. Written by the runner when a job starts and ends, read by [`cancel`]. A
    /// lock held for a map operation only.
    running: Arc<Mutex<HashMap<String, CancellationToken>>>,
}

impl Jobs {
    /// A job was queued.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    fn register(&self, job_id: &str) -> CancellationToken {
        let token = CancellationToken::new();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(job_id.to_owned(), token.clone());
        token
    }

    fn unregister(&self, job_id: &str) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(job_id);
    }

    fn cancel_running(&self, job_id: &str) {
        if let Some(token) = self.running.lock().unwrap_or_else(PoisonError::into_inner).get(job_id) {
            token.cancel();
        }
    }
}

/// The one list of kinds.
async fn run_kind(kind: JobKind, context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    match kind {
        JobKind::Bulk => bulk::run(context, args).await,
        JobKind::Duplicate => duplicate::run(context, args).await,
        JobKind::Import => import::run(context, args).await,
        JobKind::Validate => validate::run(context, args).await,
        JobKind::Categorize => categorize::run(context, args).await,
        JobKind::DryRun => dry_run::run(context, args).await,
        JobKind::GraderTest => grader_test::run(context, args).await,
        JobKind::NearDuplicates => near_duplicates::run(context, args).await,
        JobKind::UndoImport => undo_import::run(context, args).await,
    }
}

/// Ends a job that has ended its process too often, leaving its tables as a failure of it would.
async fn give_up(kind: JobKind, context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    if kind == JobKind::Import {
        import::give_up(context, args).await?;
    }
    let message = "The server ended several times while this job ran, so it is not tried again by itself. What it had done is kept, but for an import that was to replace records: those are as they were. Look into the log, then try again.";
    Err(AppError::Unavailable { message: message.to_owned() }.into())
}

/// Asks a job to stop: a queued one at once, a running one within a second, in whatever process it runs. A
/// validation runs in any case, if only to take off the verdicts by the former rules.
pub async fn cancel(state: &AppState, job_id: &str) -> ServiceResult<JobStatus> {
    let (status, args) = db::jobs::request_cancel(&state.db, job_id, JobKind::Validate).await?;
    carry_out_cancel(state, &status, &args).await;
    Ok(status)
}

/// Asks every job of a dataset to stop, in the transaction that deletes it; [`carry_out_cancel`] for each follows.
pub(crate) async fn cancel_all_of(tx: &mut Tx, dataset_id: &str) -> ServiceResult<Vec<(JobStatus, String)>> {
    db::jobs::request_cancel_all(tx, dataset_id, JobKind::Validate).await
}

/// What follows once it is stored that a job shall stop.
pub(crate) async fn carry_out_cancel(state: &AppState, status: &JobStatus, args: &str) {
    if status.kind == JobKind::Import && status.state == JobState::Cancelled {
        uploads::discard_of(args).await;
    }
    state.jobs.cancel_running(&status.id);
    state.jobs.wake();
    state.events.send(&status.dataset_id, DatasetEvent::Job { job: status.clone() });
}

/// Who runs a job that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunBy {
    /// The server's runner, which runs anyway.
    Server,
    /// Whoever waits, because nothing else may be running (a command): this job and no other.
    Waiter,
}

/// Waits until a job has ended; calls `on_progress` with what it says meanwhile.
pub async fn finish(
    state: &AppState,
    job_id: &str,
    by: RunBy,
    on_progress: impl FnMut(&JobStatus),
) -> ServiceResult<JobStatus> {
    let run = || tokio::spawn(runner::run(state.clone(), Some(job_id.to_owned())));
    let own = (by == RunBy::Waiter).then(run);
    let ended = runner::wait(state, job_id, on_progress).await;
    if let Some(own) = own {
        own.abort();
    }
    ended
}
