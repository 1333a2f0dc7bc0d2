//! The store: one SQLite file, one writer connection, a pool of readers. The only SQL of the project.
//!
//! One repository file per table. Functions take what they need and give typed rows; they know no rules
//! beyond what keeps the tables consistent. Reads go to [`Db::read`], writes to [`Db::begin`]; reads that belong
//! together share one [`Db::snapshot`].

pub mod datasets;
pub mod dry_runs;
pub mod endpoints;
pub mod grader_keys;
pub mod graders;
pub mod hand_scores;
pub mod imports;
pub mod jobs;
pub mod llm_calls;
pub mod near_duplicates;
mod open;
pub mod records;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod topics;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Connection, QueryBuilder, Sqlite, Transaction};

use self::open::OpenError;
use crate::error::{ServiceError, ServiceResult};

/// A transaction on the writer connection.
pub type Tx = Transaction<'static, Sqlite>;

/// The store as it was at one moment: everything read from it belongs together, whatever is written meanwhile.
/// Holds a reader, and keeps the WAL from being folded in; so drop it before anything slow.
#[derive(Debug)]
pub struct Snapshot(Transaction<'static, Sqlite>);

/// Where a query may read: the newest state (`&Db`), a snapshot, or what a write sees (`&mut Tx`).
pub trait Reader: Send {
    /// Every row of one query. (Takes the query whole, so that no lifetime ties it to the connection.)
    fn rows(self, query: QueryBuilder<Sqlite>) -> impl Future<Output = ServiceResult<Vec<SqliteRow>>> + Send;
}

impl Reader for &Db {
    async fn rows(self, mut query: QueryBuilder<Sqlite>) -> ServiceResult<Vec<SqliteRow>> {
        Ok(query.build().fetch_all(&self.readers).await?)
    }
}

impl Reader for &mut Snapshot {
    async fn rows(self, mut query: QueryBuilder<Sqlite>) -> ServiceResult<Vec<SqliteRow>> {
        Ok(query.build().fetch_all(&mut *self.0).await?)
    }
}

impl Reader for &mut Transaction<'_, Sqlite> {
    async fn rows(self, mut query: QueryBuilder<Sqlite>) -> ServiceResult<Vec<SqliteRow>> {
        Ok(query.build().fetch_all(&mut **self).await?)
    }
}

/// Whose rows a query reads: one dataset's, or everybody's at once (for lists).
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// This dataset's.
    One(&'a str),
    /// Every dataset's.
    All,
}

impl Of<'_> {
    /// The condition on the column that holds the dataset's id.
    fn push(self, query: &mut QueryBuilder<Sqlite>, column: &'static str) {
        match self {
            Self::One(id) => query.push(column).push(" = ").push_bind(id.to_owned()),
            Self::All => query.push("TRUE"),
        };
    }
}

/// Handles to the store; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    /// One connection: SQLite has one writer anyway, and waiting here is fairer than `SQLITE_BUSY`.
    writer: SqlitePool,
    /// How many wait for it.
    waiting: Arc<AtomicUsize>,
    /// WAL lets these read while the writer writes.
    readers: SqlitePool,
}

impl Db {
    /// Opens (or creates) the file and brings its schema up to date.
    pub async fn open(path: &Path) -> ServiceResult<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(15))
            .pragma("temp_store", "memory")
            .pragma("cache_size", "-16000")
            .pragma("mmap_size", "0");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            // On a full disk SQLite ends a transaction by itself, which sqlx does not see: to it, it goes on for ever. The
            // roll-back that was asked for has been tried by now (a ping came after it), so that such a connection is told by this.
            .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
            // The one that imports: the indices of prompts' hashes and of spans are written all over, and a million of them
            // fill 150 MB. 64 MB between checkpoints write a page of them once that changed many times (docs/benchmarks.md).
            .connect_with(options.clone().pragma("cache_size", "-96000").pragma("wal_autocheckpoint", "16000"))
            .await
            .map_err(|error| OpenError::connecting(path, error))?;
        sqlx::migrate!("../migrations").run(&writer).await.map_err(|error| OpenError::migrating(path, error))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(60))
            .connect_with(options.create_if_missing(false).pragma("query_only", "true"))
            .await?;
        Ok(Self { writer, readers, waiting: Arc::default() })
    }

    /// Where to read.
    pub fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// The store as it is now, for reads that belong together. The moment is that of the first read.
    pub async fn snapshot(&self) -> ServiceResult<Snapshot> {
        Ok(Snapshot(self.readers.begin().await?))
    }

    /// Begins a write transaction. Takes the write lock at once, so that what is read in it stays true.
    pub async fn begin(&self) -> ServiceResult<Tx> {
        let _waits = Waits::new(&self.waiting);
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Whether somebody waits to write. Who holds a long transaction ends it then.
    pub fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Closes all connections after their work, folding the WAL into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// One that waits to write, as long as it lives; a wait that is given up is over too.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads a JSON column; what we wrote ourselves and cannot read back is an internal error, never a default.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> ServiceResult<T> {
    serde_json::from_str(text).map_err(|error| ServiceError::internal(format!("reading column {column}"), error))
}

/// A stored word that no variant has.
pub(crate) fn unknown_word(column: &'static str, word: &str) -> ServiceError {
    ServiceError::internal(format!("reading column {column}"), format!("unknown value {word:?}"))
}
