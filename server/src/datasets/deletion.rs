//! Deleting records, and taking that back: the rows wait in a hidden dataset of their own, whole and under their ids. What was
//! a duplicate of a deleted one is decided anew, after the deletion and after its undo.

use super::new_id;
use super::records::recheck_duplicates;
use crate::clock::now_ms;
use crate::db::records::bulk;
use crate::db::records::page;
use crate::db::records::trash::{self, Keys, Which};
use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::format;
use crate::jobs;
use crate::jobs::bulk::{Args, BulkWork};
use crate::jobs::import::refuse_while_validating;
use crate::near_duplicates;
use crate::state::AppState;
use crate::topics::refuse_while_carrying;
use crate::types::TimestampMs;
use crate::types::dataset::{MAX_SELECTED, RecordDeletion, RecordFilter};
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// So long a deletion can be undone.
const KEPT_MS: TimestampMs = 24 * 60 * 60 * 1000;

/// The records that match, in record order; of very many the first [`MAX_SELECTED`].
pub async fn matching(state: &AppState, dataset_id: &str, filter: &RecordFilter) -> ServiceResult<Vec<i64>> {
    db::datasets::get(&state.db, dataset_id).await?;
    page::ids(&state.db, dataset_id, filter, i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX)).await
}

/// Refuses a selection that is empty, or larger than one transaction shall be.
pub(crate) fn check_selection(record_ids: &[i64]) -> Result<(), AppError> {
    if record_ids.is_empty() {
        return Err(AppError::invalid("No record is ticked. Tick some, then try again."));
    }
    if record_ids.len() > MAX_SELECTED {
        let most = format::count(i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX));
        return Err(AppError::invalid(format!("At most {most} records can be handled at once. Untick some of them.")));
    }
    Ok(())
}

/// Deletes records; [`restore`] takes that back. Those that are gone already are passed over.
pub async fn delete(state: &AppState, dataset_id: &str, record_ids: &[i64]) -> ServiceResult<RecordDeletion> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    let deletion = delete_in(state, &mut tx, dataset_id, record_ids).await?;
    tx.commit().await?;
    told(state, dataset_id).await?;
    Ok(deletion)
}

/// The same as part of a write; call [`told`] after its commit.
pub(crate) async fn delete_in(
    state: &AppState,
    tx: &mut Tx,
    dataset_id: &str,
    record_ids: &[i64],
) -> ServiceResult<RecordDeletion> {
    check_selection(record_ids)?;
    refuse_while_validating(tx, dataset_id).await?;
    refuse_while_carrying(state, tx, dataset_id).await?;
    let (id, deleted_at) = (new_id(), now_ms());
    db::datasets::insert_trash(tx, &id, dataset_id, deleted_at).await?;
    let keys = trash::keys_of(tx, dataset_id, record_ids).await?;
    // Fewer records are no new near-duplicates, unless others take their place.
    if !db::near_duplicates::frees_others(tx, dataset_id, record_ids).await? {
        db::near_duplicates::hold_on(tx, dataset_id).await?;
    }
    let records = trash::give(tx, dataset_id, &id, record_ids).await?;
    if records == 0 {
        let message = "The ticked records are no longer there: they were deleted or replaced meanwhile. Tick others.";
        return Err(AppError::conflict(message).into());
    }
    decide_anew(tx, dataset_id, keys).await?;
    Ok(RecordDeletion { id, records, deleted_at })
}

/// After a deletion.
pub(crate) async fn told(state: &AppState, dataset_id: &str) -> ServiceResult<()> {
    near_duplicates::recount(state, dataset_id).await?;
    state.events.changed(dataset_id);
    // What was deleted long ago makes room.
    super::purge_in_background(state);
    Ok(())
}

/// Takes a deletion back: the same records, with their ids, lines and topics. Answers how many came back. If the rules were
/// changed meanwhile, every record is validated again. Very many come back by a job: then the answer is how many will.
pub async fn restore(state: &AppState, dataset_id: &str, deletion_id: &str) -> ServiceResult<i64> {
    let mut tx = state.db.begin().await?;
    let dataset = db::datasets::get(&mut tx, dataset_id).await?;
    let Some(rules) = db::datasets::trash_rules(&mut tx, deletion_id, dataset_id, kept_since()).await? else {
        let message = "These records cannot be brought back: that was done already, a day has passed, or an import replaced the dataset's records.";
        return Err(AppError::conflict(message).into());
    };
    refuse_while_validating(&mut tx, dataset_id).await?;
    refuse_while_carrying(state, &mut tx, dataset_id).await?;
    let validate = rules != dataset.validation_config;
    let waiting = trash::count(&mut tx, deletion_id, &Which::All).await?;
    if waiting > i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX) {
        super::bulk::refuse_while_importing(&mut tx, dataset_id).await?;
        let what = BulkWork::Restore { deletion: deletion_id.to_owned(), validate };
        let args = Args { what, total: waiting, after_id: 0, done: 0 };
        let job_id = new_id();
        db::jobs::insert(&mut tx, &job_id, JobKind::Bulk, dataset_id, &serde_json::to_string(&args)?).await?;
        bulk::select_all(&mut tx, &job_id, deletion_id).await?;
        tx.commit().await?;
        state.jobs.wake();
        state.events.changed(dataset_id);
        return Ok(waiting);
    }
    let ids = trash::ids_of(&mut tx, deletion_id).await?;
    let keys = trash::keys_of(&mut tx, deletion_id, &ids).await?;
    let records = trash::give(&mut tx, deletion_id, dataset_id, &ids).await?;
    db::datasets::delete(&mut tx, deletion_id).await?;
    decide_anew(&mut tx, dataset_id, keys).await?;
    if validate {
        if db::jobs::is_active(&mut tx, dataset_id, JobKind::Import).await? {
            return Err(AppError::conflict("The rules were changed since, so that every record has to be validated again, and an import is running. Wait for its end, then undo the deletion.").into());
        }
        jobs::validate::enqueue(&mut tx, dataset_id).await?;
    } else if db::near_duplicates::current(&mut tx, dataset_id).await?.is_some() {
        jobs::near_duplicates::enqueue_if_quick(state, &mut tx, dataset_id, None).await?;
    }
    tx.commit().await?;
    near_duplicates::recount(state, dataset_id).await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    Ok(records)
}

/// Whoever shares a key with what came or went may have become a duplicate, or ceased to be one.
pub(crate) async fn decide_anew(tx: &mut Tx, dataset_id: &str, keys: Keys) -> ServiceResult<()> {
    recheck_duplicates(tx, dataset_id, keys.hashes, keys.spans).await?;
    db::datasets::touch_records(tx, dataset_id).await
}

/// Deletions up to this moment can no longer be undone.
pub(crate) fn kept_since() -> TimestampMs {
    now_ms() - KEPT_MS
}
