//! `POST /upload`: files or pasted text become a dataset, or join one. A plain form works; a program that accepts JSON gets
//! ids in place of a redirect. `POST /upload/preview`: what a file holds, before anything is imported.
//!
//! Both take `multipart/form-data`. Fields of `/upload`, those that say where the traces go first:
//!
//! | field | what |
//! |---|---|
//! | `dataset_id` | the dataset to add to; none or empty: a new one |
//! | `name`, `objective` | of a new dataset; without a name it is called after the first file |
//! | `mode` | `append` (default) or `replace` |
//! | `file` | a file; several make an import each |
//! | `text` | pasted traces, where no file came |
//! | `upload_token` | in place of a file: what a preview answered; several make an import each |
//! | `csv_mapping` | `{"columns": {"Question": "prompt", "Answer": "completion"}}`, the columns of a CSV file: for the token before it, else for every file |
//!
//! It answers 201 `{"dataset_id": "...", "job_ids": ["..."], "job_id": "..."}`, a job per import in the fields' order (`job_id` is the first). A token is used up
//! by it, unless the answer is an error: then it can be sent again within the hour. With `replace` the first file replaces
//! and the others are added to it; if it cannot be read to its end, none of them is imported.
//!
//! `/upload/preview` takes one `file`, `text` or `upload_token` and perhaps a `csv_mapping` and the `dataset_id` whose rules
//! decide what is valid; it answers 200 with an [`UploadPreview`]. A file that cannot be read at all is a 422.

use std::time::Duration;

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::{Semaphore, oneshot};

use super::refused::refused_address;
use super::reply::HttpError;
use super::upload_form::{Source, UploadForm};
use crate::error::{ServiceError, ServiceResult};
use crate::import;
use crate::jobs::import::{self as import_job, ImportFile};
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::import::{CsvMapping, ImportMode, ImportPreview, UploadPreview, suggested_name};
use crate::types::validation::ValidationConfig;
use crate::uploads::{self, Upload};
use crate::{datasets, db, disk};

/// How long a refused upload is listened to.
const HEAR_OUT: Duration = Duration::from_secs(2);

/// What a program is answered.
#[derive(Debug, Serialize)]
struct Uploaded {
    dataset_id: String,
    job_id: String,
    job_ids: Vec<String>,
}

/// Takes the form.
pub(super) async fn upload(
    State(state): State<AppState>,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Response {
    let accepts = |what: &str| {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains(what))
    };
    let wants_json = accepts("application/json");
    let mut form = UploadForm::default();
    let work: Work<Uploaded> = |state, form| start(state, form).boxed();
    let taken = take(&state, &headers, multipart, &mut form, work, WhenGone::GoOn).await;
    match taken {
        Ok(uploaded) if wants_json => (StatusCode::CREATED, Json(uploaded)).into_response(),
        Ok(uploaded) => Redirect::to(&format!("/finetune/{}", uploaded.dataset_id)).into_response(),
        Err(error) => {
            let error = HttpError::from(error);
            // Only who shows pages is led back to one: a program must see that it failed.
            if wants_json || !accepts("text/html") {
                return error.into_response();
            }
            let typed = [("name", form.name.as_str()), ("objective", form.objective.as_str())];
            Redirect::to(&refused_address(&form.page(), "/upload", &error.0, &typed)).into_response()
        }
    }
}

/// Takes the preview's form.
pub(super) async fn preview(
    State(state): State<AppState>,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Json<UploadPreview>, HttpError> {
    let work: Work<UploadPreview> = |state, form| look(state, form).boxed();
    Ok(Json(take(&state, &headers, multipart, &mut UploadForm::default(), work, WhenGone::Forget).await?))
}

/// What a form was sent for.
type Work<T> = for<'a> fn(&'a AppState, &'a UploadForm) -> BoxFuture<'a, ServiceResult<T>>;

/// What becomes of work whose answer nobody waits for any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhenGone {
    /// It holds.
    GoOn,
    /// What came with the form is deleted.
    Forget,
}

/// Takes a form in and does with it what it was sent for; what came with a form that is refused is deleted.
async fn take<T: Send + 'static>(
    state: &AppState,
    headers: &HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
    form: &mut UploadForm,
    work: Work<T>,
    when_gone: WhenGone,
) -> ServiceResult<T> {
    let mut multipart = multipart.map_err(AppError::from)?;
    let arrived = async {
        disk::require_room(&state.config, announced_bytes(headers))?;
        form.read(state, &mut multipart).await
    };
    if let Err(error) = arrived.await {
        form.discard().await;
        // A browser that is still sending sees a broken connection in place of an answer.
        let _given_up = tokio::time::timeout(HEAR_OUT, hear_out(&mut multipart)).await;
        return Err(error);
    }
    to_the_end(state.clone(), form, work, when_gone).await
}

/// Once all has arrived, the work runs in a task of its own: a connection that breaks (the answer's future is dropped then)
/// must not leave half of it, a file that nobody owns or a dataset without its import.
async fn to_the_end<T: Send + 'static>(
    state: AppState,
    given: &mut UploadForm,
    work: Work<T>,
    when_gone: WhenGone,
) -> ServiceResult<T> {
    let (answer, answered) = oneshot::channel();
    let mut form = std::mem::take(given);
    tokio::spawn(async move {
        let result = work(&state, &form).await;
        if result.is_err() {
            form.discard().await;
        }
        form.discard_text().await;
        if let Err((_, mut form)) = answer.send((result, form))
            && when_gone == WhenGone::Forget
        {
            form.discard().await;
        }
    });
    let (result, form) = answered.await.map_err(|gone| ServiceError::internal("an upload's work", gone))?;
    *given = form;
    result
}

