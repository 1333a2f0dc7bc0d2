//! Everything the canvas page shows at once, fetched in one call: counts and reports, never records.

use serde::{Deserialize, Serialize};

use super::coverage::CoverageReport;
use super::dataset::{Dataset, RecordDeletion};
use super::dry_run::{DryRunSummary, DryRunView};
use super::grader::{GraderTestReport, GraderVersion};
use super::import::ImportReport;
use super::job::JobStatus;
use super::near_duplicates::NearDuplicates;
use super::pipeline::PipelineInputs;
use super::topics::{TopicCount, TopicHierarchy};
use super::validation::HygieneReport;

/// A dataset's whole state as one page needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetOverview {
    /// The dataset.
    pub dataset: Dataset,
    /// The state of its records.
    pub hygiene: HygieneReport,
    /// Its topics; `None` while there are none.
    pub hierarchy: Option<TopicHierarchy>,
    /// Valid records per topic.
    pub topic_counts: Vec<TopicCount>,
    /// How they spread; `None` without topics.
    pub coverage: Option<CoverageReport>,
    /// The current grader.
    pub grader: Option<GraderVersion>,
    /// The last test of the current grader.
    pub grader_test: Option<GraderTestReport>,
    /// The newest dry run that has a report, whole.
    pub dry_run: Option<DryRunView>,
    /// Dry runs in short, newest first, at most 50.
    pub dry_run_history: Vec<DryRunSummary>,
    /// Imports, newest first, at most [`crate::types::import::MAX_FILES`]: as many as can be asked for at once.
    pub imports: Vec<ImportReport>,
    /// How many there were in all.
    pub imports_total: i64,
    /// The newest job of every kind, and every active one.
    pub jobs: Vec<JobStatus>,
    /// The last deletion of records, while it can be undone.
    pub last_deletion: Option<RecordDeletion>,
    /// What the last look for near-duplicates found; `None` before the first one.
    pub near_duplicates: Option<NearDuplicates>,
    /// How many responses were scored by hand.
    #[serde(default)]
    pub hand_scores: super::calibration::HandScoreTally,
    /// Valid records whose response is recorded: what a dry run can sample.
    pub recorded_responses: i64,
    /// What `compute_pipeline_state` needs; both sides compute the state from it.
    pub pipeline_inputs: PipelineInputs,
    /// The server's clock when this was made, for relative times.
    pub now: super::TimestampMs,
}
