//! Requests and answers of `POST /chat/completions` as they go over the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::dialect::{Dialect, StructuredMode, is_strict};

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
            let strict = is_strict(schema);
            Some(json!({"type": "json_schema", "json_schema": {"name": name, "strict": strict, "schema": schema}}))
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

/// Why a body is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Broken or cut: another one may be whole.
    #[error("it is no whole JSON ({0}).")]
    NotWhole(String),
    /// Whole, and no answer: another one would be none either.
    #[error("{0}.")]
    NoAnswer(&'static str),
}

/// Reads an answer's body; the error says what is wrong with it.
pub fn read_answer(body: &[u8]) -> Result<ChatAnswer, Unread> {
    let value: Value = serde_json::from_slice(body).map_err(|error| Unread::NotWhole(error.to_string()))?;
    let lacks = Unread::NoAnswer;
    let choices = value.get("choices").and_then(Value::as_array).ok_or(lacks("it has no \"choices\""))?;
    let choice = choices.first().ok_or(lacks("its \"choices\" are empty"))?;
    let message = choice.get("message").and_then(Value::as_object).ok_or(lacks("its choice has no \"message\""))?;
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

    #[test]
    fn a_body_says_what_was_asked() {
        let open = json!({"type": "object"});
        let closed = json!({"type": "object", "additionalProperties": false});
        let format = |strict: bool, schema: &Value| json!({"type": "json_schema", "json_schema": {"name": "score", "strict": strict, "schema": schema}});
        let expected = json!({"model": "m", "messages": [{"role": "user", "content": "Rate it."}], "temperature": 0.0, "max_tokens": 64, "response_format": format(false, &open)});
        assert_eq!(body_of(&asked(), &Dialect::default()), expected, "no endpoint would take it as a strict one");
        let schema = Some(Schema { name: "score".to_owned(), schema: closed.clone() });
        let body = body_of(&ChatRequest { schema, ..asked() }, &Dialect::default());
        assert_eq!(body["response_format"], format(true, &closed));
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
            assert!(read_answer(broken.as_bytes()).unwrap_err().to_string().contains(words), "{broken}");
        }
    }
}
