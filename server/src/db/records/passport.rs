//! What is known of one record beside what it says.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Reader, Snapshot};
use super::{read_categorization, read_validation};
use crate::error::ServiceResult;
use crate::types::TimestampMs;
use crate::types::error::AppError;
use crate::types::import::{Counts, ImportFormat};
use crate::types::passport::{PassportScore, PassportSource, RecordLink};
use crate::types::topics::CategorizationMetadata;
use crate::types::validation::RecordValidationStatus;

/// The row's own part.
#[derive(Debug, Clone)]
pub struct PassportRow {
    /// Where it came from.
    pub source: Option<PassportSource>,
    /// When it was stored.
    pub created_at: TimestampMs,
    /// When it was last edited.
    pub updated_at: TimestampMs,
    /// Synthetic?
    pub is_generated: bool,
    /// The record it was made from.
    pub source_record_id: Option<i64>,
    /// What validation says.
    pub validation: RecordValidationStatus,
    /// Its topic.
    pub topic: Option<CategorizationMetadata>,
    /// The one before.
    pub previous_topic: Option<String>,
}

/// The row of one record; 404 if there is none.
pub async fn row(snapshot: &mut Snapshot, dataset_id: &str, record_id: i64) -> ServiceResult<PassportRow> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT r.id, r.status, r.errors, r.details, r.duplicate_of, r.topic, r.topic_method, r.topic_confidence, r.needs_review,
                r.secondary_topics, r.previous_topic, r.is_generated, r.source_record_id, r.line, r.created_at, r.updated_at,
                r.raw IS NOT NULL AS unreadable, i.file_name, i.formats, i.created_at AS imported_at,
                i.copied_from IS NOT NULL AS copied
         FROM records r LEFT JOIN imports i ON i.id = r.import_id WHERE r.id = ",
    );
    query.push_bind(record_id).push(" AND r.dataset_id = ").push_bind(dataset_id.to_owned());
    let Some(row) = snapshot.rows(query).await?.pop() else {
        return Err(AppError::not_found(format!("Record {record_id}")).into());
    };
    let file_name: Option<String> = row.try_get("file_name")?;
    let source = match file_name {
        None => None,
        Some(file_name) => {
            let formats: Counts<ImportFormat> = serde_json::from_str(row.try_get("formats")?)?;
            Some(PassportSource {
                file_name,
                line: row.try_get("line")?,
                imported_at: row.try_get("imported_at")?,
                format: format_of(&formats, row.try_get("unreadable")?),
                copied: row.try_get("copied")?,
            })
        }
    };
    Ok(PassportRow {
        source,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        is_generated: row.try_get("is_generated")?,
        source_record_id: row.try_get("source_record_id")?,
        validation: read_validation(&row)?,
        topic: read_categorization(&row)?,
        previous_topic: row.try_get("previous_topic")?,
    })
}

/// What a line was read as is not stored with it: known where it was not read, or all that was read was the same.
fn format_of(formats: &Counts<ImportFormat>, unreadable: bool) -> Option<ImportFormat> {
    if unreadable {
        return Some(ImportFormat::Unreadable);
    }
    let mut readable = formats.iter().map(|(format, _)| format).filter(|format| *format != ImportFormat::Unreadable);
    readable.next().filter(|_| readable.next().is_none())
}

/// Another record of the dataset, if it is (still) there.
pub async fn link(snapshot: &mut Snapshot, dataset_id: &str, id: Option<i64>) -> ServiceResult<Option<RecordLink>> {
    let Some(id) = id else { return Ok(None) };
    let mut query = QueryBuilder::<Sqlite>::new("SELECT id, preview FROM records WHERE id = ");
    query.push_bind(id).push(" AND dataset_id = ").push_bind(dataset_id.to_owned());
    let row = snapshot.rows(query).await?.pop();
    row.map(|row| Ok(RecordLink { id: row.try_get("id")?, preview: row.try_get("preview")? })).transpose()
}

/// Links of a passport to duplicates of its record.
const MAX_LINKS: usize = 20;

/// The first records that are duplicates of one, and how many there are: they share its prompt or its span, whose indices
/// are named because the planner would else walk all duplicates.
pub async fn duplicates(
    snapshot: &mut Snapshot,
    dataset_id: &str,
    record_id: i64,
) -> ServiceResult<(Vec<RecordLink>, i64)> {
    let mut query = QueryBuilder::<Sqlite>::new("WITH kept AS (SELECT prompt_hash, span_id FROM records WHERE id = ");
    query.push_bind(record_id).push(
        "), sharing AS (
           SELECT id FROM records INDEXED BY records_by_prompt WHERE prompt_hash = (SELECT prompt_hash FROM kept) AND dataset_id = ",
    );
    query.push_bind(dataset_id.to_owned()).push(
        " UNION SELECT id FROM records INDEXED BY records_by_span WHERE span_id = (SELECT span_id FROM kept) AND dataset_id = ",
    );
    query.push_bind(dataset_id.to_owned()).push(
        ") SELECT id, preview, COUNT(*) OVER () AS n FROM records WHERE id IN (SELECT id FROM sharing) AND duplicate_of = ",
    );
    query.push_bind(record_id).push(" ORDER BY id LIMIT ").push(MAX_LINKS);
    let rows = snapshot.rows(query).await?;
    let total = rows.first().map_or(Ok(0), |row| row.try_get("n"))?;
    let links = rows.iter().map(|row| Ok(RecordLink { id: row.try_get("id")?, preview: row.try_get("preview")? }));
    Ok((links.collect::<ServiceResult<_>>()?, total))
}

/// What the newest dry runs that sampled a record came to, newest first, at most 100.
pub async fn scores(snapshot: &mut Snapshot, dataset_id: &str, record_id: i64) -> ServiceResult<Vec<PassportScore>> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT d.id AS run_id, d.created_at AS run_at, d.grader_version, s.score, s.reasoning, s.error
         FROM dry_run_samples s JOIN dry_runs d ON d.id = s.dry_run_id
         WHERE s.finished_at IS NOT NULL AND s.record_id = ",
    );
    query.push_bind(record_id).push(" AND d.dataset_id = ").push_bind(dataset_id.to_owned());
    query.push(" ORDER BY d.created_at DESC, d.id DESC LIMIT 100");
    let rows = snapshot.rows(query).await?;
    rows.iter()
        .map(|row| {
            Ok(PassportScore {
                run_id: row.try_get("run_id")?,
                run_at: row.try_get("run_at")?,
                grader_version: row.try_get("grader_version")?,
                score: row.try_get("score")?,
                reasoning: row.try_get("reasoning")?,
                error: row.try_get("error")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_said_where_it_is_known() {
        use ImportFormat::{Chat, Csv, Unreadable};
        let counts = |formats: &[(ImportFormat, i64)]| {
            let mut counts = Counts::default();
            for (format, count) in formats {
                counts.add(*format, *count);
            }
            counts
        };
        assert_eq!(format_of(&counts(&[(Chat, 3)]), false), Some(Chat));
        assert_eq!(format_of(&counts(&[(Chat, 3), (Unreadable, 1)]), false), Some(Chat));
        assert_eq!(format_of(&counts(&[(Chat, 3), (Unreadable, 1)]), true), Some(Unreadable));
        assert_eq!(format_of(&counts(&[(Chat, 3), (Csv, 1)]), false), None);
        assert_eq!(format_of(&counts(&[]), false), None);
    }
}
