//! Table `jobs`: what `jobs::runner` claims, beats and ends.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Db, Of, Reader, Tx, unknown_word};
use crate::clock::now_ms;
use crate::error::{ServiceError, ServiceResult};
use crate::types::TimestampMs;
use crate::types::error::AppError;
use crate::types::job::{JobKind, JobState, JobStatus};

/// A claimed job: its public status and its arguments.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// What a browser may see.
    pub status: JobStatus,
    /// The kind's own arguments as JSON.
    pub args: String,
    /// How often it was claimed, this time included.
    pub attempts: i64,
}

fn read_status(row: &SqliteRow) -> ServiceResult<JobStatus> {
    let kind: String = row.try_get("kind")?;
    let state: String = row.try_get("state")?;
    Ok(JobStatus {
        id: row.try_get("id")?,
        kind: JobKind::parse(&kind).ok_or_else(|| unknown_word("jobs.kind", &kind))?,
        dataset_id: row.try_get("dataset_id")?,
        state: JobState::parse(&state).ok_or_else(|| unknown_word("jobs.state", &state))?,
        done: row.try_get("done")?,
        total: row.try_get("total")?,
        unit: row.try_get("unit")?,
        message: row.try_get("message")?,
        cancel_requested: row.try_get("cancel_requested")?,
        error: row.try_get("error")?,
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

/// Queues a job.
pub async fn insert(tx: &mut Tx, id: &str, kind: JobKind, dataset_id: &str, args: &str) -> ServiceResult<()> {
    insert_at(tx, id, kind, dataset_id, args, now_ms()).await
}

/// Queues one of several jobs that were asked for at once: they have the same time, and run in the order of their ids.
pub async fn insert_at(
    tx: &mut Tx,
    id: &str,
    kind: JobKind,
    dataset_id: &str,
    args: &str,
    created_at: TimestampMs,
) -> ServiceResult<()> {
    sqlx::query("INSERT INTO jobs (id, kind, dataset_id, args, state, created_at) VALUES (?, ?, ?, ?, 'queued', ?)")
        .bind(id)
        .bind(kind.as_str())
        .bind(dataset_id)
        .bind(args)
        .bind(created_at)
        .execute(&mut **tx)
        .await
        .map_err(already_active)?;
    Ok(())
}

/// What index `jobs_one_active` refuses is the user's second click, not our failure.
fn already_active(error: sqlx::Error) -> ServiceError {
    match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => {
            AppError::conflict("The same work is going on already. Wait for it, or cancel it first.").into()
        }
        _ => error.into(),
    }
}

/// One job; 404 if there is none.
pub async fn get(db: &Db, id: &str) -> ServiceResult<JobStatus> {
    let row = sqlx::query("SELECT * FROM jobs WHERE id = ?").bind(id).fetch_optional(db.read()).await?;
    row.map_or_else(|| Err(AppError::not_found("This job").into()), |row| read_status(&row))
}

/// The newest job of every kind and every active one of a dataset, newest first; beside the newest, those that were asked
/// for together with it and failed.
pub async fn of_dataset(db: impl Reader, dataset_id: &str) -> ServiceResult<Vec<JobStatus>> {
    Ok(current_of(db, Of::One(dataset_id)).await?.remove(dataset_id).unwrap_or_default())
}

/// The same by dataset.
pub async fn current_of(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, Vec<JobStatus>>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM jobs AS j WHERE ");
    of.push(&mut query, "dataset_id");
    query.push(
        " AND (state IN ('queued', 'running')
           OR id = (SELECT id FROM jobs WHERE dataset_id = j.dataset_id AND kind = j.kind ORDER BY created_at DESC, id DESC LIMIT 1)
           OR (state = 'failed' AND created_at = (SELECT MAX(created_at) FROM jobs WHERE dataset_id = j.dataset_id AND kind = j.kind)))
         ORDER BY created_at DESC, id DESC",
    );
    let mut jobs = HashMap::<String, Vec<JobStatus>>::new();
    for row in db.rows(query).await? {
        let status = read_status(&row)?;
        jobs.entry(status.dataset_id.clone()).or_default().push(status);
    }
    Ok(jobs)
}

/// The oldest queued job (or exactly `only`) that may be claimed. Imports of one dataset take turns: each decides its
/// duplicates, and what it replaces, by what the ones before have left. Asked of a reader first, so that an idle runner
/// never takes the write lock.
pub async fn next_claimable(db: impl Reader, only: Option<&str>) -> ServiceResult<Option<String>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM jobs AS j WHERE state = 'queued'");
    if let Some(id) = only {
        query.push(" AND id = ").push_bind(id.to_owned());
    }
    query.push(
        " AND (kind <> 'import' OR NOT EXISTS (SELECT 1 FROM jobs WHERE dataset_id = j.dataset_id
                 AND kind = 'import' AND state = 'running'))
          ORDER BY created_at, id LIMIT 1",
    );
    Ok(db.rows(query).await?.first().map(|row| row.try_get("id")).transpose()?)
}

