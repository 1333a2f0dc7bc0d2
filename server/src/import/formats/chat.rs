//! Chat JSONL: `{"messages": [...], "tools"?, "tool_choice"?, ...}`. A trailing run of assistant messages is the recorded
//! answer, the rest is the prompt.

use serde_json::Value;

use super::record::{Conversation, record};
use super::{Fields, Reading};
use crate::types::import::ImportFormat;

pub(super) fn matches(fields: &Fields) -> bool {
    fields.contains_key("messages")
}

pub(super) fn read(reading: &mut Reading, mut fields: Fields) {
    let mut conversation = match fields.shift_remove("messages") {
        Some(Value::Array(messages)) => Conversation::from_messages(messages),
        other => Conversation { messages: other.unwrap_or(Value::Null), ..Conversation::default() },
    };
    conversation.tools = fields.shift_remove("tools");
    conversation.tool_choice = fields.shift_remove("tool_choice");
    reading.push(record(reading.line, ImportFormat::Chat, conversation, fields));
}
