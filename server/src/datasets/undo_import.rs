//! Undoing an import as a whole, and taking that back.

use super::new_id;
use crate::db;
use crate::db::imports::Undoing;
use crate::db::records::trash::{self, Which};
use crate::error::ServiceResult;
use crate::jobs::import::refuse_while_validating;
use crate::jobs::undo_import::Args;
use crate::state::AppState;
use crate::topics::refuse_while_carrying;
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// Starts to take an import's records away (and to give back those it replaced); answers the job's id.
pub async fn undo(state: &AppState, dataset_id: &str, import_id: &str) -> ServiceResult<String> {
    start(state, dataset_id, import_id, false).await
}

/// Starts to bring an undone import's records back; answers the job's id.
pub async fn redo(state: &AppState, dataset_id: &str, import_id: &str) -> ServiceResult<String> {
    start(state, dataset_id, import_id, true).await
}

async fn start(state: &AppState, dataset_id: &str, import_id: &str, redo: bool) -> ServiceResult<String> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    let import = db::imports::undoing(&mut tx, import_id).await?;
    if import.dataset_id != dataset_id {
        return Err(AppError::not_found("This import").into());
    }
    let which = Which::Import(import_id.to_owned());
    let is_there = !trash::next_ids(&mut tx, dataset_id, &which, 1).await?.is_empty();
    check(&import, redo, is_there)?;
    if db::jobs::is_active(&mut tx, dataset_id, JobKind::Import).await? {
        return Err(AppError::conflict("An import is running. Wait for its end, then try again.").into());
    }
    refuse_while_validating(&mut tx, dataset_id).await?;
    refuse_while_carrying(state, &mut tx, dataset_id).await?;
    let job_id = new_id();
    let args = serde_json::to_string(&Args { import_id: import_id.to_owned(), redo })?;
    db::jobs::insert(&mut tx, &job_id, JobKind::UndoImport, dataset_id, &args).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    Ok(job_id)
}

/// Whether there is something to undo, or to bring back, and it is still there.
fn check(import: &Undoing, redo: bool, is_there: bool) -> Result<(), AppError> {
    let refusal = match (redo, import.undone) {
        (false, false) if !import.replaces && !is_there => {
            "None of this import's records is in the dataset any more, so there is nothing to undo: they were replaced or deleted. Undo that instead."
        }
        // Some of its records had been deleted before its undo, and were brought back since.
        (false, true) if is_there && !import.replaces => return Ok(()),
        (false, true) => "This import was undone already. “Bring back” takes that back.",
        (true, false) => "This import is not undone, so there is nothing to bring back.",
        (true, true) if import.taken_back.is_none() => {
            "The records of this import are gone: they were kept for a day after its undo. Import the file again."
        }
        (false, false) if import.replaces && import.replaced.is_none() => {
            "This import cannot be undone any more: what it replaced was kept until the next import. Import the former file again, or delete its records in the records list."
        }
        _ => return Ok(()),
    };
    Err(AppError::conflict(refusal))
}
