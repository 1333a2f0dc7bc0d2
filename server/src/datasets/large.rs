//! What touches every record of a dataset: in batches with a pause after each, so that no other writer waits long.
//! Whatever ends such a walk early, what is stored by then is true: changed rules come with the job that takes the
//! former verdicts off (`jobs::validate`), and a deleted dataset is hidden from the first moment on.

use std::time::Duration;

use super::deletion;
use crate::db::records::bulk;
use crate::db::{self, Db};
use crate::error::ServiceResult;
use crate::jobs;
use crate::jobs::import::refuse_while_validating;
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::event::DatasetEvent;
use crate::types::job::JobKind;
use crate::types::validation::ValidationConfig;
use crate::uploads;

/// Records a transaction: some tens of milliseconds.
pub(crate) const BATCH: i64 = 2_000;
/// Left to other processes between two transactions; within this one, waiting for the writer is fair anyway.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// How often the server looks for deleted datasets that nobody can bring back any more.
const LOOK_FOR_DELETED: Duration = Duration::from_mins(1);

/// Validates every record again by the present rules. Answers the job's id.
pub async fn validate_again(state: &AppState, id: &str) -> ServiceResult<String> {
    revalidate(state, id, None).await
}

/// Stores the rules (if they change) together with the job that validates by them: both or neither. Nothing that
/// would decide by the former rules is going on then, and nothing begins before that job has ended.
pub(super) async fn revalidate(state: &AppState, id: &str, config: Option<&ValidationConfig>) -> ServiceResult<String> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, id).await?;
    if db::jobs::is_active(&mut tx, id, JobKind::Import).await? {
        return Err(AppError::conflict("An import is running, and it validates by the present rules. Wait for its end (or cancel it), then change the rules.").into());
    }
    refuse_while_validating(&mut tx, id).await?;
    if let Some(config) = config {
        db::datasets::set_validation_config(&mut tx, id, config).await?;
    }
    let job_id = jobs::validate::enqueue(&mut tx, id).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(id);
    Ok(job_id)
}

/// Hides a dataset for good (nobody has seen it yet) and stops its jobs; its rows go in the background.
pub async fn discard(state: &AppState, id: &str) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    db::datasets::hide(&mut tx, id).await?;
    let imports = db::jobs::abandon(&mut tx, id).await?;
    tx.commit().await?;
    for args in &imports {
        uploads::discard_of(args).await;
    }
    state.events.send(id, DatasetEvent::Deleted);
    purge_in_background(state);
    Ok(())
}

/// Deletes the rows of deleted datasets, and of deleted records that nobody can want back any more.
pub(crate) fn purge_in_background(state: &AppState) {
    let state_ = state.clone();
    state.background.spawn(async move {
        if let Err(error) = purge_deleted(&state_).await {
            tracing::warn!(%error, "the rows of a deleted dataset are left for the next start");
        }
    });
}

/// Deletes what deleted datasets have left, once nobody can bring them back: also what a process that ended left over.
pub async fn purge_deleted(state: &AppState) -> ServiceResult<()> {
    loop {
        // Giving a dataset up gives up what was deleted from it, too: so there may be more to do afterwards.
        let hidden = db::datasets::hidden(&state.db, deletion::kept_since()).await?;
        if hidden.is_empty() {
            return Ok(());
        }
        for id in hidden {
            purge(state, &id).await?;
            if state.shutdown.is_cancelled() {
                return Ok(());
            }
        }
    }
}

/// Looks regularly, from the start to the state's shutdown, for what nobody can bring back any more.
pub async fn purge_while_running(state: AppState) {
    loop {
        if let Err(error) = purge_deleted(&state).await {
            tracing::warn!(%error, "the rows of a deleted dataset could not be deleted; it is tried again");
        }
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_FOR_DELETED) => {}
        }
    }
}

/// Two processes may be at it at once: what is gone is gone, and what somebody brings back first stays.
async fn purge(state: &AppState, id: &str) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    if !db::datasets::give_up(&mut tx, id, deletion::kept_since()).await? {
        return Ok(());
    }
    let imports = db::jobs::abandon(&mut tx, id).await?;
    tx.commit().await?;
    for args in &imports {
        uploads::discard_of(args).await;
    }
    while delete_some(&state.db, id).await? {
        if state.shutdown.is_cancelled() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    let mut tx = state.db.begin().await?;
    db::datasets::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether more may be left.
async fn delete_some(db: &Db, id: &str) -> ServiceResult<bool> {
    let mut tx = db.begin().await?;
    let records = bulk::delete(&mut tx, id, BATCH).await?;
    let samples = if records < BATCH { db::dry_runs::delete_samples(&mut tx, id, BATCH).await? } else { BATCH };
    tx.commit().await?;
    Ok(samples == BATCH)
}
