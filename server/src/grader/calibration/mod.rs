//! Calibration as a service: samples to score by hand, the scores, and what the grader says of the same responses.
//!
//! | module | what lives there |
//! |---|---|
//! | [`statistics`] | correlation, kappa, differences, their intervals (pure) |
//! | [`order`] | which samples come, in which order (pure) |
//! | `graded` | what the current grader says of responses: known, or graded now |
//! | `report` | agreement over everything that has both scores |
//!
//! A hand score is of a record and a response: a record whose response is changed has to be scored anew. The grader's
//! score leaves the server only once there is a hand score, so that whoever scores is blind to it.

mod graded;
pub mod order;
mod report;
pub mod statistics;

use std::collections::HashSet;

pub use report::{grade_missing, report};

use self::graded::{Answered, grader_says};
use super::grading::Grade;
use crate::db::hand_scores::ResponseHash;
use crate::db::records::scan::{self, Scan};
use crate::db::{self, Of};
use crate::dry_run::sample::choose_indices;
use crate::error::ServiceResult;
use crate::llm::CacheUse;
use crate::state::AppState;
use crate::types::calibration::{HAND_LEVELS, HandScore, HandScoreQueue, HandScoreSample, LONGEST_NOTE, QueuedSample};
use crate::types::error::AppError;

/// Samples shown in a row.
const IN_A_ROW: usize = 20;
/// Of a run's samples at most so many are offered.
const MOST_OFFERED: usize = 200;
/// With fewer scored samples than this, others are offered too.
const LEAST_OFFERED: usize = 60;
/// Among so many records those are drawn one by one; among more, by places.
const FEW_RECORDS: i64 = 10_000;
/// The same samples come each time, on every machine.
const SEED: u64 = 11;

/// The samples to score: those around a record, or the first twenty of which one has no score yet.
pub async fn queue(state: &AppState, dataset_id: &str, around: Option<i64>) -> ServiceResult<HandScoreQueue> {
    db::datasets::get(&state.db, dataset_id).await?;
    let offered = offered(state, dataset_id).await?;
    let scored = db::hand_scores::of_records(&state.db, dataset_id, &offered).await?;
    let is_known: HashSet<i64> = scored.iter().map(|row| row.record_id).collect();
    let of_record = |row: &&[i64]| around.is_some_and(|id| row.contains(&id));
    let to_do = |row: &&[i64]| row.iter().any(|id| !is_known.contains(id));
    let mut rows = offered.chunks(IN_A_ROW);
    let row = rows.clone().find(of_record).or_else(|| rows.find(to_do)).or_else(|| offered.chunks(IN_A_ROW).next());
    let row = row.unwrap_or_default();
    let records = scan::of_ids(&state.db, dataset_id, row).await?;
    let hashes: HashSet<(i64, ResponseHash)> =
        records.into_iter().filter_map(Answered::of).map(|answered| (answered.record.id, answered.hash)).collect();
    let done: HashSet<i64> = scored
        .iter()
        .filter(|row| {
            let hash = ResponseHash::try_from(row.response_hash.as_slice());
            hash.is_ok_and(|hash| hashes.contains(&(row.record_id, hash)))
        })
        .map(|row| row.record_id)
        .collect();
    let queued = |id: &i64| QueuedSample { record_id: *id, is_scored: done.contains(id) };
    Ok(HandScoreQueue { samples: row.iter().map(queued).collect() })
}

/// Every sample that is offered, in its order: those of the last run and test, spread over their scores, then others.
async fn offered(state: &AppState, dataset_id: &str) -> ServiceResult<Vec<i64>> {
    let run = db::dry_runs::newest_finished(&state.db, Of::One(dataset_id)).await?.remove(dataset_id);
    let mut scored = match run {
        Some(run) => db::hand_scores::scored_in_run(&state.db, dataset_id, &run.id).await?,
        None => Vec::new(),
    };
    if let Some(test) = db::graders::last_tests(&state.db, Of::One(dataset_id)).await?.remove(dataset_id) {
        let tested: Vec<(i64, f64)> =
            test.results.iter().filter_map(|result| Some((result.record_id, result.score?))).collect();
        let ids: Vec<i64> = tested.iter().map(|(id, _)| *id).collect();
        let there: HashSet<i64> = scan::of_ids(&state.db, dataset_id, &ids)
            .await?
            .into_iter()
            .filter_map(Answered::of)
            .map(|answered| answered.record.id)
            .collect();
        let in_run: HashSet<i64> = scored.iter().map(|(id, _)| *id).collect();
        scored.extend(tested.into_iter().filter(|(id, _)| there.contains(id) && !in_run.contains(id)));
    }
    let mut offered = order::spread(&scored, SEED);
    offered.truncate(MOST_OFFERED);
    if offered.len() < LEAST_OFFERED {
        let known: HashSet<i64> = offered.iter().copied().collect();
        let more = drawn(state, dataset_id).await?.into_iter().filter(|id| !known.contains(id));
        offered.extend(more);
        offered.truncate(LEAST_OFFERED);
    }
    Ok(offered)
}

