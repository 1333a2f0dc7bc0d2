//! "Grade over HTTP": the address that a trainer calls, the keys that open it, and calls to be copied.

use anneal_server::api::{create_grader_key, delete_grader_key, grader_keys};
use anneal_server::types::grader::{GraderKey, NewGraderKey};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::steps::parts::{ErrorNote, Task, When, field};
use crate::contexts::use_finetune_process;
use crate::ui::{
    Button, ButtonVariant, Card, ConfirmDialog, CopyText, Disclosure, ErrorView, Field, Loaded, Question, TextInput,
    UserText, error_at, error_elsewhere, load, memo,
};

type LoadedKeys = Loaded<Result<Vec<GraderKey>, anneal_server::types::error::AppError>>;

/// The reward function for TRL, which is tested as it stands.
const TRL_FUNCTION: &str = include_str!("../../../docs/examples/anneal_reward.py");

/// The card of the grader's panel.
#[component]
pub fn GraderHttpCard() -> impl IntoView {
    let version = field(|o| o.grader.as_ref().map(|grader| grader.version));
    view! {
        <Card title="Grade over HTTP" aside="what a trainer calls for its rewards">
            {move || match version.get() {
                None => {
                    view! { <p class="muted">"Save a grader, and a trainer elsewhere can have its responses graded by it, version by version."</p> }
                        .into_any()
                }
                Some(version) => view! { <Access version /> }.into_any(),
            }}
        </Card>
    }
}

#[component]
fn Access(
    /// The grader that is saved now.
    version: i64,
) -> impl IntoView {
    let process = use_finetune_process();
    // Only the browser knows under which name it reaches the server.
    let origin = RwSignal::new(String::new());
    Effect::new(move |_| origin.set(window().location().origin().unwrap_or_default()));
    let address = memo(move || format!("{}/v1/graders/{}@{version}/score", origin.get(), process.dataset_id()));
    let made = RwSignal::new(None::<NewGraderKey>);
    let keys: LoadedKeys = load(
        move || made.with(|made| made.as_ref().map(|made| made.key.id.clone())),
        move |_| grader_keys(process.dataset_id()),
    );
    view! {
        <p class="muted small">
            {format!("The address of version {version}: it goes on meaning this version when you save another. A key opens this dataset's grader and nothing else.")}
        </p>
        <CopyText text=address label="Address" />
        <NewKey made />
        <Transition fallback=|| view! { <p class="muted" role="status">"Loading the keys…"</p> }>
            {move || Suspend::new(async move {
                match keys.await {
                    Err(error) => view! { <ErrorView error retry=Callback::new(move |()| keys.refetch()) /> }.into_any(),
                    Ok(found) => view! { <KeyList found keys made /> }.into_any(),
                }
            })}
        </Transition>
        <Calls address made />
    }
}

/// The form that makes a key, and the one look at it.
#[component]
fn NewKey(made: RwSignal<Option<NewGraderKey>>) -> impl IntoView {
    let process = use_finetune_process();
    let name = RwSignal::new(String::new());
    let task = Task::new();
    let make = move |event: SubmitEvent| {
        event.prevent_default();
        task.start(create_grader_key(process.dataset_id(), name.get_untracked()), move |key| {
            name.set(String::new());
            made.set(Some(key));
        });
    };
    let secret = memo(move || made.with(|made| made.as_ref().map(|made| made.secret.clone()).unwrap_or_default()));
    view! {
        <form class="grader-http__new" on:submit=make>
            <Field id="grader-key-name" label="New key" hint="Who uses it: the training run, say." error=Signal::derive(move || error_at(task.error().get().as_ref(), "name"))>
                <TextInput id="grader-key-name" value=name />
            </Field>
            <Button kind="submit" busy=Signal::derive(move || task.busy())>"Make a key"</Button>
        </form>
        {move || error_elsewhere(task.error().get(), &["name"]).map(|error| view! { <ErrorView error /> })}
        <Show when=move || made.with(Option::is_some)>
            <div class="note note--attention grader-http__secret" role="status">
                <p>"Copy the key now. It is shown this once; the server keeps only a fingerprint of it."</p>
                <CopyText text=secret label="Key" />
            </div>
        </Show>
    }
}

