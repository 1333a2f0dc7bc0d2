//! What a connection test found.

use anneal_server::format;
use anneal_server::types::endpoint::{CallError, ConnectionTest, TestAnswer};
use leptos::prelude::*;

use crate::ui::{Disclosure, visible};

/// Its models and, if one was asked, its answer.
#[component]
pub fn TestResult(found: ConnectionTest) -> impl IntoView {
    let models = match found.models {
        Ok(models) => {
            let count = i64::try_from(models.len()).unwrap_or(i64::MAX);
            let left_out = match found.left_out {
                0 => String::new(),
                more => format!(" {} more are not listed: too many, or their names are too long.", format::count(more)),
            };
            let words = format!("✓ It answers and offers {}.{left_out}", format::counted(count, "model"));
            view! { <p class="note">{words}</p> }.into_any()
        }
        Err(error) => view! {
            <FailedCall error/>
            <p class="muted small">"Some endpoints have no list of models: name one to ask, and type its name where a model is chosen."</p>
        }
        .into_any(),
    };
    let answer = found.answer.map(|answer| match answer {
        Ok(answer) => view! { <p class="note">{answer_words(&answer)}</p> }.into_any(),
        Err(error) => view! { <FailedCall error/> }.into_any(),
    });
    view! { <div class="stack stack--small">{models} {answer}</div> }
}

/// Why a call failed, and what the endpoint sent.
#[component]
pub fn FailedCall(error: CallError) -> impl IntoView {
    let raw = error.raw.map(|raw| visible(&raw).into_owned());
    view! {
        <div class="note note--error" role="alert">
            <p>{visible(&error.message).into_owned()}</p>
            {raw.map(|raw| view! { <Disclosure summary="What the endpoint sent"><p class="text text--code">{raw}</p></Disclosure> })}
        </div>
    }
}

fn answer_words(answer: &TestAnswer) -> String {
    let text: String = visible(&answer.text).chars().take(200).collect();
    let said = if text.trim().is_empty() {
        "answered without a word".to_owned()
    } else {
        format!("said “{}”", text.trim())
    };
    let tokens = answer.tokens.map(|tokens| format!(", {}", format::counted(tokens, "token"))).unwrap_or_default();
    let cost = answer.cost.map_or_else(|| ", cost unknown".to_owned(), |cost| format!(", {}", format::dollars(cost)));
    format!("✓ {} {said} in {}{tokens}{cost}.", answer.model, format::duration_ms(answer.latency_ms))
}
