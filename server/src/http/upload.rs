//! `POST /upload`: a file or pasted text becomes a dataset, or joins one. A plain form works; a program
//! that accepts JSON gets ids in place of a redirect.

use axum::Json;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

use super::reply::{HttpError, escape, plain_page};
use crate::datasets::{self, new_id};
use crate::error::{ServiceError, ServiceResult};
use crate::jobs::import::{self, ImportRequest};
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::import::{ImportMode, suggested_name};
use crate::{db, disk};

/// How long a refused upload is listened to.
const HEAR_OUT: Duration = Duration::from_secs(2);

/// The disk is looked at again whenever so much has been written.
const LOOK_AT_DISK_BYTES: u64 = 64 << 20;

/// Longest text field other than the pasted traces.
const MAX_FIELD_BYTES: usize = 64 << 10;

/// An upload may take as long as it takes, but not stand still for longer than this.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// What a program is answered.
#[derive(Debug, Serialize)]
struct Uploaded {
    dataset_id: String,
    job_id: String,
}

/// The form's fields; the traces are in a file of the data folder by then.
#[derive(Default)]
struct UploadForm {
    dataset_id: Option<String>,
    name: String,
    objective: String,
    mode: ImportMode,
    traces: Option<Traces>,
}

struct Traces {
    path: PathBuf,
    file_name: String,
    bytes: u64,
}

