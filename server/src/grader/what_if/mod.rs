//! What-if: the responses that a run or a test graded, scored by a draft without one call of a model.
//!
//! | module | what lives there |
//! |---|---|
//! | [`source`] | what is compared with: the newest dry run, else the newest test |
//! | [`known`] | which parts of the draft are parts of the grader compared with, and what those said |
//! | [`compare`] | before and after, in figures (pure) |
//! | [`questions`] | the newest question of a dataset wins |
//!
//! A part that is unchanged is never asked again: what it said is stored, so that weights, thresholds and formulas are
//! arithmetic, whatever became of the model's kept answers, and nothing of the difference is a model's mood. Other judges
//! answer from what is kept or not at all; scripts and comparisons of texts run anew on the response that was graded.

mod compare;
mod known;
mod questions;
mod source;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use questions::Questions;

use self::compare::{Comparison, Outcome, compare};
use self::source::{Source, StoredResponse};
use super::grading::{Grade, GradingContext, Said, Sample};
use super::input::{grade_input, recorded_response};
use super::prepare::{Grader, prepare_rest, with_models};
use super::service::sample_seed;
use crate::clock::now_ms;
use crate::db;
use crate::db::dry_runs::ScoredSample;
use crate::db::records::scan;
use crate::dry_run::report::{ReportInput, build_report};
use crate::dry_run::rollouts::GraderNoise;
use crate::error::{ServiceError, ServiceResult};
use crate::llm::CacheUse;
use crate::state::AppState;
use crate::types::dataset::DatasetRecord;
use crate::types::dry_run::{DryRunCost, Verdict};
use crate::types::error::AppError;
use crate::types::grader::{GraderConfig, WhatIf, WhatIfSample};

/// Where a part has to be asked, at most so many samples are looked at; arithmetic looks at all.
const MOST_ASKED: usize = 2_000;
/// What is not graded after so long is not waited for.
const TIME: Duration = Duration::from_secs(5);
/// Samples graded at once by one worker.
const PIECE: usize = 16;
/// Samples shown.
const MOST_SHOWN: usize = 50;

/// What a draft would make of the responses graded; `None` if none was graded yet.
pub async fn what_if(state: &AppState, dataset_id: &str, draft: GraderConfig) -> ServiceResult<Option<WhatIf>> {
    db::datasets::get(&state.db, dataset_id).await?;
    let question = state.what_ifs.ask(dataset_id);
    tokio::select! {
        biased;
        () = question.overtaken() => Err(AppError::conflict(
            "Another draft of this dataset's grader was asked about meanwhile, so this question was given up. Change the draft again to ask anew.",
        ).into()),
        answer = answer(state, dataset_id, draft) => answer,
    }
}

async fn answer(state: &AppState, dataset_id: &str, draft: GraderConfig) -> ServiceResult<Option<WhatIf>> {
    let Some(source) = source::newest(state, dataset_id).await? else { return Ok(None) };
    let filled = with_models(state, draft.clone()).await?;
    let places = known::same_parts(&[&draft, &filled], &source.config);
    let known: Vec<Vec<Option<Said>>> =
        source.samples.iter().map(|sample| known::said(sample, &source.config, &places)).collect();
    let is_known = |part: usize| known.iter().all(|said| said.get(part).is_some_and(Option::is_some));
    let grader = prepare_rest(state, &filled, &is_known).await?;
    let all_known = (0..places.len()).all(is_known);
    let asking = Asking { state, dataset_id, source: &source, grader: &grader, known: &known };
    let looked_at = spread(source.samples.len(), if all_known { usize::MAX } else { MOST_ASKED });
    let outcomes = asking.outcomes(&looked_at, Instant::now() + TIME).await?;
    let before: Vec<Option<f64>> = outcomes.iter().map(|(index, _)| source.samples[*index].score).collect();
    let comparison = compare(&before, outcomes.iter().map(|(_, outcome)| outcome));
    let samples = shown(state, &source, &outcomes, &comparison).await?;
    let verdict_after = verdict(&source, &outcomes, &grader).await?;
    let Comparison { counts, before, after, .. } = comparison;
    let both = before.as_ref().zip(after.as_ref());
    let share = |part: i64, of: i64| (of > 0).then(|| part as f64 / of as f64);
    Ok(Some(WhatIf {
        is_same: draft == source.config || filled == source.config,
        total: len(source.samples.len()),
        looked_at: len(outcomes.len()),
        changed_share: share(counts.differing(), counts.compared()),
        mean_difference: both.map(|(before, after)| after.mean - before.mean),
        std_difference: both.map(|(before, after)| after.std - before.std),
        verdict_before: source.verdict(),
        verdict_after,
        counts,
        before,
        after,
        samples,
        compared_with: source.compared_with,
    }))
}

