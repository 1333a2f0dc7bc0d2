//! Step 2: the topic tree, and labelling records with it.

use anneal_server::api::{categorize, edit_topics, import_topics};
use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::error::AppError;
use anneal_server::types::job::JobKind;
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::topics::{CategorizeMode, TopicEdit};
use leptos::prelude::*;

use super::confirm::ConfirmDialog;
use super::parts::{Check, CheckState, Checklist, ErrorNote, JobProgress, Task, field};
use super::topic_forms::{ImportForm, TopicForm};
use super::topic_tree::{TreeRow, tree_counts, tree_rows};
use crate::contexts::{FinetuneProcess, use_finetune_process};

/// A change of the hierarchy that may need the user's yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicChange {
    /// Replace it all by this JSON.
    Import(String),
    /// One edit.
    Edit(TopicEdit),
}

/// Which form is open beside the tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OpenForm {
    /// None: the categorizer alone.
    #[default]
    Closed,
    /// A new topic at the top or under this one.
    Add(Option<String>),
    /// This topic's fields.
    Edit(String),
    /// Import from JSON.
    Import,
}

/// The hierarchy's changes: one at a time, each asking again with the server's own words if it would take
/// labels off records.
#[derive(Clone, Copy)]
pub struct TopicEditor {
    process: FinetuneProcess,
    /// The form that is open; written by the tree, the toolbar and a finished change.
    pub form: RwSignal<OpenForm>,
    /// The change under way.
    pub task: Task,
    /// The server's question and the change it belongs to.
    question: RwSignal<Option<(String, TopicChange)>>,
}

impl TopicEditor {
    fn new() -> Self {
        let process = use_finetune_process();
        Self { process, form: RwSignal::new(OpenForm::Closed), task: Task::new(), question: RwSignal::new(None) }
    }

    /// Sends a change; a conflict becomes a question.
    pub fn apply(self, change: TopicChange) {
        self.send(change, false);
    }

    /// Asks before a change that takes something away, in our own words.
    fn ask(self, message: String, change: TopicChange) {
        self.question.set(Some((message, change)));
    }

    fn send(self, change: TopicChange, confirm: bool) {
        let process = self.process;
        let dataset_id = process.dataset_id();
        let again = change.clone();
        let work = async move {
            match change {
                TopicChange::Import(json) => import_topics(dataset_id, json, confirm).await,
                TopicChange::Edit(edit) => edit_topics(dataset_id, edit, confirm).await,
            }
        };
        self.task.start_or(
            work,
            move |_| {
                self.form.set(OpenForm::Closed);
                process.refresh();
            },
            move |error| match error {
                AppError::Conflict { message } if !confirm => self.question.set(Some((message, again))),
                error => self.task.fail(Some(error)),
            },
        );
    }
}

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
            <ConfirmTopicChange editor />
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
            <button type="button" class="button button--secondary" on:click=move |_| editor.form.set(OpenForm::Add(None))>
                "Add topic"
            </button>
            <button type="button" class="button button--secondary" on:click=move |_| editor.form.set(OpenForm::Import)>
                "Import JSON…"
            </button>
            <Show when=move || has_topics.get()>
                <a class="button button--secondary" href=download.clone() download rel="external">
                    "Download JSON"
                </a>
            </Show>
        </div>
    }
}

#[component]
fn TopicTree(editor: TopicEditor) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let hierarchy = field(|o| o.hierarchy.clone().unwrap_or_default());
    let topic_counts = field(|o| o.topic_counts.clone());
    let rows = Memo::new(move |_| hierarchy.with(|h| search.with(|needle| tree_rows(h, needle))));
    let counts = Memo::new(move |_| hierarchy.with(|h| topic_counts.with(|c| tree_counts(h, c))));
    view! {
        <label class="field field--inline">
            <span class="field__label">"Search topics"</span>
            <input
                type="search"
                class="input"
                prop:value=move || search.get()
                on:input:target=move |ev| search.set(ev.target().value())
            />
        </label>
        <ul class="tree" aria-label="Topics">
            <For each=move || rows.get() key=TreeRow::clone let:row>
                <TopicRow
                    editor
                    counts=Memo::new({
                        let name = row.name.clone();
                        move |_| counts.with(|counts| counts.get(&name).copied().unwrap_or_default())
                    })
                    row
                />
            </For>
        </ul>
        <Show when=move || rows.with(Vec::is_empty)>
            <p class="muted" role="status">
                "No topic contains this text."
            </p>
        </Show>
    }
}

