//! The model endpoints: a list, and the dialog that adds or changes one.

use anneal_server::api::{delete_endpoint, test_endpoint};
use anneal_server::format;
use anneal_server::types::endpoint::{ConnectionTest, Endpoint, EndpointKey};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::Shown;
use super::endpoint_form::EndpointFormView;
use super::test_result::TestResult;
use crate::finetune::steps::parts::{ErrorNote, Task};
use crate::ui::{
    Button, ButtonVariant, Card, ConfirmDialog, Dialog, Disclosure, EmptyState, IconName, Question, UserText, memo,
    use_toaster, visible,
};

/// Every endpoint, or the invitation to add one.
#[component]
pub fn EndpointsCard(shown: Shown) -> impl IntoView {
    let to_delete = RwSignal::new(None::<Question<String>>);
    let deleting = Task::new();
    let toaster = use_toaster();
    let delete = Callback::new(move |id: String| {
        deleting.start(delete_endpoint(id), move |()| {
            toaster.success("The endpoint is deleted.");
            shown.refresh();
        });
    });
    let ids = memo(move || {
        shown.settings.with(|settings| settings.endpoints.iter().map(|one| one.id.clone()).collect::<Vec<_>>())
    });
    view! {
        <Card
            title="Model endpoints"
            actions=move || view! { <a class="button button--secondary button--small" href="?endpoint=new">"Add endpoint"</a> }
        >
            <p class="muted small">
                "Where models answer: any OpenAI-compatible address, also on this machine (Ollama, vLLM, llama.cpp, LM Studio). Judges, base models and generators are called there."
            </p>
            <Show when=move || ids.with(Vec::is_empty)>
                <EmptyState
                    title="No endpoint yet"
                    message="Recorded responses can be graded by a script without one. Add an endpoint to let a model judge, or to let a base model answer."
                    icon=IconName::Inbox
                >
                    <a class=ButtonVariant::Primary.class() href="?endpoint=new">"Add endpoint"</a>
                </EmptyState>
            </Show>
            <ErrorNote error=deleting.error()/>
            <ul class="endpoints">
                <For each=move || ids.get() key=Clone::clone let:id>
                    <EndpointRow id shown to_delete/>
                </For>
            </ul>
        </Card>
        <ConfirmDialog asked=to_delete on_confirm=delete/>
        <EndpointDialog shown/>
    }
}

/// One endpoint; nothing once it is gone.
#[component]
fn EndpointRow(id: String, shown: Shown, to_delete: RwSignal<Option<Question<String>>>) -> impl IntoView {
    let own = id.clone();
    let endpoint = memo(move || {
        shown.settings.with(|settings| settings.endpoints.iter().find(|endpoint| endpoint.id == own).cloned())
    });
    let test = Task::new();
    let found = RwSignal::new(None::<ConnectionTest>);
    let model = RwSignal::new(String::new());
    let run = {
        let id = id.clone();
        move |_| {
            let asked = Some(model.get_untracked()).filter(|model| !model.is_empty());
            found.set(None);
            test.start(test_endpoint(Some(id.clone()), None, asked), move |result| {
                found.set(Some(result));
                shown.refresh();
            });
        }
    };
    let ask = move |_| {
        let Some(endpoint) = endpoint.get_untracked() else { return };
        to_delete.set(Some(Question {
            title: "Delete this endpoint?".to_owned(),
            message: format!(
                "“{}” and its key are removed. Graders that name it cannot be run any more until they name another one; calls that were made stay on record.",
                endpoint.name
            ),
            confirm: "Delete endpoint",
            keep: "Keep it",
            subject: endpoint.id,
        }));
    };
    view! {
        <li class="endpoints__row">
            {move || endpoint.get().map(|endpoint| view! { <Facts endpoint/> })}
            <div class="row" role="group" aria-label=move || endpoint.get().map(|endpoint| visible(&endpoint.name).into_owned())>
                <label class="visually-hidden" for=format!("ask-{id}")>"Model to ask in the test"</label>
                <input
                    type="text"
                    class="input endpoints__model"
                    id=format!("ask-{id}")
                    list=format!("models-{id}")
                    placeholder="Model to ask (optional)"
                    autocomplete="off"
                    prop:value=move || model.get()
                    on:input:target=move |event| model.set(event.target().value())
                />
                {move || endpoint.get().map(|endpoint| super::defaults::models_list(format!("models-{}", endpoint.id), &endpoint))}
                <Button small=true on:click=run busy=Signal::derive(move || test.busy())>"Test connection"</Button>
                <a class="button button--secondary button--small" href=format!("?endpoint={id}")>"Edit"</a>
                <Button small=true variant=ButtonVariant::Ghost on:click=ask>"Delete"</Button>
            </div>
            <ErrorNote error=test.error()/>
            <div aria-live="polite">{move || found.get().map(|found| view! { <TestResult found/> })}</div>
        </li>
    }
}

