//! Requests and answers of `POST /chat/completions` as they go over the wire. Endpoints differ in what they take: a
//! [`Dialect`] is what was learned of one model, so that a second call need not be refused again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::LlmError;

/// What is asked of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatRequest {
    /// As the endpoint calls it.
    pub model: String,
    /// OpenAI-shaped messages.
    pub messages: Vec<Value>,
    /// Tool definitions.
    pub tools: Option<Value>,
    /// What the answer's JSON must be like.
    pub schema: Option<Schema>,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// Most tokens of the answer, reasoning among them.
    pub max_tokens: Option<u32>,
    /// Asks for the same answer again.
    pub seed: Option<i64>,
    /// `low`, `medium`, `high`, ... of a reasoning model.
    pub reasoning_effort: Option<String>,
}

/// A JSON schema with the name that the wire wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// The schema itself.
    pub schema: Value,
}

/// How an answer that follows a schema is asked for, from the surest way to the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructuredMode {
    /// `response_format: {type: "json_schema", strict}`.
    #[default]
    JsonSchema,
    /// `response_format: {type: "json_object"}`, the schema in the messages.
    JsonObject,
    /// The schema in the messages alone.
    Instructions,
}

/// What a model's endpoint was found to take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// How a schema is asked for.
    pub structured: StructuredMode,
    /// Whether the limit of tokens is called `max_completion_tokens`.
    pub completion_limit: bool,
    /// Parameters that it refused.
    pub dropped: BTreeSet<&'static str>,
}

/// Parameters without which the question is the same, so that they may be left out where they are refused.
const OPTIONAL: [&str; 4] = ["temperature", "top_p", "seed", "reasoning_effort"];

impl Dialect {
    /// What to try after a refusal; `None` if the refusal names nothing that could be left out or said otherwise.
    pub fn after(&self, request: &ChatRequest, error: &LlmError) -> Option<Self> {
        let LlmError::Rejected { status: 400 | 422, message, param, .. } = error else { return None };
        let names = |name: &str| match param.as_deref() {
            Some(param) => param == name || param.starts_with(&format!("{name}.")),
            None => names_word(message, name),
        };
        let mut next = self.clone();
        let limits = [("max_tokens", false), ("max_completion_tokens", true)];
        let refuses_limit = limits.iter().any(|(name, is_new)| *is_new == self.completion_limit && names(name));
        if refuses_limit && request.max_tokens.is_some() {
            // Once each way; a limit that is refused under both names is too large or too small.
            next.completion_limit = true;
            return (!self.completion_limit).then_some(next);
        }
        let about_format = ["response_format", "json_schema", "text.format"].into_iter().any(names);
        if about_format && request.schema.is_some() {
            next.structured = match self.structured {
                StructuredMode::JsonSchema => StructuredMode::JsonObject,
                StructuredMode::JsonObject => StructuredMode::Instructions,
                StructuredMode::Instructions => return None,
            };
            return Some(next);
        }
        let refused = OPTIONAL.into_iter().find(|name| names(name) && !self.dropped.contains(name))?;
        next.dropped.insert(refused);
        Some(next)
    }
}

/// Whether a text names a parameter, as a word by itself.
fn names_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The request's body.
pub fn body_of(request: &ChatRequest, dialect: &Dialect) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), request.model.clone().into());
    let mut put = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value.filter(|_| !dialect.dropped.contains(name)) {
            body.insert(name.to_owned(), value);
        }
    };
    put("messages", Some(messages_of(request, dialect.structured).into()));
    put("tools", request.tools.clone());
    put("temperature", request.temperature.map(Value::from));
    put("top_p", request.top_p.map(Value::from));
    let limit = if dialect.completion_limit { "max_completion_tokens" } else { "max_tokens" };
    put(limit, request.max_tokens.map(Value::from));
    put("seed", request.seed.map(Value::from));
    put("reasoning_effort", request.reasoning_effort.clone().map(Value::from));
    let format = request.schema.as_ref().and_then(|Schema { name, schema }| match dialect.structured {
        StructuredMode::JsonSchema => {
            Some(json!({"type": "json_schema", "json_schema": {"name": name, "strict": true, "schema": schema}}))
        }
        StructuredMode::JsonObject => Some(json!({"type": "json_object"})),
        StructuredMode::Instructions => None,
    });
    put("response_format", format);
    Value::Object(body)
}

