//! `/files`: uploaded training files, and the results of jobs. They are kept in memory.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Multipart, Path as PathOf, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::ApiError;
use super::gate::Admitted;
use super::state::{Shared, now};

/// What a file may be uploaded for.
const PURPOSES: [&str; 6] = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];

/// All files.
#[derive(Debug, Default)]
pub(super) struct Files(Vec<StoredFile>);

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    pub(super) id: String,
    pub(super) bytes: Bytes,
    filename: String,
    purpose: String,
    created_at: i64,
}

impl Files {
    /// Keeps a file under an id of its own, which it gives back with it.
    pub(super) fn add(&mut self, id: String, filename: String, purpose: &str, bytes: Bytes) -> StoredFile {
        let file = StoredFile { id, bytes, filename, purpose: purpose.to_owned(), created_at: now() };
        self.0.push(file.clone());
        file
    }

    /// The file of this id.
    pub(super) fn find(&self, id: &str) -> Result<&StoredFile, ApiError> {
        self.0
            .iter()
            .find(|file| file.id == id)
            .ok_or_else(|| ApiError::not_found(format!("No such File object: {id}")).param("id"))
    }
}

impl StoredFile {
    fn to_json(&self) -> Value {
        json!({
            "id": self.id, "object": "file", "bytes": self.bytes.len(), "created_at": self.created_at,
            "filename": self.filename, "purpose": self.purpose, "status": "processed", "status_details": null,
            "expires_at": null,
        })
    }
}

/// `POST /files`.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(admitted): Extension<Admitted>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<Value>, ApiError> {
    let form = form.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let upload = read(form).await?;
    if upload.purpose == "fine-tune" {
        if Path::new(&upload.filename).extension().is_none_or(|ending| ending != "jsonl") {
            let message = format!(
                "Invalid extension. The file {} must end with .jsonl to be of purpose fine-tune.",
                upload.filename
            );
            return Err(ApiError::bad_request(message).param("file"));
        }
        check_json_lines(&upload.bytes)?;
    }
    let id = format!("file-{:08}", admitted.number);
    let file = shared.lock().files.add(id, upload.filename, &upload.purpose, upload.bytes);
    Ok(Json(file.to_json()))
}

struct Upload {
    filename: String,
    purpose: String,
    bytes: Bytes,
}

async fn read(mut form: Multipart) -> Result<Upload, ApiError> {
    let (mut purpose, mut file) = (None, None);
    let unreadable = |error: axum::extract::multipart::MultipartError| ApiError::bad_request(error.body_text());
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("purpose") => purpose = Some(field.text().await.map_err(unreadable)?),
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                file = Some((name, field.bytes().await.map_err(unreadable)?));
            }
            _ => {}
        }
    }
    let purpose = purpose.ok_or_else(|| ApiError::missing("purpose"))?;
    let (filename, bytes) = file.ok_or_else(|| ApiError::missing("file"))?;
    if !PURPOSES.contains(&purpose.as_str()) {
        return Err(ApiError::wrong_value("purpose", &purpose, &PURPOSES.map(|known| format!("'{known}'")).join(", ")));
    }
    if bytes.is_empty() {
        return Err(ApiError::bad_request("File is empty.").param("file"));
    }
    Ok(Upload { filename, purpose, bytes })
}

/// Every line is a JSON object.
fn check_json_lines(bytes: &[u8]) -> Result<(), ApiError> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let mut texts = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    match texts.find(|(_, line)| !serde_json::from_slice::<Value>(line).is_ok_and(|value| value.is_object())) {
        None => Ok(()),
        Some((index, _)) => Err(ApiError::bad_request(format!(
            "Expected file to have JSONL format, where every line is a valid JSON dictionary. Line {} is not a dictionary (starts as non-JSON or another type).",
            index + 1
        ))
        .param("file")
        .code("invalid_file_format")),
    }
}

/// `GET /files`.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let data: Vec<Value> = shared.lock().files.0.iter().rev().map(StoredFile::to_json).collect();
    Json(json!({"object": "list", "data": data, "has_more": false}))
}

/// `GET /files/{id}`.
pub(super) async fn retrieve(
    State(shared): State<Arc<Shared>>,
    PathOf(id): PathOf<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shared.lock().files.find(&id)?.to_json()))
}

/// `DELETE /files/{id}`.
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    PathOf(id): PathOf<String>,
) -> Result<Json<Value>, ApiError> {
    let mut inner = shared.lock();
    inner.files.find(&id)?;
    inner.files.0.retain(|file| file.id != id);
    Ok(Json(json!({"id": id, "object": "file", "deleted": true})))
}

/// `GET /files/{id}/content`.
pub(super) async fn content(
    State(shared): State<Arc<Shared>>,
    PathOf(id): PathOf<String>,
) -> Result<Response, ApiError> {
    let bytes = shared.lock().files.find(&id)?.bytes.clone();
    Ok(([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_must_be_objects() {
        assert!(check_json_lines(b"{}\n{\"a\": 1}\n").is_ok());
        assert!(check_json_lines(b"{}\n\n{}").is_ok());
        let fault = check_json_lines(b"{}\n[1]\n").unwrap_err();
        assert!(fault.to_string().contains("Line 2"), "{fault}");
        assert!(check_json_lines(b"{\"a\":").is_err());
    }
}