#[component]
fn Facts(endpoint: Endpoint) -> impl IntoView {
    let per_minute = |limit: Option<u32>, what: &str| {
        limit.map(|limit| format!("{} {what} a minute", format::count(i64::from(limit))))
    };
    let limits = [
        Some(format!("{} at once", format::count(i64::from(endpoint.concurrency)))),
        per_minute(endpoint.requests_per_minute, "calls"),
        per_minute(endpoint.tokens_per_minute, "tokens"),
        Some(format!("timeout {} s", endpoint.timeout_s)),
    ];
    let models = i64::try_from(endpoint.models.len()).unwrap_or(i64::MAX);
    let models = match endpoint.models_at {
        None => "Models not fetched yet: test the connection.".to_owned(),
        Some(_) => format!(
            "{} offered, {} with a price",
            format::counted(models, "model"),
            format::count(i64::try_from(endpoint.prices.len()).unwrap_or(i64::MAX))
        ),
    };
    let warnings: Vec<String> =
        endpoint.models.iter().filter_map(anneal_server::types::endpoint::EndpointModel::shutdown_warning).collect();
    let many = (warnings.len() > 3).then(|| format!("{} of its models end soon or have ended", warnings.len()));
    let list = move || {
        warnings.iter().map(|words| view! { <li class="note note--attention">{words.clone()}</li> }).collect_view()
    };
    view! {
        <div class="endpoints__head">
            <strong><UserText text=endpoint.name/></strong>
            <code class="endpoints__url"><UserText text=endpoint.base_url/></code>
        </div>
        <p class="small">{key_words(&endpoint.key)} " · " {limits.into_iter().flatten().collect::<Vec<_>>().join(", ")}</p>
        <p class="muted small">{models}</p>
        {match many {
            Some(summary) => view! { <Disclosure summary><ul class="stack">{list()}</ul></Disclosure> }.into_any(),
            None => view! { <ul class="stack">{list()}</ul> }.into_any(),
        }}
    }
}

fn key_words(key: &EndpointKey) -> String {
    match key {
        EndpointKey::None => "No key".to_owned(),
        EndpointKey::Environment { variable, is_set: true } => format!("Key from {variable}"),
        EndpointKey::Environment { variable, is_set: false } => {
            format!("Key from {variable}, which is not set: start the server with it")
        }
        EndpointKey::Stored { hint } => format!("Key {hint}, stored encrypted"),
    }
}

/// Open while the address says so: `?endpoint=new`, or the id of the one that is changed.
#[component]
fn EndpointDialog(shown: Shown) -> impl IntoView {
    let query = use_query_map();
    let wanted = memo(move || query.with(|query| query.get("endpoint")));
    let edited = memo(move || {
        let id = wanted.get()?;
        shown.settings.with_untracked(|settings| settings.endpoints.iter().find(|endpoint| endpoint.id == id).cloned())
    });
    let is_open = memo(move || wanted.with(|wanted| wanted.as_deref() == Some("new")) || edited.with(Option::is_some));
    let navigate = use_navigate();
    let close =
        Callback::new(move |()| navigate("/settings", NavigateOptions { scroll: false, ..NavigateOptions::default() }));
    let (fetching, toaster) = (Task::new(), use_toaster());
    // Its models are fetched at once, so that they can be chosen from.
    let saved = Callback::new(move |id: String| {
        shown.refresh();
        close.run(());
        fetching.start(test_endpoint(Some(id), None, None), move |found| match found.models {
            Ok(_) => shown.refresh(),
            Err(error) => toaster.info(format!("It is saved, but tells no models. {}", visible(&error.message))),
        });
    });
    let title =
        move || if edited.with(Option::is_some) { "Edit endpoint".to_owned() } else { "Add endpoint".to_owned() };
    view! {
        <Dialog open=is_open on_close=close title=Signal::derive(title) close_href=Signal::derive(|| "/settings".to_owned())>
            <EndpointFormView edited=edited.get_untracked() on_saved=saved/>
        </Dialog>
    }
}
