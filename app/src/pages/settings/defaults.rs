//! The models that are used where nothing else is said.

use anneal_server::api::set_default_model;
use anneal_server::types::endpoint::{Endpoint, ModelChoice, ModelRole};
use leptos::prelude::*;

use super::Shown;
use crate::finetune::steps::parts::{ErrorNote, Task};
use crate::ui::{Button, Card, Field, Select, described_by, memo, use_toaster};

/// A row for each role.
#[component]
pub fn DefaultsCard(shown: Shown) -> impl IntoView {
    view! {
        <Card title="Default models">
            <p class="muted small">"Used wherever a grader or a run names no model of its own."</p>
            {ModelRole::ALL.map(|role| view! { <RoleRow role shown/> }).collect_view()}
        </Card>
    }
}

const fn words(role: ModelRole) -> (&'static str, &'static str, &'static str, &'static str) {
    match role {
        ModelRole::Base => {
            ("Base model", "What is trained; it answers the prompts of a dry run.", "base-endpoint", "base-model")
        }
        ModelRole::Judge => (
            "Judge",
            "Scores responses. It should be at least as able as the base model.",
            "judge-endpoint",
            "judge-model",
        ),
        ModelRole::Generator => {
            ("Generator", "Writes records for gaps, and names topics.", "generator-endpoint", "generator-model")
        }
    }
}

#[component]
fn RoleRow(role: ModelRole, shown: Shown) -> impl IntoView {
    let (label, hint, endpoint_field, model_field) = words(role);
    let stored = memo(move || shown.settings.with(|settings| settings.defaults.get(role).cloned()));
    let first = stored.get_untracked();
    let endpoint = RwSignal::new(first.as_ref().map(|choice| choice.endpoint_id.clone()).unwrap_or_default());
    let model = RwSignal::new(first.map(|choice| choice.model).unwrap_or_default());
    let task = Task::new();
    let toaster = use_toaster();
    let options = Signal::derive(move || {
        let named = |endpoint: &Endpoint| (endpoint.id.clone(), endpoint.name.clone());
        let none = (String::new(), "None".to_owned());
        shown
            .settings
            .with(|settings| std::iter::once(none).chain(settings.endpoints.iter().map(named)).collect::<Vec<_>>())
    });
    let chosen = move || {
        shown.settings.with(|settings| endpoint.with(|id| settings.endpoints.iter().find(|one| one.id == *id).cloned()))
    };
    let warning = move || {
        let name = model.get();
        chosen().and_then(|endpoint| endpoint.models.iter().find(|known| known.id == name)?.shutdown_warning())
    };
    let typed = move || {
        let (endpoint_id, model) = (endpoint.get(), model.get().trim().to_owned());
        (!endpoint_id.is_empty()).then_some(ModelChoice { endpoint_id, model })
    };
    let is_changed = Signal::derive(move || typed() != stored.get());
    let save = move |_| {
        task.start(set_default_model(role, untrack(typed)), move |()| {
            toaster.success("Saved.");
            shown.refresh();
        });
    };
    view! {
        <div class="default-model">
            <Field id=endpoint_field label=label hint=hint>
                <Select id=endpoint_field options chosen=endpoint on_choose=move |id| endpoint.set(id)/>
            </Field>
            <Show when=move || endpoint.with(|endpoint| !endpoint.is_empty())>
                <Field id=model_field label="Model">
                    <input
                        type="text"
                        class="input"
                        id=model_field
                        list=format!("{model_field}-list")
                        autocomplete="off"
                        spellcheck="false"
                        aria-describedby=described_by(model_field)
                        value=model.get_untracked()
                        prop:value=move || model.get()
                        on:input:target=move |event| model.set(event.target().value())
                    />
                    {move || chosen().map(|endpoint| models_list(format!("{model_field}-list"), &endpoint))}
                </Field>
            </Show>
            <Button on:click=save busy=Signal::derive(move || task.busy()) disabled=Signal::derive(move || !is_changed.get())>"Save"</Button>
        </div>
        {move || warning().map(|words| view! { <p class="note note--attention">{words}</p> })}
        <ErrorNote error=task.error()/>
    }
}

/// What a field of a model's name offers.
pub fn models_list(id: String, endpoint: &Endpoint) -> impl IntoView + use<> {
    let options = endpoint.models.iter().map(|model| view! { <option value=model.id.clone()></option> }).collect_view();
    view! { <datalist id=id>{options}</datalist> }
}
