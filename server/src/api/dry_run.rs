//! Dry runs: start, resume, look at samples and past runs.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::dry_run::{DryRunConfig, DryRunEstimate, DryRunSummary, DryRunView, SamplePage, SampleSelection};
use crate::types::error::AppError;

/// Starts a dry run with the saved grader. One at a time per dataset.
#[server(prefix = "/api", endpoint = "dry-run/start", input = Json)]
pub async fn start_dry_run(dataset_id: String, config: DryRunConfig) -> Result<DryRunSummary, AppError> {
    super::boundary::answer(|state| async move { crate::dry_run::start(&state, &dataset_id, config).await }).await
}

/// What a run would ask for, take and cost; refused like the run itself where it could not start.
#[server(prefix = "/api", endpoint = "dry-run/estimate", input = Json)]
pub async fn estimate_dry_run(dataset_id: String, config: DryRunConfig) -> Result<DryRunEstimate, AppError> {
    super::boundary::answer(|state| async move { crate::dry_run::estimate(&state, &dataset_id, config).await }).await
}

/// Goes on with a cancelled or failed run where it stopped.
#[server(prefix = "/api", endpoint = "dry-run/resume", input = Json)]
pub async fn resume_dry_run(run_id: String, max_cost: Option<f64>) -> Result<DryRunSummary, AppError> {
    super::boundary::answer(|state| async move { crate::dry_run::resume(&state, &run_id, max_cost).await }).await
}

/// One run with its histogram.
#[server(prefix = "/api", endpoint = "dry-run/get", input = Json)]
pub async fn get_dry_run(run_id: String) -> Result<DryRunView, AppError> {
    super::boundary::answer(|state| async move { crate::dry_run::view(&state, &run_id).await }).await
}

/// Samples of a run; `page` from 1, 50 a page.
#[server(prefix = "/api", endpoint = "dry-run/samples", input = Json)]
pub async fn dry_run_samples(run_id: String, selection: SampleSelection, page: i64) -> Result<SamplePage, AppError> {
    super::boundary::answer(|state| async move { crate::dry_run::samples(&state, &run_id, &selection, page).await })
        .await
}
