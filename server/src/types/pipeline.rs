//! The seven steps and where each stands (domain.md section 10).

use serde::{Deserialize, Serialize};

use super::coverage::BalanceRating;
use super::dry_run::Verdict;
use super::training::TrainingFacts;

/// A step's name in URLs, JSON and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PipelineStepId {
    /// 1: records.
    Extract,
    /// 2: what they are about.
    Topics,
    /// 3: how they spread.
    Coverage,
    /// 4: what scores a response.
    Grader,
    /// 5: will it work?
    DryRun,
    /// 6: the training.
    Train,
    /// 7: putting the model to use.
    Deploy,
}

impl PipelineStepId {
    /// In order.
    pub const ALL: [Self; 7] =
        [Self::Extract, Self::Topics, Self::Coverage, Self::Grader, Self::DryRun, Self::Train, Self::Deploy];

    /// The name used in URLs and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Topics => "topics",
            Self::Coverage => "coverage",
            Self::Grader => "grader",
            Self::DryRun => "dryrun",
            Self::Train => "train",
            Self::Deploy => "deploy",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == name)
    }

    /// "Extract Data", ...
    pub const fn name(self) -> &'static str {
        match self {
            Self::Extract => "Extract Data",
            Self::Topics => "Topics & Category",
            Self::Coverage => "Coverage Analysis",
            Self::Grader => "Grader Config",
            Self::DryRun => "Dry Run",
            Self::Train => "Train Model",
            Self::Deploy => "Deploy",
        }
    }

    /// The tag in small capitals.
    pub const fn category(self) -> &'static str {
        match self {
            Self::Extract => "INGESTION",
            Self::Topics => "CLASSIFICATION",
            Self::Coverage => "DISTRIBUTION",
            Self::Grader => "EVALUATION RULES",
            Self::DryRun => "VALIDATION",
            Self::Train => "RFT TRAINING",
            Self::Deploy => "DEPLOYMENT",
        }
    }

    /// 1 to 7.
    pub const fn number(self) -> u8 {
        match self {
            Self::Extract => 1,
            Self::Topics => 2,
            Self::Coverage => 3,
            Self::Grader => 4,
            Self::DryRun => 5,
            Self::Train => 6,
            Self::Deploy => 7,
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipelineStepStatus {
    /// A prerequisite is missing.
    Waiting,
    /// Can be started.
    Ready,
    /// Runs now.
    Processing,
    /// Finished well.
    Complete,
    /// Finished, but needs a look.
    Attention,
    /// Ended badly.
    Failed,
}

impl PipelineStepStatus {
    /// The word on the badge.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Ready => "Ready",
            Self::Processing => "Processing",
            Self::Complete => "Complete",
            Self::Attention => "Attention",
            Self::Failed => "Failed",
        }
    }
}

/// One step's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PipelineStep {
    /// Which.
    pub id: PipelineStepId,
    /// Its name.
    pub name: String,
    /// Its tag.
    pub category: String,
    /// Where it stands.
    pub status: PipelineStepStatus,
    /// One line of key facts: "7 topics • 1,008 records".
    pub status_text: String,
    /// 0..100 while processing.
    pub progress: Option<f64>,
    /// Whether it can be started again now.
    pub can_rerun: bool,
    /// Whether a prerequisite is missing.
    pub is_blocked: bool,
    /// Which one, in words.
    pub blocked_reason: Option<String>,
    /// What changed since the result was computed, in words; `None` if nothing did.
    pub stale_reason: Option<String>,
}

/// All seven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PipelineState {
    /// In order.
    pub steps: Vec<PipelineStep>,
    /// The first step that is neither complete nor waiting.
    pub current_step_id: Option<PipelineStepId>,
    /// Complete steps over seven (attention counts half), 0..100.
    pub overall_progress: f64,
}

impl PipelineState {
    /// The step with this id.
    ///
    /// # Panics
    /// Never for a state made by `compute_pipeline_state`, which lists all seven in order.
    pub fn step(&self, id: PipelineStepId) -> &PipelineStep {
        &self.steps[usize::from(id.number()) - 1]
    }
}

