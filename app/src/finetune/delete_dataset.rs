//! The question before a whole dataset is deleted from where no name is typed: the list, a failed import.

use anneal_server::api::delete_dataset;
use leptos::prelude::*;

use super::deleted_datasets::{BringBack, use_datasets_changed};
use super::steps::parts::Task;
use crate::contexts::use_finetune_process;
use crate::ui::{ConfirmDialog, Question, Sentence, use_toaster};

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
pub struct DatasetToDelete {
    /// Set to ask.
    pub asked: RwSignal<Option<Question<ToDelete>>>,
    /// The answer was yes, and it has not failed; written by [`DeleteDataset`]. The event that the dataset is gone comes
    /// before the answer to whoever deleted it.
    pub deleting: RwSignal<bool>,
}

impl DatasetToDelete {
    /// Nothing is asked.
    pub fn new() -> Self {
        Self { asked: RwSignal::new(None), deleting: RwSignal::new(false) }
    }
}

/// Whether the open dataset was deleted, and not from this page.
pub fn deleted_elsewhere() -> Signal<bool> {
    let process = use_finetune_process();
    let own = use_context::<DatasetToDelete>();
    Signal::derive(move || process.deleted().get() && !own.is_some_and(|own| own.deleting.get()))
}

/// Says so above what is typed and not saved, which therefore stays to be copied.
#[component]
pub fn DeletedNote() -> impl IntoView {
    let process = use_finetune_process();
    let is_gone = deleted_elsewhere();
    let words = move || {
        let name = process.overview().with_untracked(|overview| overview.dataset.name.clone());
        format!(
            "Dataset “{name}” was deleted elsewhere. What you typed is still here, but can only be saved once the dataset is back: bring it back within the hour, or copy what you need."
        )
    };
    view! {
        <Show when=move || is_gone.get()>
            <div class="deleted-note" role="alert">
                <Sentence text=words()/>
                " "
                <a href="/finetune">"Show all datasets"</a>
                " "
                <BringBack/>
            </div>
        </Show>
    }
}

impl ToDelete {
    /// The question to be answered first.
    pub fn question(self) -> Question<Self> {
        Question {
            title: "Delete this dataset?".to_owned(),
            message: format!(
                "“{}” goes with its {}, topics, graders and dry runs. What runs in it is cancelled. For an hour it can be brought back.",
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
    /// Written here: true from the yes on, unless it failed.
    #[prop(default = RwSignal::new(false))]
    deleting: RwSignal<bool>,
    /// It is gone.
    #[prop(into)]
    on_deleted: Callback<()>,
) -> impl IntoView {
    let (toaster, changed) = (use_toaster(), use_datasets_changed());
    let task = Task::new();
    let on_confirm = Callback::new(move |ToDelete { id, name, .. }: ToDelete| {
        deleting.set(true);
        task.start_or(
            delete_dataset(id.clone(), name.clone()),
            move |()| {
                changed.tell_deleted(toaster, id, &name);
                on_deleted.run(());
            },
            move |error| {
                deleting.set(false);
                toaster.error(&error);
            },
        );
    });
    view! { <ConfirmDialog asked on_confirm/> }
}
