//! Deleting the dataset.

use anneal_server::api::delete_dataset;
use anneal_server::types::dataset::Dataset;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::{error_at, error_elsewhere};
use crate::ui::{Button, ButtonVariant, ErrorView, Field, described_by, use_toaster};

/// Deletes the dataset once its name was typed.
#[component]
pub fn DangerCard(dataset: Dataset) -> impl IntoView {
    let toaster = use_toaster();
    let navigate = use_navigate();
    let id = StoredValue::new(dataset.id);
    let name = StoredValue::new(dataset.name.clone());
    let typed = RwSignal::new(String::new());
    let delete = Action::new(move |(): &()| {
        let navigate = navigate.clone();
        async move {
            let deleted = delete_dataset(id.get_value(), typed.get_untracked()).await;
            if deleted.is_ok() {
                toaster.success(format!("Deleted “{}”.", name.get_value()));
                navigate("/finetune", leptos_router::NavigateOptions::default());
            }
            deleted
        }
    });
    let error = Memo::new(move |_| delete.value().get().and_then(Result::err));
    let is_other = move || name.with_value(|name| typed.read().trim() != name.trim());
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        delete.dispatch(());
    };
    view! {
        <section class="card card--danger" aria-labelledby="danger-title">
            <div class="card__head"><h3 class="card__title" id="danger-title">"Danger zone"</h3></div>
            <form class="stack" on:submit=on_submit>
                <p>
                    "Deleting the dataset deletes its records, topics, graders and dry runs. This cannot be undone; download the records first if you may need them."
                </p>
                <Field
                    id="settings-confirm"
                    label=format!("Type “{}” to confirm", dataset.name)
                    error=Signal::derive(move || error_at(error.get(), "confirm_name"))
                >
                    <input
                        type="text"
                        id="settings-confirm"
                        autocomplete="off"
                        aria-describedby=described_by("settings-confirm")
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                </Field>
                {move || error_elsewhere(error.get(), &["confirm_name"]).map(|error| view! { <ErrorView error/> })}
                <div class="row">
                    <Button kind="submit" variant=ButtonVariant::Danger disabled=Signal::derive(is_other) busy=delete.pending()>
                        "Delete this dataset"
                    </Button>
                </div>
            </form>
        </section>
    }
}
