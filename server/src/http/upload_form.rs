//! The multipart form of an upload: its fields checked, its files on the disk.

use std::path::Path;
use std::time::Duration;

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use tokio::io::AsyncWriteExt;

use crate::error::{ServiceError, ServiceResult};
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::import::{CsvMapping, ImportMode, MAX_FILES};
use crate::uploads::{self, Upload};
use crate::{datasets, db, disk};

/// Longest text field other than the pasted traces.
const MAX_FIELD_BYTES: usize = 64 << 10;

/// The disk is looked at again whenever so much has been written.
const LOOK_AT_DISK_BYTES: u64 = 64 << 20;

/// An upload may take as long as it takes, but not stand still for longer than this.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The form's fields; the traces are in files of the data folder by then.
#[derive(Default)]
pub(super) struct UploadForm {
    pub dataset_id: Option<String>,
    pub name: String,
    pub objective: String,
    pub mode: ImportMode,
    /// In the form's order.
    pub traces: Vec<Traces>,
    /// Pasted text, which counts where no file came.
    text: Option<Upload>,
    /// For the files that have none of their own.
    csv_mapping: Option<CsvMapping>,
}

/// Traces that the form brought, or that were brought before.
pub(super) struct Traces {
    pub source: Source,
    csv_mapping: Option<CsvMapping>,
}

/// Where traces are.
pub(super) enum Source {
    /// They came with this form.
    New(Upload),
    /// They wait since they were previewed.
    Waiting {
        /// What the preview answered.
        token: String,
    },
}

impl UploadForm {
    /// What the columns of a file are.
    pub(super) fn mapping_of(&self, traces: &Traces) -> Option<CsvMapping> {
        traces.csv_mapping.as_ref().or(self.csv_mapping.as_ref()).cloned()
    }

    /// The page it is on, for a browser that is led back to it.
    pub(super) fn page(&self) -> String {
        let dialog = match self.mode {
            ImportMode::Append => "add",
            ImportMode::Replace => "replace",
        };
        match &self.dataset_id {
            Some(id) => format!("/finetune/{id}?dialog={dialog}"),
            None => "/finetune/new".to_owned(),
        }
    }

    /// Reads a form, whose fields come before its files, so that what cannot work is refused before a file is taken in.
    /// Whatever comes of it, what arrived is in `self` and has to be imported or discarded.
    pub(super) async fn read(&mut self, state: &AppState, multipart: &mut Multipart) -> ServiceResult<()> {
        while let Some(mut field) = arrives(multipart.next_field()).await? {
            match field.name().unwrap_or_default() {
                name @ ("name" | "objective" | "dataset_id" | "mode" | "upload_token" | "csv_mapping") => {
                    let name = name.to_owned();
                    let value = text_field(&mut field).await?;
                    self.set(state, &name, value).await?;
                }
                // A form sends both, one of them empty: the one with content counts, files before pasted text.
                "file" => {
                    let name = field.file_name().map(base_name).unwrap_or_default();
                    if !name.is_empty() {
                        let upload = spool_field(state, &mut field, name).await?;
                        self.add(Source::New(upload))?;
                    }
                }
                "text" if self.text.is_none() => {
                    self.text = Some(spool_field(state, &mut field, "pasted text".to_owned()).await?);
                }
                _ => while arrives(field.chunk()).await?.is_some() {},
            }
        }
        if let Some(text) = self.text.take_if(|text| self.traces.is_empty() && text.bytes > 0) {
            self.add(Source::New(text))?;
        }
        Ok(())
    }

    /// Takes a field of text; what cannot work is refused here.
    async fn set(&mut self, state: &AppState, name: &str, value: String) -> ServiceResult<()> {
        match name {
            "name" => {
                self.name = value;
                if !self.name.trim().is_empty() {
                    datasets::check_name(&self.name)?;
                }
            }
            "objective" => {
                self.objective = value;
                datasets::check_objective(&self.objective)?;
            }
            "dataset_id" => {
                self.dataset_id = Some(value).filter(|id| !id.is_empty());
                if let Some(id) = &self.dataset_id {
                    db::datasets::get(&state.db, id).await?;
                }
            }
            "mode" => {
                self.mode = ImportMode::parse(&value)
                    .ok_or_else(|| AppError::invalid_field("mode", "The mode is append or replace."))?;
            }
            "upload_token" => self.add(Source::Waiting { token: value })?,
            _ => self.set_mapping(&value)?,
        }
        Ok(())
    }

    fn add(&mut self, source: Source) -> ServiceResult<()> {
        self.traces.push(Traces { source, csv_mapping: None });
        if self.traces.len() > MAX_FILES {
            let message = format!("At most {MAX_FILES} files can be imported in one go. Import the others afterwards.");
            return Err(AppError::TooLarge { message }.into());
        }
        Ok(())
    }

    /// A mapping belongs to the token before it, else to every file of the form; an empty one says nothing.
    fn set_mapping(&mut self, text: &str) -> ServiceResult<()> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let mapping = serde_json::from_str(text).map_err(|error| {
            AppError::invalid_field(
                "csv_mapping",
                format!("The column mapping cannot be read: {error}. It looks like {{\"columns\": {{\"Question\": \"prompt\"}}}}."),
            )
        })?;
        match self.traces.last_mut() {
            Some(Traces { source: Source::Waiting { .. }, csv_mapping }) => *csv_mapping = Some(mapping),
            _ => self.csv_mapping = Some(mapping),
        }
        Ok(())
    }

    /// Deletes what came with the form; what waited goes on waiting.
    pub(super) async fn discard(&mut self) {
        for traces in &self.traces {
            if let Source::New(upload) = &traces.source {
                uploads::discard(&upload.path).await;
            }
        }
        self.discard_text().await;
    }

    /// Deletes pasted text that does not count.
    pub(super) async fn discard_text(&mut self) {
        if let Some(text) = self.text.take() {
            uploads::discard(&text.path).await;
        }
    }
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

/// Writes a field into a file of its own; a field that breaks off leaves none.
async fn spool_field(state: &AppState, field: &mut Field<'_>, file_name: String) -> ServiceResult<Upload> {
    let (token, path) = uploads::new_place(state);
    match write_field(state, field, &path).await {
        Ok(bytes) => Ok(Upload { token, path, file_name, bytes }),
        Err(error) => {
            uploads::discard(&path).await;
            Err(error)
        }
    }
}

async fn write_field(state: &AppState, field: &mut Field<'_>, spool: &Path) -> ServiceResult<u64> {
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
    fn only_the_last_part_of_a_path_is_a_name() {
        assert_eq!(base_name("C:\\Users\\x\\traces.jsonl"), "traces.jsonl");
        assert_eq!(base_name("../../etc/passwd"), "passwd");
    }
}