/// Takes the next claimable job for this owner.
pub async fn claim(db: &Db, owner: &str, only: Option<&str>) -> ServiceResult<Option<JobRow>> {
    let mut tx = db.begin().await?;
    let Some(id) = next_claimable(&mut tx, only).await? else { return Ok(None) };
    let row = sqlx::query(
        "UPDATE jobs SET state = 'running', owner = ?1, heartbeat_at = ?2, attempts = attempts + 1,
                         started_at = COALESCE(started_at, ?2), finished_at = NULL, error = NULL
         WHERE id = ?3 RETURNING *",
    )
    .bind(owner)
    .bind(now_ms())
    .bind(id)
    .fetch_one(&mut *tx)
    .await?;
    let claimed = JobRow { status: read_status(&row)?, args: row.try_get("args")?, attempts: row.try_get("attempts")? };
    tx.commit().await?;
    Ok(Some(claimed))
}

/// A sign of life. Answers whether the job is still this runner's and whether its cancel was asked for.
pub async fn heartbeat(db: &Db, id: &str, owner: &str) -> ServiceResult<Heartbeat> {
    let mut tx = db.begin().await?;
    let row = sqlx::query(
        "UPDATE jobs SET heartbeat_at = ? WHERE id = ? AND owner = ? AND state = 'running' RETURNING cancel_requested",
    )
    .bind(now_ms())
    .bind(id)
    .bind(owner)
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(match row {
        None => Heartbeat::Lost,
        Some(row) if row.try_get("cancel_requested")? => Heartbeat::CancelRequested,
        Some(_) => Heartbeat::Alive,
    })
}

/// What a heartbeat learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// Go on.
    Alive,
    /// Stop and keep what is done.
    CancelRequested,
    /// Another runner has taken the job, or its dataset was deleted: stop and write nothing more.
    Lost,
}

