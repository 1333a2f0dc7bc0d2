//! The dataset's canvas page: one file per part.

mod coverage_dashboard;
mod dry_run_dialog;
mod dry_run_progress;
mod dry_run_results;
mod grader_test_results;
mod sample_inspector;
mod score_distribution_chart;
pub(crate) mod script_grader_editor;
pub mod steps;
