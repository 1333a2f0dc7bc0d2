//! The messages of a GenAI span, in the four spellings that the conventions have had. Prompt and answer are each taken from
//! the newest spelling that has them.
//!
//! 1. Attributes `gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions`, `gen_ai.tool.definitions`: messages with
//!    `parts`, as JSON or as its text; on the span or on an event `gen_ai.client.inference.operation.details`
//!    (<https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-events.md>).
//! 2. Attributes `gen_ai.prompt.N.role`, `.content`, `.tool_calls.M.name`, ... and `gen_ai.completion.N...` (OpenLLMetry).
//! 3. Events `gen_ai.system.message`, `gen_ai.user.message`, `gen_ai.assistant.message`, `gen_ai.tool.message`, `gen_ai.choice`
//!    (conventions up to 1.36), their body in their attributes or as JSON text in `gen_ai.event.content`.
//! 4. `gen_ai.prompt` and `gen_ai.completion` as JSON text, on the span or on events `gen_ai.content.prompt` and
//!    `gen_ai.content.completion` (conventions of 2024).

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Fields;
use super::super::messages::{
    add_missing, answer_messages, are_messages, as_text, message, prompt_messages, read_json_text, tool_call, tools,
};
use super::super::record::Conversation;
use super::attributes::read_attributes;

/// Operations that are calls of a model; others (tools, agents, embeddings) need not have messages.
pub(super) fn is_model_call(attributes: &Fields) -> bool {
    let word = |key: &str| attributes.get(key).and_then(Value::as_str);
    matches!(word("gen_ai.operation.name"), Some("chat" | "text_completion" | "generate_content" | "completion"))
        || matches!(word("llm.request.type"), Some("chat" | "completion"))
}

/// Events with their attributes as an object.
pub(super) fn read_events(events: Option<Value>) -> Vec<Fields> {
    let events = match events {
        Some(Value::Array(events)) => events,
        None | Some(Value::Null) => return Vec::new(),
        Some(other) => vec![other],
    };
    let read = |event: Value| match event {
        Value::Object(mut fields) => {
            if let Some(attributes) = fields.shift_remove("attributes") {
                fields.insert("attributes".to_owned(), Value::Object(read_attributes(attributes)));
            }
            fields
        }
        other => Fields::from_iter([("event".to_owned(), other)]),
    };
    events.into_iter().map(read).collect()
}

/// Takes the conversation out of a span; `None` where it has no messages at all, an error where they cannot be read.
pub(super) fn take(attributes: &mut Fields, events: &mut Vec<Fields>) -> Result<Option<Conversation>, String> {
    lift_details(attributes, events);
    let mut prompt = take_input(attributes)?;
    let mut choices = take_output(attributes)?;
    let flat = (unflatten(attributes, "gen_ai.prompt."), unflatten(attributes, "gen_ai.completion."));
    prompt = prompt.or_else(|| flat.0.map(|turns| turns.into_iter().map(|turn| flat_message(turn, "user")).collect()));
    choices =
        choices.or_else(|| flat.1.map(|turns| turns.into_iter().map(|turn| flat_message(turn, "assistant")).collect()));
    let told = take_events(events);
    prompt = prompt.or(told.prompt);
    choices = choices.or(told.choices);
    prompt = prompt
        .or_else(|| take_content(attributes, events, "gen_ai.prompt").map(|prompt| prompt_messages(Some(prompt))));
    choices = choices
        .or_else(|| take_content(attributes, events, "gen_ai.completion").map(|said| answer_messages(Some(said))));
    if prompt.is_none() && choices.is_none() {
        return Ok(None);
    }
    let mut conversation = Conversation { messages: prompt.unwrap_or_default().into(), ..Conversation::default() };
    let mut choices = choices.unwrap_or_default().into_iter();
    if let Some(mut answer) = choices.next() {
        conversation.finish_reason = take_finish_reason(&mut answer);
        conversation.answer = vec![answer];
    }
    conversation.other_choices = choices.collect();
    conversation.tools = take_tools(attributes);
    Ok(Some(conversation))
}

