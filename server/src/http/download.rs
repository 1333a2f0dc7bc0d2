//! Downloads, streamed: records, topics, reports, the training files.

use std::str::FromStr;

use axum::body::Body;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};

use super::reply::HttpError;
use crate::datasets::deletion::check_selection;
use crate::db;
use crate::error::ServiceResult;
use crate::export::mask::{file_name, parse_mask};
use crate::export::report::dry_run_report as dry_run_report_stream;
use crate::export::stream::{RecordFormat, records_jsonl, selected_jsonl};
use crate::state::AppState;
use crate::training;
use crate::types::dataset::{Dataset, RecordFilter};
use crate::types::error::AppError;
use crate::types::training::{SplitBasis, SplitConfig, SplitPart};
use crate::types::validation::RecordStatus;

const JSONL: HeaderValue = HeaderValue::from_static("application/jsonl; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// `?format=native|chat&status=valid&mask=plain|numbered`.
#[derive(Debug, Deserialize)]
pub(super) struct RecordsQuery {
    format: Option<String>,
    status: Option<String>,
    mask: Option<String>,
}

/// `GET /download/{dataset_id}/{records.jsonl | topics.json | hygiene.json | coverage.json}`.
pub(super) async fn dataset_file(
    State(state): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<RecordsQuery>, QueryRejection>,
) -> Result<Response, HttpError> {
    let (Path((dataset_id, file)), Query(query)) = (path?, query?);
    let dataset = db::datasets::get(&state.db, &dataset_id).await?;
    match file.as_str() {
        "records.jsonl" => {
            let format = RecordFormat::parse(query.format.as_deref())?;
            let mask = parse_mask(query.mask.as_deref())?;
            let status = match query.status.as_deref() {
                None | Some("") => None,
                Some(word) => Some(RecordStatus::parse(word).ok_or_else(|| {
                    AppError::invalid_field("status", "The status is pending, valid, invalid or duplicate.")
                })?),
            };
            let rows = records_jsonl(state.db.clone(), dataset_id, format, status, mask);
            Ok(streamed(&dataset, &file_name("records", mask), JSONL, rows))
        }
        "topics.json" => match db::topics::current(&state.db, &dataset_id).await? {
            Some(hierarchy) => json(&dataset, "topics.json", &hierarchy),
            None => Err(AppError::not_found("A topic hierarchy").into()),
        },
        "hygiene.json" => json(&dataset, "hygiene.json", &crate::datasets::hygiene(&state, &dataset_id).await?),
        "coverage.json" => match crate::datasets::coverage(&state, &dataset_id).await? {
            Some(coverage) => json(&dataset, "coverage.json", &coverage),
            None => Err(AppError::not_found("A coverage report (it needs topics)").into()),
        },
        _ => Err(AppError::not_found("This download").into()),
    }
}

/// `ids=1,2,3&format=native&mask=plain`, or `filter=...`: a form, because an address has no room for thousands of ids.
#[derive(Debug, Deserialize)]
pub(super) struct SelectedForm {
    #[serde(default)]
    ids: String,
    /// A `RecordFilter` as JSON, instead of ids: everything that matches.
    filter: Option<String>,
    format: Option<String>,
    mask: Option<String>,
}

/// `POST /download/{dataset_id}/selected.jsonl`: the records that were ticked.
pub(super) async fn selected_records(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<SelectedForm>, FormRejection>,
) -> Result<Response, HttpError> {
    let (Path(dataset_id), Form(form)) = (path?, form?);
    let dataset = db::datasets::get(&state.db, &dataset_id).await?;
    let format = RecordFormat::parse(form.format.as_deref())?;
    let mask = parse_mask(form.mask.as_deref())?;
    if let Some(filter) = &form.filter {
        let filter: RecordFilter = serde_json::from_str(filter).map_err(|_| {
            AppError::invalid_field("filter", "The filter is no JSON of a filter; take it from the list's page.")
        })?;
        // Eight bytes each, so that what is sent is what matches now, however long that takes.
        let ids = db::records::page::ids(&state.db, &dataset_id, &filter, i64::MAX).await?;
        let rows = selected_jsonl(state.db.clone(), dataset_id, format, ids, mask);
        return Ok(streamed(&dataset, &file_name("selected-records", mask), JSONL, rows));
    }
    let ids =
        form.ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::parse).collect::<Result<Vec<i64>, _>>();
    let ids = ids.map_err(|_| AppError::invalid_field("ids", "The ids are whole numbers with commas between them."))?;
    check_selection(&ids)?;
    let rows = selected_jsonl(state.db.clone(), dataset_id, format, ids, mask);
    Ok(streamed(&dataset, &file_name("selected-records", mask), JSONL, rows))
}

/// `?train_ratio=0.9&seed=42&stratify_by_topic=true&include_generated_in_valid=false`; all optional. With
/// `&records_revision=7&topics_revision=2&near_duplicates=3`, as the preview's links have them, the file is of that state or refused.
/// `&mask=plain` or `numbered` masks it.
#[derive(Debug, Deserialize)]
pub(super) struct SplitQuery {
    train_ratio: Option<String>,
    seed: Option<String>,
    stratify_by_topic: Option<String>,
    include_generated_in_valid: Option<String>,
    records_revision: Option<String>,
    topics_revision: Option<String>,
    mask: Option<String>,
    near_duplicates: Option<String>,
}

