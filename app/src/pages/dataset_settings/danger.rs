//! What destroys: resetting the pipeline, deleting the dataset.

use anneal_server::api::DeleteDataset;
use anneal_server::types::overview::DatasetOverview;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::reset::ResetForm;
use crate::finetune::deleted_datasets::use_datasets_changed;
use crate::ui::{
    Button, ButtonVariant, ErrorView, Field, described_by, error_at, error_elsewhere, memo, use_toaster, visible,
};

/// The pipeline's reset and the dataset's deletion.
#[component]
pub fn DangerCard(
    overview: DatasetOverview,
    /// The dataset's name by now.
    #[prop(into)]
    name: Signal<String>,
) -> impl IntoView {
    let dataset_id = overview.dataset.id.clone();
    view! {
        <section class="card card--danger" aria-labelledby="danger-title">
            <div class="card__head"><h3 class="card__title" id="danger-title">"Danger zone"</h3></div>
            <ResetForm overview/>
            <hr class="card__line"/>
            <DeleteForm dataset_id name/>
        </section>
    }
}

/// Deletes the dataset once its name was typed. A plain form, so that it works without JavaScript too.
#[component]
fn DeleteForm(
    dataset_id: String,
    /// The dataset's name by now.
    #[prop(into)]
    name: Signal<String>,
) -> impl IntoView {
    let (toaster, changed) = (use_toaster(), use_datasets_changed());
    let id = dataset_id.clone();
    let navigate = use_navigate();
    let typed = RwSignal::new(String::new());
    let delete = ServerAction::<DeleteDataset>::new();
    let error = memo(move || delete.value().get().and_then(Result::err));
    // Without JavaScript nobody compares while the name is typed: then the server does.
    let is_live = RwSignal::new(false);
    Effect::new(move |_| is_live.set(true));
    let is_other = move || is_live.get() && name.with(|name| typed.read().trim() != name.trim());
    Effect::new(move |_| {
        if delete.value().get().is_some_and(|deleted| deleted.is_ok()) {
            changed.tell_deleted(toaster, id.clone(), &name.get_untracked());
            navigate("/finetune", leptos_router::NavigateOptions::default());
        }
    });
    view! {
            <ActionForm action=delete attr:class="stack">
                <input type="hidden" name="dataset_id" value=dataset_id/>
                <p>
                    "Deleting the dataset deletes its records, topics, graders and dry runs, and cancels what runs in it. For an hour the list of datasets can bring it back; then it is gone for good."
                </p>
                <Field
                    id="settings-confirm"
                    label=Signal::derive(move || name.with(|name| format!("Type “{}” to confirm", visible(name))))
                    error=Signal::derive(move || error_at(error.get().as_ref(), "confirm_name"))
                >
                    <input
                        type="text"
                        id="settings-confirm"
                        name="confirm_name"
                        required
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
            </ActionForm>
    }
}
