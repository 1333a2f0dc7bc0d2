//! Traces that come through a pipe. An import may be taken up again by another process, so it needs a file: what comes is
//! written into one first, however much it is, and that goes when the command ends.

use std::path::{Path, PathBuf};

use anneal_server::state::AppState;
use anneal_server::uploads;
use tokio::fs::File;

use super::CliError;

/// What a pipe brought; deleted when dropped.
pub struct Spooled(PathBuf);

impl Spooled {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        let _gone_or_swept_later = std::fs::remove_file(&self.0);
    }
}

/// Whether this means standard input.
pub fn is_stdin(path: &Path) -> bool {
    [Path::new("-"), Path::new("/dev/stdin")].contains(&path)
}

/// Reads standard input to its end.
pub async fn stdin(state: &AppState) -> Result<Spooled, CliError> {
    Ok(Spooled(uploads::take_in(state, tokio::io::stdin()).await?))
}

/// Reads a named pipe, or whatever else is no file, to its end.
pub async fn pipe(state: &AppState, path: &Path) -> Result<Spooled, CliError> {
    let pipe = File::open(path)
        .await
        .map_err(|error| CliError::Message(format!("{} cannot be read: {error}.", path.display())))?;
    Ok(Spooled(uploads::take_in(state, pipe).await?))
}