const INPUT: &str = "gen_ai.input.messages";
const OUTPUT: &str = "gen_ai.output.messages";
const SYSTEM: &str = "gen_ai.system_instructions";
const TOOLS: &str = "gen_ai.tool.definitions";

/// What an event says of the whole call is the span's.
fn lift_details(attributes: &mut Fields, events: &mut [Fields]) {
    for event in events {
        let Some(Value::Object(details)) = event.get_mut("attributes") else { continue };
        for name in [INPUT, OUTPUT, SYSTEM, TOOLS] {
            if let Some(value) = details.shift_remove(name) {
                attributes.entry(name).or_insert(value);
            }
        }
    }
}

fn take_input(attributes: &mut Fields) -> Result<Option<Vec<Value>>, String> {
    let Some(messages) = take_messages(attributes, INPUT)? else { return Ok(None) };
    let system = attributes.shift_remove(SYSTEM).map(read_json_text).and_then(|parts| {
        let text = match parts {
            Value::Array(parts) => Said::of(parts).content(),
            other => other,
        };
        (!text.is_null()).then(|| message("system", text))
    });
    Ok(Some(system.into_iter().chain(messages).collect()))
}

fn take_output(attributes: &mut Fields) -> Result<Option<Vec<Value>>, String> {
    take_messages(attributes, OUTPUT)
}

fn take_messages(attributes: &mut Fields, name: &str) -> Result<Option<Vec<Value>>, String> {
    match attributes.shift_remove(name).map(read_json_text) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(messages)) => Ok(Some(messages.into_iter().flat_map(from_parts).collect())),
        Some(_) => Err(format!(
            "{name} is no JSON list of messages. Perhaps the exporter cuts long attributes off; raise its limit \
             (OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT) and export again."
        )),
    }
}

/// A message with parts in the chat form; one that has `content` is in it. Results of tools are messages of their own.
fn from_parts(said: Value) -> Vec<Value> {
    let Value::Object(mut fields) = said else { return vec![said] };
    let Some(Value::Array(parts)) = fields.get_mut("parts").map(Value::take) else {
        return vec![Value::Object(fields)];
    };
    fields.shift_remove("parts");
    let mut said = Said::of(parts);
    let mut results = std::mem::take(&mut said.results);
    if let (Some(Value::Object(first)), true) = (results.first_mut(), said.is_empty()) {
        add_missing(first, fields);
        return results;
    }
    fields.insert("content".to_owned(), said.content());
    if !said.calls.is_empty() {
        fields.insert("tool_calls".to_owned(), Value::Array(said.calls));
    }
    if !said.reasoning.is_empty() {
        fields.insert("reasoning_content".to_owned(), said.reasoning.join("\n").into());
    }
    results.into_iter().chain([Value::Object(fields)]).collect()
}

/// The answer of a tool as a message of its own.
fn tool_result(mut part: Fields) -> Value {
    part.shift_remove("type");
    let id = part.shift_remove("id").unwrap_or_default();
    let result = part.shift_remove("response").or_else(|| part.shift_remove("result")).unwrap_or_default();
    let mut said = Fields::from_iter([
        ("role".to_owned(), "tool".into()),
        ("tool_call_id".to_owned(), id),
        ("content".to_owned(), as_text(&result).into()),
    ]);
    add_missing(&mut said, part);
    Value::Object(said)
}

/// A message's parts, sorted.
#[derive(Default)]
struct Said {
    content: Vec<Value>,
    calls: Vec<Value>,
    results: Vec<Value>,
    reasoning: Vec<String>,
}

impl Said {
    fn of(parts: Vec<Value>) -> Self {
        let mut said = Self::default();
        for part in parts {
            said.add(part);
        }
        said
    }

