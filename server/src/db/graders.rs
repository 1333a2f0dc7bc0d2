//! Tables `graders` and `grader_tests`.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Db, Of, Reader, Tx, from_json};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::error::AppError;
use crate::types::grader::{GraderConfig, GraderTestReport, GraderVersion};

fn read_row(row: &SqliteRow) -> ServiceResult<GraderVersion> {
    Ok(GraderVersion {
        version: row.try_get("version")?,
        config: from_json("graders.config", row.try_get("config")?)?,
        created_at: row.try_get("created_at")?,
    })
}

/// Stores the next version and answers it. No number comes twice, not after a reset either: trainers name versions.
pub async fn insert(tx: &mut Tx, dataset_id: &str, config: &GraderConfig) -> ServiceResult<GraderVersion> {
    let row = sqlx::query(
        "INSERT INTO graders (dataset_id, version, config, created_at)
         VALUES (?1, (SELECT MAX(last_grader_version, (SELECT COALESCE(MAX(version), 0) FROM graders WHERE dataset_id = ?1)) + 1
                      FROM datasets WHERE id = ?1), ?2, ?3) RETURNING *",
    )
    .bind(dataset_id)
    .bind(serde_json::to_string(config)?)
    .bind(now_ms())
    .fetch_one(&mut **tx)
    .await?;
    read_row(&row)
}

/// All versions, newest first.
pub async fn versions(db: &Db, dataset_id: &str) -> ServiceResult<Vec<GraderVersion>> {
    let rows = sqlx::query("SELECT * FROM graders WHERE dataset_id = ? ORDER BY version DESC")
        .bind(dataset_id)
        .fetch_all(db.read())
        .await?;
    rows.iter().map(read_row).collect()
}

/// The current version, if a grader is set.
pub async fn current(db: impl Reader, dataset_id: &str) -> ServiceResult<Option<GraderVersion>> {
    Ok(current_of(db, Of::One(dataset_id)).await?.remove(dataset_id))
}

/// The current version by dataset.
pub async fn current_of(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, GraderVersion>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM graders g WHERE ");
    of.push(&mut query, "dataset_id");
    query.push(" AND version = (SELECT MAX(version) FROM graders WHERE dataset_id = g.dataset_id)");
    let rows = db.rows(query).await?;
    rows.iter().map(|row| Ok((row.try_get("dataset_id")?, read_row(row)?))).collect()
}

/// One version; 404 if there is none.
pub async fn get(db: &Db, dataset_id: &str, version: i64) -> ServiceResult<GraderVersion> {
    let row = sqlx::query("SELECT * FROM graders WHERE dataset_id = ? AND version = ?")
        .bind(dataset_id)
        .bind(version)
        .fetch_optional(db.read())
        .await?;
    row.map_or_else(|| Err(AppError::not_found(format!("Grader version {version}")).into()), |row| read_row(&row))
}

/// Keeps a test of a saved version, or (without one) of a draft; of drafts the newest [`KEPT_DRAFT_TESTS`].
pub async fn insert_test(
    tx: &mut Tx,
    dataset_id: &str,
    version: Option<i64>,
    job_id: Option<&str>,
    report: &GraderTestReport,
) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO grader_tests (dataset_id, grader_version, job_id, report, created_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(dataset_id)
    .bind(version)
    .bind(job_id)
    .bind(serde_json::to_string(report)?)
    .bind(now_ms())
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM grader_tests WHERE dataset_id = ?1 AND grader_version IS NULL AND id NOT IN
            (SELECT id FROM grader_tests WHERE dataset_id = ?1 AND grader_version IS NULL ORDER BY id DESC LIMIT ?2)",
    )
    .bind(dataset_id)
    .bind(KEPT_DRAFT_TESTS)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

const KEPT_DRAFT_TESTS: i64 = 20;

/// Makes the newest test of a draft with one of these configurations (the same one, as it was typed and as it is saved) that of
/// the version which it was saved as.
pub async fn adopt_draft_test(
    tx: &mut Tx,
    dataset_id: &str,
    version: i64,
    configs: [&GraderConfig; 2],
) -> ServiceResult<()> {
    let rows = sqlx::query(
        "SELECT id, report FROM grader_tests WHERE dataset_id = ? AND grader_version IS NULL ORDER BY id DESC LIMIT ?",
    )
    .bind(dataset_id)
    .bind(KEPT_DRAFT_TESTS)
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let mut report: GraderTestReport = from_json("grader_tests.report", row.try_get("report")?)?;
        if !configs.contains(&&report.grader_config) {
            continue;
        }
        report.grader_version = Some(version);
        configs[1].clone_into(&mut report.grader_config);
        sqlx::query("UPDATE grader_tests SET grader_version = ?, report = ? WHERE id = ?")
            .bind(version)
            .bind(serde_json::to_string(&report)?)
            .bind(row.try_get::<i64, _>("id")?)
            .execute(&mut **tx)
            .await?;
        return Ok(());
    }
    Ok(())
}

/// What a job's test found; `None` before it has.
pub async fn test_of_job(db: &Db, dataset_id: &str, job_id: &str) -> ServiceResult<Option<GraderTestReport>> {
    let row =
        sqlx::query("SELECT report FROM grader_tests WHERE dataset_id = ? AND job_id = ? ORDER BY id DESC LIMIT 1")
            .bind(dataset_id)
            .bind(job_id)
            .fetch_optional(db.read())
            .await?;
    row.map(|row| from_json("grader_tests.report", row.try_get("report")?)).transpose()
}

/// The newest test of the current version by dataset.
pub async fn last_tests(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, GraderTestReport>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT t.dataset_id, t.report FROM grader_tests t WHERE ");
    of.push(&mut query, "t.dataset_id");
    query.push(
        " AND t.id = (SELECT MAX(id) FROM grader_tests WHERE dataset_id = t.dataset_id
            AND grader_version = (SELECT MAX(version) FROM graders WHERE dataset_id = t.dataset_id))",
    );
    let rows = db.rows(query).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("dataset_id")?, from_json("grader_tests.report", row.try_get("report")?)?)))
        .collect()
}

/// The newest test of a draft.
pub async fn newest_draft_test(db: impl Reader, dataset_id: &str) -> ServiceResult<Option<GraderTestReport>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT report FROM grader_tests WHERE dataset_id = ");
    query.push_bind(dataset_id.to_owned()).push(" AND grader_version IS NULL ORDER BY id DESC LIMIT 1");
    let row = db.rows(query).await?.pop();
    row.map(|row| from_json("grader_tests.report", row.try_get("report")?)).transpose()
}

/// Deletes every version of the grader, with its tests.
pub async fn delete_all(tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE datasets SET last_grader_version = MAX(last_grader_version,
             (SELECT COALESCE(MAX(version), 0) FROM graders WHERE dataset_id = ?1)) WHERE id = ?1",
    )
    .bind(dataset_id)
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM grader_tests WHERE dataset_id = ?").bind(dataset_id).execute(&mut **tx).await?;
    sqlx::query("DELETE FROM graders WHERE dataset_id = ?").bind(dataset_id).execute(&mut **tx).await?;
    Ok(())
}

/// Copies every version of the grader to another dataset, which has none.
pub async fn copy_all(tx: &mut Tx, from: &str, to: &str) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO graders (dataset_id, version, config, created_at)
         SELECT ?, version, config, created_at FROM graders WHERE dataset_id = ?",
    )
    .bind(to)
    .bind(from)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
