//! The dataset's canvas page: one file per part.

pub mod canvas_view;
mod coverage_dashboard;
mod coverage_targets;
mod data_dialogs;
mod dry_run_dialog;
mod dry_run_progress;
mod dry_run_results;
mod grader_test_results;
mod header;
mod health_indicator;
mod help_dialog;
mod next_step_hint;
mod pipeline_canvas;
mod pipeline_connector;
mod pipeline_step_card;
mod sample_inspector;
mod score_distribution_chart;
pub(crate) mod script_grader_editor;
mod status;
mod step_detail_panel;
pub mod steps;
pub mod upload;
mod upload_fields;
mod upload_form;

pub use data_dialogs::DataDialogs;
pub use header::DatasetHeader;
pub use health_indicator::HealthIndicator;
pub use help_dialog::HelpDialog;
pub use next_step_hint::NextStepHint;
pub use pipeline_canvas::PipelineCanvas;
pub use pipeline_connector::PipelineConnector;
pub use pipeline_step_card::PipelineStepCard;
pub use script_grader_editor::provide_grader_draft;
pub use status::{StatusBadge, tone_of};
pub use step_detail_panel::StepDetailPanel;
pub use upload_form::{UploadForm, UploadTarget};
