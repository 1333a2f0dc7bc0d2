//! Alpaca: `{"instruction": ..., "input"?: ..., "output": ..., "system"?, "history"?: [[question, answer], ...]}`. The prompt is the
//! instruction, then the input on a line of its own, as LLaMA-Factory joins them
//! (<https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md>).

use serde_json::Value;

use super::messages::{answer_messages, as_text, message, prompt_messages, take_system, take_tools};
use super::record::{Conversation, record};
use super::{Fields, Reading};
use crate::types::import::ImportFormat;

pub(super) fn matches(fields: &Fields) -> bool {
    fields.contains_key("instruction")
}

pub(super) fn read(reading: &mut Reading, mut fields: Fields) {
    let mut messages: Vec<Value> = take_system(&mut fields).into_iter().collect();
    messages.extend(take_history(&mut fields));
    let prompt = match fields.shift_remove("instruction") {
        Some(Value::String(instruction)) => {
            let input = fields.shift_remove("input").map(|input| as_text(&input)).unwrap_or_default();
            let asks = if input.trim().is_empty() { instruction } else { format!("{instruction}\n{input}") };
            Some(Value::String(asks))
        }
        // No text to join the input to: it stays with the item.
        other => other,
    };
    messages.extend(prompt_messages(prompt));
    let tools = take_tools(&mut fields, "tools");
    let answer = answer_messages(fields.shift_remove("output"));
    let conversation = Conversation { messages: Value::Array(messages), tools, answer, ..Conversation::default() };
    reading.push(record(reading.line, ImportFormat::Alpaca, conversation, fields));
}

/// Earlier turns; a field of that name that holds none stays with the item.
fn take_history(fields: &mut Fields) -> Vec<Value> {
    let is_turn = |turn: &Value| turn.as_array().is_some_and(|pair| pair.len() == 2);
    let has_turns = fields.get("history").and_then(Value::as_array).is_some_and(|turns| turns.iter().all(is_turn));
    if !has_turns {
        return Vec::new();
    }
    let Some(Value::Array(turns)) = fields.shift_remove("history") else { return Vec::new() };
    let roles = ["user", "assistant"];
    let pairs = turns.into_iter().filter_map(|turn| match turn {
        Value::Array(pair) => Some(pair),
        _ => None,
    });
    pairs.flat_map(|pair| roles.into_iter().zip(pair).map(|(role, content)| message(role, content))).collect()
}