fn len(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// At most so many of `count` places, so ordered that whatever part of them comes first is spread evenly (by multiples of the
/// golden ratio).
fn spread(count: usize, most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    if count > PIECE {
        places.sort_by_key(|place| (*place as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
    places.truncate(most);
    places
}

/// A draft on its way through the samples.
struct Asking<'a> {
    state: &'a AppState,
    dataset_id: &'a str,
    source: &'a Source,
    grader: &'a Grader,
    /// By sample, by part.
    known: &'a [Vec<Option<Said>>],
}

impl Asking<'_> {
    /// What becomes of each sample, in the source's order.
    async fn outcomes(&self, looked_at: &[usize], until: Instant) -> ServiceResult<Vec<(usize, Outcome)>> {
        let mut outcomes: Vec<(usize, Outcome)> = Vec::with_capacity(looked_at.len());
        let mut open = Vec::new();
        for index in looked_at {
            match self.known[*index].iter().cloned().collect::<Option<Vec<Said>>>() {
                Some(said) => outcomes.push((*index, Outcome::of(self.grader.combined(said)))),
                None => open.push(*index),
            }
        }
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let pieces: Vec<BoxFuture<'_, _>> = open.chunks(PIECE).map(|piece| self.piece(piece).boxed()).collect();
        let mut graded = stream::iter(pieces).buffer_unordered(cores);
        let mut late: HashSet<usize> = open.iter().copied().collect();
        // What is under way when the time is up is dropped, and its workers with it.
        while let Ok(Some(piece)) = timeout_at(until, graded.next()).await {
            for (index, outcome) in piece? {
                late.remove(&index);
                outcomes.push((index, outcome));
            }
        }
        drop(graded);
        outcomes.extend(late.into_iter().map(|index| (index, Outcome::OutOfTime)));
        outcomes.sort_by_key(|(index, _)| *index);
        Ok(outcomes)
    }

    async fn piece(&self, piece: &[usize]) -> ServiceResult<Vec<(usize, Outcome)>> {
        let ids: Vec<i64> = piece.iter().map(|index| self.source.samples[*index].record_id).collect();
        let records = scan::of_ids(&self.state.db, self.dataset_id, &ids).await?;
        let records: HashMap<i64, DatasetRecord> = records.into_iter().map(|record| (record.id, record)).collect();
        let (mut outcomes, mut graded, mut samples) = (Vec::new(), Vec::new(), Vec::new());
        for index in piece {
            match self.sample(*index, &records) {
                Some(sample) => {
                    graded.push(*index);
                    samples.push(sample);
                }
                None => outcomes.push((*index, Outcome::Edited)),
            }
        }
        let parts = self.known.first().map_or(0, Vec::len);
        let known = |part: usize| graded.iter().map(|index| self.known[*index][part].clone()).collect();
        // Nothing is called that could be cancelled.
        let cancel = CancellationToken::new();
        let context =
            GradingContext { state: self.state, dataset_id: self.dataset_id, cache: CacheUse::Only, cancel: &cancel };
        let grades = self.grader.grade_rest(context, &samples, (0..parts).map(known).collect()).await?;
        outcomes.extend(graded.into_iter().zip(grades.into_iter().map(Outcome::of)));
        Ok(outcomes)
    }

    /// What the grader sees; `None` if the record is not the one that was graded any more.
    fn sample(&self, index: usize, records: &HashMap<i64, DatasetRecord>) -> Option<Sample> {
        let stored = &self.source.samples[index];
        let record = records.get(&stored.record_id).filter(|record| record.updated_at <= stored.finished_at)?;
        let response = match &stored.response {
            StoredResponse::Generated(response) => response.clone(),
            recorded => recorded_response(record).filter(|response| recorded.is(&response.as_shown()))?,
        };
        Some(Sample {
            record_id: Some(record.id),
            seed: sample_seed(self.source.seed, record.id),
            input: grade_input(record, &response),
            repeat: stored.repeat,
        })
    }
}

/// The samples that change most, with their texts.
async fn shown(
    state: &AppState,
    source: &Source,
    outcomes: &[(usize, Outcome)],
    comparison: &Comparison,
) -> ServiceResult<Vec<WhatIfSample>> {
    let chosen: Vec<(usize, &Grade)> = comparison
        .differing
        .iter()
        .take(MOST_SHOWN)
        .filter_map(|at| match &outcomes[*at] {
            (index, Outcome::Graded(grade)) => Some((*index, grade)),
            _ => None,
        })
        .collect();
    let indices: Vec<usize> = chosen.iter().map(|(index, _)| *index).collect();
    let mut texts = source.texts(state, &indices).await?;
    let row = |(index, grade): (usize, &Grade)| {
        let stored = &source.samples[index];
        let (prompt_preview, response_preview) = texts.remove(&index).unwrap_or_default();
        WhatIfSample {
            position: stored.position,
            record_id: stored.record_id,
            prompt_preview,
            response_preview,
            before: stored.score,
            after: grade.score,
            difference: grade.score.zip(stored.score).map(|(after, before)| after - before),
            error: grade.error.clone(),
            reasoning: grade.reasoning.clone(),
            parts: grade.parts.clone(),
        }
    };
    Ok(chosen.into_iter().map(row).collect())
}

/// The verdict that a dry run by the draft would have; `None` unless every sample of the run has an answer. Of several
/// responses per prompt a judge's verdict needs second gradings, and those of a draft are not kept.
async fn verdict(source: &Source, outcomes: &[(usize, Outcome)], grader: &Grader) -> ServiceResult<Option<Verdict>> {
    let Some(run) = source.run.clone() else { return Ok(None) };
    if run.summary.config.rollouts_per_prompt > 1 && grader.calls_a_model() {
        return Ok(None);
    }
    let mut samples = Vec::with_capacity(outcomes.len());
    for (index, outcome) in outcomes {
        let Outcome::Graded(grade) = outcome else { return Ok(None) };
        let stored = &source.samples[*index];
        samples.push(ScoredSample {
            prompt: stored.prompt,
            record_id: stored.record_id,
            topic: stored.topic.clone(),
            score: grade.score,
            regrade: None,
            response_chars: stored.response.chars(),
        });
    }
    if outcomes.len() < source.samples.len() {
        return Ok(None);
    }
    let result = run.summary.result;
    let rollouts = run.summary.config.rollouts_per_prompt.max(1);
    let input = ReportInput {
        cost: DryRunCost::default(),
        config: run.summary.config,
        computed_from: run.summary.computed_from,
        eligible_records: run.eligible_records,
        balance_score: run.balance_score,
        planned: result.as_ref().map_or(0, |result| result.samples_planned),
        planned_prompts: result.as_ref().map_or(0, |result| result.samples_planned / rollouts),
        failed: len(samples.iter().filter(|sample| sample.score.is_none()).count()),
        noise: if grader.calls_a_model() { GraderNoise::Unknown } else { GraderNoise::Deterministic },
        partial: result.is_some_and(|result| result.partial),
        duration_ms: run.duration_ms,
        timestamp: now_ms(),
        samples,
    };
    let report = tokio::task::spawn_blocking(move || build_report(input))
        .await
        .map_err(|error| ServiceError::internal("judging a what-if", error))?;
    Ok(report.diagnosis.map(|diagnosis| diagnosis.verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_is_spread_evenly() {
        let mut all = spread(5_000, usize::MAX);
        // Of the first hundred of five thousand some stand in every tenth.
        for tenth in 0..10 {
            assert!(all[..100].iter().filter(|place| *place / 500 == tenth).count() >= 8, "{tenth}");
        }
        assert_eq!(spread(5_000, 2_000), all[..2_000]);
        all.sort_unstable();
        assert!(all.into_iter().eq(0..5_000));
        assert_eq!(spread(3, 2_000), [0, 1, 2]);
    }
}
