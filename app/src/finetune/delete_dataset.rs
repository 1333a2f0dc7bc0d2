//! The question before a whole dataset is deleted from where no name is typed: the list, a failed import.

use anneal_server::api::delete_dataset;
use leptos::prelude::*;

use super::steps::parts::Task;
use crate::ui::{ConfirmDialog, Question, use_toaster};

/// A dataset that may be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToDelete {
    /// Its id.
    pub id: String,
    /// Its name, which the server wants to hear again.
    pub name: String,
    /// "1,200 records".
    pub holds: String,
}

/// How a panel of the dataset's page asks whether the dataset shall go; answered by the page itself.
#[derive(Debug, Clone, Copy)]
pub struct DatasetToDelete(pub RwSignal<Option<Question<ToDelete>>>);

impl ToDelete {
    /// The question to be answered first.
    pub fn question(self) -> Question<Self> {
        Question {
            title: "Delete this dataset?".to_owned(),
            message: format!(
                "“{}” goes with its {}, topics, graders and dry runs. This cannot be undone.",
                self.name, self.holds
            ),
            confirm: "Delete the dataset",
            keep: "Keep it",
            subject: self,
        }
    }
}

/// Where deletion can be done without JavaScript too: the settings' danger zone.
pub fn delete_url(dataset_id: &str) -> String {
    format!("/finetune/{dataset_id}/settings#danger-title")
}

/// Asks while `asked` holds a question; deletes its dataset on yes. A failure is said in the corner.
#[component]
pub fn DeleteDataset(
    /// Set to ask.
    asked: RwSignal<Option<Question<ToDelete>>>,
    /// It is gone.
    #[prop(into)]
    on_deleted: Callback<()>,
) -> impl IntoView {
    let toaster = use_toaster();
    let task = Task::new();
    let on_confirm = Callback::new(move |ToDelete { id, name, .. }: ToDelete| {
        let words = format!("Deleted “{name}”.");
        task.start_or(
            delete_dataset(id, name),
            move |()| {
                toaster.success(words);
                on_deleted.run(());
            },
            move |error| toaster.error(&error),
        );
    });
    view! { <ConfirmDialog asked on_confirm/> }
}
