//! Changes of the topic hierarchy: one at a time, asked about where they take something away.

use anneal_server::api::{edit_topics, import_topics};
use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::topics::TopicEdit;
use leptos::prelude::*;

use super::parts::Task;
use super::topic_tree::{find_topic, names_below};
use crate::contexts::{FinetuneProcess, use_finetune_process};
use crate::ui::Question;

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
    /// What is to be answered before a change is made; written by `ask_to_delete` and by the server's refusal.
    pub question: RwSignal<Option<Question<TopicChange>>>,
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
    pub fn ask_to_delete(self, name: &str, records: i64) {
        let below = self.process.overview().with_untracked(|overview| {
            let node = overview.hierarchy.as_ref().and_then(|hierarchy| find_topic(&hierarchy.nodes, name));
            node.map(names_below).unwrap_or_default()
        });
        self.question.set(Some(Question {
            title: "Delete this topic?".to_owned(),
            message: what_deleting_takes(name, &below, records),
            confirm: if below.is_empty() { "Delete the topic" } else { "Delete them all" },
            keep: "Keep it",
            subject: TopicChange::Edit(TopicEdit::Delete { name: name.to_owned() }),
        }));
    }

    /// Sends a change, with `confirm` whatever it takes.
    pub fn send(self, change: TopicChange, confirm: bool) {
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
                AppError::Invalid { field: Some(field), message } if field == TopicEdit::CONFIRM => {
                    self.question.set(Some(Question {
                        title: "Records would lose their topic".to_owned(),
                        message,
                        confirm: "Change it all the same",
                        keep: "Keep the topics as they are",
                        subject: again,
                    }));
                }
                error => self.task.fail(Some(error)),
            },
        );
    }
}

/// Names of topics listed one by one; more are counted.
const NAMED: usize = 5;

/// "“billing” goes, with the 2 topics below it: “refunds”, “vat”. 120 valid records lose their label. This cannot be
/// undone; the topics can be downloaded first."
fn what_deleting_takes(name: &str, below: &[String], records: i64) -> String {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let children = match below.len() {
        0 => String::new(),
        count => {
            let named: Vec<String> = below.iter().take(NAMED).map(|name| format!("“{name}”")).collect();
            let more = match count.saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {} more", format::count(number(more))),
            };
            format!(", with the {} below it: {}{more}", format::counted(number(count), "topic"), named.join(", "))
        }
    };
    let labels = match records {
        0 => "No valid record loses a label by it.".to_owned(),
        1 => "1 valid record loses its label.".to_owned(),
        many => format!("{} valid records lose their label.", format::count(many)),
    };
    format!("“{name}” goes{children}. {labels} This cannot be undone; the topics can be downloaded first.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_says_all_that_goes() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let end = "This cannot be undone; the topics can be downloaded first.";
        assert_eq!(
            what_deleting_takes("vat", &[], 0),
            format!("“vat” goes. No valid record loses a label by it. {end}")
        );
        assert_eq!(
            what_deleting_takes("billing", &names(&["refunds", "vat"]), 1_200),
            format!(
                "“billing” goes, with the 2 topics below it: “refunds”, “vat”. 1,200 valid records lose their label. {end}"
            )
        );
        let many = what_deleting_takes("all", &names(&["a", "b", "c", "d", "e", "f", "g"]), 1);
        assert!(
            many.contains("7 topics below it: “a”, “b”, “c”, “d”, “e” and 2 more. 1 valid record loses its label.")
        );
    }
}
