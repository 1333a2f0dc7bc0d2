//! Table `records`: [`write`] stores and changes, [`bulk`] very many at once, [`page`] lists and searches them, [`query`]
//! counts, [`scan`] walks over them, [`trash`] keeps what was deleted; [`fts`] holds their words.

/// The words of the methods that a machine respects, in SQL.
macro_rules! said_methods {
    () => {
        "('by_hand', 'file', 'manual')"
    };
}

pub mod bulk;
pub mod fts;
pub mod page;
pub mod query;
pub mod scan;
pub mod trash;
pub mod write;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{from_json, unknown_word};
use crate::error::ServiceResult;
use crate::types::dataset::{DatasetRecord, RecordSource};
use crate::types::topics::{CategorizationMetadata, CategorizationMethod};
use crate::types::validation::{RecordStatus, RecordValidationStatus, ValidationError};

/// The columns [`read_record`] needs; every query that uses it joins `imports AS i`.
const RECORD_COLUMNS: &str = "r.*, i.file_name AS file_name";

/// Texts as one bound value, for `json_each`.
fn json_list(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

/// A record as the table holds it.
fn read_record(row: &SqliteRow) -> ServiceResult<DatasetRecord> {
    let evaluation: Option<String> = row.try_get("evaluation")?;
    let import_id: Option<String> = row.try_get("import_id")?;
    let file_name: Option<String> = row.try_get("file_name")?;
    let line: Option<i64> = row.try_get("line")?;
    let source = match (import_id, file_name, line) {
        (Some(import_id), Some(file_name), Some(line)) => Some(RecordSource { import_id, file_name, line }),
        _ => None,
    };
    Ok(DatasetRecord {
        id: row.try_get("id")?,
        dataset_id: row.try_get("dataset_id")?,
        data: from_json("records.data", row.try_get("data")?)?,
        metadata: from_json("records.metadata", row.try_get("metadata")?)?,
        item: from_json("records.item", row.try_get("item")?)?,
        raw: row.try_get("raw")?,
        span_id: row.try_get("span_id")?,
        topic: row.try_get("topic")?,
        categorization: read_categorization(row)?,
        is_generated: row.try_get("is_generated")?,
        source_record_id: row.try_get("source_record_id")?,
        evaluation: evaluation.map(|text| from_json("records.evaluation", &text)).transpose()?,
        source,
        validation: read_validation(row)?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn read_categorization(row: &SqliteRow) -> ServiceResult<Option<CategorizationMetadata>> {
    let topic: Option<String> = row.try_get("topic")?;
    let method: Option<String> = row.try_get("topic_method")?;
    let (Some(topic), Some(method)) = (topic, method) else { return Ok(None) };
    Ok(Some(CategorizationMetadata {
        topic,
        confidence: row.try_get::<Option<f64>, _>("topic_confidence")?.unwrap_or(1.0),
        method: read_method(&method)?,
        needs_review: row.try_get("needs_review")?,
        secondary_topics: from_json("records.secondary_topics", row.try_get("secondary_topics")?)?,
    }))
}

/// A method's word in column `topic_method`. The first versions stored "manual" for a label by hand and for one from the
/// file alike, so that word can mean neither of the two.
const fn method_word(method: CategorizationMethod) -> &'static str {
    match method {
        CategorizationMethod::Embedding => "embedding",
        CategorizationMethod::Llm => "llm",
        CategorizationMethod::Keyword => "keyword",
        CategorizationMethod::Manual => "by_hand",
        CategorizationMethod::File => "file",
        CategorizationMethod::ManualOrFile => "manual",
    }
}

fn read_method(word: &str) -> ServiceResult<CategorizationMethod> {
    let found = CategorizationMethod::ALL.into_iter().find(|method| method_word(*method) == word);
    found.ok_or_else(|| unknown_word("records.topic_method", word))
}

/// What validation says of the row.
fn read_validation(row: &SqliteRow) -> ServiceResult<RecordValidationStatus> {
    let status: String = row.try_get("status")?;
    let errors: Vec<ValidationError> = from_json("records.errors", row.try_get("errors")?)?;
    Ok(RecordValidationStatus {
        record_id: row.try_get("id")?,
        status: RecordStatus::parse(&status).ok_or_else(|| unknown_word("records.status", &status))?,
        errors,
        details: row.try_get("details")?,
        duplicate_of: row.try_get("duplicate_of")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_word_and_a_machine_respects_what_was_said() {
        for method in CategorizationMethod::ALL {
            assert_eq!(read_method(method_word(method)).unwrap(), method);
            let by_machine = matches!(
                method,
                CategorizationMethod::Embedding | CategorizationMethod::Llm | CategorizationMethod::Keyword
            );
            assert_ne!(said_methods!().contains(&format!("'{}'", method_word(method))), by_machine, "{method:?}");
        }
        assert!(read_method("").is_err());
    }
}