    fn add(&mut self, part: Value) {
        let Value::Object(mut fields) = part else { return self.content.push(part) };
        match fields.get("type").and_then(Value::as_str) {
            Some("text") if fields.contains_key("content") => {
                let text = fields.shift_remove("content").unwrap_or_default();
                fields.insert("text".to_owned(), text);
                self.content.push(Value::Object(fields));
            }
            Some("tool_call") => {
                fields.shift_remove("type");
                self.calls.push(tool_call(fields, None));
            }
            Some("tool_call_response") => self.results.push(tool_result(fields)),
            Some("reasoning") if fields.len() == 2 && fields.get("content").is_some_and(Value::is_string) => {
                self.reasoning.push(as_text(&fields.shift_remove("content").unwrap_or_default()));
            }
            // Images, files and parts that are yet to be invented.
            _ => self.content.push(Value::Object(fields)),
        }
    }

    fn is_empty(&self) -> bool {
        self.content.is_empty() && self.calls.is_empty() && self.reasoning.is_empty()
    }

    /// One text as a text, several parts as parts, none as null.
    fn content(&self) -> Value {
        match self.content.as_slice() {
            [] => Value::Null,
            [only] if only.get("type").is_some_and(|kind| kind == "text") => {
                only.get("text").cloned().unwrap_or_default()
            }
            parts => Value::Array(parts.to_vec()),
        }
    }
}

/// `prefix.N.rest` as one object per N, in their order; `rest` may be `list.M.rest`.
fn unflatten(attributes: &mut Fields, prefix: &str) -> Option<Vec<Fields>> {
    let place = |key: &str| -> Option<(usize, String)> {
        let (at, rest) = key.strip_prefix(prefix)?.split_once('.')?;
        Some((at.parse().ok()?, rest.to_owned()))
    };
    let keys: Vec<String> = attributes.keys().filter(|key| place(key).is_some()).cloned().collect();
    let mut turns: BTreeMap<usize, Fields> = BTreeMap::new();
    for key in keys {
        if let (Some((at, rest)), Some(value)) = (place(&key), attributes.shift_remove(&key)) {
            turns.entry(at).or_default().insert(rest, value);
        }
    }
    (!turns.is_empty()).then(|| turns.into_values().collect())
}

fn flat_message(mut turn: Fields, role: &str) -> Value {
    let calls = unflatten(&mut turn, "tool_calls.");
    let role = turn.shift_remove("role").unwrap_or_else(|| role.into());
    let content = turn.shift_remove("content").unwrap_or_default();
    // Content in parts is written as its JSON text.
    let parts = read_json_text(content.clone());
    let has_parts = parts.as_array().is_some_and(|parts| parts.iter().all(|part| part.get("type").is_some()));
    let mut message = Fields::new();
    message.insert("role".to_owned(), role);
    message.insert("content".to_owned(), if has_parts { parts } else { content });
    if let Some(calls) = calls {
        message.insert("tool_calls".to_owned(), calls.into_iter().map(|call| tool_call(call, None)).collect());
    }
    message.extend(turn);
    Value::Object(message)
}

/// What the events tell.
#[derive(Default)]
struct Told {
    prompt: Option<Vec<Value>>,
    choices: Option<Vec<Value>>,
}

/// Takes the events that are messages; the others stay.
fn take_events(events: &mut Vec<Fields>) -> Told {
    let mut told = Told::default();
    events.retain_mut(|event| {
        let name = event.get("name").and_then(Value::as_str).unwrap_or_default();
        let role = match name {
            "gen_ai.choice" => None,
            "gen_ai.system.message" => Some("system"),
            "gen_ai.user.message" => Some("user"),
            "gen_ai.assistant.message" => Some("assistant"),
            "gen_ai.tool.message" => Some("tool"),
            _ => return true,
        };
        let body = body_of(event);
        match role {
            Some(role) => told.prompt.get_or_insert_default().push(event_message(body, role)),
            None => told.choices.get_or_insert_default().push(event_choice(body)),
        }
        // What is not the message (its time, the provider) stays.
        event.len() > 1
    });
    told
}