/// Everything `compute_pipeline_state` looks at: values only, made by the server from counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PipelineInputs {
    /// Validated records.
    pub total_records: i64,
    /// Valid records.
    pub valid_records: i64,
    /// Records with an error first that is not `duplicate`, and duplicates: `total - valid`.
    pub invalid_records: i64,
    /// Records not validated yet.
    pub pending_records: i64,
    /// Valid records whose response is recorded; `None` where nobody asked.
    pub recorded_responses: Option<i64>,
    /// Whether the last import ended in an error.
    pub import_failed: Option<String>,
    /// Leaf topics; `None` without a hierarchy.
    pub topic_count: Option<i64>,
    /// Leaf topics that have keywords of their own; the others can be found by their name alone.
    pub topics_with_keywords: i64,
    /// The last categorization went through, and nothing it looks at has changed since: another one finds the same.
    pub keywords_exhausted: bool,
    /// Valid records that carry a topic of the hierarchy.
    pub labelled_records: i64,
    /// Valid records whose label needs review.
    pub needs_review_records: i64,
    /// See `CoverageReport`.
    pub balance_score: Option<f64>,
    /// See `CoverageReport`.
    pub balance_rating: Option<BalanceRating>,
    /// The last categorization's error, if it failed.
    pub categorize_failed: Option<String>,
    /// "Script" etc. with its version; `None` if none is set.
    pub grader: Option<GraderFacts>,
    /// The newest finished dry run.
    pub dry_run: Option<DryRunFacts>,
    /// The newest dry run's error if it failed altogether (after the newest finished one).
    pub dry_run_failed: Option<String>,
    /// The newest training job.
    pub training: Option<TrainingFacts>,
    /// What runs now.
    pub loading: LoadingStates,
}

/// The grader as the pipeline sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderFacts {
    /// "Script".
    pub label: String,
    /// The current version.
    pub version: i64,
    /// The last test of this version.
    pub last_test: Option<GraderTestFacts>,
}

/// A grader test as the pipeline sees it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GraderTestFacts {
    /// Samples tested.
    pub samples: i64,
    /// Samples that failed.
    pub errors: i64,
    /// Deviation of the scores; `None` without two scores.
    pub std: Option<f64>,
}

/// A dry run as the pipeline sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunFacts {
    /// Mean score; `None` if nothing was scored.
    pub mean: Option<f64>,
    /// The verdict; `None` only in reports of an earlier version, where every sample failed.
    pub verdict: Option<Verdict>,
    /// What changed since, in words; empty if nothing did.
    pub changed_since: Vec<String>,
    /// Whether it was cancelled before its end.
    pub partial: bool,
}

/// What runs now, each with its progress (0..100) where known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadingStates {
    /// An import runs.
    pub importing: Option<Progress>,
    /// A validation of all records runs.
    pub validating: Option<Progress>,
    /// A categorization runs.
    pub categorizing: Option<Progress>,
    /// A grader test runs.
    pub testing_grader: Option<Progress>,
    /// A dry run runs.
    pub dry_running: Option<Progress>,
}

/// How far something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// 0..100; `None` while unknown.
    pub percent: Option<f64>,
}

/// What to do now and why: one hint on the canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextStep {
    /// The step it belongs to.
    pub step: PipelineStepId,
    /// The sentence.
    pub message: String,
    /// The button's words.
    pub button: String,
    /// What the button does.
    pub action: NextAction,
}

/// What the hint's button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextAction {
    /// Opens the step's panel.
    OpenStep,
    /// Opens the import dialog.
    ImportData,
    /// Opens the records overlay at the invalid ones.
    ViewIssues,
    /// Starts categorizing by keyword.
    Categorize,
    /// Tests the grader on five samples.
    TestGrader,
    /// Opens the dry run's configuration.
    StartDryRun,
}
