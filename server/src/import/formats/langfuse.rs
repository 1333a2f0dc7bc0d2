//! Langfuse exports: observations and traces as its tables export them in JSON, JSON Lines and CSV, and as its API and
//! blob-storage export write them, with names in either spelling
//! (<https://langfuse.com/docs/api-and-data-platform/features/export-from-ui>,
//! <https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields>); dataset items as well.
//!
//! `input` and `output` are whatever the application logged: messages, an object with messages, a text, or any JSON, perhaps
//! as a text. An observation of another type than `GENERATION` is a record only if its input is messages; other spans and events
//! are counted as passed over. All other fields (model, usage, scores, ...) are item data; the id is the span's.

use serde_json::Value;

use super::messages::{answer_messages, are_messages, as_text, is_message, message, read_json_text};
use super::record::{Conversation, record, take_text};
use super::{Fields, Reading, wrapper};
use crate::types::import::{ImportFormat, SkipReason};

/// Fields that say whose export it is. One is enough for an observation, which has its trace's id and its type.
const TRACE_FIELDS: [&str; 9] =
    ["sessionId", "session_id", "projectId", "project_id", "htmlPath", "observations", "userId", "user_id", "release"];
const ITEM_FIELDS: [&str; 4] = ["datasetId", "dataset_id", "datasetName", "sourceTraceId"];

pub(super) fn matches(fields: &Fields) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    let is_observation = has(&["traceId", "trace_id"]) && fields.get("type").is_some_and(Value::is_string);
    let is_trace = fields.contains_key("id") && has(&TRACE_FIELDS);
    // A trace with its observations is a list of records with something around it.
    let holds_more =
        fields.get("observations").is_some_and(|list| wrapper::is_list(list) && list != &Value::Array(vec![]));
    has(&["input", "output"])
        && !has(&["messages", "data", "conversations", "instruction", "attributes"])
        && !holds_more
        && (is_observation || is_trace || has(&ITEM_FIELDS))
}

pub(super) fn read(reading: &mut Reading, mut fields: Fields) {
    let input = read_json_text(fields.shift_remove("input").unwrap_or_default());
    let kind = fields.get("type").and_then(Value::as_str).map(str::to_ascii_uppercase);
    let is_call = kind.is_none_or(|kind| kind == "GENERATION");
    if !is_call && !holds_messages(&input) {
        return reading.skip(SkipReason::OtherObservation);
    }
    let mut conversation = conversation(input);
    answer(&mut conversation, read_json_text(fields.shift_remove("output").unwrap_or_default()));
    for key in ["expectedOutput", "expected_output"] {
        if let Some(expected) = fields.shift_remove(key).filter(|expected| !expected.is_null()) {
            fields.entry("reference_answer").or_insert(expected);
        }
    }
    if let Some(Value::String(_)) = fields.get("metadata") {
        let metadata = read_json_text(fields.shift_remove("metadata").unwrap_or_default());
        fields.insert("metadata".to_owned(), metadata);
    }
    // Of observations that were read as records of their own nothing is left but the list.
    if fields.get("observations").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        fields.shift_remove("observations");
    }
    let span_id = take_text(&mut fields, "id");
    let mut record = record(reading.line, ImportFormat::Langfuse, conversation, fields);
    record.span_id = record.span_id.or(span_id);
    reading.push(record);
}

/// Whether an input is messages, or has them.
pub(super) fn holds_messages(input: &Value) -> bool {
    are_messages(input) || input.get("messages").is_some_and(are_messages)
}

/// An input as a prompt: messages as they are, with what stands beside them; anything else as what the user says.
pub(super) fn conversation(input: Value) -> Conversation {
    if are_messages(&input) {
        return Conversation { messages: input, ..Conversation::default() };
    }
    match input {
        Value::Null => Conversation::default(),
        Value::Object(mut fields) if fields.get("messages").is_some_and(are_messages) => Conversation {
            messages: fields.shift_remove("messages").unwrap_or_default(),
            tools: fields.shift_remove("tools"),
            tool_choice: fields.shift_remove("tool_choice"),
            ..Conversation::default()
        },
        Value::Object(fields) => {
            let said = only_text(&fields).unwrap_or_else(|| Value::Object(fields).to_string());
            Conversation { messages: Value::Array(vec![message("user", said.into())]), ..Conversation::default() }
        }
        other => {
            let said = message("user", as_text(&other).into());
            Conversation { messages: Value::Array(vec![said]), ..Conversation::default() }
        }
    }
}

/// An output as the answer: a message, messages, a chat completion, or anything else as what the assistant says.
pub(super) fn answer(conversation: &mut Conversation, output: Value) {
    if is_message(&output) || are_messages(&output) {
        conversation.answer = answer_messages(Some(output));
        return;
    }
    let choice = output.pointer("/choices/0");
    if let Some(said) = choice.and_then(|choice| choice.get("message")).filter(|said| is_message(said)) {
        conversation.answer = vec![said.clone()];
        conversation.finish_reason = choice.and_then(|choice| choice.get("finish_reason")).cloned().unwrap_or_default();
        return;
    }
    conversation.answer = match output {
        Value::Null => Vec::new(),
        Value::Object(fields) => {
            let said = only_text(&fields).unwrap_or_else(|| Value::Object(fields).to_string());
            vec![message("assistant", said.into())]
        }
        other => vec![message("assistant", as_text(&other).into())],
    };
}

/// The text of `{"question": "..."}`, `{"content": "..."}` and the like.
fn only_text(fields: &Fields) -> Option<String> {
    match fields.values().next() {
        Some(Value::String(text)) if fields.len() == 1 => Some(text.clone()),
        _ => None,
    }
}
