//! Files that arrived over HTTP and wait: for the end of their upload, for somebody who looks at the preview, for their
//! import. They lie in the data folder's `uploads`, each under a token of its own. Beside one that was previewed lies
//! `<token>.name` with what the user calls it; whoever takes that file away imports the upload, so no two can.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::datasets::new_id;
use crate::error::ServiceResult;
use crate::jobs::import::needed_uploads;
use crate::state::AppState;
use crate::types::error::AppError;

/// A previewed upload that nobody imports goes after this time.
pub const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// An upload on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its token.
    pub token: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What the user calls it.
    pub file_name: String,
    /// How long it is.
    pub bytes: u64,
}

/// A place for an upload that is about to arrive.
pub fn new_place(state: &AppState) -> (String, PathBuf) {
    let token = new_id();
    let path = state.config.uploads_dir().join(&token);
    (token, path)
}

/// Lets an upload wait for its import.
pub async fn keep(upload: &Upload) -> ServiceResult<()> {
    Ok(tokio::fs::write(name_file(&upload.path), &upload.file_name).await?)
}

/// An upload that waits.
pub async fn find(state: &AppState, token: &str) -> ServiceResult<Upload> {
    let path = state.config.uploads_dir().join(checked(token)?);
    let file_name = tokio::fs::read_to_string(name_file(&path)).await.map_err(|error| gone(&error))?;
    let bytes = tokio::fs::metadata(&path).await.map_err(|error| gone(&error))?.len();
    Ok(Upload { token: token.to_owned(), path, file_name, bytes })
}

/// Takes an upload that waits, for its import; only one can.
pub async fn claim(state: &AppState, token: &str) -> ServiceResult<Upload> {
    let upload = find(state, token).await?;
    tokio::fs::remove_file(name_file(&upload.path)).await.map_err(|error| gone(&error))?;
    Ok(upload)
}

/// Deletes what was refused.
pub async fn discard(path: &Path) {
    for path in [name_file(path), path.to_owned()] {
        if let Err(error) = tokio::fs::remove_file(&path).await
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "a refused upload could not be deleted");
        }
    }
}

/// What the server finds when it starts: uploads whose import is to go on stay, and those that were previewed not long ago;
/// the others were arriving when it ended, or their dataset was deleted.
pub async fn sweep_at_start(state: &AppState) -> ServiceResult<()> {
    sweep(state, |path, age| age < MAX_AGE && (is_name_file(path) || name_file(path).exists())).await
}

/// Deletes what nobody came for, every now and then, until the server ends.
pub async fn sweep_while_running(state: AppState) {
    loop {
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(MAX_AGE / 4) => {}
        }
        // What is arriving is younger: it is written to.
        if let Err(error) = sweep(&state, |_, age| age < MAX_AGE).await {
            tracing::warn!(%error, "uploads that nobody imports could not be deleted");
        }
    }
}

/// Deletes every upload that no import needs, unless it is to stay by its path and age.
async fn sweep(state: &AppState, stays: impl Fn(&Path, Duration) -> bool) -> ServiceResult<()> {
    let mut uploads = Vec::new();
    let mut folder = tokio::fs::read_dir(state.config.uploads_dir()).await?;
    while let Some(upload) = folder.next_entry().await? {
        let Ok(metadata) = upload.metadata().await else { continue };
        // A clock that was set back makes a file of the future: it is new.
        let age = metadata.modified()?.elapsed().unwrap_or_default();
        if !stays(&upload.path(), age) {
            uploads.push(upload.path());
        }
    }
    // Asked after the folder was read: an import that was queued in between needs its file.
    let needed: HashSet<PathBuf> = needed_uploads(state).await?;
    for path in uploads.into_iter().filter(|path| !needed.contains(path)) {
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn name_file(path: &Path) -> PathBuf {
    path.with_extension("name")
}

fn is_name_file(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("name"))
}

/// A token is an id of ours and nothing else: it becomes part of a path.
fn checked(token: &str) -> Result<&str, AppError> {
    match uuid::Uuid::parse_str(token) {
        Ok(id) if id.to_string() == token => Ok(token),
        _ => Err(AppError::invalid_field("upload_token", "This is no upload token. Choose the file again.")),
    }
}

fn gone(error: &std::io::Error) -> AppError {
    if error.kind() == ErrorKind::NotFound {
        let message =
            "This upload is no longer there: it was imported, or waited for more than an hour. Choose the file again.";
        return AppError::invalid_field("upload_token", message);
    }
    AppError::invalid_field("upload_token", format!("The upload cannot be read: {error}. Choose the file again."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_ids() {
        assert!(checked(&new_id()).is_ok());
        for token in ["", "../../etc/passwd", "0197-x", "01970000-0000-7000-8000-00000000000A", "{}"] {
            assert!(checked(token).is_err(), "{token}");
        }
    }
}
