//! Which model: an endpoint, and a name as it calls it.

use anneal_server::api::get_model_settings;
use anneal_server::types::endpoint::{Endpoint, ModelRole, ModelSettings};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::pages::models_list;
use crate::ui::{Field, Select, TextInput, use_toaster};

/// What a role's fields are called and say.
struct Words {
    endpoint_id: &'static str,
    model_id: &'static str,
    list_id: &'static str,
    /// The choice of no endpoint.
    default_endpoint: &'static str,
    /// "base model".
    what: &'static str,
    /// Why a model is needed, where none can be chosen, and what works without one.
    needed: &'static str,
    otherwise: &'static str,
}

const fn words(role: ModelRole) -> Words {
    match role {
        ModelRole::Base => Words {
            endpoint_id: "base-endpoint",
            model_id: "base-model",
            list_id: "base-model-list",
            default_endpoint: "Default base model's endpoint",
            what: "base model",
            needed: "New responses come from a model, and no model endpoint is set up yet. ",
            otherwise: ", or grade recorded responses, which need none.",
        },
        ModelRole::Judge => Words {
            endpoint_id: "judge-endpoint",
            model_id: "judge-model",
            list_id: "judge-model-list",
            default_endpoint: "Default judge's endpoint",
            what: "judge",
            needed: "A judge is a model, and no model endpoint is set up yet. ",
            otherwise: ", or write a script, which needs none.",
        },
        ModelRole::Generator => Words {
            endpoint_id: "generator-endpoint",
            model_id: "generator-model",
            list_id: "generator-model-list",
            default_endpoint: "Default generator's endpoint",
            what: "generator",
            needed: "A generator is a model, and no model endpoint is set up yet. ",
            otherwise: ".",
        },
    }
}

/// Endpoint and model; what is left empty is the role's default.
#[component]
pub fn ModelFields(
    role: ModelRole,
    /// What there is to choose from; `None` until it is known.
    models: RwSignal<Option<ModelSettings>>,
    /// An endpoint's id; empty: that of the default.
    endpoint: RwSignal<String>,
    /// Empty: the default.
    model: RwSignal<String>,
) -> impl IntoView {
    let words = words(role);
    let what = words.what;
    // The default's model is one of the default's endpoint.
    let default = move || {
        let id = endpoint.get();
        models.with(|models| {
            let default = models.as_ref()?.defaults.get(role)?;
            (id.is_empty() || id == default.endpoint_id).then(|| default.model.clone())
        })
    };
    let options = Signal::derive(move || options(words.default_endpoint, &endpoint.get(), models));
    let chosen = move || {
        let id = endpoint.get();
        models.with(|models| {
            let models = models.as_ref()?;
            let id = if id.is_empty() { models.defaults.get(role)?.endpoint_id.clone() } else { id };
            models.endpoints.iter().find(|endpoint| endpoint.id == id).cloned()
        })
    };
    let warning = move || {
        let name = Some(model.get()).filter(|name| !name.is_empty()).or_else(default)?;
        chosen()?.models.iter().find(|model| model.id == name)?.shutdown_warning()
    };
    let none = move || models.with(|models| models.as_ref().is_some_and(|models| models.endpoints.is_empty()));
    let no_default = move || {
        let has_none = |models: &ModelSettings| models.defaults.get(role).is_none() && !models.endpoints.is_empty();
        endpoint.with(String::is_empty) && models.with(|models| models.as_ref().is_some_and(has_none))
    };
    let hint = Signal::derive(move || match default() {
        Some(model) => format!("Empty: the default {what}, {model}."),
        None => "As the endpoint calls it; it must be named.".to_owned(),
    });
    view! {
        <Show when=none>
            <p class="note note--attention">
                {words.needed} <a href="/settings?endpoint=new">"Add an endpoint"</a> {words.otherwise}
            </p>
        </Show>
        <Show when=no_default>
            <p class="note note--attention">
                {format!("No default {what} is set. Choose an endpoint and a model here, or set the default in the ")}
                <a href="/settings">"settings"</a> "."
            </p>
        </Show>
        <div class="form-columns">
            <Field id=words.endpoint_id label="Endpoint">
                <Select id=words.endpoint_id options chosen=endpoint on_choose=move |id| endpoint.set(id) />
            </Field>
            <Field id=words.model_id label="Model" hint>
                <TextInput id=words.model_id value=model list=words.list_id />
                {move || chosen().map(|endpoint| models_list(words.list_id.to_owned(), &endpoint))}
            </Field>
        </div>
        {move || warning().map(|words| view! { <p class="note note--attention">{words}</p> })}
    }
}

fn options(default: &'static str, chosen: &str, models: RwSignal<Option<ModelSettings>>) -> Vec<(String, String)> {
    let named = |endpoint: &Endpoint| (endpoint.id.clone(), endpoint.name.clone());
    let endpoints =
        models.with(|models| models.iter().flat_map(|models| models.endpoints.iter().map(named)).collect::<Vec<_>>());
    // One that was deleted, or is not known yet, stays chosen.
    let unknown = (!chosen.is_empty() && !endpoints.iter().any(|(id, _)| id == chosen))
        .then(|| (chosen.to_owned(), "An endpoint that is not there".to_owned()));
    std::iter::once((String::new(), default.to_owned())).chain(endpoints).chain(unknown).collect()
}

/// What can be chosen from. Asked for in the browser, once: the first paint does not need it.
pub fn model_settings() -> RwSignal<Option<ModelSettings>> {
    let models = RwSignal::new(None);
    let toaster = use_toaster();
    Effect::new(move |_| {
        spawn_local(async move {
            match get_model_settings().await {
                Ok(settings) => {
                    models.try_set(Some(settings));
                }
                Err(error) => toaster.error(&error),
            }
        });
    });
    models
}
