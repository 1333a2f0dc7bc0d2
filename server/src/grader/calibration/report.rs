//! How far the current grader agrees with the people, over everything that has both scores.

use std::collections::HashMap;

use super::SEED;
use super::graded::{Answered, grader_says};
use super::statistics::{Pair, agreement};
use crate::db;
use crate::db::records::scan;
use crate::error::ServiceResult;
use crate::llm::CacheUse;
use crate::state::AppState;
use crate::types::calibration::{CalibrationReport, Disagreement, GraderSays, HandScore, HandScoresGraded};
use crate::types::grader::GraderVersion;

/// The newest hand scores that are compared at most.
const MOST_COMPARED: i64 = 500;
/// Responses that a model is asked about in one round; the page asks for the next one and can stop.
const GRADED_AT_ONCE: usize = 8;
/// Disagreements told.
const TOLD: usize = 5;
/// Less than this is no disagreement: half the step between two hand scores.
const LEAST_DIFFERENCE: f64 = 0.125;
/// Characters of a prompt that are told.
const PREVIEW_CHARS: usize = 300;

/// A response with its hand score.
struct HandScored {
    answered: Answered,
    hand: HandScore,
}

/// The report. No model is asked: where an answer is not kept, the sample counts as ungraded.
pub async fn report(state: &AppState, dataset_id: &str) -> ServiceResult<CalibrationReport> {
    db::datasets::get(&state.db, dataset_id).await?;
    let (scored, outdated) = hand_scored(state, dataset_id).await?;
    let mut report = CalibrationReport { hand_scored: count(scored.len()), outdated, ..CalibrationReport::default() };
    let Some(current) = db::graders::current(&state.db, dataset_id).await? else { return Ok(report) };
    report.grader_version = Some(current.version);
    let said = said_of(state, dataset_id, &current, &scored).await?;
    let mut compared: Vec<(HandScored, GraderSays, f64)> = Vec::new();
    for (scored, said) in scored.into_iter().zip(said) {
        match said {
            None => report.ungraded += 1,
            Some(said) => match said.score {
                None => report.failed += 1,
                Some(score) => compared.push((scored, said, score)),
            },
        }
    }
    report.compared = count(compared.len());
    let mut pairs: Vec<(i64, Pair)> = compared
        .iter()
        .map(|(scored, _, grader)| (scored.answered.record.id, Pair { hand: scored.hand.score, grader: *grader }))
        .collect();
    // In an order of their own, so that the same scores have the same intervals.
    pairs.sort_by_key(|(id, _)| *id);
    let pairs: Vec<Pair> = pairs.into_iter().map(|(_, pair)| pair).collect();
    report.agreement = tokio::task::spawn_blocking(move || agreement(&pairs, SEED)).await?;
    report.disagreements = disagreements(compared);
    Ok(report)
}

/// Has a model grade some of what is ungraded: those behind the first `skip`, which failed before.
pub async fn grade_missing(state: &AppState, dataset_id: &str, skip: i64) -> ServiceResult<HandScoresGraded> {
    db::datasets::get(&state.db, dataset_id).await?;
    let (mut failed, mut error) = (0, None);
    if let Some(current) = db::graders::current(&state.db, dataset_id).await? {
        let (scored, _) = hand_scored(state, dataset_id).await?;
        let said = said_of(state, dataset_id, &current, &scored).await?;
        let ungraded =
            scored.into_iter().zip(said).filter(|(_, said)| said.is_none()).map(|(scored, _)| scored.answered);
        let skip = usize::try_from(skip).unwrap_or(0);
        let round: Vec<Answered> = ungraded.skip(skip).take(GRADED_AT_ONCE).collect();
        for said in grader_says(state, dataset_id, &current, &round, CacheUse::AsSet).await? {
            if said.as_ref().is_none_or(|said| said.score.is_none()) {
                failed += 1;
                error = error.or_else(|| said.and_then(|said| said.error));
            }
        }
    }
    Ok(HandScoresGraded { report: report(state, dataset_id).await?, failed, error })
}

async fn said_of(
    state: &AppState,
    dataset_id: &str,
    current: &GraderVersion,
    scored: &[HandScored],
) -> ServiceResult<Vec<Option<GraderSays>>> {
    let answered: Vec<Answered> = scored.iter().map(|scored| scored.answered.clone()).collect();
    grader_says(state, dataset_id, current, &answered, CacheUse::Only).await
}

/// The newest hand scores of responses as they are now, and how many are of former ones.
async fn hand_scored(state: &AppState, dataset_id: &str) -> ServiceResult<(Vec<HandScored>, i64)> {
    let rows = db::hand_scores::newest(&state.db, dataset_id, MOST_COMPARED).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.record_id).collect();
    let records = scan::of_ids(&state.db, dataset_id, &ids).await?;
    let mut answered: HashMap<i64, Answered> =
        records.into_iter().filter_map(Answered::of).map(|answered| (answered.record.id, answered)).collect();
    let (mut scored, mut outdated) = (Vec::new(), 0);
    for row in rows {
        match answered.remove(&row.record_id) {
            Some(answered) if answered.hash[..] == row.response_hash[..] => {
                scored.push(HandScored { answered, hand: row.hand });
            }
            // Of another response of the same record.
            Some(other) => {
                answered.insert(row.record_id, other);
                outdated += 1;
            }
            None => outdated += 1,
        }
    }
    Ok((scored, outdated))
}

fn disagreements(mut compared: Vec<(HandScored, GraderSays, f64)>) -> Vec<Disagreement> {
    let difference = |(scored, _, grader): &(HandScored, GraderSays, f64)| (grader - scored.hand.score).abs();
    compared.retain(|one| difference(one) >= LEAST_DIFFERENCE);
    compared.sort_by(|a, b| {
        difference(b).total_cmp(&difference(a)).then(a.0.answered.record.id.cmp(&b.0.answered.record.id))
    });
    let told = |(scored, grader, _): (HandScored, GraderSays, f64)| {
        let input = super::super::input::grade_input(&scored.answered.record, &scored.answered.response);
        Disagreement {
            record_id: scored.answered.record.id,
            prompt_preview: input.last_user_message.chars().take(PREVIEW_CHARS).collect(),
            hand: scored.hand,
            grader,
        }
    };
    compared.into_iter().take(TOLD).map(told).collect()
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
