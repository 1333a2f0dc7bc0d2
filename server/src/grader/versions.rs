//! Saved versions of a grader: all of them, and two compared.

use super::diff::diff;
use crate::db;
use crate::error::{ServiceError, ServiceResult};
use crate::state::AppState;
use crate::types::grader::{GraderDiff, GraderVersion};

/// All saved versions, newest first.
pub async fn versions(state: &AppState, dataset_id: &str) -> ServiceResult<Vec<GraderVersion>> {
    db::datasets::get(&state.db, dataset_id).await?;
    db::graders::versions(&state.db, dataset_id).await
}

/// What changed from the version `from` to the version `to`; 404 for one that is not there.
pub async fn compare_versions(state: &AppState, dataset_id: &str, from: i64, to: i64) -> ServiceResult<GraderDiff> {
    db::datasets::get(&state.db, dataset_id).await?;
    let from = db::graders::get(&state.db, dataset_id, from).await?;
    let to = db::graders::get(&state.db, dataset_id, to).await?;
    // Large texts take a while, which other requests must not wait for.
    tokio::task::spawn_blocking(move || diff(&from, &to))
        .await
        .map_err(|error| ServiceError::internal("comparing two versions of a grader", error))
}
