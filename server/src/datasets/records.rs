//! Records as a service: pages, one, edits with incremental validation.

use serde_json::Value;

use super::search::{RecordTexts, indexed_words};
use crate::db::records::query::{self, KeyedRecord};
use crate::db::records::scan::{self, Scan};
use crate::db::records::write::{self, RecordVerdict};
use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::import::derive;
use crate::jobs::import::refuse_while_validating;
use crate::json;
use crate::state::AppState;
use crate::types::dataset::{DatasetRecord, RecordEdit, RecordFilter, RecordPage, RecordSort};
use crate::types::error::AppError;
use crate::types::validation::{RecordStatus, ValidationError};
use crate::validation::duplicates::{Candidate, prompt_hash, resolve_duplicates};
use crate::validation::rules::Findings;

/// Largest record that can be edited, in bytes of JSON.
const MAX_EDIT_BYTES: usize = 16 << 20;

/// A page of records.
pub async fn page(
    state: &AppState,
    dataset_id: &str,
    filter: &RecordFilter,
    sort: RecordSort,
    page: i64,
    page_size: i64,
) -> ServiceResult<RecordPage> {
    db::datasets::get(&state.db, dataset_id).await?;
    db::records::page::page(&state.db, dataset_id, filter, sort, page.max(1), page_size.clamp(1, 200)).await
}

/// The first valid records, whole.
pub async fn first_valid(state: &AppState, dataset_id: &str, count: i64) -> ServiceResult<Vec<DatasetRecord>> {
    db::datasets::get(&state.db, dataset_id).await?;
    scan::records(&state.db, dataset_id, Scan::valid(), 0, count.clamp(1, 10)).await
}

/// One record, whole.
pub async fn get(state: &AppState, dataset_id: &str, record_id: i64) -> ServiceResult<DatasetRecord> {
    query::get(&state.db, dataset_id, record_id).await
}

/// Replaces a record's data; validates it and whatever shares its keys, before or after. Refuses with 409 if
/// the record is no longer the one the editor was opened with, and asks first (422 at
/// [`RecordEdit::ALLOW_INVALID`]) before a usable record becomes one that breaks a rule.
pub async fn update(
    state: &AppState,
    dataset_id: &str,
    record_id: i64,
    edit: &RecordEdit,
) -> ServiceResult<DatasetRecord> {
    let config = db::datasets::get(&state.db, dataset_id).await?.validation_config;
    let data = parse_edit(&edit.data)?;
    let (rules, tokens) = (config.clone(), state.tokens.clone());
    let (data, json, derived) = tokio::task::spawn_blocking(move || {
        let json = data.to_string();
        let derived = derive(&data, None, &rules, &tokens);
        (data, json, derived)
    })
    .await?;

    let mut tx = state.db.begin().await?;
    refuse_while_validating(&mut tx, dataset_id).await?;
    if db::datasets::get(&mut tx, dataset_id).await?.validation_config != config {
        return Err(AppError::conflict(
            "The rules were changed while the record was being saved, so nothing was saved. Save it again.",
        )
        .into());
    }
    let before = query::get_in(&mut tx, dataset_id, record_id).await?;
    refuse_if_changed(&before, edit)?;
    if data == before.data && before.raw.is_none() {
        return Ok(before);
    }
    ask_before_breaking(&before, &derived.findings, edit)?;
    let (item, metadata) = (&before.item, &before.metadata);
    let words = indexed_words(RecordTexts { data: &data, item, metadata, raw: None });
    write::set_data(&mut tx, record_id, &json, &derived, &words).await?;
    write::set_verdict(&mut tx, record_id, &verdict_of(&derived.findings)).await?;
    let hashes: Vec<[u8; 16]> = prompt_hash(&before.data).into_iter().chain(derived.prompt_hash).collect();
    recheck_duplicates(&mut tx, dataset_id, hashes, before.span_id.into_iter().collect()).await?;
    db::datasets::touch_records(&mut tx, dataset_id).await?;
    tx.commit().await?;
    state.events.changed(dataset_id);
    query::get(&state.db, dataset_id, record_id).await
}

/// Somebody else's edit is never overwritten unseen.
fn refuse_if_changed(before: &DatasetRecord, edit: &RecordEdit) -> Result<(), AppError> {
    if before.updated_at == edit.opened_at {
        return Ok(());
    }
    Err(AppError::conflict(format!(
        "Record {} was changed elsewhere after you opened it ({}), so nothing was saved. Look at that version, then take it or save yours over it.",
        before.id,
        crate::format::utc(before.updated_at)
    )))
}

/// The question before a usable record stops being one, with the rules it would break.
fn ask_before_breaking(before: &DatasetRecord, findings: &Findings, edit: &RecordEdit) -> Result<(), AppError> {
    let was_usable = matches!(before.validation.status, RecordStatus::Valid | RecordStatus::Duplicate);
    if edit.allow_invalid || !was_usable || findings.errors.is_empty() {
        return Ok(());
    }
    let reasons = findings.errors.iter().map(|error| error.label()).collect::<Vec<_>>().join(", ");
    let details = findings.details.as_ref().map(|details| format!(" ({})", details.replace('\n', "; ")));
    Err(AppError::invalid_field(
        RecordEdit::ALLOW_INVALID,
        format!(
            "Saved like this, the record would become invalid and be left out of everything: {reasons}{}.",
            details.unwrap_or_default()
        ),
    ))
}

