//! Uploads whose import was ended before a runner had it: nobody will read them any more.

use std::path::PathBuf;

use serde::Deserialize;

/// What an import's arguments say of its file.
#[derive(Debug, Deserialize)]
struct Source {
    path: PathBuf,
    owns_file: bool,
}

/// Deletes the upload that an import with these arguments was to read; a file that is not ours stays. The import is over
/// by then, so a file that cannot be deleted is no error of it.
pub(crate) async fn discard(args: &str) {
    let source: Source = match serde_json::from_str(args) {
        Ok(source) => source,
        Err(error) => return tracing::warn!(%error, "an import's arguments could not be read"),
    };
    if !source.owns_file {
        return;
    }
    match tokio::fs::remove_file(&source.path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %source.path.display(), %error, "the upload of an ended import could not be deleted");
        }
        _ => {}
    }
}
