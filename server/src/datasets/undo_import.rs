//! Undoing an import as a whole, and taking that back.

use super::new_id;
use crate::db;
use crate::db::imports::Undoing;
use crate::error::ServiceResult;
use crate::jobs::import::refuse_while_validating;
use crate::jobs::undo_import::Args;
use crate::state::AppState;
use crate::topics::refuse_while_carrying;
use crate::types::error::AppError;
use crate::types::import::ImportUndo;
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
    check(&import, redo)?;
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

/// What can be done about an import.
pub(crate) fn import_undo(import: &Undoing) -> ImportUndo {
    let is_there = import.there > 0;
    match import.undone {
        _ if !import.settled => ImportUndo::NotYet,
        // Some of its records had been deleted before its undo, and were brought back since.
        true if is_there && !import.replaces => ImportUndo::CanUndo,
        true if import.taken_back.is_some() => ImportUndo::CanBringBack,
        true => ImportUndo::Undone,
        false if import.records == 0 => ImportUndo::Nothing,
        false if import.replaces && import.replaced.is_none() => ImportUndo::TooLate,
        false if !import.replaces && !is_there => ImportUndo::Gone,
        false => ImportUndo::CanUndo,
    }
}

/// Refuses what cannot be done about it, in words.
fn check(import: &Undoing, redo: bool) -> Result<(), AppError> {
    let refusal = match (redo, import_undo(import)) {
        (false, ImportUndo::CanUndo) | (true, ImportUndo::CanBringBack) => return Ok(()),
        (_, ImportUndo::NotYet) => "This import has not ended. Wait for its end, or cancel it.",
        (true, ImportUndo::Undone) => {
            "The records of this import are gone: they were kept for a day after its undo. Import the file again."
        }
        (true, _) if import.undone => {
            "Some records of this import are in the dataset: they were brought back by themselves. Undo the import, then bring all of it back."
        }
        (true, _) => "This import is not undone, so there is nothing to bring back.",
        (false, ImportUndo::CanBringBack | ImportUndo::Undone) => {
            "This import was undone already. “Bring back” takes that back for a day."
        }
        (false, ImportUndo::Nothing) => "This import brought no record, so there is nothing to undo.",
        (false, ImportUndo::TooLate) => {
            "This import cannot be undone any more: what it replaced was kept until the next import. Import the former file again, or delete its records in the records list."
        }
        (false, ImportUndo::Gone) => {
            "None of this import's records is in the dataset any more, so there is nothing to undo: they were replaced or deleted. Undo that instead."
        }
    };
    Err(AppError::conflict(refusal))
}
