//! Tool calls and their results: every call has an id, every result answers an earlier call.

use std::collections::HashSet;

use serde_json::Value;

use super::text::{Places, quoted, role};
use crate::types::validation::{ValidationError, ValidationResult};

/// The first of the two tool-chain rules that the messages break.
pub fn validate_tool_chain(messages: &[Value]) -> ValidationResult {
    let missing = missing_ids(messages).map(|details| (ValidationError::MissingToolCallId, details));
    let found =
        missing.or_else(|| orphan_results(messages).map(|details| (ValidationError::OrphanToolResult, details)));
    match found {
        Some((error, details)) => ValidationResult { valid: false, error: Some(error), details: Some(details) },
        None => ValidationResult { valid: true, error: None, details: None },
    }
}

/// Where an assistant's tool call has no id or a tool message no `tool_call_id`.
pub(super) fn missing_ids(messages: &[Value]) -> Option<String> {
    let mut places = Places::default();
    for (index, message) in messages.iter().enumerate() {
        let number = index + 1;
        match role(message) {
            Some("assistant") => match message.get("tool_calls") {
                None | Some(Value::Null) => {}
                Some(Value::Array(calls)) => {
                    for (call_index, call) in calls.iter().enumerate() {
                        if id(call, "id").is_none() {
                            places.push(|| format!("tool call {} of message {number} has no id", call_index + 1));
                        }
                    }
                }
                Some(_) => {
                    places.push(|| format!("the tool_calls of message {number} are not a list, so they have no id"));
                }
            },
            Some("tool") if id(message, "tool_call_id").is_none() => {
                places.push(|| format!("message {number} (tool) has no tool_call_id"));
            }
            _ => {}
        }
    }
    places.into_details()
}

/// Where a tool message answers an id that no earlier assistant message called.
pub(super) fn orphan_results(messages: &[Value]) -> Option<String> {
    let mut called: HashSet<&str> = HashSet::new();
    let mut places = Places::default();
    for (index, message) in messages.iter().enumerate() {
        match role(message) {
            Some("assistant") => {
                let calls = message.get("tool_calls").and_then(Value::as_array);
                called.extend(calls.into_iter().flatten().filter_map(|call| id(call, "id")));
            }
            Some("tool") => {
                if let Some(answered) = id(message, "tool_call_id").filter(|answered| !called.contains(answered)) {
                    let number = index + 1;
                    places.push(|| {
                        format!("message {number} (tool) answers {}, which no earlier message called", quoted(answered))
                    });
                }
            }
            _ => {}
        }
    }
    places.into_details()
}

/// An id is a text that is not empty; providers refuse anything else.
fn id<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|id| !id.is_empty())
}
