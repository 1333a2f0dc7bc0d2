//! Graders: save, test, versions.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;
use crate::types::grader::{
    ExportedGrader, GraderConfig, GraderDiff, GraderTestReport, GraderVersion, ImportedGrader, PromptPreview, WhatIf,
};
use crate::types::job::JobStatus;

/// Saves a new version (an unchanged config gives the current one back). A script that does not compile
/// or defines no `grade` is refused with its place.
#[server(prefix = "/api", endpoint = "grader/save", input = Json)]
pub async fn save_grader(dataset_id: String, config: GraderConfig) -> Result<GraderVersion, AppError> {
    super::boundary::answer(|state| async move { crate::grader::save(&state, &dataset_id, config).await }).await
}

/// Has `samples` (1 to 20) recorded responses graded by a job: by the saved grader, or by a draft that is not saved. Another
/// `draw` looks at other records; without one it is the first.
#[server(prefix = "/api", endpoint = "grader/test", input = Json)]
pub async fn test_grader(
    dataset_id: String,
    draft: Option<GraderConfig>,
    samples: i64,
    draw: Option<u32>,
) -> Result<JobStatus, AppError> {
    super::boundary::answer(|state| async move {
        crate::grader::start_test(&state, &dataset_id, draft, samples, draw.unwrap_or_default()).await
    })
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

/// What a draft's templates become for one record: the one at `position`, which counts on from the first again after the last.
#[server(prefix = "/api", endpoint = "grader/preview", input = Json)]
pub async fn preview_grader(
    dataset_id: String,
    config: GraderConfig,
    position: i64,
) -> Result<PromptPreview, AppError> {
    super::boundary::answer(|state| async move { crate::grader::preview(&state, &dataset_id, config, position).await })
        .await
}

/// Reads another tool's grader: OpenAI's JSON, or promptfoo's assertions (YAML or JSON). Nothing is saved.
#[server(prefix = "/api", endpoint = "grader/import", input = Json)]
pub async fn import_grader(text: String) -> Result<ImportedGrader, AppError> {
    super::boundary::answer(|_| async move { Ok(crate::grader::exchange::import(&text)?) }).await
}

/// Writes a grader as OpenAI's JSON.
#[server(prefix = "/api", endpoint = "grader/export", input = Json)]
pub async fn export_grader(config: GraderConfig, name: String) -> Result<ExportedGrader, AppError> {
    super::boundary::answer(|_| async move { Ok(crate::grader::exchange::export(&config, &name)?) }).await
}

/// What a draft would make of the responses that the newest dry run (else the newest test) graded, without asking a model;
/// nothing if none was graded yet. A newer question of the same dataset ends this one.
#[server(prefix = "/api", endpoint = "grader/what_if", input = Json)]
pub async fn what_if_grader(dataset_id: String, draft: GraderConfig) -> Result<Option<WhatIf>, AppError> {
    super::boundary::answer(|state| async move { crate::grader::what_if(&state, &dataset_id, draft).await }).await
}
