//! Grading: samples in, scores out. A sample that has no certain score has an error, whatever the reason.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio_util::sync::CancellationToken;

use super::GradeError;
use super::input::GradeInput;
use super::judge::{AnswerError, Judge};
use super::native::{string_check, text_similarity};
use super::prepare::{Combine, Grader, Kind, Part};
use super::script::{ScriptGrade, ScriptSample};
use crate::error::ServiceResult;
use crate::llm::{Accepts, CacheUse, CallContext, ChatError, ChatRequest, Keeping, LlmError, Model, calls};
use crate::state::AppState;
use crate::types::endpoint::CallPurpose;
use crate::types::grader::PartScore;

/// Samples that one script worker grades in a row.
const SCRIPT_BATCH: usize = 32;
/// A sum of weighted scores may miss 0..1 by its rounding.
const ROUNDING: f64 = 1e-9;

/// A sample to grade.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The record, for the trace of calls.
    pub record_id: Option<i64>,
    /// Of the script's `Math.random`.
    pub seed: u64,
    /// What graders see.
    pub input: GradeInput,
    /// Which repeat it is, where the same response is graded several times: another one asks the judge again.
    pub repeat: u32,
}

/// For whom and how it is graded.
#[derive(Clone, Copy)]
pub struct GradingContext<'a> {
    /// The application.
    pub state: &'a AppState,
    /// For the trace of calls.
    pub dataset_id: &'a str,
    /// Whether kept answers of judges are used.
    pub cache: CacheUse,
    /// Ends calls that are under way.
    pub cancel: &'a CancellationToken,
}

/// What became of a sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grade {
    /// 0..=1; `None` if it has an error.
    pub score: Option<f64>,
    /// Why there is no score.
    pub error: Option<String>,
    /// The grader's own words; of a combination, each part has its own.
    pub reasoning: Option<String>,
    /// What the parts said; of a single grader only what its judge said besides its score.
    pub parts: Vec<PartScore>,
    /// What scripts logged.
    pub logs: Vec<String>,
    /// US dollars paid; `None` if that is not known.
    pub cost: Option<f64>,
    /// Models that were asked (kept answers do not count).
    pub calls: u32,
    /// No kept answer was there, and none else was wanted ([`CacheUse::Only`]).
    pub needs_call: bool,
    /// Cancelled: it is no result.
    pub is_cancelled: bool,
}

/// What one part said of one sample.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// As it counts in a formula.
    pub(super) raw: Option<f64>,
    /// From 0 to 1.
    pub(super) score: Option<f64>,
    error: Option<String>,
    reasoning: Option<String>,
    sub_scores: Vec<(String, f64)>,
    logs: Vec<String>,
    cost: Option<f64>,
    calls: u32,
    needs_call: bool,
    is_cancelled: bool,
}

impl Said {
    fn score(score: f64) -> Self {
        Self { raw: Some(score), score: Some(score), cost: Some(0.0), ..Self::default() }
    }

    /// What a part said before: `raw` as it counts in a formula.
    pub(super) fn before(raw: f64, score: f64, sub_scores: Vec<(String, f64)>) -> Self {
        Self { raw: Some(raw), sub_scores, ..Self::score(score) }
    }

    pub(super) fn error(error: impl ToString) -> Self {
        Self { error: Some(error.to_string()), cost: Some(0.0), ..Self::default() }
    }
}

