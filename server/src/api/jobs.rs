//! Jobs: cancel.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;
use crate::types::job::JobStatus;

/// Asks a queued or running job to stop. What it has done is kept.
#[server(prefix = "/api", endpoint = "jobs/cancel", input = Json)]
pub async fn cancel_job(job_id: String) -> Result<JobStatus, AppError> {
    super::boundary::answer(|state| async move { crate::jobs::cancel(&state, &job_id).await }).await
}
