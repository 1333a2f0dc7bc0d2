//! The line between two cards.

use crate::ui::memo;
use anneal_server::types::pipeline::{PipelineStepId, PipelineStepStatus};
use leptos::prelude::*;

use crate::contexts::use_finetune_process;

/// Dashed while nothing flows, solid once the upper step is complete, moving while either step runs
/// (CSS, not under prefers-reduced-motion). Decoration: the list's order says the same.
#[component]
pub fn PipelineConnector(
    /// The step before it.
    from: PipelineStepId,
    /// The step after it.
    to: PipelineStepId,
) -> impl IntoView {
    let process = use_finetune_process();
    let class =
        memo(move || process.pipeline.with(|pipeline| class_of(pipeline.step(from).status, pipeline.step(to).status)));
    view! {
        <svg class=class height="8" aria-hidden="true" focusable="false">
            <line class="connector__line" x1="0" y1="4" x2="100%" y2="4"></line>
            <circle class="connector__point" cx="0" cy="4" r="4"></circle>
            <circle class="connector__point" cx="100%" cy="4" r="4"></circle>
        </svg>
    }
}

const fn class_of(from: PipelineStepStatus, to: PipelineStepStatus) -> &'static str {
    match (from, to) {
        (PipelineStepStatus::Processing, _) | (_, PipelineStepStatus::Processing) => "connector connector--moving",
        (PipelineStepStatus::Complete, _) => "connector connector--solid",
        _ => "connector",
    }
}
