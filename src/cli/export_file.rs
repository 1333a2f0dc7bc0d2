//! Where `anneal export` writes: standard output, or a file that is there whole or not at all.

use std::path::{Path, PathBuf};

use anneal_server::error::ServiceResult;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

use super::CliError;

/// Writes what comes, as long as somebody reads it; answers how many bytes that were. A file of that name keeps its content until all has come.
pub async fn write(
    out: Option<&Path>,
    chunks: impl Stream<Item = ServiceResult<impl AsRef<[u8]>>>,
) -> Result<i64, CliError> {
    let Some(path) = out else { return copy(tokio::io::stdout(), chunks).await };
    let unwritable = |error| CliError::Message(format!("{} cannot be written: {error}.", path.display()));
    // Behind a link lies the file that is meant. A device or a pipe is written to, not replaced.
    let path = tokio::fs::canonicalize(path).await.unwrap_or_else(|_| path.to_owned());
    if tokio::fs::metadata(&path).await.is_ok_and(|there| !there.is_file()) {
        let file = File::options().write(true).open(&path).await.map_err(unwritable)?;
        return copy(BufWriter::new(file), chunks).await;
    }
    let part = Part::beside(&path);
    let file = match File::create_new(&part.0).await {
        Ok(file) => file,
        // Nothing can be made beside it (the folder's rights, the name's length): a file that is there is written over.
        Err(error) => match File::options().write(true).truncate(true).open(&path).await {
            Ok(file) => return copy(BufWriter::new(file), chunks).await,
            Err(_) => return Err(unwritable(error)),
        },
    };
    if let Ok(there) = tokio::fs::metadata(&path).await {
        // Who could not read it before shall not do so now.
        file.set_permissions(there.permissions()).await.map_err(unwritable)?;
    }
    let written = copy(BufWriter::new(file), chunks).await?;
    tokio::fs::rename(&part.0, &path).await.map_err(unwritable)?;
    Ok(written)
}

/// Where there is nothing to write.
pub fn nothing_yet(what: &str) -> CliError {
    CliError::Message(format!("the dataset has no {what} yet."))
}

/// One value as indented JSON; `what` names it where there is none yet.
pub async fn write_json<T: Serialize>(out: Option<&Path>, value: Option<&T>, what: &str) -> Result<i64, CliError> {
    let Some(value) = value else { return Err(nothing_yet(what)) };
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Message(error.to_string()))? + "\n";
    write(out, futures_util::stream::iter([Ok(text)])).await
}

async fn copy(
    mut writer: impl AsyncWrite + Unpin,
    chunks: impl Stream<Item = ServiceResult<impl AsRef<[u8]>>>,
) -> Result<i64, CliError> {
    let mut chunks = std::pin::pin!(chunks);
    let mut written = 0_i64;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        written += i64::try_from(chunk.as_ref().len()).unwrap_or(i64::MAX);
        if !is_read(writer.write_all(chunk.as_ref()).await)? {
            return Ok(written);
        }
    }
    is_read(writer.flush().await)?;
    Ok(written)
}

/// Whether anybody still reads: one who has enough (`| head`) closes the pipe, which is no error.
fn is_read(written: std::io::Result<()>) -> Result<bool, CliError> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CliError::Message(format!("the output could not be written: {error}."))),
    }
}

/// The file while it is being written; goes with whatever went wrong. (Nothing is there any more once it was renamed.)
struct Part(PathBuf);

impl Part {
    fn beside(path: &Path) -> Self {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.part", std::process::id()));
        Self(path.with_file_name(name))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _gone_or_renamed = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use anneal_server::types::error::AppError;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    async fn write_then(path: &Path, end: Option<AppError>) -> Result<i64, CliError> {
        let chunks = [Ok("one\n"), Ok("two\n")].into_iter().chain(end.map(|error| Err(error.into())));
        write(Some(path), futures_util::stream::iter(chunks)).await
    }

    #[tokio::test]
    async fn a_file_is_there_whole_or_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.jsonl");
        let broken = || Some(AppError::conflict("It broke."));
        assert_eq!(write_then(&path, broken()).await.unwrap_err().to_string(), "It broke.");
        assert!(names(dir.path()).is_empty());
        assert_eq!(write_then(&path, None).await.unwrap(), 8);
        std::fs::write(&path, "before").unwrap();
        assert!(write_then(&path, broken()).await.is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(write_then(&path, None).await.unwrap(), 8);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(names(dir.path()), ["out.jsonl"]);
        let nowhere = write_then(&dir.path().join("no such folder/x"), None).await.unwrap_err().to_string();
        assert!(nowhere.contains("no such folder") && nowhere.contains("cannot be written"), "{nowhere}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_private_file_stays_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.jsonl");
        std::fs::write(&path, "before").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        write_then(&path, None).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // A name that leaves no room for the part's.
        let long = dir.path().join("x".repeat(250));
        std::fs::write(&long, "before").unwrap();
        assert_eq!(write_then(&long, None).await.unwrap(), 8);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_and_devices_stay_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_then(&link, None).await.unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\ntwo\n");
        write_then(Path::new("/dev/null"), None).await.unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}
