//! `/chat/completions`.
//!
//! `check` says what a provider would refuse, `answer` what the model says, `mangle` what the plan makes of it,
//! `reply` and `stream` put it into the two forms of an answer.

mod answer;
mod check;
mod mangle;
mod reply;
mod stream;
mod usage;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::error::ApiError;
use super::gate::Admitted;
use super::models;
use super::state::{Inner, Shared};
use super::text::hash;
use check::ChatRequest;
use reply::Head;

/// One thing that the model says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Choice {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Vec<ToolCall>,
    finish_reason: &'static str,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ToolCall {
    name: String,
    /// JSON in a string; models do not always get it right.
    arguments: String,
}

impl Choice {
    /// An ordinary answer.
    fn saying(content: impl Into<String>) -> Self {
        Self { content: Some(content.into()), finish_reason: "stop", ..Self::default() }
    }

    /// A call instead of an answer.
    fn calling(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        let call = ToolCall { name: name.into(), arguments: arguments.into() };
        Self { tool_calls: vec![call], finish_reason: "tool_calls", ..Self::default() }
    }

    /// All that was said, for counting.
    fn text(&self) -> String {
        let calls = self.tool_calls.iter().flat_map(|call| [call.name.as_str(), call.arguments.as_str()]);
        self.content.iter().chain(&self.refusal).map(String::as_str).chain(calls).collect()
    }
}

/// `POST /chat/completions`.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(admitted): Extension<Admitted>,
) -> Result<Response, ApiError> {
    let body = admitted.object()?;
    let request = ChatRequest::of(body)?;
    let (seed, prompt_was_cached) = {
        let mut inner = shared.lock();
        models::check(&inner, &request.model)?;
        (sample_seed(&mut inner, body, &request), usage::note_prompt(&mut inner.prefixes, &request.prompt))
    };
    let mut spent = usage::Usage::of_prompt(&request.prompt, prompt_was_cached);
    let choices: Vec<Choice> = (0..request.n)
        .map(|index| {
            let mut choice = answer::answer(&request, hash(seed, &index.to_le_bytes()));
            mangle::mangle(&mut choice, &admitted.plan);
            spent.add(&mut choice, &request);
            choice
        })
        .collect();
    let usage = (!admitted.plan.has(&super::Fault::MissingUsage)).then(|| spent.to_json());
    let head = Head::new(admitted.number, &request.model);
    if request.stream {
        let text = stream::events(&head, &choices, usage.as_ref(), request.include_usage, &admitted.plan);
        let headers = [(CONTENT_TYPE, "text/event-stream; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
        return Ok((headers, text).into_response());
    }
    Ok(Json(reply::completion(&head, &choices, usage)).into_response())
}

/// Where the answer's chances come from: the script's seed and the request. The same request again is another sample,
/// unless it says by its temperature or its seed that it wants none.
fn sample_seed(inner: &mut Inner, body: &Map<String, Value>, request: &ChatRequest) -> u64 {
    // What concerns the form of the answer must not change what is said.
    let said: Map<String, Value> = body
        .iter()
        .filter(|(name, _)| !["stream", "stream_options", "n", "user", "metadata"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let key = hash(inner.script.seed, Value::Object(said).to_string().as_bytes());
    if request.is_repeatable {
        return key;
    }
    let repeat = inner.repeats.entry(key).or_insert(0);
    *repeat += 1;
    hash(key, &repeat.to_le_bytes())
}
