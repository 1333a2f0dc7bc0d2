//! Table `datasets`. A deleted one is hidden until somebody brings it back or its rows are gone: only
//! [`restorable`], [`hidden`] and jobs find it.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};

use super::{Db, Reader, Tx, from_json};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::TimestampMs;
use crate::types::coverage::TargetDistribution;
use crate::types::dataset::{Dataset, DeletedDataset, RecordDeletion};
use crate::types::error::AppError;
use crate::types::validation::ValidationConfig;

fn read_row(row: &SqliteRow) -> ServiceResult<Dataset> {
    let targets: Option<String> = row.try_get("target_distribution")?;
    Ok(Dataset {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        objective: row.try_get("objective")?,
        validation_config: from_json("datasets.validation_config", row.try_get("validation_config")?)?,
        target_distribution: targets.map(|text| from_json("datasets.target_distribution", &text)).transpose()?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        records_revision: row.try_get("records_revision")?,
        topics_revision: row.try_get("topics_revision")?,
    })
}

/// Stores a new dataset.
pub async fn insert(tx: &mut Tx, id: &str, name: &str, objective: &str) -> ServiceResult<()> {
    let now = now_ms();
    sqlx::query(
        "INSERT INTO datasets (id, name, objective, validation_config, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(name)
    .bind(objective)
    .bind(serde_json::to_string(&ValidationConfig::default())?)
    .bind(now)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores a copy of one, with its objective, rules and targets.
pub async fn insert_copy(tx: &mut Tx, id: &str, name: &str, copy_of: &str) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO datasets (id, name, objective, validation_config, target_distribution, created_at, updated_at)
         SELECT ?1, ?2, objective, validation_config, target_distribution, ?3, ?3 FROM datasets WHERE id = ?4",
    )
    .bind(id)
    .bind(name)
    .bind(now_ms())
    .bind(copy_of)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether one has exactly this name.
pub async fn has_name(tx: &mut Tx, name: &str) -> ServiceResult<bool> {
    let row = sqlx::query("SELECT 1 FROM datasets WHERE deleted_at IS NULL AND name = ? LIMIT 1")
        .bind(name)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

/// All of them, last changed first.
pub async fn list(db: impl Reader) -> ServiceResult<Vec<Dataset>> {
    let query = QueryBuilder::new("SELECT * FROM datasets WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC");
    let rows = db.rows(query).await?;
    rows.iter().map(read_row).collect()
}

/// One of them; 404 if there is none.
pub async fn get(db: impl Reader, id: &str) -> ServiceResult<Dataset> {
    let mut query = QueryBuilder::new("SELECT * FROM datasets WHERE deleted_at IS NULL AND id = ");
    query.push_bind(id.to_owned());
    match db.rows(query).await?.pop() {
        Some(row) => read_row(&row),
        None => Err(AppError::not_found(format!("Dataset {}", shorten(id))).into()),
    }
}

/// The same for a job, which may be at work on one that was deleted meanwhile: it stops as it does when it is cancelled.
pub async fn get_for_job(db: impl Reader, id: &str) -> ServiceResult<Dataset> {
    let mut query = QueryBuilder::new("SELECT * FROM datasets WHERE id = ");
    query.push_bind(id.to_owned());
    match db.rows(query).await?.pop() {
        Some(row) => read_row(&row),
        None => Err(AppError::not_found(format!("Dataset {}", shorten(id))).into()),
    }
}

/// Those with exactly this name.
pub async fn find_by_name(db: &Db, name: &str) -> ServiceResult<Vec<Dataset>> {
    let rows = sqlx::query("SELECT * FROM datasets WHERE deleted_at IS NULL AND name = ? ORDER BY created_at")
        .bind(name)
        .fetch_all(db.read())
        .await?;
    rows.iter().map(read_row).collect()
}

/// Changes name and objective.
pub async fn set_name(tx: &mut Tx, id: &str, name: &str, objective: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE datasets SET name = ?, objective = ?, updated_at = ? WHERE id = ?")
        .bind(name)
        .bind(objective)
        .bind(now_ms())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Changes the rules' parameters.
pub async fn set_validation_config(tx: &mut Tx, id: &str, config: &ValidationConfig) -> ServiceResult<()> {
    sqlx::query("UPDATE datasets SET validation_config = ?, updated_at = ? WHERE id = ?")
        .bind(serde_json::to_string(config)?)
        .bind(now_ms())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Changes the target shares; counts as a change of the topics.
pub async fn set_targets(tx: &mut Tx, id: &str, targets: Option<&TargetDistribution>) -> ServiceResult<()> {
    let json = targets.map(serde_json::to_string).transpose()?;
    sqlx::query(
        "UPDATE datasets SET target_distribution = ?, topics_revision = topics_revision + 1, updated_at = ? WHERE id = ?",
    )
    .bind(json)
    .bind(now_ms())
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that records or their labels changed.
pub async fn touch_records(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE datasets SET records_revision = records_revision + 1, updated_at = ? WHERE id = ?")
        .bind(now_ms())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that labels changed, and nothing else of the records: what is nearly the same stays so.
pub async fn touch_labels(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    super::near_duplicates::hold_on(tx, id).await?;
    touch_records(tx, id).await
}

/// Notes that the hierarchy changed.
pub async fn touch_topics(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE datasets SET topics_revision = topics_revision + 1, updated_at = ? WHERE id = ?")
        .bind(now_ms())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Hides it, and the records that were deleted from it, for good: from everything but [`hidden`] and [`delete`].
pub async fn hide(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE datasets SET deleted_at = ?, restorable_until = NULL WHERE id = ?")
        .bind(now_ms())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    forget_trash(tx, id).await
}

/// Hides it until somebody brings it back, or nobody can any more.
pub async fn hide_until(tx: &mut Tx, id: &str, until: TimestampMs) -> ServiceResult<()> {
    sqlx::query("UPDATE datasets SET deleted_at = ?, restorable_until = ? WHERE id = ? AND deleted_at IS NULL")
        .bind(now_ms())
        .bind(until)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Shows a hidden one again. False if it cannot be brought back (any more).
pub async fn unhide(tx: &mut Tx, id: &str) -> ServiceResult<bool> {
    let shown = sqlx::query(
        "UPDATE datasets SET deleted_at = NULL, restorable_until = NULL
         WHERE id = ? AND deleted_at IS NOT NULL AND deletion_of IS NULL AND restorable_until > ?",
    )
    .bind(id)
    .bind(now_ms())
    .execute(&mut **tx)
    .await?;
    Ok(shown.rows_affected() == 1)
}

/// Those that can be brought back, last deleted first.
pub async fn restorable(db: impl Reader) -> ServiceResult<Vec<DeletedDataset>> {
    let mut query = QueryBuilder::new(
        "SELECT id, name, deleted_at, restorable_until,
                (SELECT COALESCE(SUM(records), 0) FROM record_tallies WHERE dataset_id = d.id) AS records
         FROM datasets d WHERE deleted_at IS NOT NULL AND deletion_of IS NULL AND restorable_until > ",
    );
    query.push_bind(now_ms()).push(" ORDER BY deleted_at DESC, id DESC");
    let read = |row: &SqliteRow| {
        Ok(DeletedDataset {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            records: row.try_get("records")?,
            deleted_at: row.try_get("deleted_at")?,
            restorable_until: row.try_get("restorable_until")?,
        })
    };
    db.rows(query).await?.iter().map(read).collect()
}

/// Hidden for good: one that nobody can bring back, or records that were deleted long ago, but for what an import replaced
/// that can still be undone.
macro_rules! for_good {
    () => {
        "deleted_at IS NOT NULL AND ((deletion_of IS NULL AND COALESCE(restorable_until, 0) <= ?2)
           OR (deletion_of IS NOT NULL AND deleted_at <= ?1
               AND id NOT IN (SELECT replaced FROM imports WHERE replaced IS NOT NULL)))"
    };
}

/// The ids of those that are hidden for good: not those that can be brought back, nor those that keep records which
/// were deleted after `kept_since`.
pub async fn hidden(db: &Db, kept_since: TimestampMs) -> ServiceResult<Vec<String>> {
    let rows = sqlx::query(concat!("SELECT id FROM datasets WHERE ", for_good!()))
        .bind(kept_since)
        .bind(now_ms())
        .fetch_all(db.read())
        .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// From now on nobody can bring it back, nor what was deleted from it. False if somebody just has.
pub async fn give_up(tx: &mut Tx, id: &str, kept_since: TimestampMs) -> ServiceResult<bool> {
    let given_up = sqlx::query(concat!(
        "UPDATE datasets SET restorable_until = NULL, deletion_of = NULL WHERE id = ?3 AND ",
        for_good!()
    ))
    .bind(kept_since)
    .bind(now_ms())
    .bind(id)
    .execute(&mut **tx)
    .await?;
    forget_trash(tx, id).await?;
    Ok(given_up.rows_affected() == 1)
}

/// Makes the hidden dataset that keeps records deleted from another, with the rules these were validated by.
pub async fn insert_trash(tx: &mut Tx, id: &str, deletion_of: &str, now: TimestampMs) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO datasets (id, name, validation_config, created_at, updated_at, deleted_at, deletion_of)
         SELECT ?1, name, validation_config, ?2, ?2, ?2, id FROM datasets WHERE id = ?3",
    )
    .bind(id)
    .bind(now)
    .bind(deletion_of)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The rules of a deletion's records; `None` if it is none of this dataset, or none that can still be undone.
pub async fn trash_rules(
    tx: &mut Tx,
    id: &str,
    deletion_of: &str,
    kept_since: TimestampMs,
) -> ServiceResult<Option<ValidationConfig>> {
    let row = sqlx::query("SELECT validation_config FROM datasets WHERE id = ? AND deletion_of = ? AND deleted_at > ?")
        .bind(id)
        .bind(deletion_of)
        .bind(kept_since)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| from_json("datasets.validation_config", row.try_get("validation_config")?)).transpose()
}

/// What hidden datasets keep for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trash {
    /// What a person deleted.
    Deletions,
    /// That, and what the undo of an import or a replacing one took away.
    All,
}

/// The hidden datasets with what went from one after `kept_since`, newest first.
pub async fn trash_of(
    db: impl Reader,
    id: &str,
    kind: Trash,
    kept_since: TimestampMs,
) -> ServiceResult<Vec<RecordDeletion>> {
    let mut query = QueryBuilder::new(
        "SELECT id, deleted_at, (SELECT COALESCE(SUM(records), 0) FROM record_tallies WHERE dataset_id = d.id) AS records
         FROM datasets d
         WHERE deletion_of = ",
    );
    query.push_bind(id.to_owned()).push(" AND deleted_at > ").push_bind(kept_since);
    if kind == Trash::Deletions {
        query.push(" AND NOT EXISTS (SELECT 1 FROM imports WHERE dataset_id = d.deletion_of AND d.id IN (replaced, taken_back))");
    }
    query.push(" ORDER BY deleted_at DESC, id DESC");
    let read = |row: &SqliteRow| {
        Ok(RecordDeletion {
            id: row.try_get("id")?,
            records: row.try_get("records")?,
            deleted_at: row.try_get("deleted_at")?,
        })
    };
    db.rows(query).await?.iter().map(read).collect()
}

/// Nobody can want back any more what was deleted from a dataset.
pub async fn forget_trash(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE datasets SET deletion_of = NULL WHERE deletion_of = ?").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// Deletes it with everything that still refers to it.
pub async fn delete(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    sqlx::query("DELETE FROM datasets WHERE id = ?").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// An id as an error message may repeat it: what a stranger typed into the URL can be long.
fn shorten(id: &str) -> String {
    let short: String = id.chars().take(40).collect();
    format!("\"{short}\"")
}

/// Per dataset a text that differs after anything a page shows of it has changed (but for job progress).
pub async fn fingerprints(db: &Db) -> ServiceResult<std::collections::HashMap<String, String>> {
    let rows = sqlx::query(
        "SELECT d.id, concat_ws('/', d.updated_at, d.records_revision, d.topics_revision,
                (SELECT COUNT(*) || '.' || SUM(state IN ('queued', 'running')) || '.' || COALESCE(MAX(finished_at), 0) FROM jobs WHERE dataset_id = d.id),
                (SELECT MAX(version) FROM graders WHERE dataset_id = d.id),
                (SELECT MAX(id) FROM grader_tests WHERE dataset_id = d.id)) AS fingerprint
         FROM datasets d WHERE d.deleted_at IS NULL",
    )
    .fetch_all(db.read())
    .await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("fingerprint")?))).collect()
}
