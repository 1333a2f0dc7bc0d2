//! Imports as units: undo, and undo of the undo.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;

/// Takes an import's records away again and gives back those it replaced, as a job, whose id is answered. `redo_import`
/// takes that back for a day.
#[server(prefix = "/api", endpoint = "imports/undo", input = Json)]
pub async fn undo_import(dataset_id: String, import_id: String) -> Result<String, AppError> {
    super::boundary::answer(
        |state| async move { crate::datasets::undo_import::undo(&state, &dataset_id, &import_id).await },
    )
    .await
}

/// Brings an undone import's records back, as a job, whose id is answered.
#[server(prefix = "/api", endpoint = "imports/redo", input = Json)]
pub async fn redo_import(dataset_id: String, import_id: String) -> Result<String, AppError> {
    super::boundary::answer(
        |state| async move { crate::datasets::undo_import::redo(&state, &dataset_id, &import_id).await },
    )
    .await
}
