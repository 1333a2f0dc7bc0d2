//! Datasets: list, overview, settings, sample, delete.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::dataset::{Dataset, DatasetSummary, DeletedDataset};
use crate::types::error::AppError;
use crate::types::overview::DatasetOverview;
use crate::types::validation::{RulesPreview, ValidationConfig};

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

/// Makes the sample dataset (records, topics, grader, finished dry run) and goes to its verdict; works as a
/// plain form post too. Answers the new dataset's id.
#[server(prefix = "/api", endpoint = "datasets/sample")]
pub async fn open_sample() -> Result<String, AppError> {
    let id =
        super::boundary::answer(|state| async move { crate::sample::create(&state, crate::jobs::RunBy::Server).await })
            .await?;
    // To the verdict, which is what the sample is to show.
    leptos_axum::redirect(&format!("/finetune/{id}?step=dryrun#step-panel"));
    Ok(id)
}

/// Changes name and objective; works as a plain form post too.
#[server(prefix = "/api", endpoint = "datasets/update")]
pub async fn update_dataset(dataset_id: String, name: String, objective: String) -> Result<Dataset, AppError> {
    let typed = [("name", name.as_str()), ("objective", objective.as_str())];
    let page = format!("/finetune/{dataset_id}/settings");
    let changed =
        super::boundary::answer(async |state| crate::datasets::update(&state, &dataset_id, &name, &objective).await)
            .await;
    super::boundary::lead_refused_form_to(
        &page,
        <UpdateDataset as leptos::server_fn::ServerFn>::PATH,
        &typed,
        &changed,
    );
    let changed = changed?;
    super::boundary::lead_form_to(&format!("/finetune/{}/settings?saved=about", changed.id));
    Ok(changed)
}

/// Changes the rules' parameters and starts validating every record again.
#[server(prefix = "/api", endpoint = "datasets/validation", input = Json)]
pub async fn update_validation_config(dataset_id: String, config: ValidationConfig) -> Result<Dataset, AppError> {
    super::boundary::answer(|state| async move {
        crate::datasets::update_validation_config(&state, &dataset_id, config).await
    })
    .await
}

/// The same from a form, with the numbers as they were typed; works as a plain form post too.
#[server(prefix = "/api", endpoint = "datasets/rules")]
pub async fn save_rules(
    dataset_id: String,
    min_user_message_length: String,
    max_tokens: String,
    tokenizer: String,
    // A form without a ticked box sends none.
    #[server(default)] allowed_roles: Vec<String>,
) -> Result<Dataset, AppError> {
    let rules = crate::datasets::TypedRules { min_user_message_length, max_tokens, tokenizer, allowed_roles };
    let page = format!("/finetune/{dataset_id}/settings");
    let changed = super::boundary::answer(async |state| {
        crate::datasets::update_validation_config(&state, &dataset_id, rules.clone().read()?).await
    })
    .await;
    super::boundary::lead_refused_form_to(
        &page,
        <SaveRules as leptos::server_fn::ServerFn>::PATH,
        &rules.fields(),
        &changed,
    );
    let changed = changed?;
    super::boundary::lead_form_to(&format!("/finetune/{}/settings?saved=rules", changed.id));
    Ok(changed)
}

/// What these rules (typed as in the form) would free and reject; stores nothing.
#[server(prefix = "/api", endpoint = "datasets/rules-preview", input = Json)]
pub async fn preview_rules(
    dataset_id: String,
    min_user_message_length: String,
    max_tokens: String,
    tokenizer: String,
    allowed_roles: Vec<String>,
) -> Result<RulesPreview, AppError> {
    let rules = crate::datasets::TypedRules { min_user_message_length, max_tokens, tokenizer, allowed_roles };
    super::boundary::answer(async |state| crate::datasets::preview_rules(&state, &dataset_id, rules.read()?).await)
        .await
}

/// Removes topics, labels, targets, graders and dry runs, and keeps the records. Works as a plain form post too.
#[server(prefix = "/api", endpoint = "datasets/reset")]
pub async fn reset_pipeline(
    dataset_id: String,
    // A form without a ticked box sends none.
    #[server(default)] confirm: bool,
) -> Result<(), AppError> {
    let page = format!("/finetune/{dataset_id}/settings?saved=reset");
    super::boundary::answer(async |state| crate::datasets::reset_pipeline(&state, &dataset_id, confirm).await).await?;
    super::boundary::lead_form_to(&page);
    Ok(())
}

/// Makes a copy of a dataset and goes to it; works as a plain form post too. Answers the copy's id. Its records follow: the
/// copy's page shows how far they are.
#[server(prefix = "/api", endpoint = "datasets/duplicate")]
pub async fn duplicate_dataset(dataset_id: String) -> Result<String, AppError> {
    let id = super::boundary::answer(async |state| crate::datasets::duplicate(&state, &dataset_id).await).await?;
    super::boundary::lead_form_to(&format!("/finetune/{id}"));
    Ok(id)
}

/// Deletes a dataset with all that belongs to it. `confirm_name` must equal its name. [`restore_dataset`] takes that back
/// for a while. Works as a plain form post too.
#[server(prefix = "/api", endpoint = "datasets/delete")]
pub async fn delete_dataset(dataset_id: String, confirm_name: String) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::datasets::delete(&state, &dataset_id, &confirm_name).await })
        .await?;
    super::boundary::lead_form_to("/finetune");
    Ok(())
}

/// The deleted datasets that can still be brought back, last deleted first.
#[server(prefix = "/api", endpoint = "datasets/deleted", input = Json)]
pub async fn list_deleted_datasets() -> Result<Vec<DeletedDataset>, AppError> {
    super::boundary::answer(|state| async move { crate::datasets::list_deleted(&state).await }).await
}

/// Brings a deleted dataset back, whole. Works as a plain form post too.
#[server(prefix = "/api", endpoint = "datasets/restore")]
pub async fn restore_dataset(dataset_id: String) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::datasets::restore(&state, &dataset_id).await }).await?;
    super::boundary::lead_form_to("/finetune");
    Ok(())
}
