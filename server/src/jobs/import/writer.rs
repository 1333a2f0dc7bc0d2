//! Storing what was read: batches in order, several in one transaction.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::datasets::records::{mark_duplicate, verdict_of};
use crate::db::imports::BatchCounts;
use crate::db::records::write::NewRecord;
use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::format;
use crate::import::{Batch, PreparedRecord};
use crate::jobs::{JobContext, import_bounds};
use crate::types::validation::RecordStatus;
use crate::validation::DuplicateKeeper;

/// A transaction takes what arrives within an eighth of the time that the import has taken so far, within these bounds: a large
/// one writes a page of an index once for many records, a small one shows progress sooner. (A page of a million hashes is hit
/// by one in a hundred records.)
const TRANSACTION_TIME: RangeInclusive<Duration> = Duration::from_millis(400)..=Duration::from_secs(3);
/// And no more than this, which the write-ahead log has to hold.
const TRANSACTION_BYTES: usize = 128 << 20;
/// Where somebody else waits to write, it ends after so long.
const WANTED_AFTER: Duration = Duration::from_millis(50);

/// Stores batches in order, several in one transaction.
pub(super) struct Writer {
    context: JobContext,
    import_id: String,
    /// Records up to this id are about to be replaced: nothing is a duplicate of them.
    duplicates_after: i64,
    total_bytes: i64,
    /// Stored in this run of the job.
    records: i64,
    /// The file's bytes that were read for them.
    bytes_read: i64,
    began: Instant,
    last_commit: Instant,
    open: Option<OpenTransaction>,
}

/// What was written and not committed yet.
struct OpenTransaction {
    tx: Tx,
    next_id: i64,
    counts: BatchCounts,
    bytes: usize,
    since: Instant,
}

impl Writer {
    pub(super) fn new(context: JobContext, import_id: String, duplicates_after: i64, total_bytes: i64) -> Self {
        Self {
            context,
            import_id,
            duplicates_after,
            total_bytes,
            records: 0,
            bytes_read: 0,
            began: Instant::now(),
            last_commit: Instant::now(),
            open: None,
        }
    }

    pub(super) fn should_stop(&self) -> bool {
        self.context.should_stop()
    }

    /// How many were stored in this run of the job.
    pub(super) fn records(&self) -> i64 {
        self.records
    }

    pub(super) async fn store(&mut self, batch: Batch) -> ServiceResult<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin().await?,
        };
        let Batch { records, skipped, bytes_read, last_line } = batch;
        for record in &records {
            open.counts.formats.add(record.format, 1);
        }
        open.counts.skipped.add_all(&skipped);
        open.bytes +=
            records.iter().map(|record| record.data.len() + record.raw.as_ref().map_or(0, String::len)).sum::<usize>();
        let uncommitted = open.counts.records + counted(records.len());
        import_bounds::check(&self.context.state, &mut open.tx, &self.import_id, uncommitted).await?;

        let mut keeper = kept_by_key(&mut open.tx, &self.context.dataset_id, self.duplicates_after, &records).await?;
        let rows = decide_duplicates(records, &mut keeper, open.next_id);
        let stored = counted(rows.len());
        db::records::write::insert(&mut open.tx, &self.context.dataset_id, &self.import_id, open.next_id, &rows)
            .await?;
        open.next_id += stored;
        open.counts.last_line = last_line;
        open.counts.records += stored;
        self.records += stored;
        self.bytes_read = i64::try_from(bytes_read).unwrap_or(i64::MAX).min(self.total_bytes);
        let is_full = self.is_full(&open);
        self.open = Some(open);
        if is_full { self.commit().await } else { Ok(()) }
    }

    fn is_full(&self, open: &OpenTransaction) -> bool {
        let time = (self.began.elapsed() / 8).clamp(*TRANSACTION_TIME.start(), *TRANSACTION_TIME.end());
        let so_far = open.since.elapsed();
        open.bytes >= TRANSACTION_BYTES
            || so_far >= time
            || (so_far >= WANTED_AFTER && self.context.state.db.is_wanted())
    }

    async fn begin(&self) -> ServiceResult<OpenTransaction> {
        let since = Instant::now();
        let mut tx = self.context.begin().await?;
        let next_id = db::records::write::last_id(&mut tx).await? + 1;
        Ok(OpenTransaction { tx, next_id, counts: BatchCounts::default(), bytes: 0, since })
    }

    /// Commits what is open, with the line it reaches.
    pub(super) async fn commit(&mut self) -> ServiceResult<()> {
        let Some(OpenTransaction { mut tx, mut counts, .. }) = self.open.take() else { return Ok(()) };
        counts.duration_ms = i64::try_from(self.last_commit.elapsed().as_millis()).unwrap_or(i64::MAX);
        db::imports::add_batch(&mut tx, &self.import_id, &counts).await?;
        db::datasets::touch_records(&mut tx, &self.context.dataset_id).await?;
        tx.commit().await?;
        self.last_commit = Instant::now();
        let message =
            format!("{} read, line {}", format::counted(self.records, "record"), format::count(counts.last_line));
        self.context.progress(self.bytes_read, self.total_bytes, "bytes", message).await
    }
}

fn counted(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

async fn kept_by_key(
    tx: &mut Tx,
    dataset_id: &str,
    after_id: i64,
    records: &[PreparedRecord],
) -> ServiceResult<DuplicateKeeper> {
    let hashes: Vec<[u8; 16]> = records.iter().filter_map(|record| record.derived.prompt_hash).collect();
    let spans: Vec<&str> = records.iter().filter_map(|record| record.span_id.as_deref()).collect();
    db::records::query::kept_by_key(tx, dataset_id, after_id, &hashes, &spans).await
}

/// The verdict of each record, duplicates decided against what is stored and within the batch.
fn decide_duplicates(records: Vec<PreparedRecord>, keeper: &mut DuplicateKeeper, first_id: i64) -> Vec<NewRecord> {
    let decide = |(id, record): (i64, PreparedRecord)| {
        let verdict = verdict_of(&record.derived.findings);
        let valid = verdict.status == RecordStatus::Valid;
        let verdict = match keeper.decide(id, valid, record.span_id.as_deref(), record.derived.prompt_hash) {
            Some(original) => mark_duplicate(verdict, original),
            None => verdict,
        };
        NewRecord { record, verdict }
    };
    (first_id..).zip(records).map(decide).collect()
}
