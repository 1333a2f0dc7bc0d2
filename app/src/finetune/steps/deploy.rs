//! Step 7: what it waits for.

use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;

use super::parts::{Check, CheckState, Checklist, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, Card};

/// The panel of step 7.
#[component]
pub fn DeployPanel() -> impl IntoView {
    let process = use_finetune_process();
    let checks = field(|o| {
        let trained = o.pipeline_inputs.training.is_some();
        vec![
            Check::new(CheckState::of(trained, CheckState::Open), "A training job that succeeded"),
            Check::new(CheckState::Open, "An alias that routes to the trained model"),
        ]
    });
    view! {
        <div class="panel panel--deploy">
            <Card title="What this step waits for">
                <Checklist checks />
                <p class="muted">
                    "There is nothing to put to use yet: this version has no trainer connected, so no trained model exists. What can be done now is in the training step: look at the split and download its two files."
                </p>
                <Button on:click=move |_| process.select_step(PipelineStepId::Train)>"Go to training"</Button>
            </Card>
        </div>
    }
}
