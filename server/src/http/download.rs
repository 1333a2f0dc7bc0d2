//! Downloads, streamed: records, topics, reports, the training files.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};

use super::reply::HttpError;
use crate::db;
use crate::error::ServiceResult;
use crate::export::stream::{RecordFormat, records_jsonl};
use crate::state::AppState;
use crate::training;
use crate::types::dataset::Dataset;
use crate::types::error::AppError;
use crate::types::training::{SplitBasis, SplitConfig, SplitPart};
use crate::types::validation::RecordStatus;

const JSONL: HeaderValue = HeaderValue::from_static("application/jsonl; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// `?format=native|chat&status=valid`.
#[derive(Debug, Deserialize)]
pub(super) struct RecordsQuery {
    format: Option<String>,
    status: Option<String>,
}

/// `GET /download/{dataset_id}/{records.jsonl | topics.json | hygiene.json | coverage.json}`.
pub(super) async fn dataset_file(
    State(state): State<AppState>,
    Path((dataset_id, file)): Path<(String, String)>,
    Query(query): Query<RecordsQuery>,
) -> Result<Response, HttpError> {
    let dataset = db::datasets::get(&state.db, &dataset_id).await?;
    match file.as_str() {
        "records.jsonl" => {
            let format = match query.format.as_deref() {
                None | Some("native") => RecordFormat::Native,
                Some("chat") => RecordFormat::Chat,
                Some(_) => return Err(AppError::invalid_field("format", "The format is native or chat.").into()),
            };
            let status = match query.status.as_deref() {
                None => None,
                Some(word) => Some(RecordStatus::parse(word).ok_or_else(|| {
                    AppError::invalid_field("status", "The status is pending, valid, invalid or duplicate.")
                })?),
            };
            Ok(streamed(&dataset, "records.jsonl", records_jsonl(state.db.clone(), dataset_id, format, status)))
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

/// `?train_ratio=0.9&seed=42&stratify_by_topic=true&include_generated_in_valid=false`; all optional. With
/// `&records_revision=7&topics_revision=2`, as the preview's links have them, the file is of that state or refused.
#[derive(Debug, Deserialize)]
pub(super) struct SplitQuery {
    train_ratio: Option<f64>,
    seed: Option<u64>,
    stratify_by_topic: Option<bool>,
    include_generated_in_valid: Option<bool>,
    records_revision: Option<i64>,
    topics_revision: Option<i64>,
}

/// `GET /download/{dataset_id}/split/{train.jsonl | valid.jsonl}`: exactly what a provider is sent.
pub(super) async fn split_file(
    State(state): State<AppState>,
    Path((dataset_id, file)): Path<(String, String)>,
    Query(query): Query<SplitQuery>,
) -> Result<Response, HttpError> {
    let dataset = db::datasets::get(&state.db, &dataset_id).await?;
    let part = match file.as_str() {
        "train.jsonl" => SplitPart::Train,
        "valid.jsonl" => SplitPart::Valid,
        _ => return Err(AppError::not_found("This download").into()),
    };
    let default = SplitConfig::default();
    let config = SplitConfig {
        train_ratio: query.train_ratio.unwrap_or(default.train_ratio),
        seed: query.seed.unwrap_or(default.seed),
        stratify_by_topic: query.stratify_by_topic.unwrap_or(default.stratify_by_topic),
        include_generated_in_valid: query.include_generated_in_valid.unwrap_or(default.include_generated_in_valid),
    };
    let expected = match (query.records_revision, query.topics_revision) {
        (None, None) => None,
        (Some(records_revision), Some(topics_revision)) => Some(SplitBasis { records_revision, topics_revision }),
        _ => {
            let message = "Name both records_revision and topics_revision, or neither.";
            return Err(AppError::invalid_field("records_revision", message).into());
        }
    };
    let rows = training::rows(&state, &dataset_id, config, part, expected).await?;
    Ok(streamed(&dataset, &file, rows))
}

/// `GET /download/dry-run/{run_id}/report.json`.
pub(super) async fn dry_run_report(
    State(state): State<AppState>,
    Path(run_id): Path<String>,
) -> Result<Response, HttpError> {
    let run = db::dry_runs::get(&state.db, &run_id).await?;
    let dataset = db::datasets::get(&state.db, &run.dataset_id).await?;
    match db::dry_runs::report(&state.db, &run_id).await? {
        Some(report) => json(&dataset, "dry-run.json", &report),
        None => Err(AppError::not_found("A report of this run (it has not scored anything yet)").into()),
    }
}

fn streamed(
    dataset: &Dataset,
    file: &str,
    rows: impl Stream<Item = ServiceResult<Bytes>> + Send + 'static,
) -> Response {
    use futures_util::TryStreamExt;
    // Headers are sent by then, so an error can only cut the transfer off; the browser reports it as failed.
    let rows = rows.inspect_err(|error| tracing::error!(%error, "a download broke off"));
    attachment(dataset, file, JSONL, Body::from_stream(rows))
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