/// The messages; where the endpoint is not told the schema, the model is.
fn messages_of(request: &ChatRequest, mode: StructuredMode) -> Vec<Value> {
    let mut messages = request.messages.clone();
    if let Some(Schema { schema, .. }) = request.schema.as_ref().filter(|_| mode != StructuredMode::JsonSchema) {
        let told =
            format!("Answer with one JSON object that follows this JSON schema, and with nothing else:\n{schema}");
        messages.push(json!({"role": "user", "content": told}));
    }
    messages
}

/// Tokens of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the request.
    pub prompt_tokens: u64,
    /// Of those, what the endpoint had seen before.
    pub cached_tokens: u64,
    /// Of the answer, reasoning among it.
    pub completion_tokens: u64,
    /// Of those, what was thought and not said.
    pub reasoning_tokens: u64,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatAnswer {
    /// What it said; `None` where it only called tools, refused, or said nothing.
    pub text: Option<String>,
    /// That it will not answer, in its words.
    pub refusal: Option<String>,
    /// Its tool calls as they came. (`arguments` is a text, perhaps no valid JSON.)
    pub tool_calls: Vec<Value>,
    /// `stop`, `length`, `tool_calls`, `content_filter`, or whatever the endpoint says.
    pub finish_reason: Option<String>,
    /// What it used, where the endpoint says so.
    pub usage: Option<Usage>,
    /// The model as the endpoint names it in its answer.
    pub model: Option<String>,
}

/// Reads an answer's body; the error says what is wrong with it.
pub fn read_answer(body: &[u8]) -> Result<ChatAnswer, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("it is no whole JSON ({error})"))?;
    let choices = value.get("choices").and_then(Value::as_array).ok_or("it has no \"choices\"")?;
    let choice = choices.first().ok_or("its \"choices\" are empty")?;
    let message = choice.get("message").and_then(Value::as_object).ok_or("its choice has no \"message\"")?;
    let text_of = |name: &str| message.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let tool_calls = message.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(ChatAnswer {
        text: text_of("content").map(str::to_owned).or_else(|| text_of_parts(message.get("content"))),
        refusal: text_of("refusal").map(str::to_owned),
        tool_calls,
        finish_reason: choice.get("finish_reason").and_then(Value::as_str).map(str::to_owned),
        usage: value.get("usage").and_then(read_usage),
        model: value.get("model").and_then(Value::as_str).map(str::to_owned),
    })
}

/// The text of a content that is a list of parts.
fn text_of_parts(content: Option<&Value>) -> Option<String> {
    let parts = content?.as_array()?;
    let text: String = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
    (!text.is_empty()).then_some(text)
}