/// Some of all valid records with a response.
async fn drawn(state: &AppState, dataset_id: &str) -> ServiceResult<Vec<i64>> {
    let with_response = Scan { with_output: true, ..Scan::valid() };
    let keys = async |after, limit| scan::keys(&state.db, dataset_id, with_response, after, limit).await;
    let first = keys(0, FEW_RECORDS + 1).await?;
    let count = i64::try_from(first.len()).unwrap_or(i64::MAX);
    let wanted = i64::try_from(LEAST_OFFERED).unwrap_or(i64::MAX);
    if count <= FEW_RECORDS {
        let chosen = choose_indices(count, wanted, SEED, Some("calibration"));
        let key = |index: i64| first.get(usize::try_from(index).ok()?).map(|key| key.id);
        return Ok(chosen.into_iter().filter_map(key).collect());
    }
    let Some((low, high)) = db::hand_scores::range_of_ids(&state.db, dataset_id).await? else { return Ok(Vec::new()) };
    let mut chosen = Vec::new();
    for place in order::places(low, high, LEAST_OFFERED, SEED) {
        let next = keys(place - 1, 1).await?;
        chosen.extend(next.first().map(|key| key.id).filter(|id| !chosen.contains(id)));
    }
    Ok(chosen)
}

/// A sample to read, without an id the first that has no score yet (`None` if there is nothing to score); with what the
/// grader says of it once it has a hand score (which may ask a model).
pub async fn sample(
    state: &AppState,
    dataset_id: &str,
    record_id: Option<i64>,
) -> ServiceResult<Option<HandScoreSample>> {
    if let Some(record_id) = record_id {
        return Ok(Some(sample_of(state, dataset_id, record_id).await?));
    }
    let samples = queue(state, dataset_id, None).await?.samples;
    let next = samples.iter().find(|sample| !sample.is_scored).or_else(|| samples.first());
    match next {
        Some(next) => Ok(Some(sample_of(state, dataset_id, next.record_id).await?)),
        None => Ok(None),
    }
}

async fn sample_of(state: &AppState, dataset_id: &str, record_id: i64) -> ServiceResult<HandScoreSample> {
    db::datasets::get(&state.db, dataset_id).await?;
    let record = db::records::query::get(&state.db, dataset_id, record_id).await?;
    let Some(answered) = Answered::of(record) else { return Err(no_response().into()) };
    let hand = db::hand_scores::get(&state.db, dataset_id, record_id, &answered.hash).await?;
    let mut grader = None;
    if hand.is_some()
        && let Some(current) = db::graders::current(&state.db, dataset_id).await?
    {
        let one = std::slice::from_ref(&answered);
        // A kept answer first, even where the settings would ask again: the same response was judged already.
        grader = grader_says(state, dataset_id, &current, one, CacheUse::Only).await?.pop().flatten();
        if grader.is_none() {
            grader = grader_says(state, dataset_id, &current, one, CacheUse::AsSet).await?.pop().flatten();
        }
    }
    Ok(HandScoreSample { response_hash: to_hex(&answered.hash), record: answered.record, hand, grader })
}

/// Stores what a person says of a response, in place of what was said before.
pub async fn set(
    state: &AppState,
    dataset_id: &str,
    record_id: i64,
    response_hash: &str,
    score: f64,
    note: &str,
) -> ServiceResult<HandScore> {
    let Some(score) = HAND_LEVELS.into_iter().find(|level| (level - score).abs() < f64::EPSILON) else {
        let message = "A hand score is one of 0, 0.25, 0.5, 0.75 and 1. Choose one of the five.";
        return Err(AppError::invalid_field("score", message).into());
    };
    let note = note.trim();
    if note.chars().count() > LONGEST_NOTE {
        let message = "The note is longer than 2,000 characters. Shorten it, then score again.";
        return Err(AppError::invalid_field("note", message).into());
    }
    let hash = from_hex(response_hash)?;
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    let record = db::records::query::get_in(&mut tx, dataset_id, record_id).await?;
    let Some(answered) = Answered::of(record) else { return Err(no_response().into()) };
    if answered.hash != hash {
        let message = "The record's response was changed since you read it, so the score was not stored. Read the new one, then score it.";
        return Err(AppError::conflict(message).into());
    }
    db::hand_scores::set(&mut tx, dataset_id, record_id, &hash, score, note).await?;
    tx.commit().await?;
    state.events.changed(dataset_id);
    let stored = db::hand_scores::get(&state.db, dataset_id, record_id, &hash).await?;
    stored
        .ok_or_else(|| AppError::conflict("The score was taken away again meanwhile. Reload, then score anew.").into())
}

/// Takes a hand score away; one that is not there is none already.
pub async fn delete(state: &AppState, dataset_id: &str, record_id: i64, response_hash: &str) -> ServiceResult<()> {
    let hash = from_hex(response_hash)?;
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    db::records::query::get_in(&mut tx, dataset_id, record_id).await?;
    let was_there = db::hand_scores::delete(&mut tx, dataset_id, record_id, &hash).await?;
    tx.commit().await?;
    if was_there {
        state.events.changed(dataset_id);
    }
    Ok(())
}

fn no_response() -> AppError {
    AppError::conflict("The record has no recorded response, so there is nothing to score. Choose another sample.")
}

fn to_hex(hash: &ResponseHash) -> String {
    use std::fmt::Write;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Result<ResponseHash, AppError> {
    let unknown =
        || AppError::invalid_field("response_hash", "This names no response. Reload the page, then score again.");
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let bytes: Vec<u8> =
        digits.ok_or_else(unknown)?.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect();
    // An odd number of digits would end in half a byte.
    if text.len() == 64 { ResponseHash::try_from(bytes).map_err(|_| unknown()) } else { Err(unknown()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_survive_their_text() {
        let hash: ResponseHash = std::array::from_fn(|index| u8::try_from(index * 8).unwrap());
        assert_eq!(from_hex(&to_hex(&hash)).unwrap(), hash);
        for wrong in ["", "0", "zz", &"0".repeat(63), &"0".repeat(65), &"é".repeat(32), &"+1".repeat(32)] {
            assert!(from_hex(wrong).is_err(), "{wrong}");
        }
    }
}
