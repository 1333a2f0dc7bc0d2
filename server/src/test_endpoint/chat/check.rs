//! What a provider refuses of a chat request, and what is read of one that it takes.

use serde_json::{Map, Value};

use super::super::error::ApiError;
use super::super::models;

/// The longest prompt, in tokens.
const CONTEXT_TOKENS: u64 = 128_000;
/// The most choices of one answer.
const MAX_CHOICES: u64 = 128;
/// Who may speak.
const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];
/// Sampling parameters of OpenAI, their bounds, and whether reasoning models refuse them.
const NUMBERS: [(&str, f64, f64, bool); 4] = [
    ("temperature", 0.0, 2.0, true),
    ("top_p", 0.0, 1.0, true),
    ("presence_penalty", -2.0, 2.0, true),
    ("frequency_penalty", -2.0, 2.0, true),
];

/// What form an answer must have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// Any.
    Text,
    /// Some JSON object.
    JsonObject,
    /// An instance of this schema.
    Schema(Value),
}

/// A tool that the request offers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) parameters: Value,
}

/// Whether tools may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ToolChoice {
    /// None.
    None,
    /// As the model likes.
    Auto,
    /// One of them.
    Required,
    /// This one.
    Named(String),
}

/// A request that can be answered.
#[derive(Debug)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    /// All messages, one below the other.
    pub(super) prompt: String,
    /// The last thing that a person said.
    pub(super) question: String,
    /// The last message is a tool's result.
    pub(super) answers_tool: bool,
    pub(super) form: Form,
    pub(super) tools: Vec<Tool>,
    pub(super) tool_choice: ToolChoice,
    pub(super) n: u64,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) max_tokens: Option<u64>,
    /// Thinks first.
    pub(super) is_reasoning: bool,
    /// The same request is to get the same answer.
    pub(super) is_repeatable: bool,
}

impl ChatRequest {
    /// Reads a request, or says what a provider would say against it.
    pub(super) fn of(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let model = match body.get("model") {
            None | Some(Value::Null) => return Err(ApiError::bad_request("you must provide a model parameter")),
            Some(Value::String(model)) => model.clone(),
            Some(other) => return Err(ApiError::wrong_type("model", "a string", other)),
        };
        let is_reasoning = models::is_reasoning(&model);
        let messages = messages(body)?;
        check_parameters(body, is_reasoning)?;
        let prompt: Vec<String> = messages.iter().map(|message| text_of(message.get("content"))).collect();
        let prompt = prompt.join("\n");
        let form = form(body.get("response_format"), &prompt)?;
        check_length(&prompt)?;
        let is_role = |message: &&Value, role: &str| message.get("role").is_some_and(|said| said == role);
        let question = messages.iter().rev().find(|message| is_role(message, "user"));
        Ok(Self {
            model,
            question: question.map_or_else(|| prompt.clone(), |message| text_of(message.get("content"))),
            answers_tool: messages.last().is_some_and(|message| is_role(&message, "tool")),
            form,
            tools: tools(body.get("tools"))?,
            tool_choice: tool_choice(body),
            n: whole(body, "n", 1, MAX_CHOICES)?.unwrap_or(1),
            stream: body.get("stream") == Some(&Value::Bool(true)),
            include_usage: body.get("stream_options").and_then(|options| options.get("include_usage"))
                == Some(&Value::Bool(true)),
            max_tokens: whole(body, "max_completion_tokens", 1, u64::MAX)?.or(whole(body, "max_tokens", 1, u64::MAX)?),
            is_reasoning,
            is_repeatable: body.get("temperature").and_then(Value::as_f64) == Some(0.0)
                || body.get("seed").is_some_and(Value::is_number),
            prompt,
        })
    }
}