fn parse_edit(text: &str) -> Result<Value, AppError> {
    if text.len() > MAX_EDIT_BYTES {
        return Err(AppError::TooLarge {
            message: format!(
                "The record has {}; at most {} can be edited here.",
                crate::format::bytes(i64::try_from(text.len()).unwrap_or(i64::MAX)),
                crate::format::bytes(16 << 20)
            ),
        });
    }
    json::parse(text).map_err(|error| {
        let what = if error.is_data() { "This cannot be kept as it is" } else { "This is not JSON" };
        AppError::invalid_field("data", format!("{what}: {error}. Nothing was saved; your text is still here."))
    })
}

/// What is stored of findings before duplicates are looked at.
pub(crate) fn verdict_of(findings: &Findings) -> RecordVerdict {
    let status = if findings.errors.is_empty() { RecordStatus::Valid } else { RecordStatus::Invalid };
    RecordVerdict { status, errors: findings.errors.clone(), details: findings.details.clone(), duplicate_of: None }
}

/// Decides again which of the records that share these keys, directly or through one another, are
/// duplicates. Deleting or editing the kept one of a pair thereby frees the other.
pub(crate) async fn recheck_duplicates(
    tx: &mut Tx,
    dataset_id: &str,
    mut hashes: Vec<[u8; 16]>,
    mut spans: Vec<String>,
) -> ServiceResult<()> {
    let group = loop {
        let group = query::sharing_keys(&mut *tx, dataset_id, &hashes, &spans).await?;
        let known = hashes.len() + spans.len();
        hashes.extend(group.iter().filter_map(|record| record.prompt_hash));
        spans.extend(group.iter().filter_map(|record| record.span_id.clone()));
        hashes.sort_unstable();
        hashes.dedup();
        spans.sort_unstable();
        spans.dedup();
        if hashes.len() + spans.len() == known {
            break group;
        }
    };
    let candidates: Vec<Candidate> = group.iter().map(candidate).collect();
    for (KeyedRecord { id, verdict, .. }, decision) in group.into_iter().zip(resolve_duplicates(&candidates)) {
        let decided = with_duplicate(&verdict, decision.duplicate_of);
        if decided != verdict {
            write::set_verdict(tx, id, &decided).await?;
        }
    }
    Ok(())
}

/// Decides again about every record that is marked as the duplicate of one that is gone.
pub(crate) async fn recheck_orphaned_duplicates(tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    let orphans = query::orphaned_duplicates(&mut *tx, dataset_id).await?;
    let hashes = orphans.iter().filter_map(|record| record.prompt_hash).collect();
    let spans = orphans.into_iter().filter_map(|record| record.span_id).collect();
    recheck_duplicates(tx, dataset_id, hashes, spans).await
}

fn candidate(record: &KeyedRecord) -> Candidate {
    Candidate {
        id: record.id,
        otherwise_valid: record.verdict.status != RecordStatus::Pending
            && record.verdict.errors.iter().all(|error| *error == ValidationError::Duplicate),
        span_id: record.span_id.clone(),
        prompt_hash: record.prompt_hash,
    }
}

/// A verdict with its errors but `duplicate` kept, and that one decided anew.
fn with_duplicate(verdict: &RecordVerdict, duplicate_of: Option<i64>) -> RecordVerdict {
    let errors: Vec<ValidationError> =
        verdict.errors.iter().copied().filter(|error| *error != ValidationError::Duplicate).collect();
    let status = match verdict.status {
        RecordStatus::Pending => RecordStatus::Pending,
        _ if errors.is_empty() => RecordStatus::Valid,
        _ => RecordStatus::Invalid,
    };
    let lines: Vec<&str> = verdict
        .details
        .iter()
        .flat_map(|details| details.lines())
        .filter(|line| !line.starts_with(DUPLICATE_PREFIX))
        .collect();
    let details = (!lines.is_empty()).then(|| lines.join("\n"));
    let verdict = RecordVerdict { status, errors, details, duplicate_of: None };
    match duplicate_of {
        Some(original) => mark_duplicate(verdict, original),
        None => verdict,
    }
}

const DUPLICATE_PREFIX: &str = "same span or prompt as record ";

/// A fresh verdict of a record that shares a key with the kept record `original`.
pub(crate) fn mark_duplicate(mut verdict: RecordVerdict, original: i64) -> RecordVerdict {
    if verdict.status == RecordStatus::Valid {
        verdict.status = RecordStatus::Duplicate;
    }
    verdict.errors.push(ValidationError::Duplicate);
    let detail = format!("{DUPLICATE_PREFIX}{original}, which is kept");
    verdict.details = Some(verdict.details.map_or(detail.clone(), |details| format!("{details}\n{detail}")));
    verdict.duplicate_of = Some(original);
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: RecordStatus, errors: &[ValidationError], details: &str) -> RecordVerdict {
        let details = (!details.is_empty()).then(|| details.to_owned());
        RecordVerdict { status, errors: errors.to_vec(), details, duplicate_of: None }
    }

    #[test]
    fn a_decision_that_stands_leaves_the_verdict_as_it_is() {
        let valid = verdict(RecordStatus::Valid, &[], "");
        let broken = verdict(RecordStatus::Invalid, &[ValidationError::NoUserMessage], "no user message");
        for fresh in [valid, broken] {
            let marked = mark_duplicate(fresh.clone(), 7);
            assert_eq!(with_duplicate(&fresh, None), fresh);
            assert_eq!(with_duplicate(&marked, Some(7)), marked);
            assert_eq!(with_duplicate(&marked, None), fresh);
            assert_eq!(with_duplicate(&fresh, Some(7)), marked);
            assert_ne!(with_duplicate(&marked, Some(6)), marked);
        }
    }
}