/// Stores progress.
pub async fn set_progress(
    db: &Db,
    id: &str,
    owner: &str,
    done: i64,
    total: i64,
    unit: &str,
    message: &str,
) -> ServiceResult<()> {
    let mut tx = db.begin().await?;
    sqlx::query(
        "UPDATE jobs SET done = ?, total = ?, unit = ?, message = ?, heartbeat_at = ? WHERE id = ? AND owner = ?",
    )
    .bind(done)
    .bind(total)
    .bind(unit)
    .bind(message)
    .bind(now_ms())
    .bind(id)
    .bind(owner)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a job that this runner owns.
pub async fn finish(
    db: &Db,
    id: &str,
    owner: &str,
    state: JobState,
    message: Option<&str>,
    error: Option<&str>,
) -> ServiceResult<()> {
    let mut tx = db.begin().await?;
    sqlx::query(
        "UPDATE jobs SET state = ?, message = COALESCE(?, message), error = ?, finished_at = ?, owner = NULL, cancel_requested = 0
         WHERE id = ? AND owner = ?",
    )
    .bind(state.as_str())
    .bind(message)
    .bind(error)
    .bind(now_ms())
    .bind(id)
    .bind(owner)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Puts a job of this runner back into the queue (the runner stops before the job is done).
pub async fn release(db: &Db, id: &str, owner: &str) -> ServiceResult<()> {
    let mut tx = db.begin().await?;
    sqlx::query(
        "UPDATE jobs SET state = 'queued', owner = NULL, heartbeat_at = NULL, attempts = MAX(attempts - 1, 1)
         WHERE id = ?1 AND owner = ?2",
    )
    .bind(id)
    .bind(owner)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Queues an ended job again; 409 if it is active, or succeeded and `has_failures` is not so.
pub async fn requeue(tx: &mut Tx, id: &str, has_failures: bool) -> ServiceResult<()> {
    let changed = sqlx::query(
        "UPDATE jobs SET state = 'queued', owner = NULL, error = NULL, finished_at = NULL, cancel_requested = 0, attempts = 0
         WHERE id = ?1 AND (state IN ('cancelled', 'failed') OR (?2 AND state = 'succeeded'))",
    )
    .bind(id)
    .bind(has_failures)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if changed == 0 {
        return Err(
            AppError::conflict("This run is going on or already finished, so there is nothing to resume.").into()
        );
    }
    Ok(())
}

/// What asking for a cancel writes; `?2` is the time, `?3` the kind that runs in any case.
macro_rules! cancelling {
    () => {
        "UPDATE jobs SET cancel_requested = (state = 'running' OR (state = 'queued' AND (attempts > 0 OR kind = ?3))),
                         state = CASE WHEN state = 'queued' AND attempts = 0 AND kind <> ?3 THEN 'cancelled' ELSE state END,
                         finished_at = CASE WHEN state = 'queued' AND attempts = 0 AND kind <> ?3 THEN ?2 ELSE finished_at END
         WHERE "
    };
}

/// Asks a job to stop. One that never ran is cancelled at once, unless it is of the kind `must_run`; any other is
/// left to its runner (the present or the next one), which keeps and reports what was done. Answers the job as it is
/// then, and its arguments.
pub async fn request_cancel(db: &Db, id: &str, must_run: JobKind) -> ServiceResult<(JobStatus, String)> {
    let mut tx = db.begin().await?;
    let row = sqlx::query(concat!(cancelling!(), "id = ?1 RETURNING *"))
        .bind(id)
        .bind(now_ms())
        .bind(must_run.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Err(AppError::not_found("This job").into()) };
    let answer = (read_status(&row)?, row.try_get("args")?);
    tx.commit().await?;
    Ok(answer)
}

/// Asks every active job of a dataset to stop, in the same way.
pub async fn request_cancel_all(
    tx: &mut Tx,
    dataset_id: &str,
    must_run: JobKind,
) -> ServiceResult<Vec<(JobStatus, String)>> {
    let rows = sqlx::query(concat!(cancelling!(), "dataset_id = ?1 AND state IN ('queued', 'running') RETURNING *"))
        .bind(dataset_id)
        .bind(now_ms())
        .bind(must_run.as_str())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(|row| Ok((read_status(row)?, row.try_get("args")?))).collect()
}

/// Ends every active job of a dataset that was deleted; a runner that is at one finds that it has lost it. Answers the
/// arguments of the imports among them.
pub async fn abandon(tx: &mut Tx, dataset_id: &str) -> ServiceResult<Vec<String>> {
    let rows = sqlx::query(
        "UPDATE jobs SET state = 'cancelled', owner = NULL, message = 'The dataset was deleted.', finished_at = ?
         WHERE dataset_id = ? AND state IN ('queued', 'running') RETURNING kind, args",
    )
    .bind(now_ms())
    .bind(dataset_id)
    .fetch_all(&mut **tx)
    .await?;
    let import = |row: &&SqliteRow| row.try_get::<&str, _>("kind").is_ok_and(|kind| kind == JobKind::Import.as_str());
    rows.iter().filter(import).map(|row| Ok(row.try_get("args")?)).collect()
}

/// Queues again what a dead runner left: running, but without a sign of life since `before`.
pub async fn requeue_dead(db: &Db, before: TimestampMs) -> ServiceResult<u64> {
    let stale = sqlx::query("SELECT 1 FROM jobs WHERE state = 'running' AND heartbeat_at < ? LIMIT 1")
        .bind(before)
        .fetch_optional(db.read())
        .await?;
    if stale.is_none() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let changed =
        sqlx::query("UPDATE jobs SET state = 'queued', owner = NULL WHERE state = 'running' AND heartbeat_at < ?")
            .bind(before)
            .execute(&mut *tx)
            .await?
            .rows_affected();
    tx.commit().await?;
    Ok(changed)
}

/// Whether a job of this kind is queued or running for the dataset. Where a write depends on it, ask within its
/// transaction.
pub async fn is_active(db: impl Reader, dataset_id: &str, kind: JobKind) -> ServiceResult<bool> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT 1 FROM jobs WHERE dataset_id = ");
    query.push_bind(dataset_id.to_owned()).push(" AND kind = ").push_bind(kind.as_str());
    query.push(" AND state IN ('queued', 'running') LIMIT 1");
    Ok(!db.rows(query).await?.is_empty())
}

/// The same of any job but one.
pub async fn is_another_active(db: impl Reader, dataset_id: &str, kind: JobKind, but: &str) -> ServiceResult<bool> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT 1 FROM jobs WHERE dataset_id = ");
    query.push_bind(dataset_id.to_owned()).push(" AND kind = ").push_bind(kind.as_str());
    query.push(" AND state IN ('queued', 'running') AND id <> ").push_bind(but.to_owned()).push(" LIMIT 1");
    Ok(!db.rows(query).await?.is_empty())
}

/// The queued or running job of a kind that goes on once at a time.
pub async fn active(db: impl Reader, dataset_id: &str, kind: JobKind) -> ServiceResult<Option<String>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM jobs WHERE dataset_id = ");
    query.push_bind(dataset_id.to_owned()).push(" AND kind = ").push_bind(kind.as_str());
    query.push(" AND state IN ('queued', 'running') LIMIT 1");
    Ok(db.rows(query).await?.first().map(|row| row.try_get("id")).transpose()?)
}