#[component]
fn TopicRow(editor: TopicEditor, row: TreeRow, counts: Memo<(i64, i64)>) -> impl IntoView {
    let process = use_finetune_process();
    let TreeRow { name, depth, is_leaf } = row;
    let name = StoredValue::new(name);
    let open = move |needs_review: bool| {
        process.open_records(RecordFilter { topic: Some(name.get_value()), needs_review, ..RecordFilter::default() });
    };
    let delete = move |_| {
        let name = name.get_value();
        let records = counts.get_untracked().0;
        let message = if records > 0 {
            format!(
                "Delete “{name}” with all topics below it? {} will lose their label.",
                format::counted(records, "record")
            )
        } else {
            format!("Delete “{name}” with all topics below it? No valid record carries it.")
        };
        editor.ask(message, TopicChange::Edit(TopicEdit::Delete { name }));
    };
    let is_edited =
        move || editor.form.with(|form| matches!(form, OpenForm::Edit(edited) if name.with_value(|n| n == edited)));
    view! {
        <li class=format!("tree__row tree__row--{}", depth.min(4)) class:tree__row--selected=is_edited>
            <button
                type="button"
                class="tree__name"
                title=name.get_value()
                aria-pressed=move || is_edited().to_string()
                on:click=move |_| editor.form.set(OpenForm::Edit(name.get_value()))
            >
                {name.get_value()}
            </button>
            <Show when=move || is_leaf fallback=move || view! { <span class="number muted">{move || format::count(counts.get().0)}</span> }>
                <button type="button" class="link number" on:click=move |_| open(false) title="Show its records">
                    {move || format::count(counts.get().0)}
                    <span class="visually-hidden">" records"</span>
                </button>
            </Show>
            <Show when=move || { counts.get().1 > 0 }>
                <button type="button" class="link attention" on:click=move |_| open(true)>
                    {move || format!("{} to review", format::count(counts.get().1))}
                </button>
            </Show>
            <span class="tree__actions">
                <button
                    type="button"
                    class="button button--ghost button--small"
                    on:click=move |_| editor.form.set(OpenForm::Add(Some(name.get_value())))
                    aria-label=format!("Add a topic under {}", name.get_value())
                >
                    "Add under"
                </button>
                <button
                    type="button"
                    class="button button--ghost button--small"
                    on:click=delete
                    aria-label=format!("Delete {}", name.get_value())
                >
                    "Delete…"
                </button>
            </span>
        </li>
    }
}

#[component]
fn OpenTopicForm(editor: TopicEditor) -> impl IntoView {
    let hierarchy = field(|o| o.hierarchy.clone().unwrap_or_default());
    // Depends on the form alone: a refresh of the overview must not rebuild what the user is typing into.
    view! {
        {move || match editor.form.get() {
            OpenForm::Closed => view! { <ErrorNote error=editor.task.error() /> }.into_any(),
            OpenForm::Import => view! { <ImportForm editor /> }.into_any(),
            OpenForm::Add(parent) => view! { <TopicForm editor parent /> }.into_any(),
            OpenForm::Edit(name) => {
                let node = hierarchy
                    .with_untracked(|h| super::topic_tree::find_topic(&h.nodes, &name).cloned());
                view! { <TopicForm editor parent=None node /> }.into_any()
            }
        }}
    }
}

#[component]
fn LabelLinks() -> impl IntoView {
    let process = use_finetune_process();
    let uncategorized = field(|o| o.pipeline_inputs.valid_records - o.pipeline_inputs.labelled_records);
    let review = field(|o| o.pipeline_inputs.needs_review_records);
    let open_unlabelled =
        move |_| process.open_records(RecordFilter { topic: Some(String::new()), ..RecordFilter::default() });
    let open_review = move |_| process.open_records(RecordFilter { needs_review: true, ..RecordFilter::default() });
    view! {
        <p class="link-row">
            <button type="button" class="link" on:click=open_unlabelled>
                {move || format!("{} without a topic", format::counted(uncategorized.get(), "record"))}
            </button>
            <button type="button" class="link" on:click=open_review>
                {move || format!("{} to review", format::counted(review.get(), "label"))}
            </button>
        </p>
    }
}

#[component]
fn Categorizer() -> impl IntoView {
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

#[component]
fn ConfirmTopicChange(editor: TopicEditor) -> impl IntoView {
    let message = RwSignal::new(None::<String>);
    let change = StoredValue::new(None::<TopicChange>);
    Effect::new(move |_| {
        if let Some((text, asked)) = editor.question.get() {
            change.set_value(Some(asked));
            message.set(Some(text));
            editor.question.set(None);
        }
    });
    let on_confirm = Callback::new(move |()| {
        if let Some(change) = change.get_value() {
            editor.send(change, true);
        }
    });
    view! { <ConfirmDialog title="This takes labels off records" message confirm="Take the labels off" on_confirm /> }
}
