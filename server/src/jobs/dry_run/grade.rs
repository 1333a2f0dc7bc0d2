//! Rollouts: asked for where they are not recorded, then graded.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::db::dry_runs::{DryRunRow, PlannedSample, SampleResult};
use crate::dry_run::responses::{Responded, Responder};
use crate::dry_run::rollouts::{GraderNoise, first_repeat, to_grade_twice};
use crate::error::{ServiceError, ServiceResult};
use crate::grader::{
    Grade, Grader, GradingContext, RecordedResponse, Sample, grade_input, prepare, recorded_response, sample_seed,
};
use crate::llm::CacheUse;
use crate::state::AppState;
use crate::types::dataset::DatasetRecord;
use crate::types::dry_run::{DryRunConfig, ResponseSource};
use crate::types::error::AppError;

/// What a run's rollouts are made and graded with.
pub(super) struct Rollouts<'a> {
    state: &'a AppState,
    row: &'a DryRunRow,
    grader: Grader,
    /// `None` where responses are recorded.
    responder: Option<Responder>,
    /// Ends the calls that are under way.
    stop: &'a CancellationToken,
}

/// A response to be graded, and what it has cost so far.
struct Answered {
    planned: PlannedSample,
    sample: Sample,
    response: RecordedResponse,
    calls: u32,
    cost: Option<f64>,
}

/// A response with its first grading.
type Graded = (Answered, Grade);

impl<'a> Rollouts<'a> {
    /// The grader and the model of a run, ready; or why they cannot be.
    pub(super) async fn of(
        state: &'a AppState,
        row: &'a DryRunRow,
        stop: &'a CancellationToken,
    ) -> ServiceResult<Self> {
        let saved = db::graders::get(&state.db, &row.dataset_id, row.summary.computed_from.grader_version).await?;
        let grader = prepare(state, &saved.config).await?;
        let config = &row.summary.config;
        let responder = match config.response_source {
            ResponseSource::Recorded => None,
            ResponseSource::Generated => Some(Responder::of(state, config, row.summary.created_at).await?),
        };
        Ok(Self { state, row, grader, responder, stop })
    }

    fn config(&self) -> &DryRunConfig {
        &self.row.summary.config
    }

    /// Whether the grader may give the same response another score.
    pub(super) fn noise(&self) -> GraderNoise {
        if self.grader.calls_a_model() { GraderNoise::Unknown } else { GraderNoise::Deterministic }
    }

    fn rollouts_per_prompt(&self) -> usize {
        usize::try_from(self.config().rollouts_per_prompt).unwrap_or(1).max(1)
    }

    /// What is worked on together: a prompt's rollouts where a model answers; of recorded responses as many as the grader takes
    /// best (models are asked one by one, scripts are cheaper in batches).
    pub(super) fn batches(&self, unfinished: &[PlannedSample]) -> Vec<Vec<PlannedSample>> {
        match self.responder {
            Some(_) => {
                let prompt = |planned: &PlannedSample| planned.ordinal - planned.rollout;
                unfinished.chunk_by(|a, b| prompt(a) == prompt(b)).map(<[_]>::to_vec).collect()
            }
            None => unfinished.chunks(self.grader.batch_size()).map(<[_]>::to_vec).collect(),
        }
    }

    /// How many rollouts are worked on at once: as many as asked for, else as the endpoints take, else as there are cores.
    pub(super) fn concurrency(&self) -> usize {
        let asked = usize::try_from(self.config().concurrency).ok().filter(|asked| *asked > 0);
        let cores = || std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        asked.or_else(|| self.calls_at_once()).unwrap_or_else(cores)
    }

    /// How many batches are under way: of models whose endpoints take no more anyhow, half as many again, so that one stands
    /// at the endpoint's gate while the answer of another is stored; of prompts twice as many, since the last of a prompt's
    /// calls come one after another.
    pub(super) fn under_way(&self) -> usize {
        let (concurrency, rollouts) = (self.concurrency(), self.rollouts_per_prompt());
        let more = |calls: usize| if self.responder.is_some() { calls } else { calls.div_ceil(2) };
        match self.calls_at_once().filter(|calls| *calls <= concurrency) {
            Some(calls) => (calls + more(calls)).div_ceil(rollouts),
            None => concurrency.div_ceil(rollouts),
        }
    }

