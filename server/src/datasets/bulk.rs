//! One thing done with every record that matches a filter, however many: a job does it (`jobs::bulk`).

use super::new_id;
use crate::clock::now_ms;
use crate::db;
use crate::db::records::page::{self, Matching};
use crate::error::ServiceResult;
use crate::jobs::bulk::{Args, BulkWork};
use crate::jobs::import::refuse_while_validating;
use crate::state::AppState;
use crate::topics::{check_leaf, refuse_while_carrying};
use crate::types::dataset::{BulkAction, RecordFilter, RecordSort};
use crate::types::error::AppError;
use crate::types::job::{JobKind, JobStatus};

/// Starts it. What matches now is what it is done with, whatever matches later.
pub async fn start(
    state: &AppState,
    dataset_id: &str,
    filter: &RecordFilter,
    action: BulkAction,
) -> ServiceResult<JobStatus> {
    let matching = Matching::resolve(&state.db, dataset_id, filter, RecordSort::Oldest).await?;
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    refuse_while_validating(&mut tx, dataset_id).await?;
    refuse_while_carrying(state, &mut tx, dataset_id).await?;
    refuse_while_importing(&mut tx, dataset_id).await?;
    let job_id = new_id();
    let what = match action {
        BulkAction::Assign { topic } => {
            if let Some(topic) = &topic {
                check_leaf(&mut tx, dataset_id, topic).await?;
            }
            BulkWork::Assign { topic }
        }
        BulkAction::Delete => {
            let deletion = new_id();
            db::datasets::insert_trash(&mut tx, &deletion, dataset_id, now_ms()).await?;
            BulkWork::Delete { deletion }
        }
    };
    let mut args = Args { what, total: 0, after_id: 0, done: 0 };
    db::jobs::insert(&mut tx, &job_id, JobKind::Bulk, dataset_id, &serde_json::to_string(&args)?).await?;
    args.total = page::select_for(&mut tx, &job_id, &matching).await?;
    if args.total == 0 {
        return Err(
            AppError::conflict("No record matches any more, so nothing was done. Look at the list again.").into()
        );
    }
    db::jobs::set_args(&mut tx, &job_id, &serde_json::to_string(&args)?).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    db::jobs::get(&state.db, &job_id).await
}

/// A replacing import would take away what is being changed.
pub(super) async fn refuse_while_importing(tx: &mut db::Tx, dataset_id: &str) -> ServiceResult<()> {
    if db::jobs::is_active(&mut *tx, dataset_id, JobKind::Import).await? {
        let message =
            "An import is running. Wait for its end (or cancel it), then do this with everything that matches.";
        return Err(AppError::conflict(message).into());
    }
    Ok(())
}
