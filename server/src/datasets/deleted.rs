//! Deleting a whole dataset, and taking that back: it is hidden at once with everything that belongs to it, and its rows go
//! only when nobody can want it back any more (`large::purge_deleted`):
//! after [`crate::config::DELETED_KEPT`].

use crate::clock::now_ms;
use crate::db;
use crate::error::{ServiceError, ServiceResult};
use crate::jobs;
use crate::state::AppState;
use crate::types::TimestampMs;
use crate::types::dataset::DeletedDataset;
use crate::types::error::AppError;
use crate::types::event::DatasetEvent;

/// Deletes a dataset with all that belongs to it; its jobs are cancelled, and keep what they have done. [`restore`] takes
/// that back.
pub async fn delete(state: &AppState, id: &str, confirm_name: &str) -> ServiceResult<()> {
    let kept_ms = TimestampMs::try_from(state.config.deleted_kept.as_millis()).unwrap_or(TimestampMs::MAX);
    let mut tx = state.db.begin().await?;
    let dataset = db::datasets::get(&mut tx, id).await?;
    if confirm_name.trim() != dataset.name.trim() {
        return Err(AppError::invalid_field(
            "confirm_name",
            format!("Type the dataset's name, \"{}\", to confirm that it shall be deleted.", dataset.name),
        )
        .into());
    }
    db::datasets::hide_until(&mut tx, id, now_ms().saturating_add(kept_ms)).await?;
    let cancelled = jobs::cancel_all_of(&mut tx, id).await?;
    tx.commit().await?;
    for (status, args) in &cancelled {
        jobs::carry_out_cancel(state, status, args).await;
    }
    state.events.send(id, DatasetEvent::Deleted);
    super::purge_in_background(state);
    Ok(())
}

/// Brings a deleted dataset back, whole. One that is there already stays as it is: somebody else was quicker.
pub async fn restore(state: &AppState, id: &str) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    if !db::datasets::unhide(&mut tx, id).await? {
        return match db::datasets::get(&mut tx, id).await {
            Ok(_) => Ok(()),
            Err(ServiceError::App(AppError::NotFound { .. })) => Err(AppError::conflict(
                "This dataset cannot be brought back: the time for that has passed, and its records are gone.",
            )
            .into()),
            Err(error) => Err(error),
        };
    }
    tx.commit().await?;
    state.events.changed(id);
    Ok(())
}

/// The deleted datasets that can be brought back, last deleted first.
pub async fn list_deleted(state: &AppState) -> ServiceResult<Vec<DeletedDataset>> {
    db::datasets::restorable(&state.db).await
}