    /// Calls at once that the endpoints of the base model and the judges take together; `None` if no model is asked.
    fn calls_at_once(&self) -> Option<usize> {
        let limits = self.grader.call_limits().into_iter().chain(self.responder.as_ref().map(Responder::call_limit));
        let by_endpoint: std::collections::BTreeMap<String, u32> = limits.collect();
        let sum: u32 = by_endpoint.values().sum();
        usize::try_from(sum).ok().filter(|sum| *sum > 0)
    }

    /// Works on a batch. What the record, the model or the grader does wrong is that rollout's error, never the run's; one that
    /// was cancelled has no result.
    pub(super) async fn work(&self, batch: Vec<PlannedSample>) -> ServiceResult<Vec<SampleResult>> {
        let is_whole = batch.len() >= self.rollouts_per_prompt();
        let (mut results, graded) = match self.responder {
            Some(_) => self.asked_and_graded(batch).await?,
            None => self.graded_in_a_row(batch).await?,
        };
        let mut again = self.graded_again(&graded, is_whole).await?;
        for (place, (one, grade)) in graded.into_iter().enumerate() {
            let regrade = again.remove(&place);
            let is_cancelled = grade.is_cancelled || regrade.as_ref().is_some_and(|regrade| regrade.is_cancelled);
            if !is_cancelled {
                results.push(self.result(one, grade, regrade));
            }
        }
        Ok(results)
    }

    /// Recorded responses, graded together.
    async fn graded_in_a_row(&self, batch: Vec<PlannedSample>) -> ServiceResult<(Vec<SampleResult>, Vec<Graded>)> {
        let (mut results, mut answered) = (Vec::new(), Vec::new());
        for planned in batch {
            match self.answered(planned).await? {
                Ok(one) => answered.extend(one),
                Err(failed) => results.push(*failed),
            }
        }
        let samples: Vec<Sample> = answered.iter().map(|one| one.sample.clone()).collect();
        let grades = self.graded(&samples).await?;
        Ok((results, answered.into_iter().zip(grades).collect()))
    }

    /// A prompt's rollouts side by side, each graded as soon as it is there.
    async fn asked_and_graded(&self, batch: Vec<PlannedSample>) -> ServiceResult<(Vec<SampleResult>, Vec<Graded>)> {
        let one = |planned: PlannedSample| {
            async move {
                Ok::<_, ServiceError>(match self.answered(planned).await? {
                    Err(failed) => Err(failed),
                    Ok(None) => Ok(None),
                    Ok(Some(one)) => {
                        let grade = self.graded(std::slice::from_ref(&one.sample)).await?.pop().unwrap_or_default();
                        Ok(Some((one, grade)))
                    }
                })
            }
            .boxed()
        };
        let (mut results, mut graded) = (Vec::new(), Vec::new());
        for rollout in join_all(batch.into_iter().map(one)).await {
            match rollout? {
                Ok(one) => graded.extend(one),
                Err(failed) => results.push(*failed),
            }
        }
        Ok((results, graded))
    }