impl Grader {
    /// Whether grading asks a model.
    pub fn calls_a_model(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.kind, Kind::Judge { .. }))
    }

    /// How many samples are best handed over at once: judges are asked one by one, scripts are cheaper in batches.
    pub fn batch_size(&self) -> usize {
        if self.calls_a_model() { 1 } else { SCRIPT_BATCH }
    }

    /// The endpoints of its judges by their ids, and the calls at once that each takes.
    pub fn call_limits(&self) -> Vec<(String, u32)> {
        let of_part = |part: &Part| match &part.kind {
            Kind::Judge { model, .. } => Some((model.target.id.clone(), model.target.limits.concurrency)),
            _ => None,
        };
        self.parts.iter().filter_map(of_part).collect()
    }

    /// The most calls at once that one of its endpoints takes; `None` if it asks no model.
    pub fn call_concurrency(&self) -> Option<u32> {
        self.call_limits().into_iter().map(|(_, calls)| calls).max()
    }

    /// What each of its judges would be asked of a response, and which model; no question where a template cannot be rendered.
    pub fn questions(&self, input: &GradeInput) -> Vec<(&Model, Option<ChatRequest>)> {
        let judges = self.parts.iter().filter_map(|part| match &part.kind {
            Kind::Judge { judge, model } => Some((judge, model)),
            _ => None,
        });
        judges.map(|(judge, model)| (&**model, judge.request(input, &model.name).ok())).collect()
    }

    /// Whether it is known what every model that it asks costs.
    pub fn has_prices(&self) -> bool {
        self.parts.iter().all(|part| match &part.kind {
            Kind::Judge { model, .. } => model.price.is_some(),
            _ => true,
        })
    }

    /// A grade for every sample, in their order. Only a store that fails is an error of the whole.
    pub async fn grade(&self, context: GradingContext<'_>, samples: &[Sample]) -> ServiceResult<Vec<Grade>> {
        self.grade_rest(context, samples, vec![vec![None; samples.len()]; self.parts.len()]).await
    }

    /// As [`Self::grade`], where what some parts said of some samples is known (by part, then by sample): only the rest is asked.
    pub(super) async fn grade_rest(
        &self,
        context: GradingContext<'_>,
        samples: &[Sample],
        known: Vec<Vec<Option<Said>>>,
    ) -> ServiceResult<Vec<Grade>> {
        // Boxed, here and below: the compiler cannot tell that futures of closures over references may change threads.
        let asked: Vec<BoxFuture<'_, _>> =
            self.parts.iter().zip(known).map(|(part, known)| rest_of(part, context, samples, known).boxed()).collect();
        let by_part = join_all(asked).await;
        let mut by_part: Vec<_> =
            by_part.into_iter().collect::<ServiceResult<Vec<Vec<Said>>>>()?.into_iter().map(Vec::into_iter).collect();
        let grades = samples.iter().map(|_| {
            // Each part gave as many answers as there are samples.
            let said: Vec<Said> = by_part.iter_mut().map(|part| part.next().unwrap_or_else(no_answer)).collect();
            self.combined(said)
        });
        Ok(grades.collect())
    }

    /// One score of what every part said.
    pub(super) fn combined(&self, said: Vec<Said>) -> Grade {
        let mut grade = Grade {
            logs: said.iter().flat_map(|said| said.logs.iter().cloned()).collect(),
            cost: said.iter().try_fold(0.0, |sum, said| Some(sum + said.cost?)),
            calls: said.iter().map(|said| said.calls).sum(),
            needs_call: said.iter().any(|said| said.needs_call),
            is_cancelled: said.iter().any(|said| said.is_cancelled),
            ..Grade::default()
        };
        let counted: Vec<Option<f64>> =
            self.parts.iter().zip(&said).map(|(part, said)| counted(part, said, &self.combine)).collect();
        let score = match &self.combine {
            Combine::Single => single(&said, &counted),
            Combine::Weights(weights) => weighted(&self.parts, &said, &counted, weights),
            Combine::Formula(formula) => {
                let first = self
                    .parts
                    .iter()
                    .zip(&said)
                    .enumerate()
                    .find(|(index, (_, said))| formula.uses(*index) && said.score.is_none());
                if let Some((_, (part, said))) = first {
                    Err(failed_part(part, said))
                } else {
                    let scores: Vec<f64> = counted.iter().map(|counted| counted.unwrap_or(f64::NAN)).collect();
                    formula.evaluate(&scores).map_err(|error| format!("The formula has no result: {error}"))
                }
            }
        };
        match score {
            Ok(score) if (-ROUNDING..=1.0 + ROUNDING).contains(&score) => grade.score = Some(score.clamp(0.0, 1.0)),
            Ok(score) => {
                grade.error =
                    Some(format!("The combination gives {score}, which is not from 0 to 1. Change its formula."));
            }
            Err(error) => grade.error = Some(error),
        }
        if matches!(self.combine, Combine::Single) {
            grade.reasoning = said.first().and_then(|said| said.reasoning.clone());
            let subs = said.into_iter().flat_map(|said| said.sub_scores);
            let part = |(name, score)| PartScore { name, score: Some(score), ..PartScore::default() };
            grade.parts = subs.map(part).collect();
        } else {
            let told = self.parts.iter().zip(said).zip(counted);
            grade.parts = told.map(|((part, said), counted)| part_score(part, said, counted)).collect();
        }
        grade
    }
}

