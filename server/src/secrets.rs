//! Keys at rest: encrypted in the store, with a key of its own that is not in the store.
//!
//! The cipher is ChaCha20-Poly1305 (RFC 8439) of `ring`. Its key is derived (HKDF-SHA256, RFC 5869) from
//! `ANNEAL_SECRET_KEY` where that is set, else from the file `secret.key` of the data folder, which is made at the first need and
//! which only this user may read. So a copy of the database alone gives no key away.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use ring::rand::{SecureRandom, SystemRandom};

/// The file beside the database.
const FILE_NAME: &str = "secret.key";
/// Bytes in that file.
const FILE_BYTES: usize = 32;
/// Says what the derived key is for, so that another use of the same secret would have another key.
const PURPOSE: &[u8] = b"anneal: keys of model endpoints";

/// Seals and opens what must not be readable in the store.
#[derive(Clone)]
pub struct Secrets {
    source: Source,
}

#[derive(Clone)]
enum Source {
    /// `ANNEAL_SECRET_KEY`.
    Phrase(Arc<str>),
    File(Arc<PathBuf>),
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// What was sealed was sealed by another key, or changed since.
    #[error(
        "the stored key cannot be decrypted: ANNEAL_SECRET_KEY or the file secret.key of the data folder is another one than when it was entered. Enter the key again."
    )]
    Unreadable,
    /// The file with the secret.
    #[error("the file {path} with the server's secret cannot be used: {reason}")]
    File {
        /// Which.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gives no random bytes.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}

impl fmt::Debug for Secrets {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// `phrase` is the user's own secret; without one a file in `data_dir` has it. Nothing is read or made yet.
    pub fn new(data_dir: &Path, phrase: Option<&str>) -> Self {
        let source = match phrase {
            Some(phrase) => Source::Phrase(Arc::from(phrase)),
            None => Source::File(Arc::new(data_dir.join(FILE_NAME))),
        };
        Self { source }
    }

    /// Encrypts `text`. What is sealed under one `label` opens under no other: it is told to the cipher.
    pub fn seal(&self, label: &str, text: &str) -> Result<Vec<u8>, SecretError> {
        let key = self.key(true)?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SecretError::NoRandomness)?;
        let mut sealed = text.as_bytes().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(label.as_bytes()), &mut sealed)
            .map_err(|_| SecretError::NoRandomness)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed under `label`.
    pub fn open(&self, label: &str, sealed: &[u8]) -> Result<String, SecretError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SecretError::Unreadable)?;
        let mut rest = rest.to_vec();
        let opened = self
            .key(false)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(label.as_bytes()), &mut rest)
            .map_err(|_| SecretError::Unreadable)?;
        String::from_utf8(opened.to_vec()).map_err(|_| SecretError::Unreadable)
    }

    fn key(&self, may_make: bool) -> Result<LessSafeKey, SecretError> {
        let secret = match &self.source {
            Source::Phrase(phrase) => phrase.as_bytes().to_vec(),
            Source::File(path) => file_secret(path, may_make)?,
        };
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&secret);
        let bytes = derived.expand(&[PURPOSE], &CHACHA20_POLY1305).map(UnboundKey::from);
        // The length asked for is the cipher's own, which is the only thing that could be wrong.
        bytes.map(LessSafeKey::new).map_err(|_| SecretError::NoRandomness)
    }
}

fn file_secret(path: &Path, may_make: bool) -> Result<Vec<u8>, SecretError> {
    let failed = |reason: String| SecretError::File { path: path.display().to_string(), reason };
    match std::fs::read(path) {
        Ok(bytes) if bytes.len() == FILE_BYTES => Ok(bytes),
        Ok(bytes) => Err(failed(format!("it has {} bytes and not {FILE_BYTES}", bytes.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_make => make_file(path),
        // What was sealed by it is lost with it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SecretError::Unreadable),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Whole or not at all: it is written under another name first. Whoever was quicker wins.
fn make_file(path: &Path) -> Result<Vec<u8>, SecretError> {
    let failed = |error: io::Error| SecretError::File { path: path.display().to_string(), reason: error.to_string() };
    let mut bytes = vec![0; FILE_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SecretError::NoRandomness)?;
    // (A temporary file of this crate is readable by its owner alone.)
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(bytes),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file_secret(path, false),
        Err(error) => Err(failed(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_by_the_same_secret_alone() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(dir.path(), None);
        let sealed = secrets.seal("e1", "sk-grüße").unwrap();
        assert_ne!(sealed, secrets.seal("e1", "sk-grüße").unwrap(), "the same text looks different every time");
        assert!(!sealed.windows(3).any(|part| part == b"sk-"));
        assert_eq!(secrets.open("e1", &sealed).unwrap(), "sk-grüße");
        // A new process reads the same file.
        assert_eq!(Secrets::new(dir.path(), None).open("e1", &sealed).unwrap(), "sk-grüße");
        assert!(matches!(secrets.open("e2", &sealed), Err(SecretError::Unreadable)));
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        for broken in [bent.as_slice(), &sealed[..sealed.len() - 1], b"short", b""] {
            assert!(matches!(secrets.open("e1", broken), Err(SecretError::Unreadable)));
        }
        let phrase = Secrets::new(dir.path(), Some("a phrase of the user's own"));
        assert!(matches!(phrase.open("e1", &sealed), Err(SecretError::Unreadable)));
        let by_phrase = phrase.seal("e1", "k").unwrap();
        assert_eq!(
            Secrets::new(Path::new("/"), Some("a phrase of the user's own")).open("e1", &by_phrase).unwrap(),
            "k"
        );
    }

    #[test]
    fn the_file_is_nobody_else_s_and_must_be_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let secrets = Secrets::new(dir.path(), None);
        assert!(matches!(secrets.open("e", &[0; 40]), Err(SecretError::Unreadable)));
        assert!(!path.exists(), "opening makes none");
        let sealed = secrets.seal("e", "k").unwrap();
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
        std::fs::write(&path, b"cut").unwrap();
        assert!(secrets.open("e", &sealed).unwrap_err().to_string().contains("3 bytes"));
    }
}