    /// Second gradings of some of a prompt's rollouts, by their places. Of a prompt of which only a part is graded now, the
    /// best one is not known here.
    async fn graded_again(&self, graded: &[Graded], is_whole: bool) -> ServiceResult<HashMap<usize, Grade>> {
        let share = self.config().regraded_share;
        let Some((first, _)) = graded.first().filter(|_| self.grader.calls_a_model() && share > 0.0) else {
            return Ok(HashMap::new());
        };
        let scored: Vec<(usize, f64)> =
            graded.iter().enumerate().filter_map(|(place, (_, grade))| Some((place, grade.score?))).collect();
        let scores: Vec<f64> = scored.iter().map(|(_, score)| *score).collect();
        let twice = to_grade_twice(first.planned.record_id, &scores, share, self.config().seed);
        if !is_whole && twice.len() < scores.len() {
            return Ok(HashMap::new());
        }
        let places: Vec<usize> = twice.into_iter().filter_map(|place| Some(scored.get(place)?.0)).collect();
        let sample = |place: &usize| {
            let sample = &graded[*place].0.sample;
            Sample { repeat: sample.repeat + 1, ..sample.clone() }
        };
        let again = self.graded(&places.iter().map(sample).collect::<Vec<Sample>>()).await?;
        Ok(places.into_iter().zip(again).collect())
    }

    fn result(&self, one: Answered, grade: Grade, regrade: Option<Grade>) -> SampleResult {
        let both = || std::iter::once(&grade).chain(&regrade);
        let calls = one.calls + both().map(|grade| grade.calls).sum::<u32>();
        let cost = both().fold(one.cost, |sum, grade| plus(sum, grade.cost));
        SampleResult {
            ordinal: one.planned.ordinal,
            response: one.response.as_shown(),
            generated: self.responder.is_some().then_some(one.response),
            score: grade.score,
            regrade: regrade.and_then(|regrade| regrade.score),
            reasoning: grade.reasoning,
            error: grade.error,
            logs: grade.logs,
            parts: grade.parts,
            calls,
            cost,
        }
    }

    /// The response to a planned rollout; the error is its result, nothing at all that it was cancelled.
    async fn answered(&self, planned: PlannedSample) -> ServiceResult<Result<Option<Answered>, Box<SampleResult>>> {
        let failed = |error: &str| Ok(Err(Box::new(SampleResult::failed(planned.ordinal, error))));
        let record = match db::records::query::get(&self.state.db, &self.row.dataset_id, planned.record_id).await {
            Ok(record) => record,
            Err(ServiceError::App(AppError::NotFound { .. })) => {
                return failed("The record was deleted after the run was planned.");
            }
            Err(error) => return Err(error),
        };
        let responded = match (&self.responder, &planned.generated) {
            (None, _) => match recorded_response(&record) {
                Some(response) => Responded::free(response),
                None => return failed("The record has lost its recorded response since the run was planned."),
            },
            // A former try has it: only its grading failed.
            (Some(_), Some(generated)) => Responded::free(generated.clone()),
            (Some(responder), None) => self.asked(responder, &record, &planned).await?,
        };
        if responded.is_cancelled {
            return Ok(Ok(None));
        }
        Ok(match responded.response {
            Ok(response) => {
                let seed = sample_seed(self.config().seed, record.id);
                let input = grade_input(&record, &response);
                let repeat = first_repeat(planned.rollout);
                let sample = Sample { record_id: Some(record.id), seed, input, repeat };
                Ok(Some(Answered { planned, sample, response, calls: responded.calls, cost: responded.cost }))
            }
            Err(error) => {
                let failed = SampleResult::failed(planned.ordinal, error);
                Err(Box::new(SampleResult { calls: responded.calls, cost: responded.cost, ..failed }))
            }
        })
    }

    async fn asked(
        &self,
        responder: &Responder,
        record: &DatasetRecord,
        planned: &PlannedSample,
    ) -> ServiceResult<Responded> {
        responder.respond(self.state, &self.row.dataset_id, record, planned.rollout, self.stop).await
    }

    /// Grades in their order.
    async fn graded(&self, samples: &[Sample]) -> ServiceResult<Vec<Grade>> {
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        let context = GradingContext {
            state: self.state,
            dataset_id: &self.row.dataset_id,
            cache: CacheUse::Since(self.row.summary.created_at),
            cancel: self.stop,
        };
        self.grader.grade(context, samples).await
    }
}

/// Costs together; unknown as soon as one of them is.
fn plus(sum: Option<f64>, cost: Option<f64>) -> Option<f64> {
    sum.zip(cost).map(|(sum, cost)| sum + cost)
}
