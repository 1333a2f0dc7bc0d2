//! Where each of the seven steps stands (domain.md section 10): pure, used by server and browser alike.
//!
//! One function per step turns [`PipelineInputs`] into its card; [`next_step`] turns all of it into the
//! one hint on the canvas. What section 10's table says of record generation and of deployments has no
//! inputs yet; those cells join when their jobs exist.

mod next;
mod steps;
#[cfg(test)]
mod tests;

use crate::types::pipeline::{PipelineInputs, PipelineState, PipelineStepStatus};

pub use next::next_step;
pub use steps::{
    compute_coverage_step_status, compute_deploy_step_status, compute_dry_run_step_status, compute_extract_step_status,
    compute_grader_step_status, compute_topics_step_status, compute_train_step_status,
};

/// The state of all seven steps, in order.
pub fn compute_pipeline_state(inputs: &PipelineInputs) -> PipelineState {
    let steps = vec![
        compute_extract_step_status(inputs),
        compute_topics_step_status(inputs),
        compute_coverage_step_status(inputs),
        compute_grader_step_status(inputs),
        compute_dry_run_step_status(inputs),
        compute_train_step_status(inputs),
        compute_deploy_step_status(inputs),
    ];
    let current_step_id = steps
        .iter()
        .find(|step| !matches!(step.status, PipelineStepStatus::Complete | PipelineStepStatus::Waiting))
        .map(|step| step.id);
    let halves: i32 = steps
        .iter()
        .map(|step| match step.status {
            PipelineStepStatus::Complete => 2,
            PipelineStepStatus::Attention => 1,
            _ => 0,
        })
        .sum();
    PipelineState { steps, current_step_id, overall_progress: f64::from(halves) / 14.0 * 100.0 }
}

/// More than a fifth of the validated records are unusable (section 10, `extract`).
fn mostly_broken(inputs: &PipelineInputs) -> bool {
    inputs.invalid_records * 5 > inputs.total_records
}

/// Fewer than nine in ten valid records carry a topic (section 10, `topics`).
fn poorly_labelled(inputs: &PipelineInputs) -> bool {
    inputs.labelled_records * 10 < inputs.valid_records * 9
}

/// More than a tenth of the valid records have a doubtful label (section 10, `topics`).
fn much_to_review(inputs: &PipelineInputs) -> bool {
    inputs.needs_review_records * 10 > inputs.valid_records
}
