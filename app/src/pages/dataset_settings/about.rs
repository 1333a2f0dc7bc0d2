//! Name and objective.

use anneal_server::api::UpdateDataset;
use anneal_server::types::dataset::Dataset;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{SavedNote, say_when_saved};
use crate::ui::{
    Button, ButtonVariant, Card, ErrorView, Field, described_by, error_at, error_elsewhere, memo, refused_form,
};

/// What the dataset is called and for. A plain form, so that it works without JavaScript too.
#[component]
pub fn AboutCard(
    dataset: Dataset,
    /// The dataset's name by now; written here when another one is saved.
    name: RwSignal<String>,
) -> impl IntoView {
    let save = ServerAction::<UpdateDataset>::new();
    let error = memo(move || save.value().get().and_then(Result::err));
    // Without JavaScript a form that was refused comes back as it was typed.
    let refused = refused_form(UpdateDataset::PATH);
    let typed = |name: &str, stored: String| refused.as_ref().and_then(|refused| refused.typed(name)).unwrap_or(stored);
    let (shown_name, objective) = (typed("name", dataset.name), typed("objective", dataset.objective));
    say_when_saved(move || save.value().get().is_some_and(|saved| saved.is_ok()), "Saved.");
    Effect::new(move |_| {
        if let Some(Ok(saved)) = save.value().get() {
            name.set(saved.name);
        }
    });
    view! {
        <Card title="About">
            <ActionForm action=save attr:class="stack">
                <input type="hidden" name="dataset_id" value=dataset.id/>
                <Field id="settings-name" label="Name" error=Signal::derive(move || error_at(error.get().as_ref(), "name"))>
                    <input
                        type="text"
                        id="settings-name"
                        name="name"
                        required
                        maxlength="200"
                        autocomplete="off"
                        value=shown_name
                        aria-describedby=described_by("settings-name")
                    />
                </Field>
                <Field
                    id="settings-objective"
                    label="Training objective"
                    optional=true
                    hint="What the model should get better at, in your words."
                    error=Signal::derive(move || error_at(error.get().as_ref(), "objective"))
                >
                    <textarea
                        id="settings-objective"
                        name="objective"
                        rows="3"
                        maxlength="10000"
                        aria-describedby=described_by("settings-objective")
                    >
                        {objective}
                    </textarea>
                </Field>
                {move || error_elsewhere(error.get(), &["name", "objective"]).map(|error| view! { <ErrorView error/> })}
                <SavedNote card="about" words="Saved."/>
                <div class="row"><Button kind="submit" variant=ButtonVariant::Primary busy=save.pending()>"Save"</Button></div>
            </ActionForm>
        </Card>
    }
}