fn messages(body: &Map<String, Value>) -> Result<&[Value], ApiError> {
    let messages = match body.get("messages") {
        None | Some(Value::Null) => return Err(ApiError::missing("messages")),
        Some(Value::Array(messages)) => messages,
        Some(other) => return Err(ApiError::wrong_type("messages", "an array of objects", other)),
    };
    if messages.is_empty() {
        return Err(ApiError::bad_request(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        )
        .param("messages")
        .code("empty_array"));
    }
    for (index, message) in messages.iter().enumerate() {
        check_message(message, index)?;
        let called = index.checked_sub(1).and_then(|before| messages.get(before)).is_some_and(|before| {
            before.get("tool_calls").is_some() || before.get("role").is_some_and(|role| role == "tool")
        });
        if message.get("role").is_some_and(|role| role == "tool") && !called {
            return Err(ApiError::bad_request(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
            )
            .param(format!("messages[{index}].role")));
        }
    }
    Ok(messages)
}

fn check_message(message: &Value, index: usize) -> Result<(), ApiError> {
    let at = |field: &str| format!("messages[{index}].{field}");
    if !message.is_object() {
        return Err(ApiError::wrong_type(&format!("messages[{index}]"), "an object", message));
    }
    let role = match message.get("role") {
        None | Some(Value::Null) => return Err(ApiError::missing(&at("role"))),
        Some(Value::String(role)) => role.as_str(),
        Some(other) => return Err(ApiError::wrong_type(&at("role"), "a string", other)),
    };
    if !ROLES.contains(&role) {
        let supported = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
        return Err(ApiError::wrong_value(&at("role"), role, supported));
    }
    match message.get("content") {
        Some(Value::String(_) | Value::Array(_)) => {}
        // An assistant that calls tools need not say anything.
        None | Some(Value::Null) if role == "assistant" => {}
        None | Some(Value::Null) => return Err(ApiError::missing(&at("content"))),
        Some(other) => return Err(ApiError::wrong_type(&at("content"), "one of a string or array of objects", other)),
    }
    if role == "tool" && message.get("tool_call_id").and_then(Value::as_str).is_none() {
        return Err(ApiError::missing(&at("tool_call_id")));
    }
    Ok(())
}

fn check_parameters(body: &Map<String, Value>, is_reasoning: bool) -> Result<(), ApiError> {
    if is_reasoning && body.get("max_tokens").is_some_and(|value| !value.is_null()) {
        return Err(ApiError::unsupported_parameter("max_tokens", Some("max_completion_tokens")));
    }
    for (name, low, high, refused) in NUMBERS {
        let Some(value) = body.get(name).filter(|value| !value.is_null()) else { continue };
        if is_reasoning && refused {
            return Err(ApiError::unsupported_parameter(name, None));
        }
        let Some(number) = value.as_f64() else { return Err(ApiError::wrong_type(name, "a decimal", value)) };
        if number < low || number > high {
            let (bound, code) =
                if number > high { (high, "decimal_above_max_value") } else { (low, "decimal_below_min_value") };
            let message = format!(
                "Invalid '{name}': it must be from {low} to {high} (the bound is {bound}), but got {number} instead."
            );
            return Err(ApiError::bad_request(message).param(name).code(code));
        }
    }
    Ok(())
}

/// A whole number within its bounds.
fn whole(body: &Map<String, Value>, name: &str, low: u64, high: u64) -> Result<Option<u64>, ApiError> {
    let Some(value) = body.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    if !value.is_number() {
        return Err(ApiError::wrong_type(name, "an integer", value));
    }
    match value.as_u64() {
        Some(number) if (low..=high).contains(&number) => Ok(Some(number)),
        _ => {
            let code = if value.as_u64().is_some_and(|number| number > high) {
                "integer_above_max_value"
            } else {
                "integer_below_min_value"
            };
            let message = format!(
                "Invalid '{name}': integer out of bounds. Expected a value from {low}, but got {value} instead."
            );
            Err(ApiError::bad_request(message).param(name).code(code))
        }
    }
}

fn form(format: Option<&Value>, prompt: &str) -> Result<Form, ApiError> {
    let Some(format) = format.filter(|format| !format.is_null()) else { return Ok(Form::Text) };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(Form::Text),
        Some("json_object") if prompt.to_lowercase().contains("json") => Ok(Form::JsonObject),
        Some("json_object") => Err(ApiError::bad_request(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
        )
        .param("messages")),
        Some("json_schema") => schema_form(format),
        Some(other) => {
            Err(ApiError::wrong_value("response_format.type", other, "'json_object', 'json_schema', and 'text'"))
        }
        None => Err(ApiError::missing("response_format.type")),
    }
}

