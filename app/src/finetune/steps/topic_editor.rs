//! Changes of the topic hierarchy: one at a time, asked about where they take something away.

use anneal_server::api::{edit_topics, import_topics};
use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::topics::TopicEdit;
use leptos::prelude::*;

use super::parts::Task;
use crate::contexts::{FinetuneProcess, use_finetune_process};
use crate::ui::ConfirmDialog;

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
    /// What is to be answered before the change is made.
    question: RwSignal<Option<Question>>,
}

/// A question before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    message: String,
    change: TopicChange,
    /// Whether records lose labels by it, or only the tree changes.
    takes_labels: bool,
}

impl TopicEditor {
    /// Nothing is open, nothing under way.
    pub fn new() -> Self {
        let process = use_finetune_process();
        Self { process, form: RwSignal::new(OpenForm::Closed), task: Task::new(), question: RwSignal::new(None) }
    }

    /// Sends a change; a conflict becomes a question.
    pub fn apply(self, change: TopicChange) {
        self.send(change, false);
    }

    /// Asks before a topic (with all below it) is deleted, which so many valid records carry.
    pub fn ask_to_delete(self, name: String, records: i64) {
        let carried = if records > 0 {
            format!("{} will lose their label.", format::counted(records, "record"))
        } else {
            "No valid record carries it.".to_owned()
        };
        self.question.set(Some(Question {
            message: format!("Delete “{name}” with all topics below it? {carried}"),
            change: TopicChange::Edit(TopicEdit::Delete { name }),
            takes_labels: records > 0,
        }));
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
                AppError::Conflict { message } if !confirm => {
                    self.question.set(Some(Question { message, change: again, takes_labels: true }));
                }
                error => self.task.fail(Some(error)),
            },
        );
    }
}

/// The question, with words that fit what the change takes away.
#[component]
pub fn ConfirmTopicChange(editor: TopicEditor) -> impl IntoView {
    let message = RwSignal::new(None::<String>);
    let asked = StoredValue::new(None::<TopicChange>);
    let takes_labels = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(question) = editor.question.get() {
            asked.set_value(Some(question.change));
            takes_labels.set(question.takes_labels);
            message.set(Some(question.message));
            editor.question.set(None);
        }
    });
    let on_confirm = Callback::new(move |()| {
        if let Some(change) = asked.get_value() {
            editor.send(change, true);
        }
    });
    let words = move |with_labels: &'static str, without: &'static str| {
        Signal::derive(move || if takes_labels.get() { with_labels } else { without }.to_owned())
    };
    view! {
        <ConfirmDialog
            title=words("This takes labels off records", "Delete this topic?")
            message
            confirm=words("Take the labels off", "Delete topic")
            on_confirm
        />
    }
}
