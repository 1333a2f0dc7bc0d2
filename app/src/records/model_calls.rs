//! The calls of models that served a record: what was asked, what came, what it took. Fetched only when it is unfolded.

use anneal_server::api::record_calls;
use anneal_server::format;
use anneal_server::types::endpoint::LlmCall;
use leptos::html;
use leptos::prelude::*;
use serde_json::Value;

use super::conversation::{LongText, pretty};
use crate::contexts::use_finetune_process;
use crate::finetune::steps::parts::When;
use crate::ui::{ErrorView, Icon, IconName, Stat, UserText, load, visible};

/// Most calls that are told.
const TOLD: usize = 50;

/// "Model calls", and their number once it is known.
#[component]
pub fn ModelCalls(
    /// The record.
    record_id: i64,
) -> impl IntoView {
    let (open, set_open) = signal(false);
    let found = RwSignal::new(None::<usize>);
    let node = NodeRef::<html::Details>::new();
    let follow = move |_| {
        if node.get_untracked().is_some_and(|details| details.open()) {
            set_open.set(true);
        }
    };
    let title = move || match found.get() {
        None => "Model calls".to_owned(),
        Some(TOLD) => format!("Model calls (the newest {TOLD})"),
        Some(count) => format!("Model calls ({count})"),
    };
    view! {
        <details class="disclosure" node_ref=node on:toggle=follow>
            <summary class="disclosure__summary">
                <Icon name=IconName::ChevronRight />
                {title}
            </summary>
            <div class="disclosure__body">
                <Show when=move || open.get()>
                    <Calls record_id found />
                </Show>
            </div>
        </details>
    }
}

#[component]
fn Calls(record_id: i64, found: RwSignal<Option<usize>>) -> impl IntoView {
    let process = use_finetune_process();
    let calls = load(move || record_id, move |record_id| record_calls(process.dataset_id(), record_id));
    Effect::new(move |_| {
        if let Some(Ok(count)) =
            calls.with(|calls| calls.as_ref().map(|calls| calls.as_ref().map(Vec::len).map_err(|_| ())))
        {
            found.try_set(Some(count));
        }
    });
    view! {
        <Transition fallback=|| view! { <p class="muted" role="status">"Loading the calls…"</p> }>
            {move || Suspend::new(async move {
                match calls.await {
                    Err(error) => view! { <ErrorView error retry=Callback::new(move |()| calls.refetch()) /> }.into_any(),
                    Ok(calls) if calls.is_empty() => {
                        view! { <p class="muted">"No model was called for this record: scripts and checks need none."</p> }.into_any()
                    }
                    Ok(calls) => {
                        view! { <ol class="calls">{calls.into_iter().map(call_view).collect_view()}</ol> }.into_any()
                    }
                }
            })}
        </Transition>
    }
}

fn call_view(call: LlmCall) -> impl IntoView {
    let at = call.created_at;
    let tokens = tokens_of(&call);
    let cost = cost_of(&call);
    let latency = if call.from_cache { "none".to_owned() } else { format::duration_ms(call.latency_ms) };
    let attempts = (call.attempts > 1).then(|| format::count(call.attempts));
    let LlmCall { purpose, model, endpoint_name, request, answer, error, raw_error, from_cache, .. } = call;
    view! {
        <li class="call">
            <p class="call__head">
                <strong>{purpose.label()}</strong>
                <UserText text=format!("{model} at {endpoint_name}") />
                <span class="muted"><When at=Signal::derive(move || at) /></span>
                {from_cache.then(|| view! { <span class="status status--info">"kept answer used"</span> })}
                {error.is_some().then(|| view! { <span class="status status--bad">"failed"</span> })}
            </p>
            <div class="stats">
                <Stat value=latency label="latency" />
                <Stat value=tokens.0 label="tokens" interval=tokens.1 />
                <Stat value=cost label="cost" />
                {attempts.map(|attempts| view! { <Stat value=attempts label="attempts" /> })}
            </div>
            {error.map(|error| view! { <p class="note note--error" dir="auto">{visible(&error).into_owned()}</p> })}
            {raw_error.map(|raw| folded("What the endpoint sent", raw))}
            {if request.is_empty() {
                view! { <p class="muted small">"The request is no longer stored."</p> }.into_any()
            } else {
                folded("Request", request).into_any()
            }}
            {answer.map(answer_view)}
        </li>
    }
}

