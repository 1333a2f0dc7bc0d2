//! One dataset of the list.

use anneal_server::api::DuplicateDataset;
use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::dataset::{Dataset, DatasetSummary};
use anneal_server::types::pipeline::{PipelineState, PipelineStep};
use leptos::ev::MouseEvent;
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::finetune::delete_dataset::{ToDelete, delete_url};
use crate::finetune::tone_of;
use crate::ui::{Menu, MenuLink, MenuSeparator, Question, RelativeTime, UserText};

/// Name, key numbers, a mini pipeline with the current status in words, and when it last changed.
#[component]
pub fn DatasetRow(
    /// The dataset.
    summary: DatasetSummary,
    /// The server's clock when the page was made.
    now: TimestampMs,
    /// Set by the menu to ask whether it shall be deleted.
    to_delete: RwSignal<Option<Question<ToDelete>>>,
    /// Copies a dataset.
    duplicate: ServerAction<DuplicateDataset>,
) -> impl IntoView {
    let DatasetSummary { dataset, total_records, valid_records, topic_count, balance_score, pipeline } = summary;
    let status = status_in_words(&pipeline);
    view! {
        <li class="dataset-row">
            <div class="dataset-row__main">
                <h2 class="dataset-row__name">
                    <a class="dataset-row__link" href=format!("/finetune/{}", dataset.id)><UserText text=dataset.name.clone()/></a>
                </h2>
                <p class="dataset-row__objective"><UserText text=dataset.objective.clone()/></p>
            </div>
            <dl class="dataset-row__facts">
                <div class="fact">
                    <dt class="fact__name">"Records"</dt>
                    <dd class="fact__value">
                        {format::count(valid_records)} <span class="muted">{format!(" of {} valid", format::count(total_records))}</span>
                    </dd>
                </div>
                <div class="fact">
                    <dt class="fact__name">"Topics"</dt>
                    <dd class="fact__value">{if topic_count > 0 { format::count(topic_count) } else { "–".to_owned() }}</dd>
                </div>
                <div class="fact">
                    <dt class="fact__name">"Balance"</dt>
                    <dd class="fact__value">{balance_score.map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"))}</dd>
                </div>
            </dl>
            <div class="dataset-row__pipeline">
                <ol class="mini-pipeline" aria-label="Pipeline">{pipeline.steps.iter().map(mini_step).collect_view()}</ol>
                <p class="dataset-row__status">{status}</p>
            </div>
            <p class="dataset-row__changed">
                <span class="muted">"Changed "</span>
                <RelativeTime time=dataset.updated_at now=now/>
            </p>
            <RowMenu dataset total_records to_delete duplicate/>
        </li>
    }
}

#[component]
fn RowMenu(
    dataset: Dataset,
    total_records: i64,
    to_delete: RwSignal<Option<Question<ToDelete>>>,
    duplicate: ServerAction<DuplicateDataset>,
) -> impl IntoView {
    let Dataset { id, name, .. } = dataset;
    let delete_href = delete_url(&id);
    let label = format!("Actions for {name}");
    let links = [
        ("Open", format!("/finetune/{id}")),
        ("Records", format!("/finetune/{id}?records=all")),
        ("Settings", format!("/finetune/{id}/settings")),
    ];
    let download = |format: &str| format!("/download/{id}/records.jsonl?format={format}");
    let exports = [("Export records", download("native")), ("Export as chat JSONL", download("chat"))];
    let to_copy = id.clone();
    let holds = format::counted(total_records, "record");
    let ask = move |event: MouseEvent| {
        event.prevent_default();
        let dataset = ToDelete { id: id.clone(), name: name.clone(), holds: holds.clone() };
        to_delete.set(Some(dataset.question()));
    };
    view! {
        <div class="dataset-row__menu">
            <Menu label dots=true>
                {links.map(|(words, href)| view! { <MenuLink href>{words}</MenuLink> }).collect_view()}
                // A form, so that it works without JavaScript too.
                <li>
                    <ActionForm action=duplicate>
                        <input type="hidden" name="dataset_id" value=to_copy/>
                        <button type="submit" class="menu__item" disabled=duplicate.pending()>"Duplicate"</button>
                    </ActionForm>
                </li>
                <MenuSeparator/>
                {exports
                    .map(|(words, href)| view! { <MenuLink href download=true>{words}</MenuLink> })
                    .collect_view()}
                <MenuSeparator/>
                <li>
                    <a class="menu__item menu__item--danger" href=delete_href rel="external" data-asks="" on:click=ask>
                        "Delete…"
                    </a>
                </li>
            </Menu>
        </div>
    }
}

fn mini_step(step: &PipelineStep) -> impl IntoView + use<> {
    let words = format!("{}: {}", step.name, step.status.label());
    let title = words.clone();
    let class = format!(
        "mini-pipeline__step mini-pipeline__step--{} {}",
        step.status.label().to_lowercase(),
        tone_of(step.status).class()
    );
    view! {
        <li class=class title=title>
            <span class="visually-hidden">{words}</span>
        </li>
    }
}

/// The current step with its status, or that all is done.
fn status_in_words(pipeline: &PipelineState) -> String {
    let current = pipeline.current_step_id.and_then(|id| pipeline.steps.iter().find(|step| step.id == id));
    match current {
        Some(step) if step.status_text.is_empty() => format!("{}: {}", step.name, step.status.label().to_lowercase()),
        Some(step) => format!("{}: {}, {}", step.name, step.status.label().to_lowercase(), step.status_text),
        None if pipeline.overall_progress >= 100.0 => "All steps complete".to_owned(),
        None => "Nothing to do until the next step opens".to_owned(),
    }
}
