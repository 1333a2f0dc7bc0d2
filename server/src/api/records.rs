//! Records: pages of them, one of them, edits.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::dataset::{DatasetRecord, RecordDeletion, RecordEdit, RecordFilter, RecordPage, RecordSort};
use crate::types::error::AppError;

/// A page of records; `page` from 1, `page_size` 1 to 200; in record order where no `sort` is given.
#[server(prefix = "/api", endpoint = "records/list", input = Json)]
pub async fn list_records(
    dataset_id: String,
    filter: RecordFilter,
    sort: Option<RecordSort>,
    page: i64,
    page_size: i64,
) -> Result<RecordPage, AppError> {
    super::boundary::answer(|state| async move {
        let sort = sort.unwrap_or_default();
        crate::datasets::records::page(&state, &dataset_id, &filter, sort, page, page_size).await
    })
    .await
}

/// The first valid records, whole; `count` 1 to 10.
#[server(prefix = "/api", endpoint = "records/first-valid", input = Json)]
pub async fn first_valid_records(dataset_id: String, count: i64) -> Result<Vec<DatasetRecord>, AppError> {
    super::boundary::answer(async |state| crate::datasets::records::first_valid(&state, &dataset_id, count).await).await
}

/// One record, whole.
#[server(prefix = "/api", endpoint = "records/get", input = Json)]
pub async fn get_record(dataset_id: String, record_id: i64) -> Result<DatasetRecord, AppError> {
    super::boundary::answer(|state| async move { crate::datasets::records::get(&state, &dataset_id, record_id).await })
        .await
}

/// Replaces a record's `data` and validates it (and what duplicates it) again. JSON that does not parse is
/// refused with its place; a record that was changed since the editor was opened gives 409; a usable record
/// that would break a rule is saved only with `allow_invalid`.
#[server(prefix = "/api", endpoint = "records/update", input = Json)]
pub async fn update_record(dataset_id: String, record_id: i64, edit: RecordEdit) -> Result<DatasetRecord, AppError> {
    super::boundary::answer(|state| async move {
        crate::datasets::records::update(&state, &dataset_id, record_id, &edit).await
    })
    .await
}

/// The ids of the records that match a filter, in record order, at most [`MAX_SELECTED`].
///
/// [`MAX_SELECTED`]: crate::types::dataset::MAX_SELECTED
#[server(prefix = "/api", endpoint = "records/ids", input = Json)]
pub async fn list_record_ids(dataset_id: String, filter: RecordFilter) -> Result<Vec<i64>, AppError> {
    super::boundary::answer(
        |state| async move { crate::datasets::deletion::matching(&state, &dataset_id, &filter).await },
    )
    .await
}

/// Deletes records; `restore_records` takes that back for a day.
#[server(prefix = "/api", endpoint = "records/delete", input = Json)]
pub async fn delete_records(dataset_id: String, record_ids: Vec<i64>) -> Result<RecordDeletion, AppError> {
    super::boundary::answer(
        |state| async move { crate::datasets::deletion::delete(&state, &dataset_id, &record_ids).await },
    )
    .await
}

/// Takes a deletion of records back. Answers how many came back.
#[server(prefix = "/api", endpoint = "records/restore", input = Json)]
pub async fn restore_records(dataset_id: String, deletion_id: String) -> Result<i64, AppError> {
    super::boundary::answer(|state| async move {
        crate::datasets::deletion::restore(&state, &dataset_id, &deletion_id).await
    })
    .await
}

/// Gives records a topic by hand (`None` clears it). Answers how many changed.
#[server(prefix = "/api", endpoint = "records/assign-topic", input = Json)]
pub async fn assign_topic(dataset_id: String, record_ids: Vec<i64>, topic: Option<String>) -> Result<i64, AppError> {
    super::boundary::answer(|state| async move {
        crate::topics::assign(&state, &dataset_id, &record_ids, topic.as_deref()).await
    })
    .await
}
