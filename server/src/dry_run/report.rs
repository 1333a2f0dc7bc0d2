//! Putting a report together: from scores in the plan's order to statistics, topics and diagnosis. Pure.

use super::by_topic::compute_by_topic;
use super::diagnosis::{DiagnosisBounds, DiagnosisInput, diagnose_dry_run, diagnose_unscored, length_correlation};
use super::statistics::{compute_dry_run_statistics, score_buckets};
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
    /// Prompts in the plan.
    pub planned: i64,
    /// Prompts that failed.
    pub failed: i64,
    /// Whether it was stopped before its end.
    pub partial: bool,
    /// Milliseconds it ran.
    pub duration_ms: i64,
    /// Now.
    pub timestamp: TimestampMs,
    /// What grading cost.
    pub cost: DryRunCost,
    /// The scores, in the plan's order.
    pub scores: Vec<ScoredSample>,
}

/// The report. Without one score it has no statistics, and a diagnosis of the failures alone.
pub fn build_report(input: ReportInput) -> DryRunReport {
    let scores: Vec<f64> = input.scores.iter().map(|sample| sample.score).collect();
    let lengths: Vec<f64> = input.scores.iter().map(|sample| sample.response_chars as f64).collect();
    let statistics = compute_dry_run_statistics(&scores, input.config.seed);
    let by_topic = compute_by_topic(input.scores.iter().map(|sample| (sample.topic.as_deref(), [sample.score])));
    let bounds = DiagnosisBounds::default();
    let diagnosis = statistics.as_ref().map(|statistics| {
        let diagnosis_input = DiagnosisInput {
            statistics,
            scores: &scores,
            by_topic: &by_topic,
            balance_score: input.balance_score,
            planned: input.planned,
            failed: input.failed,
            length_correlation: length_correlation(&scores, &lengths),
            rollouts_per_prompt: input.config.rollouts_per_prompt,
            signal: None,
            probes: &[],
        };
        diagnose_dry_run(&diagnosis_input, &bounds)
    });
    let diagnosis = diagnosis.or_else(|| diagnose_unscored(input.failed, input.balance_score, &bounds));
    DryRunReport {
        timestamp: input.timestamp,
        config: input.config,
        computed_from: input.computed_from,
        eligible_records: input.eligible_records,
        samples_planned: input.planned,
        samples_evaluated: i64::try_from(scores.len()).unwrap_or(i64::MAX),
        failed: input.failed,
        partial: input.partial,
        distribution: if scores.is_empty() { Vec::new() } else { score_buckets(&scores) },
        statistics,
        by_topic,
        diagnosis,
        cost: input.cost,
        duration_ms: input.duration_ms,
    }
}