fn part_score(part: &Part, said: Said, counted: Option<f64>) -> PartScore {
    PartScore {
        name: part.name.clone(),
        score: said.raw,
        counted: counted.filter(|counted| Some(*counted) != said.raw),
        reasoning: said.reasoning,
        error: said.error,
        sub_scores: said.sub_scores,
    }
}

/// What counts of a part: 1 or 0 where it has a threshold; in a formula the number as the model gave it.
fn counted(part: &Part, said: &Said, combine: &Combine) -> Option<f64> {
    let score = said.score?;
    match part.threshold {
        Some(threshold) => Some(if score >= threshold { 1.0 } else { 0.0 }),
        None if matches!(combine, Combine::Formula(_)) => said.raw,
        None => Some(score),
    }
}

fn failed_part(part: &Part, said: &Said) -> String {
    format!("{}: {}", part.name, said.error.as_deref().unwrap_or("it gave no score."))
}

fn single(said: &[Said], counted: &[Option<f64>]) -> Result<f64, String> {
    let error =
        || said.first().and_then(|said| said.error.clone()).unwrap_or_else(|| "The grader gave no score.".to_owned());
    counted.first().copied().flatten().ok_or_else(error)
}

fn weighted(parts: &[Part], said: &[Said], counted: &[Option<f64>], weights: &[f64]) -> Result<f64, String> {
    let mut sum = 0.0;
    for (((part, said), counted), weight) in parts.iter().zip(said).zip(counted).zip(weights) {
        match counted {
            Some(score) => sum += weight * score,
            // What counts for nothing need not be there.
            None if *weight == 0.0 => {}
            None => return Err(failed_part(part, said)),
        }
    }
    Ok(sum)
}

fn no_answer() -> Said {
    Said::error("The grader gave no answer for this sample.")
}

/// What a part says of every sample, asked only where it is not known.
async fn rest_of(
    part: &Part,
    context: GradingContext<'_>,
    samples: &[Sample],
    known: Vec<Option<Said>>,
) -> ServiceResult<Vec<Said>> {
    if known.iter().all(Option::is_none) {
        return said_by(part, context, samples).await;
    }
    let open = samples.iter().zip(&known).filter(|(_, known)| known.is_none());
    let open: Vec<Sample> = open.map(|(sample, _)| sample.clone()).collect();
    let mut said = if open.is_empty() { Vec::new() } else { said_by(part, context, &open).await? }.into_iter();
    Ok(known.into_iter().map(|known| known.or_else(|| said.next()).unwrap_or_else(no_answer)).collect())
}

/// What a part says of every sample.
async fn said_by(part: &Part, context: GradingContext<'_>, samples: &[Sample]) -> ServiceResult<Vec<Said>> {
    match &part.kind {
        Kind::Script(script) => Ok(by_script(context.state, script, samples).await),
        Kind::Known => Ok(samples.iter().map(|_| no_answer()).collect()),
        Kind::Judge { judge, model } => {
            // As many at once as the endpoint takes: its gate counts them.
            let asked: Vec<BoxFuture<'_, _>> =
                samples.iter().map(|sample| by_judge(judge, model, context, sample).boxed()).collect();
            join_all(asked).await.into_iter().collect()
        }
        Kind::StringCheck { operation, input, reference } => Ok(samples
            .iter()
            .map(|sample| match (input.render(&sample.input), reference.render(&sample.input)) {
                (Ok(input), Ok(reference)) => Said::score(string_check(*operation, &input, &reference)),
                (Err(error), _) | (_, Err(error)) => Said::error(error),
            })
            .collect()),
        Kind::Similarity { metric, input, reference } => {
            let rendered =
                samples.iter().map(|sample| Ok((input.render(&sample.input)?, reference.render(&sample.input)?)));
            let rendered: Vec<Result<(String, String), super::template::RenderError>> = rendered.collect();
            let metric = *metric;
            // Long texts take a part of a second: not on a thread that answers pages.
            let compared = tokio::task::spawn_blocking(move || {
                let compare = |texts: Result<(String, String), _>| match texts {
                    Ok((input, reference)) => {
                        text_similarity(metric, &input, &reference).map_or_else(Said::error, Said::score)
                    }
                    Err(error) => Said::error(error),
                };
                rendered.into_iter().map(compare).collect::<Vec<Said>>()
            });
            Ok(compared.await?)
        }
    }
}

