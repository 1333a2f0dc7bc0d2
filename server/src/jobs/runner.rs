//! The runner: claims queued jobs, runs a few at once, beats for them, takes over dead ones, drains at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use super::{JobContext, Outcome, give_up, run_kind};
use crate::clock::now_ms;
use crate::datasets::new_id;
use crate::db;
use crate::db::jobs::{Heartbeat, JobRow};
use crate::error::{ServiceError, ServiceResult};
use crate::state::AppState;
use crate::types::event::DatasetEvent;
use crate::types::job::{JobState, JobStatus};

/// How often a running job gives a sign of life and looks whether it was cancelled elsewhere.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often the runner looks by itself, in case a wake-up came from another process.
const POLL: Duration = Duration::from_secs(1);
/// A job that ended its process so often is not tried again unasked.
const MAX_ATTEMPTS: i64 = 5;

/// Runs jobs until the state's shutdown, then waits for those that run. `only` restricts it to one job (the
/// command line runs the job it has just queued and no other).
pub async fn run(state: AppState, only: Option<String>) {
    let permits = Arc::new(Semaphore::new(state.config.concurrent_jobs.max(1)));
    let mut running = JoinSet::new();
    while !state.shutdown.is_cancelled() {
        // Registered before the queue is read, so that a job queued in between is not slept over.
        let woken = state.jobs.wake.notified();
        match claim_next(&state, only.as_deref(), &permits).await {
            Ok(Some(Claimed { job, owner, permit })) => {
                let state = state.clone();
                running.spawn(async move {
                    run_job(state, owner, job).await;
                    drop(permit);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the job runner could not read its queue"),
        }
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(POLL) => {}
            () = state.shutdown.cancelled() => {}
            Some(_finished) = running.join_next(), if !running.is_empty() => {}
        }
    }
    while running.join_next().await.is_some() {}
}

struct Claimed {
    job: JobRow,
    /// New for each claim, so that a run whose job was taken over is told so even if the same process took it: one
    /// that slept longer than the timeout takes its own jobs for dead ones.
    owner: Arc<str>,
    permit: tokio::sync::OwnedSemaphorePermit,
}

async fn claim_next(state: &AppState, only: Option<&str>, permits: &Arc<Semaphore>) -> ServiceResult<Option<Claimed>> {
    let timeout_ms = i64::try_from(state.config.job_timeout.as_millis()).unwrap_or(i64::MAX);
    let taken_over = db::jobs::requeue_dead(&state.db, now_ms() - timeout_ms).await?;
    if taken_over > 0 {
        tracing::warn!(jobs = taken_over, "took over jobs whose process had died");
    }
    let Ok(permit) = permits.clone().try_acquire_owned() else { return Ok(None) };
    if db::jobs::next_claimable(&state.db, only).await?.is_none() {
        return Ok(None);
    }
    let owner: Arc<str> = new_id().into();
    Ok(db::jobs::claim(&state.db, &owner, only).await?.map(|job| Claimed { job, owner, permit }))
}

async fn run_job(state: AppState, owner: Arc<str>, job: JobRow) {
    let JobRow { status, args, attempts } = job;
    let (job_id, kind) = (status.id.clone(), status.kind);
    let context = JobContext {
        job_id: job_id.clone(),
        dataset_id: status.dataset_id.clone(),
        cancelled: state.jobs.register(&job_id),
        lost: Arc::default(),
        told: Arc::new(Mutex::new((status.clone(), None))),
        owner,
        state,
    };
    if status.cancel_requested {
        context.cancelled.cancel();
    }
    context.state.events.send(&context.dataset_id, DatasetEvent::Job { job: status });
    context.state.events.changed(&context.dataset_id);
    let beating = tokio::spawn(beat(context.clone()));
    let work = {
        let context = context.clone();
        // A task of its own, so that a panic ends this job and not the runner.
        tokio::spawn(async move {
            if attempts > MAX_ATTEMPTS {
                return give_up(kind, &context, &args).await;
            }
            run_kind(kind, &context, &args).await
        })
    };
    let result = match work.await {
        Ok(result) => result,
        Err(panic) => Err(ServiceError::internal("the job's code", panic)),
    };
    beating.abort();
    context.state.jobs.unregister(&job_id);
    if let Err(error) = end_job(&context, result).await {
        tracing::error!(job_id, %error, "the end of a job could not be stored; it will be taken over");
    }
}

async fn end_job(context: &JobContext, result: ServiceResult<Outcome>) -> ServiceResult<()> {
    let JobContext { state, job_id, owner, dataset_id, .. } = context;
    if context.lost.load(Ordering::Relaxed) {
        return Ok(());
    }
    context.flush_progress().await?;
    match result {
        Ok(Outcome::Done(message)) => {
            db::jobs::finish(&state.db, job_id, owner, JobState::Succeeded, Some(&message), None).await?;
        }
        Ok(Outcome::Cancelled(message)) => {
            db::jobs::finish(&state.db, job_id, owner, JobState::Cancelled, Some(&message), None).await?;
        }
        Ok(Outcome::Interrupted) => db::jobs::release(&state.db, job_id, owner).await?,
        Err(error) => {
            let message = error.into_app(job_id).to_string();
            tracing::warn!(target: "anneal_server::jobs::failed", job_id, message, "a job failed");
            db::jobs::finish(&state.db, job_id, owner, JobState::Failed, None, Some(&message)).await?;
        }
    }
    if let Ok(job) = db::jobs::get(&state.db, job_id).await {
        state.events.send(dataset_id, DatasetEvent::Job { job });
    }
    state.events.changed(dataset_id);
    Ok(())
}

async fn beat(context: JobContext) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        match db::jobs::heartbeat(&context.state.db, &context.job_id, &context.owner).await {
            Ok(Heartbeat::Alive) => {}
            Ok(Heartbeat::CancelRequested) => context.cancelled.cancel(),
            Ok(Heartbeat::Lost) => {
                mark_lost(&context.lost);
                context.cancelled.cancel();
                return;
            }
            Err(error) => tracing::warn!(%error, "a heartbeat could not be stored"),
        }
    }
}

fn mark_lost(lost: &AtomicBool) {
    lost.store(true, Ordering::Relaxed);
}

/// Waits until a job has ended, in whatever process it runs; calls `on_progress` with what it says meanwhile.
pub async fn wait(state: &AppState, job_id: &str, mut on_progress: impl FnMut(&JobStatus)) -> ServiceResult<JobStatus> {
    loop {
        let status = db::jobs::get(&state.db, job_id).await?;
        on_progress(&status);
        if !status.state.is_active() {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
