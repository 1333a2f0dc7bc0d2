//! The stored result, and what it was computed from.

use serde::{Deserialize, Serialize};

use super::{DryRunConfig, DryRunDiagnosis, DryRunStatistics, LearningSignal, ScoreBucket, TopicScore, Verdict};
use crate::types::TimestampMs;
use crate::types::dataset::Dataset;

/// What a report was computed from; compared with the present to know whether it is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputedFrom {
    /// `Dataset::records_revision` then.
    pub records_revision: i64,
    /// `Dataset::topics_revision` then.
    pub topics_revision: i64,
    /// The grader's version then.
    pub grader_version: i64,
}

impl ComputedFrom {
    /// What of it is different now, in words; empty if nothing is. Without a grader nothing is said of it.
    pub fn changed_since(self, dataset: &Dataset, grader_version: Option<i64>) -> Vec<String> {
        let mut changes = Vec::new();
        if self.records_revision != dataset.records_revision {
            changes.push("records or their topics changed".to_owned());
        }
        if self.topics_revision != dataset.topics_revision {
            changes.push("the topic hierarchy or its targets changed".to_owned());
        }
        if let Some(version) = grader_version.filter(|version| *version != self.grader_version) {
            changes.push(format!("the grader is now version {version}, not {}", self.grader_version));
        }
        changes
    }
}

/// What was paid for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunCost {
    /// In `currency`, what is known of it; 0 where no model was called, as with recorded responses and a script.
    pub amount: f64,
    /// Models that were asked; kept answers are no calls.
    #[serde(default)]
    pub calls: i64,
    /// Samples of which it is not known what they cost.
    #[serde(default)]
    pub unknown: i64,
    /// ISO 4217.
    pub currency: String,
}

impl Default for DryRunCost {
    fn default() -> Self {
        Self { amount: 0.0, calls: 0, unknown: 0, currency: "USD".to_owned() }
    }
}

/// The stored result of a dry run. Samples are kept apart and paged; an export has them behind
/// these fields, as `samples`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunReport {
    /// When it was finished.
    pub timestamp: TimestampMs,
    /// What was asked.
    pub config: DryRunConfig,
    /// What it was computed from.
    pub computed_from: ComputedFrom,
    /// Valid records with a response: the population sampled.
    pub eligible_records: i64,
    /// Responses in the plan: prompts times rollouts.
    pub samples_planned: i64,
    /// Responses with a score.
    pub samples_evaluated: i64,
    /// Responses that could not be had or graded.
    pub failed: i64,
    /// True if it was cancelled before the plan was through.
    pub partial: bool,
    /// `None` if not one sample was scored.
    pub statistics: Option<DryRunStatistics>,
    /// Ten buckets; empty without scores.
    pub distribution: Vec<ScoreBucket>,
    /// By topic, in order of the topics' names, uncategorized last.
    pub by_topic: Vec<TopicScore>,
    /// What training can learn from; `None` with one response per prompt.
    #[serde(default)]
    pub signal: Option<LearningSignal>,
    /// `None` only in reports of an earlier version, which had none where every sample failed.
    pub diagnosis: Option<DryRunDiagnosis>,
    /// What the responses and the grading cost.
    #[serde(default)]
    pub cost: DryRunCost,
    /// In milliseconds, summed over all stretches in which it ran.
    pub duration_ms: i64,
}

/// What lists show of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunResult {
    /// When it was finished.
    pub timestamp: TimestampMs,
    /// The answer; see [`DryRunReport::diagnosis`].
    pub verdict: Option<Verdict>,
    /// Mean score; `None` if not one sample was scored.
    pub mean: Option<f64>,
    /// The gain to expect of training; `None` where it is not measured.
    #[serde(default)]
    pub headroom: Option<f64>,
    /// Responses in the plan.
    pub samples_planned: i64,
    /// Responses with a score.
    pub samples_evaluated: i64,
    /// Responses that could not be had or graded.
    pub failed: i64,
    /// True if it was cancelled before the plan was through.
    pub partial: bool,
}

impl DryRunReport {
    /// Its few numbers for lists.
    pub fn result(&self) -> DryRunResult {
        DryRunResult {
            timestamp: self.timestamp,
            verdict: self.diagnosis.as_ref().map(|diagnosis| diagnosis.verdict),
            mean: self.statistics.as_ref().map(|statistics| statistics.mean),
            headroom: self.statistics.as_ref().and_then(|statistics| statistics.headroom),
            samples_planned: self.samples_planned,
            samples_evaluated: self.samples_evaluated,
            failed: self.failed,
            partial: self.partial,
        }
    }
}
