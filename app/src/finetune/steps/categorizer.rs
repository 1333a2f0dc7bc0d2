//! Labelling records by the topics' keywords.

use anneal_server::api::categorize;
use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::job::JobKind;
use anneal_server::types::topics::CategorizeMode;
use leptos::prelude::*;

use super::parts::{ErrorNote, RecordsLink, Task, field};
use crate::contexts::use_finetune_process;
use crate::ui::ConfirmDialog;

/// The ways to the records whose label is missing or doubtful.
#[component]
pub fn LabelLinks() -> impl IntoView {
    let uncategorized = field(|o| o.pipeline_inputs.valid_records - o.pipeline_inputs.labelled_records);
    let review = field(|o| o.pipeline_inputs.needs_review_records);
    view! {
        <p class="link-row">
            <RecordsLink filter=RecordFilter { topic: Some(String::new()), ..RecordFilter::default() }>
                {move || format!("{} without a topic", format::counted(uncategorized.get(), "record"))}
            </RecordsLink>
            <RecordsLink filter=RecordFilter { needs_review: true, ..RecordFilter::default() }>
                {move || format!("{} to review", format::counted(review.get(), "label"))}
            </RecordsLink>
        </p>
    }
}

/// Labels records by keyword.
#[component]
pub fn Categorizer() -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let include_manual = RwSignal::new(false);
    let question = RwSignal::new(None::<String>);
    let running = Memo::new(move |_| process.job(JobKind::Categorize).is_some_and(|job| job.state.is_active()));
    let disabled = move || running.get() || task.busy();
    let labelled = field(|o| o.pipeline_inputs.labelled_records);
    let start = move |mode: CategorizeMode| {
        task.start(categorize(process.dataset_id(), mode, include_manual.get_untracked()), move |_| process.refresh());
    };
    let ask = move |_| {
        let manual =
            if include_manual.get_untracked() { "labels set by hand included" } else { "labels set by hand are kept" };
        question.set(Some(format!(
            "Label every valid record again? {} carry a label now; each may change ({manual}).",
            format::counted(labelled.get_untracked(), "record"),
        )));
    };
    view! {
        <fieldset class="form">
            <legend>"Label by keyword"</legend>
            <p class="muted small">
                "Each record is compared with every topic's name and keywords. A record no keyword points to stays without a topic; a weak match is marked for review."
            </p>
            <label class="checkbox">
                <input
                    type="checkbox"
                    prop:checked=move || include_manual.get()
                    on:change:target=move |ev| include_manual.set(ev.target().checked())
                />
                <span>"When labelling everything again, also overwrite labels set by hand or brought by an imported file"</span>
            </label>
            <div class="toolbar">
                <button
                    type="button"
                    class="button button--primary"
                    disabled=disabled
                    on:click=move |_| start(CategorizeMode::UnlabelledOnly)
                >
                    {move || if task.busy() { "Starting…" } else { "Label records without a topic" }}
                </button>
                <button type="button" class="button button--secondary" disabled=disabled on:click=ask>
                    "Label all again…"
                </button>
            </div>
            <ErrorNote error=task.error() />
        </fieldset>
        <ConfirmDialog
            title="Label all again"
            message=question
            confirm="Label all again"
            on_confirm=Callback::new(move |()| start(CategorizeMode::RecategorizeAll))
        />
    }
}
