//! A step's status as a colour and a word.

use anneal_server::types::pipeline::PipelineStepStatus;
use leptos::prelude::*;

use crate::ui::{Badge, Tone};

/// The colour of a status.
pub const fn tone_of(status: PipelineStepStatus) -> Tone {
    match status {
        PipelineStepStatus::Waiting | PipelineStepStatus::Ready => Tone::Neutral,
        PipelineStepStatus::Processing => Tone::Info,
        PipelineStepStatus::Complete => Tone::Good,
        PipelineStepStatus::Attention => Tone::Attention,
        PipelineStepStatus::Failed => Tone::Bad,
    }
}

/// The status badge of a card or panel: dot and word.
#[component]
pub fn StatusBadge(
    /// The status.
    #[prop(into)]
    status: Signal<PipelineStepStatus>,
) -> impl IntoView {
    view! {
        <Badge dot=true tone=Signal::derive(move || tone_of(status.get()))>
            {move || status.get().label()}
        </Badge>
    }
}
