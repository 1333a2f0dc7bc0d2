//! Jobs: durable work with progress, cancel and resume.

use serde::{Deserialize, Serialize};

use super::TimestampMs;

/// What a job does. Every kind is registered in `jobs::run_kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Copies another dataset's records into a new one.
    Duplicate,
    /// Reads a file into a dataset.
    Import,
    /// Validates every record again (after a change of the rules).
    Validate,
    /// Labels records by keywords.
    Categorize,
    /// Does one thing with very many records.
    Bulk,
    /// Grades a sample of responses and gives the verdict.
    DryRun,
    /// Grades some responses to see what a grader does.
    GraderTest,
    /// Looks for records that say nearly the same.
    NearDuplicates,
    /// Takes away what an import brought, or brings it back.
    UndoImport,
}

impl JobKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Duplicate,
        Self::Import,
        Self::Validate,
        Self::Categorize,
        Self::Bulk,
        Self::DryRun,
        Self::GraderTest,
        Self::NearDuplicates,
        Self::UndoImport,
    ];

    /// The name used in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Import => "import",
            Self::Validate => "validate",
            Self::Categorize => "categorize",
            Self::Bulk => "bulk",
            Self::DryRun => "dry_run",
            Self::GraderTest => "grader_test",
            Self::NearDuplicates => "near_duplicates",
            Self::UndoImport => "undo_import",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waiting for a runner.
    Queued,
    /// A runner works on it and gives a heartbeat.
    Running,
    /// Done.
    Succeeded,
    /// Ended by an error, which it carries.
    Failed,
    /// Ended by the user; what was done is kept, and it can be resumed.
    Cancelled,
}

impl JobState {
    /// The name used in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == name)
    }

    /// Queued or running.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// What a browser is told of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// UUID v7.
    pub id: String,
    /// What it does.
    pub kind: JobKind,
    /// The dataset it works on.
    pub dataset_id: String,
    /// Where it stands.
    pub state: JobState,
    /// Units done.
    pub done: i64,
    /// Units in all; 0 while unknown.
    pub total: i64,
    /// What a unit is: "bytes", "records", "samples".
    pub unit: String,
    /// What is going on, in a few words: "1,024 lines, 3 invalid".
    pub message: String,
    /// Whether a cancel was asked for and is not yet carried out.
    pub cancel_requested: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: TimestampMs,
    /// When it first ran.
    pub started_at: Option<TimestampMs>,
    /// When it ended.
    pub finished_at: Option<TimestampMs>,
}

impl JobStatus {
    /// 0..100; `None` while the total is unknown.
    pub fn percent(&self) -> Option<f64> {
        (self.total > 0).then(|| (self.done as f64 / self.total as f64 * 100.0).clamp(0.0, 100.0))
    }
}
