//! Records out, a line at a time: native (exact round trip), chat, and the row a trainer takes; masked where that is asked
//! for. And a dry run's report with its samples.

pub mod mask;
pub mod report;
pub mod stream;

use serde_json::{Map, Value};

use crate::import::formats::ITEM_ESCAPE;
use crate::types::dataset::DatasetRecord;

/// The record in native form, without a line end: `{"data": ..., "metadata"?, "topic"?, "span_id"?,
/// "is_generated"?, "evaluation"?, ...item}`. Importing it again gives equal data, metadata, item, topic and span.
///
/// A bad line goes out as it came in; only line breaks inside it (possible where it came from a JSON array) become
/// blanks, because it must stay one line. Ids, times and the label's confidence belong to this store and stay in it.
pub fn native_line(record: &DatasetRecord) -> String {
    if let (Some(raw), Value::Null) = (&record.raw, &record.data) {
        return raw.replace(['\n', '\r'], " ");
    }
    let mut line = Map::new();
    line.insert("data".to_owned(), record.data.clone());
    if !record.metadata.is_empty() {
        line.insert("metadata".to_owned(), Value::Object(record.metadata.clone()));
    }
    if let Some(topic) = &record.topic {
        line.insert("topic".to_owned(), Value::String(topic.clone()));
    }
    if let Some(span_id) = &record.span_id {
        line.insert("span_id".to_owned(), Value::String(span_id.clone()));
    }
    if record.is_generated {
        line.insert("is_generated".to_owned(), Value::Bool(true));
    }
    if let Some(evaluation) = record.evaluation.as_ref().filter(|evaluation| !evaluation.is_null()) {
        line.insert("evaluation".to_owned(), evaluation.clone());
    }
    let mut escaped = Map::new();
    for (key, value) in &record.item {
        // What follows an escaped field is escaped too, because those come back last, and the order is the user's.
        let is_escaped = !escaped.is_empty() || NATIVE_NAMES.contains(&key.as_str());
        let target = if is_escaped { &mut escaped } else { &mut line };
        target.insert(key.clone(), value.clone());
    }
    if !escaped.is_empty() {
        line.insert(ITEM_ESCAPE.to_owned(), Value::Object(escaped));
    }
    Value::Object(line).to_string()
}

/// The record as chat JSONL, without a line end: prompt and recorded answer in one `messages` list, then
/// `tools`, `tool_choice`, metadata, topic, span and item fields. `None` where the prompt has no list of messages.
pub fn chat_line(record: &DatasetRecord) -> Option<String> {
    let input = record.data.get("input")?;
    let mut messages = input.get("messages")?.as_array()?.clone();
    if let Some(answer) = record.data.pointer("/output/messages").and_then(Value::as_array) {
        messages.extend(answer.iter().cloned());
    }
    let mut line = Map::new();
    line.insert("messages".to_owned(), Value::Array(messages));
    for key in ["tools", "tool_choice"] {
        if let Some(value) = input.get(key) {
            line.insert(key.to_owned(), value.clone());
        }
    }
    if !record.metadata.is_empty() {
        line.insert("metadata".to_owned(), Value::Object(record.metadata.clone()));
    }
    for (key, value) in [("topic", &record.topic), ("span_id", &record.span_id)] {
        if let Some(value) = value {
            line.insert(key.to_owned(), Value::String(value.clone()));
        }
    }
    add_item(&mut line, &record.item);
    Some(Value::Object(line).to_string())
}

/// The row as an OpenAI-shaped fine-tuning file wants it (providers.md), without a line end: `messages` with
/// system sent as developer, `tools` where there are any, the metadata and every item field beside them for the graders.
/// The recorded answer is not part of it. `None` where the prompt does not end with a user message, which those
/// trainers demand.
pub fn training_row(record: &DatasetRecord) -> Option<String> {
    let input = record.data.get("input")?;
    let messages = input.get("messages")?.as_array()?;
    if messages.last()?.get("role")?.as_str()? != "user" {
        return None;
    }
    let mut row = Map::new();
    row.insert("messages".to_owned(), Value::Array(messages.iter().map(for_trainer).collect()));
    if let Some(tools) = input.get("tools").filter(|tools| tools.as_array().is_some_and(|list| !list.is_empty())) {
        row.insert("tools".to_owned(), tools.clone());
    }
    if !record.metadata.is_empty() {
        row.insert("metadata".to_owned(), Value::Object(record.metadata.clone()));
    }
    add_item(&mut row, &record.item);
    Some(Value::Object(row).to_string())
}

/// Top-level names that mean something in native form; an item field of that name, and every one behind it, is written
/// under [`ITEM_ESCAPE`].
const NATIVE_NAMES: [&str; 9] =
    ["data", "input", "messages", "metadata", "topic", "span_id", "is_generated", "evaluation", ITEM_ESCAPE];

/// Adds the item's fields; a name that the line already uses keeps the line's meaning.
fn add_item(line: &mut Map<String, Value>, item: &Map<String, Value>) {
    for (key, value) in item {
        if !line.contains_key(key) {
            line.insert(key.clone(), value.clone());
        }
    }
}

fn for_trainer(message: &Value) -> Value {
    let mut message = message.clone();
    if let Some(role) = message.get_mut("role").filter(|role| role.as_str() == Some("system")) {
        *role = Value::String("developer".to_owned());
    }
    message
}

#[cfg(test)]
mod tests;
