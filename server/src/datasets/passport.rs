//! A record's passport, and its former versions.

use crate::clock::now_ms;
use crate::db;
use crate::db::records::changes::{self, DataChange, Former};
use crate::db::records::passport::{self, PassportRow};
use crate::error::ServiceResult;
use crate::json;
use crate::state::AppState;
use crate::types::TimestampMs;
use crate::types::dataset::{DatasetRecord, RecordEdit};
use crate::types::error::AppError;
use crate::types::passport::{Finding, FormerVersion, RecordPassport};
use crate::types::validation::RecordValidationStatus;

/// What the pipeline decided about a record, and why.
pub async fn passport(state: &AppState, dataset_id: &str, record_id: i64) -> ServiceResult<RecordPassport> {
    let mut snapshot = state.db.snapshot().await?;
    db::datasets::get(&mut snapshot, dataset_id).await?;
    let row = passport::row(&mut snapshot, dataset_id, record_id).await?;
    let PassportRow { source, created_at, updated_at, is_generated, source_record_id, validation, .. } = row;
    let duplicate_of = passport::link(&mut snapshot, dataset_id, validation.duplicate_of).await?;
    let (duplicates, duplicates_total) = passport::duplicates(&mut snapshot, dataset_id, record_id).await?;
    Ok(RecordPassport {
        record_id,
        source,
        created_at,
        updated_at,
        is_generated,
        parent: passport::link(&mut snapshot, dataset_id, source_record_id).await?,
        status: validation.status,
        findings: findings(&validation),
        duplicate_of,
        duplicates,
        duplicates_total,
        topic: row.topic,
        previous_topic: row.previous_topic,
        scores: passport::scores(&mut snapshot, dataset_id, record_id).await?,
        changes: changes::of_record(&mut snapshot, record_id).await?,
        now: now_ms(),
    })
}

/// Each error with its line of the details.
fn findings(validation: &RecordValidationStatus) -> Vec<Finding> {
    let mut lines = validation.details.iter().flat_map(|details| details.lines());
    validation.errors.iter().map(|error| Finding { error: *error, details: lines.next().map(str::to_owned) }).collect()
}

/// The data of a record before one of its changes, to be looked at.
pub async fn former_version(
    state: &AppState,
    dataset_id: &str,
    record_id: i64,
    change_id: i64,
) -> ServiceResult<FormerVersion> {
    let Former { raw, data } = former(state, dataset_id, record_id, change_id).await?;
    let text = match raw {
        Some(raw) => raw,
        None => serde_json::to_string_pretty(&json::parse(&data)?)?,
    };
    Ok(FormerVersion { text })
}

/// Brings the data before a change back, as a new edit. Refused like any other edit where the record was changed after
/// `opened_at`.
pub async fn restore_version(
    state: &AppState,
    dataset_id: &str,
    record_id: i64,
    change_id: i64,
    opened_at: TimestampMs,
) -> ServiceResult<DatasetRecord> {
    let Former { raw, data } = former(state, dataset_id, record_id, change_id).await?;
    if raw.is_some() {
        let message = "This version was a line that could not be read, so it cannot be brought back as a record. Look at it, and copy from it what you need.";
        return Err(AppError::conflict(message).into());
    }
    let edit = RecordEdit { data, opened_at, allow_invalid: true };
    super::records::change(state, dataset_id, record_id, &edit, DataChange::Restore).await
}

async fn former(state: &AppState, dataset_id: &str, record_id: i64, change_id: i64) -> ServiceResult<Former> {
    let mut snapshot = state.db.snapshot().await?;
    db::datasets::get(&mut snapshot, dataset_id).await?;
    match changes::former(&mut snapshot, dataset_id, record_id, change_id).await? {
        Some(former) => Ok(former),
        None => Err(AppError::not_found("This version of the record (only the newest are kept)").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::validation::{RecordStatus, ValidationError};

    #[test]
    fn each_error_has_its_reason() {
        let validation = RecordValidationStatus {
            record_id: 1,
            status: RecordStatus::Invalid,
            errors: vec![ValidationError::InvalidRole, ValidationError::Duplicate],
            details: Some("message 1 has role \"x\"\nsame span or prompt as record 7, which is kept".to_owned()),
            duplicate_of: Some(7),
        };
        let reasons: Vec<_> = findings(&validation).into_iter().map(|finding| finding.details.unwrap()).collect();
        assert_eq!(reasons, ["message 1 has role \"x\"", "same span or prompt as record 7, which is kept"]);
        let silent = RecordValidationStatus { details: None, ..validation };
        assert!(findings(&silent).iter().all(|finding| finding.details.is_none()));
    }
}
