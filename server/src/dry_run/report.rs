//! Putting a report together: from scores in the plan's order to statistics, topics and diagnosis. Pure.

use super::diagnosis::DiagnosisBounds;
use super::evaluate::{Evaluation, RolloutRun, evaluate};
use super::rollouts::{GraderNoise, PromptRollouts, Rollout};
use super::settled::settled;
use crate::db::dry_runs::ScoredSample;
use crate::types::TimestampMs;
use crate::types::dry_run::{ComputedFrom, DryRunConfig, DryRunCost, DryRunReport};

/// Everything a report is made of.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// What was asked.
    pub config: DryRunConfig,
    /// What it is computed from.
    pub computed_from: ComputedFrom,
    /// The population.
    pub eligible_records: i64,
    /// Balance when the run was started.
    pub balance_score: Option<f64>,
    /// Rollouts in the plan.
    pub planned: i64,
    /// Prompts in the plan.
    pub planned_prompts: i64,
    /// Rollouts that failed.
    pub failed: i64,
    /// Whether the grader wavers.
    pub noise: GraderNoise,
    /// Whether it was stopped before its end.
    pub partial: bool,
    /// Milliseconds it ran.
    pub duration_ms: i64,
    /// Now.
    pub timestamp: TimestampMs,
    /// What grading cost.
    pub cost: DryRunCost,
    /// Every rollout that is done, in the plan's order.
    pub samples: Vec<ScoredSample>,
}

/// The report. Without one score it has no statistics, and a diagnosis of the failures alone.
pub fn build_report(input: ReportInput) -> DryRunReport {
    let evaluation = evaluate_run(&input, &DiagnosisBounds::default());
    let evaluated = input.samples.iter().filter(|sample| sample.score.is_some()).count();
    DryRunReport {
        timestamp: input.timestamp,
        config: input.config,
        computed_from: input.computed_from,
        eligible_records: input.eligible_records,
        samples_planned: input.planned,
        samples_evaluated: i64::try_from(evaluated).unwrap_or(i64::MAX),
        failed: input.failed,
        partial: input.partial,
        statistics: evaluation.statistics,
        distribution: evaluation.distribution,
        by_topic: evaluation.by_topic,
        signal: evaluation.signal,
        diagnosis: evaluation.diagnosis,
        cost: input.cost,
        duration_ms: input.duration_ms,
    }
}

/// Whether the verdict of a run under way is settled. Prompts whose rollouts are not all done yet do not count: the slow ones
/// among their answers would be missing.
pub fn is_settled(input: &ReportInput, bounds: &DiagnosisBounds) -> bool {
    let rollouts = usize::try_from(input.config.rollouts_per_prompt).unwrap_or(usize::MAX);
    let whole = input.samples.chunk_by(|a, b| a.prompt == b.prompt).filter(|prompt| prompt.len() >= rollouts);
    let samples: Vec<ScoredSample> = whole.flatten().cloned().collect();
    settled(&run_of(input, &prompts_of(&samples)), bounds).is_some()
}

fn evaluate_run(input: &ReportInput, bounds: &DiagnosisBounds) -> Evaluation {
    evaluate(&run_of(input, &prompts_of(&input.samples)), bounds)
}

fn run_of<'a>(input: &ReportInput, prompts: &'a [PromptRollouts]) -> RolloutRun<'a> {
    RolloutRun {
        prompts,
        noise: input.noise,
        rollouts_per_prompt: input.config.rollouts_per_prompt,
        planned_prompts: input.planned_prompts,
        failed: input.failed,
        balance_score: input.balance_score,
        probes: &[],
        seed: input.config.seed,
    }
}

/// Rollouts by prompt; a prompt of which every rollout failed has none.
pub fn prompts_of(samples: &[ScoredSample]) -> Vec<PromptRollouts> {
    let of_prompt = |samples: &[ScoredSample]| {
        let first = samples.first()?;
        let rollout = |sample: &ScoredSample| {
            Some(Rollout { score: sample.score?, regrade: sample.regrade, response_chars: sample.response_chars })
        };
        let rollouts = samples.iter().filter_map(rollout).collect();
        Some(PromptRollouts { record_id: first.record_id, topic: first.topic.clone(), rollouts })
    };
    samples.chunk_by(|a, b| a.prompt == b.prompt).filter_map(of_prompt).collect()
}
