//! Training: the split, and what the training waits for (domain.md section 9).

use serde::{Deserialize, Serialize};

/// How valid records are divided into train and validation rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SplitConfig {
    /// Share of the rows that train, above 0 and below 1. Default 0.9.
    pub train_ratio: f64,
    /// Whether every topic is divided by that share.
    pub stratify_by_topic: bool,
    /// Whether synthetic records may be validated on.
    pub include_generated_in_valid: bool,
    /// Makes the split repeatable.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { train_ratio: 0.9, stratify_by_topic: true, include_generated_in_valid: false, seed: 42 }
    }
}

/// One topic's part in the split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitTopic {
    /// The leaf topic; `None` for records without a label, or with one that is no leaf of the hierarchy.
    pub topic: Option<String>,
    /// Rows to train on.
    pub train: i64,
    /// Rows to validate on.
    pub valid: i64,
}

/// Which state of the data a split divides. Two files are of the same split only if this is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitBasis {
    /// `Dataset::records_revision`.
    pub records_revision: i64,
    /// `Dataset::topics_revision`.
    pub topics_revision: i64,
    /// The look for near-duplicates whose clusters stay together; 0 before the first one.
    pub near_duplicates: i64,
}

/// What the split knows of near-duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearDuplicatesKnown {
    /// They have not been looked for: they may stand on both sides.
    Never,
    /// Records have changed since they were: some may stand on both sides.
    Stale,
    /// None stands on both sides.
    Current,
}

/// What the split would give, before anything is sent anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitPreview {
    /// What was asked.
    pub config: SplitConfig,
    /// What it divides; downloads that name it are refused once it has changed.
    pub basis: SplitBasis,
    /// Rows to train on.
    pub train: i64,
    /// Rows to validate on.
    pub valid: i64,
    /// By topic.
    pub by_topic: Vec<SplitTopic>,
    /// Valid records left out because their prompt does not end with a user message, which
    /// OpenAI-shaped trainers demand.
    pub left_out: i64,
    /// Clusters of near-duplicates that are whole on one side.
    pub kept_together: i64,
    /// Whether those are all.
    pub near_duplicates: NearDuplicatesKnown,
    /// Anything a trainer would refuse, in words.
    pub warnings: Vec<String>,
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitPart {
    /// The rows to train on.
    Train,
    /// The rows to validate on.
    Valid,
}

/// The state of a training job, as the pipeline needs it. No trainer is connected yet, so no job exists;
/// the pipeline's rules for it are already complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingFacts {
    /// queued, running, succeeded, failed or cancelled.
    pub state: TrainingState,
    /// 0..100.
    pub progress: f64,
    /// Current epoch.
    pub epoch: i64,
    /// Epochs in all.
    pub n_epochs: i64,
    /// Latest validation reward.
    pub reward: Option<f64>,
    /// Whether the validation reward grew by more than 10%.
    pub improved: bool,
    /// Whether data or grader changed since it started.
    pub stale: bool,
}

/// Where a training job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingState {
    /// Waiting at the provider.
    Queued,
    /// Training.
    Running,
    /// Done.
    Succeeded,
    /// Ended by an error.
    Failed,
    /// Ended by the user.
    Cancelled,
}