/// The request's length where it is known; not the files', but little more.
fn announced_bytes(headers: &HeaderMap) -> u64 {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

/// Reads on, to nowhere.
async fn hear_out(multipart: &mut Multipart) {
    while let Ok(Some(mut field)) = multipart.next_field().await {
        while let Ok(Some(_chunk)) = field.chunk().await {}
    }
}

async fn look(state: &AppState, form: &UploadForm) -> ServiceResult<UploadPreview> {
    let [traces] = form.traces.as_slice() else {
        let message = if form.traces.is_empty() { NO_TRACES } else { "Look at one file at a time." };
        return Err(AppError::invalid_field("file", message).into());
    };
    let config = match &form.dataset_id {
        Some(id) => db::datasets::get(&state.db, id).await?.validation_config,
        None => ValidationConfig::default(),
    };
    let mapping = form.mapping_of(traces);
    let (upload, preview) = match &traces.source {
        Source::Waiting { token } => {
            let upload = uploads::find(state, token).await?;
            let preview = read_start(state, &upload, config, mapping).await?;
            (upload, preview)
        }
        Source::New(upload) => {
            let preview = read_start(state, upload, config, mapping).await?;
            uploads::keep(upload).await?;
            (upload.clone(), preview)
        }
    };
    let bytes = i64::try_from(upload.bytes).unwrap_or(i64::MAX);
    Ok(UploadPreview { upload_token: upload.token, file_name: upload.file_name, bytes, preview })
}

async fn read_start(
    state: &AppState,
    upload: &Upload,
    config: ValidationConfig,
    mapping: Option<CsvMapping>,
) -> ServiceResult<ImportPreview> {
    if upload.bytes == 0 {
        return Err(import_job::empty_file(&upload.file_name).into());
    }
    let (path, limits) = (upload.path.clone(), import_job::limits(state, true));
    let _turn = LOOKING.acquire().await.map_err(|closed| ServiceError::internal("the previews' turns", closed))?;
    let preview =
        tokio::task::spawn_blocking(move || import::preview(&path, &config, limits, mapping.as_ref())).await?;
    Ok(preview.map_err(|error| AppError::invalid_field("file", error.to_string()))?)
}

/// How many previews are made at once: each may count the tokens of megabytes, and pages must stay quick beside them.
static LOOKING: Semaphore = Semaphore::const_new(2);

const NO_TRACES: &str = "Choose a file, or paste traces into the text field.";

/// Makes the dataset if there is none yet, and queues the imports; a failure leaves neither.
async fn start(state: &AppState, form: &UploadForm) -> ServiceResult<Uploaded> {
    let mut claimed = Vec::new();
    let result = match claim(state, form, &mut claimed).await {
        Ok(files) => import_all(state, form, &files).await,
        Err(error) => Err(error),
    };
    if result.is_err() {
        for upload in &claimed {
            if let Err(error) = uploads::keep(upload).await {
                tracing::warn!(path = %upload.path.display(), %error, "an upload could not be left for another attempt");
            }
        }
    }
    result
}

/// The form's files, each ours alone now; those that waited are in `claimed` as well.
async fn claim(state: &AppState, form: &UploadForm, claimed: &mut Vec<Upload>) -> ServiceResult<Vec<ImportFile>> {
    let mut files = Vec::with_capacity(form.traces.len());
    for traces in &form.traces {
        let upload = match &traces.source {
            Source::New(upload) => upload.clone(),
            Source::Waiting { token } => {
                let upload = uploads::claim(state, token).await?;
                claimed.push(upload.clone());
                upload
            }
        };
        if upload.bytes == 0 {
            return Err(import_job::empty_file(&upload.file_name).into());
        }
        files.push(ImportFile {
            path: upload.path,
            file_name: upload.file_name,
            owns_file: true,
            csv_mapping: form.mapping_of(traces),
        });
    }
    Ok(files)
}

async fn import_all(state: &AppState, form: &UploadForm, files: &[ImportFile]) -> ServiceResult<Uploaded> {
    let Some(first) = files.first() else { return Err(AppError::invalid_field("file", NO_TRACES).into()) };
    let (dataset_id, is_new) = if let Some(id) = &form.dataset_id {
        (id.clone(), false)
    } else {
        let name = if form.name.trim().is_empty() { suggested_name(&first.file_name) } else { form.name.clone() };
        (datasets::create(state, &name, &form.objective).await?, true)
    };
    let mode = if is_new { ImportMode::Append } else { form.mode };
    let job_ids = match import_job::start(state, &dataset_id, files, mode).await {
        Ok(job_ids) => job_ids,
        Err(error) => {
            if is_new && let Err(error) = datasets::discard(state, &dataset_id).await {
                tracing::warn!(dataset_id, %error, "the empty dataset of a refused import could not be deleted");
            }
            return Err(error);
        }
    };
    let job_id = job_ids.first().cloned().unwrap_or_default();
    Ok(Uploaded { dataset_id, job_id, job_ids })
}