/// What was said, as people read it; the rest of the answer behind it.
fn answer_view(answer: String) -> impl IntoView {
    let said = said_in(&answer);
    view! {
        {said.map(|said| folded("What it said", said))}
        {folded("Answer", answer)}
    }
}

/// The answer's text, indented where it is JSON; `None` where it has none.
fn said_in(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let text = answer.get("text")?.as_str().filter(|text| !text.is_empty())?;
    let is_json = text.trim_start().starts_with(['{', '[']);
    let indented = is_json.then(|| serde_json::from_str::<Value>(text).ok()).flatten().map(|value| pretty(&value));
    Some(indented.unwrap_or_else(|| text.to_owned()))
}

fn folded(title: &'static str, text: String) -> impl IntoView {
    view! {
        <details class="disclosure">
            <summary>{title}</summary>
            <LongText text code=true />
        </details>
    }
}

/// How many in all, and of what they are made up.
fn tokens_of(call: &LlmCall) -> (String, String) {
    let (Some(prompt), Some(completion)) = (call.prompt_tokens, call.completion_tokens) else {
        return ("unknown".to_owned(), String::new());
    };
    let thought = match call.reasoning_tokens {
        Some(thought) if thought > 0 => format!(", {} of it reasoning", format::count(thought)),
        _ => String::new(),
    };
    let parts = format!("{} in, {} out{thought}", format::count(prompt), format::count(completion));
    (format::count(prompt + completion), parts)
}

/// A kept answer is free; otherwise what is not known is not 0.
fn cost_of(call: &LlmCall) -> String {
    match call.cost {
        _ if call.from_cache => "nothing now".to_owned(),
        Some(cost) => format::dollars(cost),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use anneal_server::types::endpoint::CallPurpose;

    use super::*;

    fn call() -> LlmCall {
        LlmCall {
            id: 1,
            record_id: Some(1),
            purpose: CallPurpose::Judge,
            endpoint_name: "e".to_owned(),
            model: "m".to_owned(),
            request: String::new(),
            answer: None,
            error: None,
            raw_error: None,
            from_cache: false,
            attempts: 1,
            latency_ms: 5,
            prompt_tokens: Some(1_200),
            completion_tokens: Some(34),
            reasoning_tokens: Some(20),
            cost: None,
            created_at: 0,
        }
    }

    #[test]
    fn what_was_said_is_read_out_of_the_answer() {
        let said = said_in(r#"{"text": "{\"score\":0.5}", "refusal": null}"#);
        assert_eq!(said.as_deref(), Some("{\n  \"score\": 0.5\n}"));
        assert_eq!(said_in(r#"{"text": "plain {"}"#).as_deref(), Some("plain {"));
        assert_eq!((said_in(r#"{"text": ""}"#), said_in("none")), (None, None));
    }

    #[test]
    fn what_is_unknown_is_called_so() {
        assert_eq!(tokens_of(&call()), ("1,234".to_owned(), "1,200 in, 34 out, 20 of it reasoning".to_owned()));
        assert_eq!(tokens_of(&LlmCall { prompt_tokens: None, ..call() }).0, "unknown");
        assert_eq!(cost_of(&call()), "unknown");
        assert_eq!(cost_of(&LlmCall { cost: Some(0.0), ..call() }), format::dollars(0.0));
        assert_eq!(cost_of(&LlmCall { from_cache: true, cost: Some(0.1), ..call() }), "nothing now");
    }
}
