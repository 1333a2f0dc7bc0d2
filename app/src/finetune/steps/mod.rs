//! One panel per pipeline step, shown in the detail panel below the canvas. Each shows its result, what
//! made it complete or not, when and from what it was computed, and its actions.

mod categorizer;
pub(super) mod chosen_file;
mod coverage;
mod deploy;
pub(crate) mod dry_run;
mod extract;
mod grader;
mod imports_table;
pub(crate) mod job_progress;
pub(crate) mod parts;
mod personal_data;
mod topic_editor;
mod topic_forms;
mod topic_list;
mod topic_tree;
mod topics;
mod train;

pub use coverage::CoveragePanel;
pub use deploy::DeployPanel;
pub use dry_run::DryRunPanel;
pub use extract::{ErrorBreakdown, ExtractPanel};
pub use grader::GraderPanel;
pub use topics::TopicsPanel;
pub use train::TrainPanel;
