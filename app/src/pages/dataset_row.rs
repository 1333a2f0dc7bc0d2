//! One dataset of the list.

use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::pipeline::{PipelineState, PipelineStep};
use leptos::prelude::*;

use crate::finetune::tone_of;
use crate::ui::RelativeTime;

/// Name, key numbers, a mini pipeline with the current status in words, and when it last changed.
#[component]
pub fn DatasetRow(
    /// The dataset.
    summary: DatasetSummary,
    /// The server's clock when the page was made.
    now: TimestampMs,
) -> impl IntoView {
    let DatasetSummary { dataset, total_records, valid_records, topic_count, balance_score, pipeline } = summary;
    let status = status_in_words(&pipeline);
    view! {
        <li class="dataset-row">
            <div class="dataset-row__main">
                <h2 class="dataset-row__name">
                    <a class="dataset-row__link" href=format!("/finetune/{}", dataset.id)>{dataset.name.clone()}</a>
                </h2>
                <p class="dataset-row__objective">{dataset.objective.clone()}</p>
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
            <a
                class="button button--ghost button--small dataset-row__settings"
                href=format!("/finetune/{}/settings", dataset.id)
                aria-label=format!("Settings of {}", dataset.name)
            >
                "Settings"
            </a>
        </li>
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
