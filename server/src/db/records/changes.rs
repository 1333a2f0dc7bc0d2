//! Table `record_changes`: what people changed of records, and what was there before. Written in the transaction of the change,
//! before it.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};

use super::super::{Reader, Tx, unknown_word};
use super::read_method;
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::passport::{ChangeKind, FormerState, MAX_CHANGES, RecordChange};
use crate::types::validation::{RecordStatus, ValidationError};

/// Former data of one record beyond this goes, but for the newest.
const MAX_BYTES: i64 = 64 << 20;

/// What is done to a record's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataChange {
    /// A person edits it.
    Edit,
    /// A person brings a former version back.
    Restore,
}

/// Keeps a record's data as it is.
pub async fn keep_data(tx: &mut Tx, record_id: i64, change: DataChange) -> ServiceResult<()> {
    let kind = match change {
        DataChange::Edit => "edit",
        DataChange::Restore => "restore",
    };
    sqlx::query(
        "INSERT INTO record_changes (record_id, at, kind, status, first_error, raw, data)
         SELECT id, ?, ?, status, first_error, raw, data FROM records WHERE id = ?",
    )
    .bind(now_ms())
    .bind(kind)
    .bind(record_id)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM record_changes WHERE id IN (SELECT id FROM (
           SELECT id, ROW_NUMBER() OVER newest AS number,
                  SUM(COALESCE(OCTET_LENGTH(data), 0) + COALESCE(OCTET_LENGTH(raw), 0)) OVER newest AS bytes
           FROM record_changes WHERE record_id = ?1 WINDOW newest AS (ORDER BY id DESC))
         WHERE number > ?2 OR (number > 1 AND bytes > ?3))",
    )
    .bind(record_id)
    .bind(most())
    .bind(MAX_BYTES)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps the topics of records that are about to get this one by hand (`None`: to lose theirs).
pub async fn keep_topics(tx: &mut Tx, record_ids: &[i64], topic: Option<&str>) -> ServiceResult<()> {
    let ids = serde_json::to_string(record_ids)?;
    sqlx::query(concat!(
        "INSERT INTO record_changes (record_id, at, kind, topic, topic_method)
         SELECT id, ?1, 'topic', topic, topic_method FROM records WHERE id IN (SELECT value FROM json_each(?2))
           AND (topic IS NOT ?3 OR (topic IS NOT NULL AND COALESCE(topic_method, '') NOT IN ",
        said_methods!(),
        "))"
    ))
    .bind(now_ms())
    .bind(&ids)
    .bind(topic)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM record_changes WHERE record_id IN (SELECT value FROM json_each(?1)) AND id <=
           (SELECT id FROM record_changes c WHERE c.record_id = record_changes.record_id ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(&ids)
    .bind(most())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn most() -> i64 {
    i64::try_from(MAX_CHANGES).unwrap_or(i64::MAX)
}

/// What people changed of a record, newest first, without the former data.
pub async fn of_record(db: impl Reader, record_id: i64) -> ServiceResult<Vec<RecordChange>> {
    let mut query = QueryBuilder::new(
        "SELECT id, at, kind, topic, topic_method, status, first_error, raw IS NOT NULL AS unreadable
         FROM record_changes WHERE record_id = ",
    );
    query.push_bind(record_id).push(" ORDER BY id DESC LIMIT ").push_bind(most());
    db.rows(query).await?.iter().map(read_change).collect()
}

fn read_change(row: &SqliteRow) -> ServiceResult<RecordChange> {
    let kind: String = row.try_get("kind")?;
    let what = match kind.as_str() {
        "edit" => ChangeKind::Edit(read_former(row)?),
        "restore" => ChangeKind::Restore(read_former(row)?),
        "topic" => {
            let method: Option<String> = row.try_get("topic_method")?;
            let method = method.map(|word| read_method(&word)).transpose()?;
            ChangeKind::Topic { before: row.try_get("topic")?, method }
        }
        other => return Err(unknown_word("record_changes.kind", other)),
    };
    Ok(RecordChange { id: row.try_get("id")?, at: row.try_get("at")?, what })
}

fn read_former(row: &SqliteRow) -> ServiceResult<FormerState> {
    let status: String = row.try_get("status")?;
    let error: Option<String> = row.try_get("first_error")?;
    Ok(FormerState {
        status: RecordStatus::parse(&status).ok_or_else(|| unknown_word("record_changes.status", &status))?,
        first_error: error
            .map(|word| ValidationError::parse(&word).ok_or_else(|| unknown_word("record_changes.first_error", &word)))
            .transpose()?,
        unreadable: row.try_get("unreadable")?,
    })
}

/// The data before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The line, where it could not be read.
    pub raw: Option<String>,
    /// The data as JSON.
    pub data: String,
}

/// The data of a record before one of its changes; `None` if that is not kept (any more).
pub async fn former(
    db: impl Reader,
    dataset_id: &str,
    record_id: i64,
    change_id: i64,
) -> ServiceResult<Option<Former>> {
    let mut query = QueryBuilder::new(
        "SELECT c.raw, c.data FROM record_changes c JOIN records r ON r.id = c.record_id
         WHERE c.data IS NOT NULL AND c.id = ",
    );
    query.push_bind(change_id).push(" AND r.id = ").push_bind(record_id);
    query.push(" AND r.dataset_id = ").push_bind(dataset_id.to_owned());
    let row = db.rows(query).await?.pop();
    row.map(|row| Ok(Former { raw: row.try_get("raw")?, data: row.try_get("data")? })).transpose()
}