async fn by_script(state: &AppState, script: &str, samples: &[Sample]) -> Vec<Said> {
    let batch: Vec<ScriptSample<'_>> =
        samples.iter().map(|sample| ScriptSample { input: &sample.input, seed: sample.seed }).collect();
    let asked: Vec<BoxFuture<'_, _>> =
        batch.chunks(SCRIPT_BATCH).map(|chunk| state.scripts.grade_batch(script, chunk).boxed()).collect();
    let batches = join_all(asked).await;
    let mut grades: Vec<ScriptGrade> = batches.into_iter().flatten().collect();
    for (grade, sample) in grades.iter_mut().zip(samples) {
        // These can come from the machine rather than from the script; the others would only repeat.
        if matches!(
            grade.result,
            Err(GradeError::Unavailable { .. } | GradeError::Crashed { .. } | GradeError::Deadline { .. })
        ) {
            let (result, logs) = state.scripts.grade_with_logs(script, &sample.input, sample.seed).await;
            *grade = ScriptGrade { result, logs };
        }
    }
    let said = |grade: ScriptGrade| match grade.result {
        Ok(verdict) => Said { reasoning: verdict.reasoning, logs: grade.logs, ..Said::score(verdict.score) },
        Err(error) => Said { logs: grade.logs, ..Said::error(error) },
    };
    grades.into_iter().map(said).collect()
}

/// Asks a judge, and once more with what was wrong with its answer.
async fn by_judge(judge: &Judge, model: &Model, context: GradingContext<'_>, sample: &Sample) -> ServiceResult<Said> {
    let question = match judge.request(&sample.input, &model.name) {
        Ok(request) => request,
        Err(error) => return Ok(Said::error(error)),
    };
    let accepts: Accepts = {
        let judge = judge.clone();
        Arc::new(move |answer| judge.read(answer).is_ok())
    };
    // A mended answer answers the first question: it is found by it again.
    let keeping = Keeping { question: &question, accepts };
    let mut request = question.clone();
    let call = CallContext {
        purpose: CallPurpose::Judge,
        dataset_id: Some(context.dataset_id),
        record_id: sample.record_id,
        sample_index: sample.repeat,
        cache: context.cache,
    };
    let mut paid = Some(0.0);
    let mut made = 0;
    for attempt in 0..2 {
        let called = match calls::chat(context.state, model, &request, call, Some(&keeping), context.cancel).await {
            Ok(called) => called,
            Err(ChatError::Store(error)) => return Err(error),
            Err(error @ ChatError::NotKept) => return Ok(Said { needs_call: true, ..Said::error(error) }),
            Err(ChatError::Failed(failed)) => {
                let is_cancelled = failed.error == LlmError::Cancelled;
                let cost = paid.zip(failed.cost).map(|(sum, cost)| sum + cost);
                let calls = made + u32::from(failed.attempts > 0);
                return Ok(Said { cost, calls, is_cancelled, ..Said::error(failed.error) });
            }
        };
        paid = paid.zip(called.cost).map(|(sum, cost)| sum + cost);
        made += u32::from(!called.from_cache);
        match judge.read(&called.answer) {
            Ok(judged) => {
                return Ok(Said {
                    raw: Some(judged.score),
                    score: Some(judge.normalized(judged.score)),
                    reasoning: judged.reasoning,
                    sub_scores: judged.sub_scores,
                    cost: paid,
                    calls: made,
                    ..Said::default()
                });
            }
            // Asking again would only be paid for again.
            Err(error @ (AnswerError::Refused(_) | AnswerError::CutOff)) => {
                return Ok(Said { cost: paid, calls: made, ..Said::error(error) });
            }
            Err(error) if attempt > 0 => return Ok(Said { cost: paid, calls: made, ..Said::error(error) }),
            Err(error) => request = Judge::request_again(&request, &called.answer, &error),
        }
    }
    Ok(Said { cost: paid, calls: made, ..Said::error("The judge gave no score.") })
}
