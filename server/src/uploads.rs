//! Files that arrived over HTTP and wait: for the end of their upload, for somebody who looks at the preview, for their
//! import. They lie in the data folder's `uploads`, each under a token of its own. Beside one that was previewed lies
//! `<token>.name` with what the user calls it; whoever takes that file away has the upload, to import or to delete it, so
//! no two can.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::datasets::new_id;
use crate::disk;
use crate::error::ServiceResult;
use crate::jobs::import::{needed_uploads, upload_of};
use crate::state::AppState;
use crate::types::error::AppError;

/// A previewed upload that nobody imports goes after this time.
pub const WAITS_FOR: Duration = Duration::from_hours(1);

/// Any other that no import needs goes after this time: a younger one may still be arriving, in this process or another,
/// or be the first of a form whose further files are.
const ORPHANED_AFTER: Duration = Duration::from_hours(24);

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

/// Between two looks at the disk.
const LOOK_AT_DISK_BYTES: u64 = 64 << 20;

/// Writes what a stream brings into a place of its own, to its end; a stream that breaks off leaves nothing.
pub async fn take_in(state: &AppState, mut stream: impl AsyncRead + Unpin) -> ServiceResult<PathBuf> {
    let (_, path) = new_place(state);
    match write_all(state, &mut stream, &path).await {
        Ok(()) => Ok(path),
        Err(error) => {
            discard(&path).await;
            Err(error)
        }
    }
}

async fn write_all(state: &AppState, stream: &mut (impl AsyncRead + Unpin), path: &Path) -> ServiceResult<()> {
    let mut file = tokio::fs::File::create_new(path).await?;
    loop {
        disk::require_room(&state.config, 0)?;
        if tokio::io::copy(&mut (&mut *stream).take(LOOK_AT_DISK_BYTES), &mut file).await? < LOOK_AT_DISK_BYTES {
            return Ok(file.flush().await?);
        }
    }
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

/// Deletes uploads that wait and are not wanted any more; one that somebody else has taken is theirs.
pub async fn forget(state: &AppState, tokens: &[String]) -> ServiceResult<()> {
    for token in tokens {
        checked(token)?;
        if let Ok(upload) = claim(state, token).await {
            discard(&upload.path).await;
        }
    }
    Ok(())
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

/// Deletes the upload that an import with these arguments was to read, if it is ours. The import is over by then, so a file
/// that cannot be deleted is no error of it.
pub(crate) async fn discard_of(args: &str) {
    match upload_of(args) {
        Ok(Some(path)) => discard(&path).await,
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "an import's arguments could not be read"),
    }
}

/// Deletes what nobody came for, at once and every now and then, until the server ends.
pub async fn sweep_while_running(state: AppState) {
    loop {
        if let Err(error) = sweep(&state).await {
            tracing::warn!(%error, "uploads that nobody imports could not be deleted");
        }
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(WAITS_FOR / 4) => {}
        }
    }
}

/// Deletes every upload that is too old and that no import needs: its dataset was deleted, nobody came back to its preview,
/// or the server ended while it was arriving.
async fn sweep(state: &AppState) -> ServiceResult<()> {
    let mut old = Vec::new();
    let mut folder = tokio::fs::read_dir(state.config.uploads_dir()).await?;
    while let Some(upload) = folder.next_entry().await? {
        let (path, Ok(metadata)) = (upload.path(), upload.metadata().await) else { continue };
        // A clock that was set back makes a file of the future: it is new.
        let age = metadata.modified()?.elapsed().unwrap_or_default();
        let may_stay = if is_name_file(&path) { WAITS_FOR } else { ORPHANED_AFTER };
        if age >= may_stay {
            old.push(path);
        }
    }
    // Asked after the folder was read: an import that was queued in between needs its file.
    let needed: HashSet<PathBuf> = needed_uploads(state).await?;
    for path in old {
        if !is_name_file(&path) {
            // One that waits is its name's to decide about.
            if !needed.contains(&path) && !name_file(&path).exists() {
                remove(&path).await?;
            }
        } else if remove(&path).await? {
            remove(&path.with_extension("")).await?;
        }
    }
    Ok(())
}

/// Whether it was there.
async fn remove(path: &Path) -> ServiceResult<bool> {
    match tokio::fs::remove_file(path).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
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