/// Takes the form.
pub(super) async fn upload(
    State(state): State<AppState>,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Response {
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let taken = match multipart {
        Ok(multipart) => take(&state, announced_bytes(&headers), multipart).await,
        Err(rejection) => Err(AppError::from(rejection).into()),
    };
    match taken {
        Ok(uploaded) if wants_json => (StatusCode::CREATED, Json(uploaded)).into_response(),
        Ok(uploaded) => Redirect::to(&format!("/finetune/{}", uploaded.dataset_id)).into_response(),
        Err(error) => {
            let error = HttpError::from(error);
            if wants_json {
                return error.into_response();
            }
            let status = StatusCode::from_u16(error.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let body = format!(
                "<p role=\"alert\">{}</p><p><a href=\"/finetune/new\">Back to the form</a></p>",
                escape(&error.0.to_string())
            );
            (status, Html(plain_page("The import could not start", &body))).into_response()
        }
    }
}

/// The request's length where it is known; not the file's, but little more.
fn announced_bytes(headers: &HeaderMap) -> u64 {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

async fn take(state: &AppState, announced: u64, mut multipart: Multipart) -> ServiceResult<Uploaded> {
    let spool = state.config.uploads_dir().join(new_id());
    let result = async {
        disk::require_room(&state.config, announced)?;
        let form = read_form(state, &mut multipart, &spool).await?;
        start(state, form).await
    }
    .await;
    if result.is_err() {
        // A browser that is still sending sees a broken connection in place of an answer.
        let _given_up = tokio::time::timeout(HEAR_OUT, hear_out(&mut multipart)).await;
    }
    if result.is_err()
        && let Err(error) = tokio::fs::remove_file(&spool).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %spool.display(), %error, "a refused upload could not be deleted");
    }
    result
}

/// Reads on, to nowhere.
async fn hear_out(multipart: &mut Multipart) {
    while let Ok(Some(mut field)) = multipart.next_field().await {
        while let Ok(Some(_chunk)) = field.chunk().await {}
    }
}

async fn start(state: &AppState, form: UploadForm) -> ServiceResult<Uploaded> {
    let Some(traces) = form.traces else {
        return Err(AppError::invalid_field("file", "Choose a file, or paste traces into the text field.").into());
    };
    if traces.bytes == 0 {
        return Err(import::empty_file(&traces.file_name).into());
    }
    let (dataset_id, is_new) = if let Some(id) = form.dataset_id {
        (id, false)
    } else {
        let name = if form.name.trim().is_empty() { suggested_name(&traces.file_name) } else { form.name };
        (datasets::create(state, &name, &form.objective).await?, true)
    };
    let mode = if is_new { ImportMode::Append } else { form.mode };
    let request = ImportRequest { path: &traces.path, file_name: &traces.file_name, owns_file: true, mode };
    let job_id = match import::start(state, &dataset_id, request).await {
        Ok(job_id) => job_id,
        Err(error) => {
            if is_new && let Err(error) = datasets::discard(state, &dataset_id).await {
                tracing::warn!(dataset_id, %error, "the empty dataset of a refused import could not be deleted");
            }
            return Err(error);
        }
    };
    Ok(Uploaded { dataset_id, job_id })
}

/// The form's fields come before its file, so that what cannot work is refused before the file is taken in.
async fn read_form(state: &AppState, multipart: &mut Multipart, spool: &Path) -> ServiceResult<UploadForm> {
    let mut form = UploadForm::default();
    while let Some(mut field) = arrives(multipart.next_field()).await? {
        match field.name().unwrap_or_default() {
            "name" => {
                form.name = text_field(&mut field).await?;
                if !form.name.trim().is_empty() {
                    datasets::check_name(&form.name)?;
                }
            }
            "objective" => {
                form.objective = text_field(&mut field).await?;
                datasets::check_objective(&form.objective)?;
            }
            "dataset_id" => {
                form.dataset_id = Some(text_field(&mut field).await?).filter(|id| !id.is_empty());
                if let Some(id) = &form.dataset_id {
                    db::datasets::get(&state.db, id).await?;
                }
            }
            "mode" => {
                let word = text_field(&mut field).await?;
                form.mode = ImportMode::parse(&word)
                    .ok_or_else(|| AppError::invalid_field("mode", "The mode is append or replace."))?;
            }
            // A form sends both, one of them empty: the one with content counts, a file before pasted text.
            "file" => {
                let name = field.file_name().map(base_name).unwrap_or_default();
                if !name.is_empty() {
                    let bytes = spool_field(state, &mut field, spool).await?;
                    form.traces = Some(Traces { path: spool.to_owned(), file_name: name, bytes });
                }
            }
            "text" if form.traces.is_none() => {
                let bytes = spool_field(state, &mut field, spool).await?;
                if bytes > 0 {
                    form.traces = Some(Traces { path: spool.to_owned(), file_name: "pasted text".to_owned(), bytes });
                }
            }
            _ => while arrives(field.chunk()).await?.is_some() {},
        }
    }
    Ok(form)
}

/// A browser may send a path; only the last part is a name.
fn base_name(name: &str) -> String {
    name.rsplit(['/', '\\'])
        .next()
        .unwrap_or(name)
        .chars()
        .filter(|character| !character.is_control())
        .take(255)
        .collect()
}

async fn text_field(field: &mut Field<'_>) -> ServiceResult<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = arrives(field.chunk()).await? {
        if bytes.len() + chunk.len() > MAX_FIELD_BYTES {
            return Err(
                AppError::TooLarge { message: "A text field of the form is longer than 64 KiB.".to_owned() }.into()
            );
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| AppError::invalid("A text field of the form is not UTF-8.").into())
}

async fn spool_field(state: &AppState, field: &mut Field<'_>, spool: &Path) -> ServiceResult<u64> {
    let limit = state.config.max_upload_bytes;
    let mut file = tokio::io::BufWriter::new(tokio::fs::File::create(spool).await?);
    let mut written = 0_u64;
    let mut looked_at = 0_u64;
    while let Some(chunk) = arrives(field.chunk()).await? {
        written += chunk.len() as u64;
        if written > limit {
            return Err(AppError::TooLarge {
                message: format!(
                    "The file is larger than {}. Split it, or raise ANNEAL_MAX_UPLOAD_BYTES.",
                    crate::format::bytes(i64::try_from(limit).unwrap_or(i64::MAX))
                ),
            }
            .into());
        }
        if written - looked_at >= LOOK_AT_DISK_BYTES {
            looked_at = written;
            disk::require_room(&state.config, 0)?;
        }
        file.write_all(&chunk).await.map_err(disk_error)?;
    }
    file.flush().await.map_err(disk_error)?;
    Ok(written)
}

/// Waits for the next piece of the upload, but not for ever.
async fn arrives<T>(piece: impl Future<Output = Result<T, MultipartError>>) -> ServiceResult<T> {
    arrives_within(IDLE_TIMEOUT, piece).await
}

async fn arrives_within<T>(idle: Duration, piece: impl Future<Output = Result<T, MultipartError>>) -> ServiceResult<T> {
    match tokio::time::timeout(idle, piece).await {
        Ok(piece) => piece.map_err(|error| AppError::from(error).into()),
        Err(_elapsed) => Err(AppError::invalid(format!(
            "The upload stood still for {} seconds and was given up. Nothing was imported; try again.",
            idle.as_secs()
        ))
        .into()),
    }
}

fn disk_error(error: std::io::Error) -> ServiceError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return AppError::Unavailable {
            message: "The disk with the data folder is full, so the upload was refused. Free some space and try again."
                .to_owned(),
        }
        .into();
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_upload_that_stands_still_is_given_up() {
        let never = std::future::pending::<Result<(), MultipartError>>();
        let error = arrives_within(Duration::ZERO, never).await.unwrap_err();
        assert!(error.to_string().contains("stood still for 0 seconds"), "{error}");
        assert!(arrives(std::future::ready(Ok::<_, MultipartError>(5))).await.is_ok());
    }

    #[test]
    fn a_path_is_no_name() {
        assert_eq!(base_name("C:\\Users\\x\\traces.jsonl"), "traces.jsonl");
        assert_eq!(base_name("../../etc/passwd"), "passwd");
    }
}