/// `None` where the numbers that matter are missing: nobody knows then what was used.
fn read_usage(usage: &Value) -> Option<Usage> {
    let number = |path: &str| usage.pointer(path).and_then(Value::as_u64);
    Some(Usage {
        prompt_tokens: number("/prompt_tokens")?,
        cached_tokens: number("/prompt_tokens_details/cached_tokens").unwrap_or(0),
        completion_tokens: number("/completion_tokens")?,
        reasoning_tokens: number("/completion_tokens_details/reasoning_tokens").unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> ChatRequest {
        ChatRequest {
            model: "m".to_owned(),
            messages: vec![json!({"role": "user", "content": "Rate it."})],
            schema: Some(Schema { name: "score".to_owned(), schema: json!({"type": "object"}) }),
            temperature: Some(0.0),
            max_tokens: Some(64),
            ..ChatRequest::default()
        }
    }

    fn refused(message: &str, param: Option<&str>) -> LlmError {
        LlmError::Rejected {
            endpoint: "e".to_owned(),
            status: 400,
            message: message.to_owned(),
            param: param.map(str::to_owned),
            code: None,
        }
    }

    #[test]
    fn a_body_says_what_was_asked() {
        let strict = json!({"type": "json_schema", "json_schema": {"name": "score", "strict": true, "schema": {"type": "object"}}});
        let expected = json!({"model": "m", "messages": [{"role": "user", "content": "Rate it."}], "temperature": 0.0, "max_tokens": 64, "response_format": strict});
        assert_eq!(body_of(&asked(), &Dialect::default()), expected);
        let dialect = Dialect {
            structured: StructuredMode::Instructions,
            completion_limit: true,
            dropped: ["temperature"].into(),
        };
        let body = body_of(&asked(), &dialect);
        assert_eq!(body["max_completion_tokens"], 64);
        assert!(["temperature", "max_tokens", "response_format"].iter().all(|name| body.get(name).is_none()));
        assert!(body["messages"][1]["content"].as_str().unwrap().ends_with(r#"{"type":"object"}"#));
    }

    #[test]
    fn refusals_teach() {
        let plain = Dialect::default();
        let step =
            |dialect: &Dialect, message: &str, param: Option<&str>| dialect.after(&asked(), &refused(message, param));
        let limited = step(&plain, "Use 'max_completion_tokens' instead.", Some("max_tokens")).unwrap();
        assert!(limited.completion_limit);
        assert_eq!(step(&limited, "too large", Some("max_completion_tokens")), None);
        assert_eq!(step(&plain, "unknown", Some("messages")), None);
        let cool = step(&plain, "Unsupported value: 'temperature' must be 1", None).unwrap();
        assert!(cool.dropped.contains("temperature"));
        assert_eq!(step(&cool, "temperature", Some("temperature")), None, "it is not sent any more");
        let object = step(&plain, "no", Some("response_format.type")).unwrap();
        let told = step(&object, "response_format is unknown", None).unwrap();
        assert_eq!((object.structured, told.structured), (StructuredMode::JsonObject, StructuredMode::Instructions));
        assert_eq!(step(&told, "response_format", None), None);
        // A word that only contains the name, and errors that are no refusal.
        assert_eq!(step(&plain, "the max_tokens_total is used up", None), None);
        assert_eq!(plain.after(&asked(), &LlmError::Cancelled), None);
    }

    #[test]
    fn answers_are_read() {
        let read = |value: &Value| read_answer(value.to_string().as_bytes());
        let usage = json!({"prompt_tokens": 12, "completion_tokens": 30, "total_tokens": 42,
            "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 20}});
        let answer = read(&json!({"model": "m-1", "usage": usage, "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}]})).unwrap();
        assert_eq!(
            (answer.text.as_deref(), answer.refusal, answer.finish_reason.as_deref()),
            (Some("Yes."), None, Some("stop"))
        );
        let expected = Usage { prompt_tokens: 12, cached_tokens: 8, completion_tokens: 30, reasoning_tokens: 20 };
        assert_eq!((answer.usage, answer.model.as_deref()), (Some(expected), Some("m-1")));
        let message = |message: Value| read(&json!({"choices": [{"message": message}]})).unwrap();
        assert_eq!(message(json!({"content": null, "refusal": "I cannot."})).refusal.as_deref(), Some("I cannot."));
        assert_eq!(message(json!({"content": ""})).text, None);
        assert_eq!(
            message(json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})).text.as_deref(),
            Some("ab")
        );
        let calls = message(
            json!({"content": null, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{oops"}}]}),
        );
        assert_eq!((calls.tool_calls.len(), calls.usage), (1, None));
        for (broken, words) in [
            (r#"{"choices": ["#, "no whole JSON"),
            (r#"{"error": {}}"#, "no \"choices\""),
            (r#"{"choices": []}"#, "empty"),
            (r#"{"choices": [{"text": "old"}]}"#, "no \"message\""),
        ] {
            assert!(read_answer(broken.as_bytes()).unwrap_err().contains(words), "{broken}");
        }
    }
}
