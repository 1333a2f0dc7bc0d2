//! Near-duplicates: look, list, keep one of each, set aside.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::dataset::RecordDeletion;
use crate::types::error::AppError;
use crate::types::job::JobStatus;
use crate::types::near_duplicates::NearDuplicatePage;

/// Starts looking; `None`: at the last look's threshold. One that is under way is answered as it is.
#[server(prefix = "/api", endpoint = "near-duplicates/start", input = Json)]
pub async fn find_near_duplicates(dataset_id: String, threshold: Option<f64>) -> Result<JobStatus, AppError> {
    super::boundary::answer(|state| async move { crate::near_duplicates::start(&state, &dataset_id, threshold).await })
        .await
}

/// A page of clusters, or with `cluster` a page of that one's records.
#[server(prefix = "/api", endpoint = "near-duplicates/list", input = Json)]
pub async fn list_near_duplicates(
    dataset_id: String,
    cluster: Option<i64>,
    page: i64,
) -> Result<NearDuplicatePage, AppError> {
    super::boundary::answer(
        |state| async move { crate::near_duplicates::page(&state, &dataset_id, cluster, page).await },
    )
    .await
}

/// Deletes all but the earliest record of a cluster, or of every one; refused unless that are `records`. The records' undo
/// takes it back.
#[server(prefix = "/api", endpoint = "near-duplicates/keep-one", input = Json)]
pub async fn keep_one_of_each(
    dataset_id: String,
    cluster: Option<i64>,
    records: i64,
) -> Result<RecordDeletion, AppError> {
    super::boundary::answer(|state| async move {
        crate::near_duplicates::keep_one(&state, &dataset_id, cluster, records).await
    })
    .await
}

/// Sets a cluster aside as no duplicates, or brings it (or all) back.
#[server(prefix = "/api", endpoint = "near-duplicates/dismiss", input = Json)]
pub async fn dismiss_near_duplicates(
    dataset_id: String,
    cluster: Option<i64>,
    dismissed: bool,
) -> Result<(), AppError> {
    super::boundary::answer(|state| async move {
        crate::near_duplicates::dismiss(&state, &dataset_id, cluster, dismissed).await
    })
    .await
}