/// The keys that there are.
#[component]
fn KeyList(found: Vec<GraderKey>, keys: LoadedKeys, made: RwSignal<Option<NewGraderKey>>) -> impl IntoView {
    let process = use_finetune_process();
    let asked = RwSignal::new(None::<Question<String>>);
    let task = Task::new();
    let delete = Callback::new(move |id: String| {
        task.start(delete_grader_key(process.dataset_id(), id.clone()), move |()| {
            if made.with_untracked(|made| made.as_ref().is_some_and(|made| made.key.id == id)) {
                made.set(None);
            } else {
                keys.refetch();
            }
        });
    });
    if found.is_empty() {
        return view! { <p class="muted small">"There is no key yet: nobody can call the address."</p> }.into_any();
    }
    let row = move |key: GraderKey| {
        let (name, hint, created, used) = (key.name.clone(), key.hint.clone(), key.created_at, key.last_used_at);
        let ask = move |_| {
            asked.set(Some(Question {
                title: "Delete this key?".to_owned(),
                message: format!("Whoever uses “{}” ({}) is refused from then on.", key.name, key.hint),
                confirm: "Delete the key",
                keep: "Keep it",
                subject: key.id.clone(),
            }));
        };
        view! {
            <tr>
                <th scope="row" class="wrap"><UserText text=name.clone() /> " " <code class="muted">{hint}</code></th>
                <td data-label="Made"><When at=Signal::derive(move || created) /></td>
                <td data-label="Last used">
                    {match used {
                        Some(used) => view! { <When at=Signal::derive(move || used) /> }.into_any(),
                        None => view! { <span class="muted">"never"</span> }.into_any(),
                    }}
                </td>
                <td class="table__action">
                    <Button small=true variant=ButtonVariant::Ghost attr:aria-label=format!("Delete the key {name}") on:click=ask>"Delete"</Button>
                </td>
            </tr>
        }
    };
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Keys">
            <table class="table table--cards">
                <thead>
                    <tr>
                        <th scope="col">"Key"</th>
                        <th scope="col">"Made"</th>
                        <th scope="col">"Last used"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{found.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        <ErrorNote error=task.error() />
        <ConfirmDialog asked on_confirm=delete />
    }
    .into_any()
}

/// Calls that work as they stand, with the key that was just made or a word in its place.
#[component]
fn Calls(address: Memo<String>, made: RwSignal<Option<NewGraderKey>>) -> impl IntoView {
    let secret =
        move || made.with(|made| made.as_ref().map_or_else(|| "ank_YOUR_KEY".to_owned(), |made| made.secret.clone()));
    let curl = Signal::derive(move || curl_call(&address.get(), &secret()));
    let environment = Signal::derive(move || {
        format!("export ANNEAL_GRADER_URL='{}'\nexport ANNEAL_GRADER_KEY='{}'", address.get(), secret())
    });
    view! {
        <Disclosure summary="Call it with curl">
            <p class="muted small">
                "One response, its prompt as " <code>"item.messages"</code> ". Answers the score, the reasoning and the parts; what fails has status 422 and no score. "
                <a href="/v1/openapi.json" rel="external">"OpenAPI description"</a>
            </p>
            <CopyText text=curl label="curl call" rows=4 />
        </Disclosure>
        <Disclosure summary="Reward function for TRL">
            <p class="muted small">
                "Give it to " <code>"GRPOTrainer(reward_funcs=[anneal_reward])"</code> ". It reads the address and the key from the environment:"
            </p>
            <CopyText text=environment label="Environment" rows=2 />
            <CopyText text=TRL_FUNCTION.to_owned() label="Reward function" rows=12 />
        </Disclosure>
    }
}

fn curl_call(address: &str, secret: &str) -> String {
    format!(
        "curl -s '{address}' \\\n  -H 'Authorization: Bearer {secret}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"sample\": {{\"output_text\": \"Paris\"}}, \"item\": {{\"messages\": [{{\"role\": \"user\", \"content\": \"Capital of France?\"}}]}}}}'"
    )
}

#[cfg(test)]
mod tests {
    use super::curl_call;

    #[test]
    fn the_call_is_one_that_a_shell_and_the_server_read() {
        let call = curl_call("http://a:1/v1/graders/x@2/score", "ank_k");
        let body = call.split("-d '").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap();
        assert_eq!(body.matches(['{', '[']).count(), body.matches(['}', ']']).count());
        assert!(call.starts_with("curl -s 'http://a:1/v1/graders/x@2/score' \\\n") && !body.contains('\''));
    }
}