impl SplitQuery {
    fn config(&self) -> Result<SplitConfig, AppError> {
        let default = SplitConfig::default();
        let yes_or_no = "true or false";
        Ok(SplitConfig {
            train_ratio: parameter("train_ratio", self.train_ratio.as_deref(), "a number such as 0.9")?
                .unwrap_or(default.train_ratio),
            seed: parameter("seed", self.seed.as_deref(), "a whole number from 0 on, such as 42")?
                .unwrap_or(default.seed),
            stratify_by_topic: parameter("stratify_by_topic", self.stratify_by_topic.as_deref(), yes_or_no)?
                .unwrap_or(default.stratify_by_topic),
            include_generated_in_valid: parameter(
                "include_generated_in_valid",
                self.include_generated_in_valid.as_deref(),
                yes_or_no,
            )?
            .unwrap_or(default.include_generated_in_valid),
        })
    }

    /// The state that the file must be of, if one is named.
    fn basis(&self) -> Result<Option<SplitBasis>, AppError> {
        let number = "the whole number that the page's link has";
        let records = parameter("records_revision", self.records_revision.as_deref(), number)?;
        let topics = parameter("topics_revision", self.topics_revision.as_deref(), number)?;
        let near_duplicates = parameter("near_duplicates", self.near_duplicates.as_deref(), number)?;
        match (records, topics, near_duplicates) {
            (None, None, None) => Ok(None),
            (Some(records_revision), Some(topics_revision), Some(near_duplicates)) => {
                Ok(Some(SplitBasis { records_revision, topics_revision, near_duplicates }))
            }
            _ => {
                let message = "Name all of records_revision, topics_revision and near_duplicates, or none of them.";
                Err(AppError::invalid_field("records_revision", message))
            }
        }
    }
}

/// A parameter of the address; `kind` is what it must be, in words.
fn parameter<T: FromStr>(name: &str, value: Option<&str>, kind: &str) -> Result<Option<T>, AppError> {
    let read = |text: &str| {
        text.parse().map_err(|_| {
            let shown: String = text.chars().take(50).collect();
            AppError::invalid_field(name, format!("{name} in the address is \"{shown}\", but it must be {kind}. Correct it, or follow the link on the page again."))
        })
    };
    value.map(read).transpose()
}

/// `GET /download/{dataset_id}/split/{train.jsonl | valid.jsonl}`: exactly what a provider is sent, or that masked.
pub(super) async fn split_file(
    State(state): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<SplitQuery>, QueryRejection>,
) -> Result<Response, HttpError> {
    let (Path((dataset_id, file)), Query(query)) = (path?, query?);
    let dataset = db::datasets::get(&state.db, &dataset_id).await?;
    let (part, stem) = match file.as_str() {
        "train.jsonl" => (SplitPart::Train, "train"),
        "valid.jsonl" => (SplitPart::Valid, "valid"),
        _ => return Err(AppError::not_found("This download").into()),
    };
    let mask = parse_mask(query.mask.as_deref())?;
    let rows = training::rows(&state, &dataset_id, query.config()?, part, query.basis()?, mask).await?;
    Ok(streamed(&dataset, &file_name(stem, mask), JSONL, rows))
}

/// `GET /download/dry-run/{run_id}/report.json`.
pub(super) async fn dry_run_report(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, HttpError> {
    let Path(run_id) = path?;
    let run = db::dry_runs::get(&state.db, &run_id).await?;
    let dataset = db::datasets::get(&state.db, &run.dataset_id).await?;
    match db::dry_runs::report(&state.db, &run_id).await? {
        Some(report) => {
            let text = dry_run_report_stream(state.db.clone(), run_id, &report)?;
            Ok(streamed(&dataset, "dry-run.json", JSON, text))
        }
        None => Err(AppError::not_found("A report of this run (it has not scored anything yet)").into()),
    }
}

fn streamed(
    dataset: &Dataset,
    file: &str,
    content_type: HeaderValue,
    rows: impl Stream<Item = ServiceResult<Bytes>> + Send + 'static,
) -> Response {
    use futures_util::TryStreamExt;
    // Headers are sent by then, so an error can only cut the transfer off; the browser reports it as failed.
    let rows = rows.inspect_err(|error| tracing::error!(%error, "a download broke off"));
    attachment(dataset, file, content_type, Body::from_stream(rows))
}

fn json<T: Serialize>(dataset: &Dataset, file: &str, value: &T) -> Result<Response, HttpError> {
    let text = serde_json::to_string_pretty(value).map_err(crate::error::ServiceError::from)?;
    Ok(attachment(dataset, file, JSON, Body::from(text + "\n")))
}

fn attachment(dataset: &Dataset, file: &str, content_type: HeaderValue, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{}-{file}\"", file_stem(&dataset.name));
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A dataset's name as part of a file name: letters and digits of ASCII, the rest as hyphens.
fn file_stem(name: &str) -> String {
    let stem: String = name
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
        .take(60)
        .collect();
    let stem = stem.trim_matches('-').to_owned();
    if stem.is_empty() { "dataset".to_owned() } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_harmless() {
        for (name, expected) in [("airline support", "airline-support"), ("../../x\"\r\n", "x"), ("日本", "dataset")]
        {
            assert_eq!(file_stem(name), expected);
        }
    }
}
