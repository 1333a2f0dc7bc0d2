//! Where each of the seven steps stands (domain.md section 10): pure, used by server and browser alike.

use crate::types::pipeline::{NextStep, PipelineInputs, PipelineState};

/// The state of all seven steps.
pub fn compute_pipeline_state(inputs: &PipelineInputs) -> PipelineState {
    let _ = inputs;
    PipelineState { steps: Vec::new(), current_step_id: None, overall_progress: 0.0 }
}

/// What to do now and why; `None` while something runs that the user should just wait for.
pub fn next_step(inputs: &PipelineInputs, state: &PipelineState) -> Option<NextStep> {
    let _ = (inputs, state);
    None
}
