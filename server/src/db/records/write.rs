//! Storing and changing records.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::Tx;
use super::{fts, json_list, method_word};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::import::{Derived, PreparedRecord};
use crate::types::pii::PiiKinds;
use crate::types::topics::{CategorizationMetadata, CategorizationMethod};
use crate::types::validation::{RecordStatus, ValidationError};

/// A record about to be stored.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// What it holds, and what is derived from that.
    pub record: PreparedRecord,
    /// What validation says.
    pub verdict: RecordVerdict,
}

/// The outcome of validation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordVerdict {
    /// Where the record stands.
    pub status: RecordStatus,
    /// All errors in rule order.
    pub errors: Vec<ValidationError>,
    /// A line per error.
    pub details: Option<String>,
    /// The record it duplicates.
    pub duplicate_of: Option<i64>,
}

/// Rows a statement: some 50 is where sqlx stops getting faster (measured.md).
pub(super) const ROWS_PER_STATEMENT: usize = 50;

/// The highest id in the table; new records get the ids after it, so that duplicates within one batch
/// can name each other.
pub async fn last_id(tx: &mut Tx) -> ServiceResult<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(id), 0) AS id FROM records").fetch_one(&mut **tx).await?;
    Ok(row.try_get("id")?)
}

/// Stores records under consecutive ids from `first_id`.
pub async fn insert(
    tx: &mut Tx,
    dataset_id: &str,
    import_id: &str,
    first_id: i64,
    records: &[NewRecord],
) -> ServiceResult<()> {
    let now = now_ms();
    let mut id = first_id;
    for chunk in records.chunks(ROWS_PER_STATEMENT) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO records (id, dataset_id, data, metadata, item, raw, span_id, topic, topic_confidence,
                topic_method, is_generated, evaluation, import_id, line, preview, message_count, has_output,
                ends_with_user, prompt_hash, status, first_error, errors, details, duplicate_of, created_at, updated_at, pii) ",
        );
        let mut errors_json = Vec::with_capacity(chunk.len());
        for new in chunk {
            errors_json.push(serde_json::to_string(&new.verdict.errors)?);
        }
        query.push_values(chunk.iter().zip(errors_json), |mut row, (NewRecord { record, verdict }, errors)| {
            let labelled = record.topic.is_some();
            row.push_bind(id)
                .push_bind(dataset_id)
                .push_bind(&record.data)
                .push_bind(&record.metadata)
                .push_bind(&record.item)
                .push_bind(&record.raw)
                .push_bind(&record.span_id)
                .push_bind(&record.topic)
                .push_bind(labelled.then_some(1.0))
                .push_bind(labelled.then_some(method_word(CategorizationMethod::File)))
                .push_bind(record.is_generated)
                .push_bind(&record.evaluation)
                .push_bind(import_id)
                .push_bind(record.line)
                .push_bind(&record.derived.preview)
                .push_bind(record.derived.message_count)
                .push_bind(record.derived.has_output)
                .push_bind(record.derived.ends_with_user)
                .push_bind(record.derived.prompt_hash.map(|hash| hash.to_vec()))
                .push_bind(verdict.status.as_str())
                .push_bind(verdict.errors.first().map(|error| error.as_str()))
                .push_bind(errors)
                .push_bind(&verdict.details)
                .push_bind(verdict.duplicate_of)
                .push_bind(now)
                .push_bind(now)
                .push_bind(record.derived.pii.bits());
            id += 1;
        });
        query.build().execute(&mut **tx).await?;
    }
    let words: Vec<_> = (first_id..).zip(records).map(|(id, new)| (id, new.record.words.as_str())).collect();
    fts::put(tx, &words).await
}

/// Replaces a record's data and what is derived from it, its words (`datasets::search`) among that. An unparsable line that was mended loses its raw text.
/// `updated_at` always grows, even for two edits in one millisecond: it tells editors apart.
pub async fn set_data(tx: &mut Tx, record_id: i64, data: &str, derived: &Derived, words: &str) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE records SET data = ?, raw = NULL, preview = ?, message_count = ?, has_output = ?,
                            ends_with_user = ?, prompt_hash = ?, pii = ?, updated_at = MAX(?, updated_at + 1) WHERE id = ?",
    )
    .bind(data)
    .bind(&derived.preview)
    .bind(derived.message_count)
    .bind(derived.has_output)
    .bind(derived.ends_with_user)
    .bind(derived.prompt_hash.map(|hash| hash.to_vec()))
    .bind(derived.pii.bits())
    .bind(now_ms())
    .bind(record_id)
    .execute(&mut **tx)
    .await?;
    fts::put(tx, &[(record_id, words)]).await
}

/// Stores what validation says of a record.
pub async fn set_verdict(tx: &mut Tx, record_id: i64, verdict: &RecordVerdict) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE records SET status = ?, first_error = ?, errors = ?, details = ?, duplicate_of = ? WHERE id = ?",
    )
    .bind(verdict.status.as_str())
    .bind(verdict.errors.first().map(|error| error.as_str()))
    .bind(serde_json::to_string(&verdict.errors)?)
    .bind(&verdict.details)
    .bind(verdict.duplicate_of)
    .bind(record_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The same with the personal data that was found, for records of a version that did not look.
pub async fn set_checked(tx: &mut Tx, record_id: i64, verdict: &RecordVerdict, pii: PiiKinds) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE records SET status = ?, first_error = ?, errors = ?, details = ?, duplicate_of = ?, pii = ? WHERE id = ?",
    )
    .bind(verdict.status.as_str())
    .bind(verdict.errors.first().map(|error| error.as_str()))
    .bind(serde_json::to_string(&verdict.errors)?)
    .bind(&verdict.details)
    .bind(verdict.duplicate_of)
    .bind(pii.bits())
    .bind(record_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Labels one record, unless it carries one of the topics `kept` by hand or from the file. Answers whether it did.
pub async fn set_topic(
    tx: &mut Tx,
    record_id: i64,
    label: &CategorizationMetadata,
    kept: &[String],
) -> ServiceResult<bool> {
    let changed = sqlx::query(concat!(
        "UPDATE records SET previous_topic = CASE WHEN topic IS NOT ?2 THEN topic ELSE previous_topic END, topic = ?2,
                            topic_confidence = ?3, topic_method = ?4, needs_review = ?5, secondary_topics = ?6
         WHERE id = ?1 AND (COALESCE(topic_method, '') NOT IN ",
        said_methods!(),
        " OR topic NOT IN (SELECT value FROM json_each(?7)))"
    ))
    .bind(record_id)
    .bind(&label.topic)
    .bind(label.confidence)
    .bind(method_word(label.method))
    .bind(label.needs_review)
    .bind(serde_json::to_string(&label.secondary_topics)?)
    .bind(json_list(kept))
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(changed == 1)
}

/// Takes the label off one record.
pub async fn clear_topic(tx: &mut Tx, record_id: i64) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE records SET previous_topic = topic, topic = NULL, topic_confidence = NULL, topic_method = NULL,
                            needs_review = 0, secondary_topics = '[]' WHERE id = ?",
    )
    .bind(record_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes what one import brought (a replacing import that failed).
pub async fn delete_import(tx: &mut Tx, import_id: &str) -> ServiceResult<()> {
    sqlx::query("DELETE FROM records WHERE import_id = ?").bind(import_id).execute(&mut **tx).await?;
    Ok(())
}
