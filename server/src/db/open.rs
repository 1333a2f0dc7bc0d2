//! Why a database file cannot be used, in words for whoever started the program.

use std::path::Path;

use sqlx::migrate::MigrateError;

use crate::error::ServiceError;
use crate::types::error::AppError;

/// Why the database could not be opened. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// It holds a change of the schema that this program does not know.
    #[error(
        "The database {path} was made by a newer Anneal (its schema has change {change}, which this version does not know), so it was left untouched. Start that newer version, or choose another data folder with --data-dir or ANNEAL_DATA_DIR."
    )]
    Newer { path: String, change: i64 },
    /// A change of the schema that was applied is not the one this program has under its number.
    #[error(
        "The database {path} was made by another build of Anneal: change {change} of its schema is not the one of this version (a development build, or a modified file), so it was left untouched. Start the build that made it and export your data (`anneal export`), or choose another data folder with --data-dir or ANNEAL_DATA_DIR."
    )]
    OtherBuild { path: String, change: i64 },
    /// Bringing the schema up to date failed; each change is all or nothing.
    #[error(
        "The database {path} could not be brought up to date: change {change} of its schema failed ({source}). It is as it was before that change. Check that the disk has room for a copy of it, then start again; if it fails again, keep the file and report this."
    )]
    Change { path: String, change: i64, source: sqlx::Error },
    /// A change of the schema was begun and not noted as done.
    #[error(
        "The database {path} was left in the middle of change {change} of its schema. Restore it from a backup made before, or choose another data folder with --data-dir or ANNEAL_DATA_DIR; keep the file and report this."
    )]
    HalfChanged { path: String, change: i64 },
    /// Not a database, or a damaged one.
    #[error(
        "{path} is no SQLite database, or a damaged one ({source}). Restore it from a backup, or move it away: a new one is made in its place."
    )]
    NoDatabase { path: String, source: sqlx::Error },
    /// The operating system, or another process, is in the way.
    #[error(
        "The database {path} could not be opened: {source}. Check that the folder exists, that you may write there and that the disk is not full, or choose another one with --data-dir or ANNEAL_DATA_DIR."
    )]
    Unusable { path: String, source: sqlx::Error },
}

/// SQLite's "database disk image is malformed" and "file is not a database"; extended codes have more in the bits above.
const NO_DATABASE: [i32; 2] = [11, 26];

impl OpenError {
    pub(super) fn connecting(path: &Path, source: sqlx::Error) -> Self {
        let path = path.display().to_string();
        let code = source.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
        match code {
            Some(code) if NO_DATABASE.contains(&(code & 0xff)) => Self::NoDatabase { path, source },
            _ => Self::Unusable { path, source },
        }
    }

    pub(super) fn migrating(path: &Path, error: MigrateError) -> Self {
        let shown = path.display().to_string();
        match error {
            MigrateError::VersionMissing(change) | MigrateError::VersionTooNew(change, _) => {
                Self::Newer { path: shown, change }
            }
            MigrateError::VersionMismatch(change) => Self::OtherBuild { path: shown, change },
            MigrateError::Dirty(change) => Self::HalfChanged { path: shown, change },
            MigrateError::ExecuteMigration(source, change) => Self::Change { path: shown, change, source },
            MigrateError::Execute(source) => Self::connecting(path, source),
            other => Self::Unusable { path: shown, source: sqlx::Error::Migrate(Box::new(other)) },
        }
    }
}

impl From<OpenError> for ServiceError {
    fn from(error: OpenError) -> Self {
        AppError::Unavailable { message: error.to_string() }.into()
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, Connection};

    use crate::db::Db;

    /// What opening says after the statement was run on a good database.
    async fn complaint_after(statement: &'static str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anneal.sqlite");
        Db::open(&path).await.unwrap().close().await;
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let message = Db::open(&path).await.unwrap_err().to_string();
        assert!(message.contains("anneal.sqlite") && message.contains("ANNEAL_DATA_DIR"), "{message}");
        message
    }

    #[tokio::test]
    async fn a_database_of_another_version_is_explained() {
        let message = complaint_after("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1").await;
        assert!(message.contains("another build of Anneal: change 1"), "{message}");
        let message = complaint_after("UPDATE _sqlx_migrations SET success = 0 WHERE version = 1").await;
        assert!(message.contains("in the middle of change 1"), "{message}");
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'later', 1, x'00', 1)";
        let message = complaint_after(newer).await;
        assert!(message.contains("newer Anneal (its schema has change 9999"), "{message}");
    }

    #[tokio::test]
    async fn what_is_no_database_is_said_to_be_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anneal.sqlite");
        std::fs::write(&path, "no database at all, but longer than a header of one is".repeat(20)).unwrap();
        let message = Db::open(&path).await.unwrap_err().to_string();
        assert!(message.contains("is no SQLite database"), "{message}");
        let message = Db::open(&dir.path().join("no such folder/a.sqlite")).await.unwrap_err().to_string();
        assert!(message.contains("could not be opened") && message.contains("no such folder"), "{message}");
    }
}
