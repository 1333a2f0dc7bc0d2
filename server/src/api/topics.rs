//! Topics: hierarchy, categorizing, target shares.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::coverage::TargetDistribution;
use crate::types::error::AppError;
use crate::types::job::JobStatus;
use crate::types::topics::{CategorizeMode, TopicEdit, TopicHierarchy};

/// Replaces the hierarchy by this JSON text. Without `confirm`, a change that would take labels off
/// records is refused as a conflict that names their number.
#[server(prefix = "/api", endpoint = "topics/import", input = Json)]
pub async fn import_topics(dataset_id: String, json: String, confirm: bool) -> Result<TopicHierarchy, AppError> {
    super::boundary::answer(|state| async move { crate::topics::import(&state, &dataset_id, &json, confirm).await })
        .await
}

/// One change by hand; `confirm` as in [`import_topics`].
#[server(prefix = "/api", endpoint = "topics/edit", input = Json)]
pub async fn edit_topics(dataset_id: String, edit: TopicEdit, confirm: bool) -> Result<TopicHierarchy, AppError> {
    super::boundary::answer(|state| async move { crate::topics::edit(&state, &dataset_id, edit, confirm).await }).await
}

/// Starts labelling records by keyword. `include_manual` lets it overwrite labels set by hand.
#[server(prefix = "/api", endpoint = "topics/categorize", input = Json)]
pub async fn categorize(dataset_id: String, mode: CategorizeMode, include_manual: bool) -> Result<JobStatus, AppError> {
    super::boundary::answer(|state| async move {
        crate::topics::start_categorize(&state, &dataset_id, mode, include_manual).await
    })
    .await
}

/// Sets the target shares in percent (they must name every leaf and add up to 100); `None`: uniform.
#[server(prefix = "/api", endpoint = "topics/targets", input = Json)]
pub async fn set_targets(dataset_id: String, targets: Option<TargetDistribution>) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::topics::set_targets(&state, &dataset_id, targets).await }).await
}
