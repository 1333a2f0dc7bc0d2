//! Configuration: read once from flags, environment and `.env` by the command line, checked here.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::grader::ScriptLimits;
use crate::llm::Environment;

/// The port no peer's tool uses by default.
pub const DEFAULT_PORT: u16 = 4577;

/// So long a deleted dataset can be brought back, whatever is restarted meanwhile; its rows go at the earliest then.
pub const DELETED_KEPT: Duration = Duration::from_hours(1);

/// Everything that can be configured, checked.
#[derive(Clone)]
pub struct Config {
    /// Where the database and uploads live.
    pub data_dir: PathBuf,
    /// Where to listen.
    pub address: SocketAddr,
    /// The access token; demanded on any address but loopback.
    pub token: Option<String>,
    /// What encrypts stored keys, in place of a file in the data folder; at least 16 characters.
    pub secret_key: Option<String>,
    /// The variables that the program was started with: keys may be there.
    pub environment: Environment,
    /// Further host names under which the server may be reached (behind a proxy).
    pub allowed_hosts: Vec<String>,
    /// Where the browser's files (WASM, style, icons) are.
    pub site_dir: PathBuf,
    /// Most bytes of one upload, compressed or not.
    pub max_upload_bytes: u64,
    /// Longest line of an imported file that is parsed.
    pub max_line_bytes: usize,
    /// Most records of one import.
    pub max_import_records: i64,
    /// Bytes of the data folder's disk that imports and uploads leave free.
    pub min_free_disk_bytes: u64,
    /// Limits of user scripts.
    pub script_limits: ScriptLimits,
    /// After an import, near-duplicates are looked for by themselves in datasets of at most so many valid records.
    pub near_duplicates_up_to: i64,
    /// Jobs that run at once.
    pub concurrent_jobs: usize,
    /// A running job without a sign of life for so long is taken over.
    pub job_timeout: Duration,
    /// So long a trainer may take to send what it wants graded.
    pub score_body_timeout: Duration,
    /// Most bytes that the bodies of all trainers' requests under way take together; more than the largest of them.
    pub score_bodies_bytes: usize,
    /// So long a deleted dataset can be brought back.
    pub deleted_kept: Duration,
}

impl fmt::Debug for Config {
    /// Without what is secret: the token and the phrase that encrypts keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("data_dir", &self.data_dir)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A configuration that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Listening beyond this machine without a token.
    #[error(
        "listening on {address} would let anyone on the network in. Set ANNEAL_TOKEN (at least 16 characters), or listen on 127.0.0.1."
    )]
    TokenNeeded {
        /// The address asked for.
        address: IpAddr,
    },
    /// A token that can be guessed.
    #[error("ANNEAL_TOKEN has {length} characters; use at least 16, for example from `openssl rand -hex 24`.")]
    TokenTooShort {
        /// Its length.
        length: usize,
    },
    /// A secret that can be guessed.
    #[error("ANNEAL_SECRET_KEY has {length} characters; use at least 16, for example from `openssl rand -hex 24`.")]
    SecretTooShort {
        /// Its length.
        length: usize,
    },
    /// The data folder cannot be made.
    #[error(
        "the data folder {path} cannot be created: {source}. Choose another one with --data-dir or ANNEAL_DATA_DIR."
    )]
    DataDir {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: default_data_dir(),
            address: SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)),
            token: None,
            secret_key: None,
            environment: Environment::empty(),
            allowed_hosts: Vec::new(),
            site_dir: PathBuf::from("target/site"),
            max_upload_bytes: 16 << 30,
            max_line_bytes: 16 << 20,
            max_import_records: 20_000_000,
            min_free_disk_bytes: 256 << 20,
            script_limits: ScriptLimits::default(),
            near_duplicates_up_to: 50_000,
            concurrent_jobs: 4,
            job_timeout: Duration::from_secs(10),
            score_body_timeout: Duration::from_secs(30),
            score_bodies_bytes: 256 << 20,
            deleted_kept: DELETED_KEPT,
        }
    }
}

impl Config {
    /// Checks what cannot be checked field by field, and makes the data folder.
    pub fn check(self) -> Result<Self, ConfigError> {
        if let Some(token) = &self.token
            && token.chars().count() < 16
        {
            return Err(ConfigError::TokenTooShort { length: token.chars().count() });
        }
        if let Some(secret) = &self.secret_key
            && secret.chars().count() < 16
        {
            return Err(ConfigError::SecretTooShort { length: secret.chars().count() });
        }
        if !self.address.ip().is_loopback() && self.token.is_none() {
            return Err(ConfigError::TokenNeeded { address: self.address.ip() });
        }
        create_private_dir(&self.uploads_dir())
            .map_err(|source| ConfigError::DataDir { path: self.data_dir.display().to_string(), source })?;
        Ok(self)
    }

    /// The database file.
    pub fn database_path(&self) -> PathBuf {
        self.data_dir.join("anneal.sqlite")
    }

    /// Where uploads wait for their import.
    pub fn uploads_dir(&self) -> PathBuf {
        self.data_dir.join("uploads")
    }
}

/// Customers' conversations are nobody else's business: only this user may enter.
fn create_private_dir(path: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// `$XDG_DATA_HOME/anneal`, else `~/.local/share/anneal`, else `./anneal-data`.
pub fn default_data_dir() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("XDG_DATA_HOME")
        .map(|dir| dir.join("anneal"))
        .or_else(|| variable("HOME").map(|home| home.join(".local/share/anneal")))
        .unwrap_or_else(|| PathBuf::from("anneal-data"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_let_in_only_with_a_token_that_cannot_be_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let config = |address: [u8; 4], token: Option<&str>| Config {
            data_dir: dir.path().to_owned(),
            address: SocketAddr::from((address, 1)),
            token: token.map(str::to_owned),
            ..Config::default()
        };
        assert!(config([127, 0, 0, 1], None).check().is_ok());
        assert!(matches!(config([0, 0, 0, 0], None).check(), Err(ConfigError::TokenNeeded { .. })));
        assert!(matches!(config([127, 0, 0, 1], Some("short")).check(), Err(ConfigError::TokenTooShort { length: 5 })));
        assert!(config([0, 0, 0, 0], Some("0123456789abcdef")).check().is_ok());
    }

    #[test]
    fn a_data_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Config { data_dir: file.path().join("below-a-file"), ..Config::default() }.check().unwrap_err();
        assert!(error.to_string().contains("below-a-file"), "{error}");
    }
}
