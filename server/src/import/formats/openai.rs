//! What OpenAI-shaped endpoints are asked and answer, as logs keep it.
//!
//! A request and its response: `{"request": {"messages": [...], "model": ..., ...}, "response": {"choices": [{"message": {...},
//! "finish_reason": ...}], ...}}`. Lines of the Batch API: input `{"custom_id", "method", "url", "body": {"messages": [...]}}`, output
//! `{"id", "custom_id", "response": {"status_code", "request_id", "body": {"choices": [...]}}, "error"}`
//! (<https://platform.openai.com/docs/guides/batch>). An output line has no prompt: it is stored, and says so, unless whoever
//! logged it put the request beside it.
//!
//! The first choice is the answer. What is left of request and response stays with the item, under their names.

use serde_json::Value;

use super::messages::{answer_messages, prompt_messages, read_json_text};
use super::record::{Conversation, record};
use super::{Fields, Reading};
use crate::types::import::ImportFormat;

pub(super) fn is_batch(fields: &Fields) -> bool {
    fields.contains_key("custom_id") && ["body", "response", "error"].iter().any(|key| fields.contains_key(*key))
}

pub(super) fn is_log(fields: &Fields) -> bool {
    let asks = |request: &Value| request.get("messages").is_some() || request.pointer("/body/messages").is_some();
    fields.get("request").is_some_and(asks) || (fields.contains_key("request") && fields.contains_key("response"))
}

pub(super) fn read_batch(reading: &mut Reading, fields: Fields) {
    let request = if fields.contains_key("body") { "body" } else { "request" };
    read(reading, fields, ImportFormat::OpenAiBatch, request);
}

pub(super) fn read_log(reading: &mut Reading, fields: Fields) {
    read(reading, fields, ImportFormat::OpenAiLog, "request");
}

fn read(reading: &mut Reading, mut fields: Fields, format: ImportFormat, request: &str) {
    let mut conversation = Conversation::default();
    take_exchange(&mut fields, request, |body| ask(&mut conversation, body));
    take_exchange(&mut fields, "response", |body| answer(&mut conversation, body));
    reading.push(record(reading.line, format, conversation, fields));
}

/// Lets a part be taken out of a request or response; what is left stays in its place, unless nothing is.
fn take_exchange(fields: &mut Fields, key: &str, take: impl FnOnce(&mut Fields)) {
    let Some(value) = fields.get_mut(key) else { return };
    let mut whole = read_json_text(value.take());
    if let Some(body) = body_of(&mut whole) {
        take(body);
    }
    if whole.as_object().is_some_and(Fields::is_empty) {
        fields.shift_remove(key);
    } else {
        *value = whole;
    }
}

/// The JSON body, where a whole HTTP request or response was logged.
fn body_of(whole: &mut Value) -> Option<&mut Fields> {
    let has_body = whole.get("body").is_some_and(Value::is_object);
    let is_body = whole.get("messages").is_some() || whole.get("choices").is_some();
    if has_body && !is_body { whole.get_mut("body")?.as_object_mut() } else { whole.as_object_mut() }
}

fn ask(conversation: &mut Conversation, body: &mut Fields) {
    conversation.tools = body.shift_remove("tools");
    conversation.tool_choice = body.shift_remove("tool_choice");
    conversation.messages = match body.shift_remove("messages") {
        Some(messages) => messages,
        // The completions endpoint of old.
        None => match body.shift_remove("prompt") {
            Some(prompt) => Value::Array(prompt_messages(Some(prompt))),
            None => Value::Null,
        },
    };
}

fn answer(conversation: &mut Conversation, body: &mut Fields) {
    let first = body.get_mut("choices").and_then(Value::as_array_mut).and_then(|choices| choices.first_mut());
    let Some(Value::Object(choice)) = first else { return };
    conversation.finish_reason = choice.shift_remove("finish_reason").unwrap_or_default();
    let said = choice.shift_remove("message").or_else(|| choice.shift_remove("text"));
    conversation.answer = answer_messages(said);
}
