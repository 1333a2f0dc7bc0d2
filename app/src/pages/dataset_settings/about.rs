//! Name and objective.

use anneal_server::api::update_dataset;
use anneal_server::types::dataset::Dataset;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::{error_at, error_elsewhere};
use crate::ui::{Button, ButtonVariant, Card, ErrorView, Field, described_by, use_toaster};

/// What the dataset is called and for.
#[component]
pub fn AboutCard(dataset: Dataset) -> impl IntoView {
    let toaster = use_toaster();
    let id = StoredValue::new(dataset.id);
    let name = RwSignal::new(dataset.name);
    let objective = RwSignal::new(dataset.objective);
    let save = Action::new(move |(): &()| async move {
        let saved = update_dataset(id.get_value(), name.get_untracked(), objective.get_untracked()).await;
        if saved.is_ok() {
            toaster.success("Saved.");
        }
        saved
    });
    let error = Memo::new(move |_| save.value().get().and_then(Result::err));
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        save.dispatch(());
    };
    view! {
        <Card title="About">
            <form class="stack" on:submit=on_submit>
                <Field id="settings-name" label="Name" error=Signal::derive(move || error_at(error.get(), "name"))>
                    <input
                        type="text"
                        id="settings-name"
                        required
                        maxlength="200"
                        autocomplete="off"
                        value=name.get_untracked()
                        aria-describedby=described_by("settings-name")
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </Field>
                <Field
                    id="settings-objective"
                    label="Training objective"
                    optional=true
                    hint="What the model should get better at, in your words."
                    error=Signal::derive(move || error_at(error.get(), "objective"))
                >
                    <textarea
                        id="settings-objective"
                        rows="3"
                        maxlength="10000"
                        aria-describedby=described_by("settings-objective")
                        on:input=move |event| objective.set(event_target_value(&event))
                    >
                        {objective.get_untracked()}
                    </textarea>
                </Field>
                {move || error_elsewhere(error.get(), &["name", "objective"]).map(|error| view! { <ErrorView error/> })}
                <div class="row"><Button kind="submit" variant=ButtonVariant::Primary busy=save.pending()>"Save"</Button></div>
            </form>
        </Card>
    }
}