/// Takes an event's body: the JSON text in `gen_ai.event.content`, else its attributes but for the provider's name.
fn body_of(event: &mut Fields) -> Fields {
    let Some(Value::Object(mut attributes)) = event.shift_remove("attributes") else { return Fields::new() };
    let body = match attributes.shift_remove("gen_ai.event.content").map(read_json_text) {
        Some(Value::Object(body)) => Some(body),
        Some(text) => Some(Fields::from_iter([("content".to_owned(), text)])),
        None => None,
    };
    let providers = ["gen_ai.system", "gen_ai.provider.name"];
    let body = body.unwrap_or_else(|| {
        let kept = providers.into_iter().filter_map(|name| attributes.shift_remove_entry(name)).collect();
        std::mem::replace(&mut attributes, kept)
    });
    if !attributes.is_empty() {
        event.insert("attributes".to_owned(), Value::Object(attributes));
    }
    body
}

fn event_message(mut body: Fields, role: &str) -> Value {
    let mut message = Fields::new();
    message.insert("role".to_owned(), body.shift_remove("role").unwrap_or_else(|| role.into()));
    message.insert("content".to_owned(), body.shift_remove("content").unwrap_or_default());
    if let Some(calls) = body.shift_remove("tool_calls") {
        message.insert("tool_calls".to_owned(), read_json_text(calls));
    }
    if role == "tool"
        && let Some(id) = body.shift_remove("id")
    {
        message.insert("tool_call_id".to_owned(), id);
    }
    message.extend(body);
    Value::Object(message)
}

fn event_choice(mut body: Fields) -> Value {
    let finish_reason = body.shift_remove("finish_reason");
    // Where it stands among the choices says nothing: they are in order.
    body.shift_remove("index");
    let mut said = match body.shift_remove("message").map(read_json_text) {
        Some(Value::Object(said)) => said,
        Some(text) => Fields::from_iter([("content".to_owned(), text)]),
        None => Fields::new(),
    };
    add_missing(&mut said, body);
    let mut message = event_message(said, "assistant");
    if let (Value::Object(fields), Some(reason)) = (&mut message, finish_reason) {
        fields.insert("finish_reason".to_owned(), reason);
    }
    message
}

/// An attribute of the span or of any event, as what it is the JSON text of.
fn take_content(attributes: &mut Fields, events: &mut [Fields], name: &str) -> Option<Value> {
    let of_event = |event: &mut Fields| event.get_mut("attributes")?.as_object_mut()?.shift_remove(name);
    let value = attributes.shift_remove(name).or_else(|| events.iter_mut().find_map(of_event))?;
    let read = read_json_text(value.clone());
    Some(if are_messages(&read) || read.get("role").is_some() { read } else { value })
}

fn take_finish_reason(answer: &mut Value) -> Value {
    answer.as_object_mut().and_then(|answer| answer.shift_remove("finish_reason")).unwrap_or_default()
}

/// The tools the model could call: a list or its text, or OpenLLMetry's `llm.request.functions.N.name`, ...
fn take_tools(attributes: &mut Fields) -> Option<Value> {
    if let Some(definitions) = attributes.shift_remove(TOOLS) {
        match tools(definitions) {
            Ok(tools) => return Some(tools),
            Err(other) => {
                attributes.insert(TOOLS.to_owned(), other);
            }
        }
    }
    let functions = unflatten(attributes, "llm.request.functions.")?;
    let function = |mut function: Fields| {
        if let Some(parameters) = function.get_mut("parameters") {
            *parameters = read_json_text(parameters.take());
        }
        Value::Object(function)
    };
    tools(functions.into_iter().map(function).collect()).ok()
}
