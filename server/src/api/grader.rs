//! Graders: save, test, versions.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;
use crate::types::grader::{GraderConfig, GraderDiff, GraderTestReport, GraderVersion};

/// Saves a new version (an unchanged config gives the current one back). A script that does not compile
/// or defines no `grade` is refused with its place.
#[server(prefix = "/api", endpoint = "grader/save", input = Json)]
pub async fn save_grader(dataset_id: String, config: GraderConfig) -> Result<GraderVersion, AppError> {
    super::boundary::answer(|state| async move { crate::grader::save(&state, &dataset_id, config).await }).await
}

/// Grades `samples` (1 to 20) recorded responses: of the saved grader (then the report is kept), or of a
/// draft that is not saved.
#[server(prefix = "/api", endpoint = "grader/test", input = Json)]
pub async fn test_grader(
    dataset_id: String,
    draft: Option<GraderConfig>,
    samples: i64,
) -> Result<GraderTestReport, AppError> {
    super::boundary::answer(|state| async move {
        crate::grader::test_grader_on_sample(&state, &dataset_id, draft, samples).await
    })
    .await
}

/// All saved versions, newest first.
#[server(prefix = "/api", endpoint = "grader/versions", input = Json)]
pub async fn grader_versions(dataset_id: String) -> Result<Vec<GraderVersion>, AppError> {
    super::boundary::answer(|state| async move { crate::grader::versions(&state, &dataset_id).await }).await
}

/// What changed from one saved version to another, line by line.
#[server(prefix = "/api", endpoint = "grader/diff", input = Json)]
pub async fn diff_grader(dataset_id: String, from: i64, to: i64) -> Result<GraderDiff, AppError> {
    super::boundary::answer(|state| async move { crate::grader::compare_versions(&state, &dataset_id, from, to).await })
        .await
}
