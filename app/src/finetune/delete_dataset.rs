//! The question before a whole dataset is deleted from where no name is typed: the list, a failed import.

use anneal_server::api::delete_dataset;
use leptos::prelude::*;

use super::steps::parts::Task;
use crate::ui::{ConfirmDialog, use_toaster};

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

/// Where deletion can be done without JavaScript too: the settings' danger zone.
pub fn delete_url(dataset_id: &str) -> String {
    format!("/finetune/{dataset_id}/settings#danger-title")
}

/// Asks while `asked` holds a dataset; deletes it on yes. A failure is said in the corner.
#[component]
pub fn DeleteDataset(
    /// Set to ask.
    asked: RwSignal<Option<ToDelete>>,
    /// It is gone.
    #[prop(into)]
    on_deleted: Callback<()>,
) -> impl IntoView {
    let toaster = use_toaster();
    let task = Task::new();
    let message = RwSignal::new(None::<String>);
    let chosen = StoredValue::new(None::<ToDelete>);
    Effect::new(move |_| {
        if let Some(dataset) = asked.get() {
            message.set(Some(format!(
                "Delete “{}” with its {}, topics, graders and dry runs? This cannot be undone.",
                dataset.name, dataset.holds
            )));
            chosen.set_value(Some(dataset));
            asked.set(None);
        }
    });
    let on_confirm = Callback::new(move |()| {
        let Some(ToDelete { id, name, .. }) = chosen.get_value() else { return };
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
    view! { <ConfirmDialog title="Delete this dataset?" message confirm="Delete the dataset" on_confirm/> }
}
