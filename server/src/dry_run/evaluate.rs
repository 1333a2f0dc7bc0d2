//! From prompts with their scored rollouts to everything that a report says of them. Pure.

use super::by_topic::compute_by_topic;
use super::diagnosis::{
    DiagnosisBounds, DiagnosisInput, diagnose_dry_run, diagnose_unscored, length_correlation, length_correlation_within,
};
use super::rollouts::{GraderNoise, PromptRollouts};
use super::signal::learning_signal;
use super::statistics::{compute_rollout_statistics, score_buckets};
use crate::types::dry_run::{DryRunDiagnosis, DryRunStatistics, LearningSignal, ProbeResult, ScoreBucket, TopicScore};

/// What a run has so far.
#[derive(Debug, Clone, Copy)]
pub struct RolloutRun<'a> {
    /// Prompts that were tried, each with those rollouts that were scored.
    pub prompts: &'a [PromptRollouts],
    /// Whether the grader wavers.
    pub noise: GraderNoise,
    /// Rollouts planned per prompt.
    pub rollouts_per_prompt: i64,
    /// Prompts in the plan.
    pub planned_prompts: i64,
    /// Rollouts that could not be generated or graded.
    pub failed: i64,
    /// The dataset's coverage; `None` while nothing is categorized.
    pub balance_score: Option<f64>,
    /// What the grader paid for probes; empty where none were tried.
    pub probes: &'a [ProbeResult],
    /// Makes the intervals repeatable.
    pub seed: u64,
}

/// What a report says of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// `None` if no rollout was scored.
    pub statistics: Option<DryRunStatistics>,
    /// Ten buckets over all scores; empty without scores.
    pub distribution: Vec<ScoreBucket>,
    /// By topic; each counts its prompts.
    pub by_topic: Vec<TopicScore>,
    /// `None` with one rollout per prompt.
    pub signal: Option<LearningSignal>,
    /// Score against length: within prompts where they have several rollouts, else over prompts.
    pub length_correlation: Option<f64>,
    /// `None` only if nothing was tried.
    pub diagnosis: Option<DryRunDiagnosis>,
}

/// Everything that can be said of a run.
pub fn evaluate(run: &RolloutRun, bounds: &DiagnosisBounds) -> Evaluation {
    let statistics = compute_rollout_statistics(run.prompts, run.noise, run.seed);
    evaluate_with(run, statistics, bounds)
}

/// The same with statistics whose intervals have another level.
pub(super) fn evaluate_with(
    run: &RolloutRun,
    statistics: Option<DryRunStatistics>,
    bounds: &DiagnosisBounds,
) -> Evaluation {
    let rollouts = || run.prompts.iter().flat_map(|prompt| &prompt.rollouts);
    let scores: Vec<f64> = rollouts().map(|rollout| rollout.score).collect();
    let by_topic = compute_by_topic(
        run.prompts.iter().map(|prompt| (prompt.topic.as_deref(), prompt.rollouts.iter().map(|rollout| rollout.score))),
    );
    let signal = (run.rollouts_per_prompt > 1).then(|| learning_signal(run.prompts, bounds)).flatten();
    let length_correlation = if run.rollouts_per_prompt > 1 {
        length_correlation_within(run.prompts)
    } else {
        let lengths: Vec<f64> = rollouts().map(|rollout| rollout.response_chars as f64).collect();
        length_correlation(&scores, &lengths)
    };
    let diagnosis = statistics.as_ref().map(|statistics| {
        let input = DiagnosisInput {
            statistics,
            scores: &scores,
            by_topic: &by_topic,
            balance_score: run.balance_score,
            planned: run.planned_prompts,
            failed: run.failed,
            length_correlation,
            rollouts_per_prompt: run.rollouts_per_prompt,
            signal: signal.as_ref(),
            probes: run.probes,
        };
        diagnose_dry_run(&input, bounds)
    });
    let diagnosis = diagnosis.or_else(|| diagnose_unscored(run.failed, run.balance_score, bounds));
    let distribution = if scores.is_empty() { Vec::new() } else { score_buckets(&scores) };
    Evaluation { statistics, distribution, by_topic, signal, length_correlation, diagnosis }
}
