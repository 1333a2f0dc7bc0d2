//! Graders: save, test, versions.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;
use crate::types::grader::{GraderConfig, GraderDiff, GraderTestReport, GraderVersion};
use crate::types::job::JobStatus;

/// Saves a new version (an unchanged config gives the current one back). A script that does not compile
/// or defines no `grade` is refused with its place.
#[server(prefix = "/api", endpoint = "grader/save", input = Json)]
pub async fn save_grader(dataset_id: String, config: GraderConfig) -> Result<GraderVersion, AppError> {
    super::boundary::answer(|state| async move { crate::grader::save(&state, &dataset_id, config).await }).await
}

/// Has `samples` (1 to 20) recorded responses graded by a job: by the saved grader, or by a draft that is not saved.
#[server(prefix = "/api", endpoint = "grader/test", input = Json)]
pub async fn test_grader(dataset_id: String, draft: Option<GraderConfig>, samples: i64) -> Result<JobStatus, AppError> {
    super::boundary::answer(|state| async move { crate::grader::start_test(&state, &dataset_id, draft, samples).await })
        .await
}

/// What the test of this job found; nothing while it runs, and if it ended without a result.
#[server(prefix = "/api", endpoint = "grader/tested", input = Json)]
pub async fn grader_test_result(dataset_id: String, job_id: String) -> Result<Option<GraderTestReport>, AppError> {
    super::boundary::answer(|state| async move { crate::grader::test_result(&state, &dataset_id, &job_id).await }).await
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
