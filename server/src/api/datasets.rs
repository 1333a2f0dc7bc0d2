//! Datasets: list, overview, settings, sample, delete.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::dataset::{Dataset, DatasetSummary};
use crate::types::error::AppError;
use crate::types::overview::DatasetOverview;
use crate::types::validation::ValidationConfig;

/// Every dataset with its pipeline, last changed first.
#[server(prefix = "/api", endpoint = "datasets/list", input = Json)]
pub async fn list_datasets() -> Result<Vec<DatasetSummary>, AppError> {
    super::boundary::answer(|state| async move { crate::datasets::list(&state).await }).await
}

/// Everything the canvas page shows of one dataset.
#[server(prefix = "/api", endpoint = "datasets/overview", input = Json)]
pub async fn get_overview(dataset_id: String) -> Result<DatasetOverview, AppError> {
    super::boundary::answer(|state| async move { crate::datasets::overview(&state, &dataset_id).await }).await
}

/// Makes the sample dataset (records, topics, grader, finished dry run) and goes to it; works as a plain
/// form post too. Answers the new dataset's id.
#[server(prefix = "/api", endpoint = "datasets/sample")]
pub async fn open_sample() -> Result<String, AppError> {
    let id =
        super::boundary::answer(|state| async move { crate::sample::create(&state, crate::jobs::RunBy::Server).await })
            .await?;
    leptos_axum::redirect(&format!("/finetune/{id}"));
    Ok(id)
}

/// Changes name and objective.
#[server(prefix = "/api", endpoint = "datasets/update", input = Json)]
pub async fn update_dataset(dataset_id: String, name: String, objective: String) -> Result<Dataset, AppError> {
    super::boundary::answer(
        |state| async move { crate::datasets::update(&state, &dataset_id, &name, &objective).await },
    )
    .await
}

/// Changes the rules' parameters and starts validating every record again.
#[server(prefix = "/api", endpoint = "datasets/validation", input = Json)]
pub async fn update_validation_config(dataset_id: String, config: ValidationConfig) -> Result<Dataset, AppError> {
    super::boundary::answer(|state| async move {
        crate::datasets::update_validation_config(&state, &dataset_id, config).await
    })
    .await
}

/// Deletes a dataset with all that belongs to it. `confirm_name` must equal its name.
#[server(prefix = "/api", endpoint = "datasets/delete", input = Json)]
pub async fn delete_dataset(dataset_id: String, confirm_name: String) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::datasets::delete(&state, &dataset_id, &confirm_name).await })
        .await
}