fn schema_form(format: &Value) -> Result<Form, ApiError> {
    let Some(described) = format.get("json_schema").filter(|described| described.is_object()) else {
        return Err(ApiError::missing("response_format.json_schema"));
    };
    let Some(name) = described.get("name").and_then(Value::as_str) else {
        return Err(ApiError::missing("response_format.json_schema.name"));
    };
    let Some(schema) = described.get("schema").filter(|schema| schema.is_object()) else {
        return Err(ApiError::missing("response_format.json_schema.schema"));
    };
    if described.get("strict") == Some(&Value::Bool(true))
        && let Some(fault) = against_strict(schema, "()")
    {
        let message = format!("Invalid schema for response_format '{name}': {fault}");
        return Err(ApiError::bad_request(message).param("response_format"));
    }
    Ok(Form::Schema(schema.clone()))
}

/// What a strict schema must not lack, at the first place that lacks it.
fn against_strict(schema: &Value, context: &str) -> Option<String> {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Some(format!(
                "In context={context}, 'additionalProperties' is required to be supplied and to be false."
            ));
        }
        let required = schema.get("required").and_then(Value::as_array);
        let missing =
            properties.keys().find(|name| !required.is_some_and(|names| names.iter().any(|one| one == *name)));
        if let Some(missing) = missing {
            return Some(format!(
                "In context={context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'."
            ));
        }
        let below = |(name, part): (&String, &Value)| against_strict(part, &format!("('properties', '{name}')"));
        if let Some(fault) = properties.iter().find_map(below) {
            return Some(fault);
        }
    }
    let items = schema.get("items").and_then(|items| against_strict(items, "('items')"));
    let defined = || {
        schema
            .get("$defs")?
            .as_object()?
            .iter()
            .find_map(|(name, part)| against_strict(part, &format!("('$defs', '{name}')")))
    };
    let either = || schema.get("anyOf")?.as_array()?.iter().find_map(|part| against_strict(part, "('anyOf')"));
    items.or_else(defined).or_else(either)
}

fn tools(offered: Option<&Value>) -> Result<Vec<Tool>, ApiError> {
    let Some(offered) = offered.filter(|offered| !offered.is_null()) else { return Ok(Vec::new()) };
    let Some(offered) = offered.as_array() else {
        return Err(ApiError::wrong_type("tools", "an array of objects", offered));
    };
    offered
        .iter()
        .enumerate()
        .map(|(index, tool)| {
            let function = tool.get("function").unwrap_or(&Value::Null);
            let text = |field: &str| function.get(field).and_then(Value::as_str).map(str::to_owned);
            Ok(Tool {
                name: text("name").ok_or_else(|| ApiError::missing(&format!("tools[{index}].function.name")))?,
                description: text("description").unwrap_or_default(),
                parameters: function.get("parameters").cloned().unwrap_or_default(),
            })
        })
        .collect()
}

fn tool_choice(body: &Map<String, Value>) -> ToolChoice {
    match body.get("tool_choice") {
        Some(Value::String(choice)) if choice == "none" => ToolChoice::None,
        Some(Value::String(choice)) if choice == "required" => ToolChoice::Required,
        Some(Value::Object(choice)) => {
            let name = choice.get("function").and_then(|function| function.get("name")?.as_str());
            name.map_or(ToolChoice::Auto, |name| ToolChoice::Named(name.to_owned()))
        }
        _ => ToolChoice::Auto,
    }
}

/// A string, or the texts of its parts.
fn text_of(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn check_length(prompt: &str) -> Result<(), ApiError> {
    let tokens = super::super::text::tokens(prompt);
    if tokens <= CONTEXT_TOKENS {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "This model's maximum context length is {CONTEXT_TOKENS} tokens. However, your messages resulted in {tokens} tokens. Please reduce the length of the messages."
    ))
    .param("messages")
    .code("context_length_exceeded"))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
