//! ShareGPT: `{"conversations": [{"from": "human" | "gpt" | "system" | "tool" | "function_call" | "observation", "value": ...}],
//! "system"?, "tools"?}`, as LLaMA-Factory and axolotl read it
//! (<https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md>). Calls have no ids there: they get `call_1`, `call_2`, ...
//! and each observation answers the oldest call that has none.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::messages::{add_missing, as_text, is_message, message, read_json_text, take_system, take_tools, tool_call};
use super::record::{Conversation, record};
use super::{Fields, Reading};
use crate::types::import::ImportFormat;

pub(super) fn matches(fields: &Fields) -> bool {
    let is_turn = |turn: &Value| turn.get("from").is_some() || is_message(turn);
    fields.get("conversations").is_some_and(|turns| turns.as_array().is_none_or(|turns| turns.iter().all(is_turn)))
}

pub(super) fn read(reading: &mut Reading, mut fields: Fields) {
    let mut messages: Vec<Value> = take_system(&mut fields).into_iter().collect();
    let mut conversation = match fields.shift_remove("conversations") {
        Some(Value::Array(turns)) => {
            let mut calls = Calls::default();
            messages.extend(turns.into_iter().map(|turn| calls.message(turn)));
            Conversation::from_messages(messages)
        }
        other => Conversation { messages: other.unwrap_or(Value::Null), ..Conversation::default() },
    };
    conversation.tools = take_tools(&mut fields, "tools");
    reading.push(record(reading.line, ImportFormat::ShareGpt, conversation, fields));
}

/// Calls on the way through a conversation.
#[derive(Default)]
struct Calls {
    made: usize,
    open: VecDeque<String>,
}

impl Calls {
    /// A turn as a message; a message is taken as it is, and further fields (`weight`, ...) stay with it.
    fn message(&mut self, turn: Value) -> Value {
        let Value::Object(mut fields) = turn else { return turn };
        let Some(from) = fields.shift_remove("from") else { return Value::Object(fields) };
        let value = fields.shift_remove("value").unwrap_or(Value::Null);
        let mut said = match from.as_str() {
            Some("human" | "user") => message("user", value),
            Some("gpt" | "assistant" | "model" | "chatgpt" | "bing" | "bard") => message("assistant", value),
            Some("function_call") => self.call(value),
            Some("observation" | "tool" | "function_response") => self.result(value),
            // `system` is called so there too; a role of another kind is validation's to name.
            _ => json!({ "role": from, "content": value }),
        };
        if let Value::Object(said) = &mut said {
            add_missing(said, fields);
        }
        said
    }

    /// `{"name": ..., "arguments": {...}}`, a list of them, or a text that is neither and is kept as what was said.
    fn call(&mut self, value: Value) -> Value {
        let calls = match read_json_text(value.clone()) {
            Value::Array(calls) => calls,
            call => vec![call],
        };
        if calls.is_empty() || !calls.iter().all(|call| call.get("name").is_some_and(Value::is_string)) {
            return message("assistant", value);
        }
        let calls: Vec<Value> = calls.into_iter().filter_map(as_fields).map(|call| self.number(call)).collect();
        json!({ "role": "assistant", "content": null, "tool_calls": calls })
    }

    fn number(&mut self, call: Fields) -> Value {
        self.made += 1;
        let id = format!("call_{}", self.made);
        self.open.push_back(id.clone());
        tool_call(call, Some(id))
    }

    fn result(&mut self, value: Value) -> Value {
        let content = if value.is_string() { value } else { as_text(&value).into() };
        match self.open.pop_front() {
            Some(id) => json!({ "role": "tool", "tool_call_id": id, "content": content }),
            None => message("tool", content),
        }
    }
}

fn as_fields(value: Value) -> Option<Fields> {
    match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}
