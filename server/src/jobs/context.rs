//! What a running job has of the world: the state, its progress, and whether it should stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::event::DatasetEvent;
use crate::types::job::JobStatus;

/// How a job ended when it did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All done, in a few words.
    Done(String),
    /// The user stopped it; what was done is kept.
    Cancelled(String),
    /// The server is stopping, or another runner has taken over: it goes on later.
    Interrupted,
}

/// Progress is stored and told at most this often, so that fast work is not slowed by telling of it.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// What a running job has of the world.
#[derive(Clone)]
pub struct JobContext {
    /// The application.
    pub state: AppState,
    /// Its own row's id.
    pub job_id: String,
    /// The dataset it works on.
    pub dataset_id: String,
    pub(super) owner: Arc<str>,
    /// Cancelled by the user.
    pub(super) cancelled: CancellationToken,
    /// Set by the heartbeat when the row is no longer this runner's.
    pub(super) lost: Arc<AtomicBool>,
    /// The status as last told, and when. One lock, so that progress is told in order.
    pub(super) told: Arc<Mutex<(JobStatus, Option<Instant>)>>,
}

impl JobContext {
    /// True as soon as the job should end early, for whatever reason; then return [`Self::stopped`].
    pub fn should_stop(&self) -> bool {
        self.cancelled.is_cancelled() || self.interrupted()
    }

    /// Resolves when the job should end early.
    pub async fn stop_requested(&self) {
        tokio::select! {
            () = self.cancelled.cancelled() => {}
            () = self.state.shutdown.cancelled() => {}
        }
    }

    /// How a job that was told to stop ends.
    pub fn stopped(&self, message: impl Into<String>) -> Outcome {
        if self.interrupted() { Outcome::Interrupted } else { Outcome::Cancelled(message.into()) }
    }

    /// True if the job must not write any more, or only what it is in the middle of.
    pub fn interrupted(&self) -> bool {
        self.state.shutdown.is_cancelled() || self.lost.load(Ordering::Relaxed)
    }

    /// Begins a transaction for results, if the job is still this runner's. A job that was taken over writes
    /// nothing more: its new runner is at the same work.
    pub async fn begin(&self) -> ServiceResult<Tx> {
        let mut tx = self.state.db.begin().await?;
        if db::jobs::is_owned(&mut tx, &self.job_id, &self.owner).await? {
            return Ok(tx);
        }
        self.lost.store(true, Ordering::Relaxed);
        Err(AppError::Unavailable { message: "Another process has taken this job over.".to_owned() }.into())
    }

    /// Stores and tells how far the job is.
    pub async fn progress(&self, done: i64, total: i64, unit: &str, message: impl Into<String>) -> ServiceResult<()> {
        let mut told = self.told.lock().await;
        let (status, last) = &mut *told;
        status.done = done;
        status.total = total;
        unit.clone_into(&mut status.unit);
        status.message = message.into();
        let due = last.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL);
        if !due {
            return Ok(());
        }
        *last = Some(Instant::now());
        db::jobs::set_progress(&self.state.db, &self.job_id, &self.owner, done, total, unit, &status.message).await?;
        self.state.events.send(&self.dataset_id, DatasetEvent::Job { job: status.clone() });
        Ok(())
    }

    /// Says something at the same place.
    pub(super) async fn say(&self, message: String) -> ServiceResult<()> {
        let (done, total, unit) = {
            let told = self.told.lock().await;
            (told.0.done, told.0.total, told.0.unit.clone())
        };
        self.progress(done, total, &unit, message).await
    }

    /// Stores the last progress, whether or not it was told.
    pub(super) async fn flush_progress(&self) -> ServiceResult<()> {
        let told = self.told.lock().await;
        let status = &told.0;
        db::jobs::set_progress(
            &self.state.db,
            &self.job_id,
            &self.owner,
            status.done,
            status.total,
            &status.unit,
            &status.message,
        )
        .await
    }
}
