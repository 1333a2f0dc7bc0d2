//! Step 2: the topic tree, and labelling records with it.

use anneal_server::format;
use anneal_server::types::job::JobKind;
use anneal_server::types::overview::DatasetOverview;
use leptos::prelude::*;

use super::categorizer::{Categorizer, LabelLinks};
use super::job_progress::JobProgress;
use super::parts::{Check, CheckState, Checklist, field};
use super::topic_editor::{OpenForm, TopicEditor};
use super::topic_list::{OpenTopicForm, TopicTree};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, ButtonVariant, ConfirmDialog};

/// The panel of step 2.
#[component]
pub fn TopicsPanel() -> impl IntoView {
    let editor = TopicEditor::new();
    let checks = field(checks);
    let has_topics = field(|o| o.hierarchy.is_some());
    let version = field(|o| o.hierarchy.as_ref().map(|h| h.version));
    view! {
        <div class="panel panel--topics">
            <JobProgress kind=JobKind::Categorize title="Labelling records" />
            <div class="panel__columns panel__columns--wide-left">
                <section class="card">
                    <header class="card__head">
                        <h3 class="card__title">"Topics"</h3>
                        <span class="card__aside">
                            {move || version.get().map_or_else(String::new, |version| format!("version {version}"))}
                        </span>
                    </header>
                    <TopicToolbar editor />
                    <Show when=move || has_topics.get() fallback=NoTopics>
                        <TopicTree editor />
                    </Show>
                </section>
                <div class="stack">
                    <OpenTopicForm editor />
                    <section class="card">
                        <header class="card__head">
                            <h3 class="card__title">"Labels"</h3>
                        </header>
                        <Checklist checks />
                        <LabelLinks />
                        <Show when=move || has_topics.get()>
                            <Categorizer />
                        </Show>
                    </section>
                </div>
            </div>
            <ConfirmDialog asked=editor.question on_confirm=move |change| editor.send(change, true) />
        </div>
    }
}

#[component]
fn NoTopics() -> impl IntoView {
    view! {
        <p class="muted">
            "There are no topics yet. Add them by hand, or import a JSON file with their names, descriptions and keywords."
        </p>
    }
}

fn checks(overview: &DatasetOverview) -> Vec<Check> {
    let inputs = &overview.pipeline_inputs;
    let mut checks = vec![Check::new(
        CheckState::of(overview.hierarchy.is_some(), CheckState::Open),
        match inputs.topic_count {
            Some(count) => format!("{} that records can carry", format::counted(count, "topic")),
            None => "A topic hierarchy".to_owned(),
        },
    )];
    if inputs.topic_count.is_some() && inputs.valid_records > 0 {
        let (valid, labelled, review) = (inputs.valid_records, inputs.labelled_records, inputs.needs_review_records);
        checks.push(Check::new(
            CheckState::of(
                labelled * 10 >= valid * 9,
                if labelled == 0 { CheckState::Open } else { CheckState::Attention },
            ),
            format!(
                "At least 90% of the valid records labelled: {} of {}",
                format::count(labelled),
                format::count(valid)
            ),
        ));
        checks.push(Check::new(
            CheckState::of(review * 10 <= valid, CheckState::Attention),
            format!("At most 10% to review: {}", format::count(review)),
        ));
    }
    if let Some(error) = &inputs.categorize_failed {
        checks.push(Check::new(CheckState::Failed, format!("The last labelling failed: {error}")));
    }
    checks
}

#[component]
fn TopicToolbar(editor: TopicEditor) -> impl IntoView {
    let has_topics = field(|o| o.hierarchy.is_some());
    let download = format!("/download/{}/topics.json", use_finetune_process().dataset_id());
    view! {
        <div class="toolbar">
            <Button on:click=move |_| editor.form.set(OpenForm::Add(None))>"Add topic"</Button>
            <Button on:click=move |_| editor.form.set(OpenForm::Import)>"Import JSON…"</Button>
            <Show when=move || has_topics.get()>
                <a class=ButtonVariant::Secondary.class() href=download.clone() download rel="external">
                    "Download JSON"
                </a>
            </Show>
        </div>
    }
}