/// Forgets the ended jobs of these kinds.
pub async fn forget(tx: &mut Tx, dataset_id: &str, kinds: &[JobKind]) -> ServiceResult<()> {
    for kind in kinds {
        sqlx::query("DELETE FROM jobs WHERE dataset_id = ? AND kind = ? AND state NOT IN ('queued', 'running')")
            .bind(dataset_id)
            .bind(kind.as_str())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Replaces a job's arguments: it keeps in them how far it is.
pub async fn set_args(tx: &mut Tx, id: &str, args: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE jobs SET args = ? WHERE id = ?").bind(args).bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// The arguments of every queued or running job of a kind.
pub async fn active_args(db: &Db, kind: JobKind) -> ServiceResult<Vec<String>> {
    let rows = sqlx::query("SELECT args FROM jobs WHERE kind = ? AND state IN ('queued', 'running')")
        .bind(kind.as_str())
        .fetch_all(db.read())
        .await?;
    rows.iter().map(|row| Ok(row.try_get("args")?)).collect()
}

/// Whether the job is still this runner's, asked within the transaction that is about to write its results.
pub async fn is_owned(tx: &mut Tx, id: &str, owner: &str) -> ServiceResult<bool> {
    Ok(sqlx::query("SELECT 1 FROM jobs WHERE id = ? AND owner = ? AND state = 'running'")
        .bind(id)
        .bind(owner)
        .fetch_optional(&mut **tx)
        .await?
        .is_some())
}
