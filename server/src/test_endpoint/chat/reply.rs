//! An answer in one piece.

use serde_json::{Map, Value, json};

use super::super::state::now;
use super::{Choice, ToolCall};

/// What every piece of an answer says of it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) id: String,
    created: i64,
    model: String,
}

impl Head {
    /// Of the request of this number.
    pub(super) fn new(number: u64, model: &str) -> Self {
        Self { id: format!("chatcmpl-{number:08}"), created: now(), model: model.to_owned() }
    }

    /// The fields that are the same for an answer and for the pieces of a stream.
    pub(super) fn object(&self, kind: &str, choices: Value) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("id".to_owned(), json!(self.id));
        object.insert("object".to_owned(), json!(kind));
        object.insert("created".to_owned(), json!(self.created));
        object.insert("model".to_owned(), json!(self.model));
        object.insert("system_fingerprint".to_owned(), json!("fp_anneal_test"));
        object.insert("choices".to_owned(), choices);
        object
    }
}

/// `chat.completion`.
pub(super) fn completion(head: &Head, choices: &[Choice], usage: Option<Value>) -> Value {
    let choices: Vec<Value> = choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            let mut message =
                json!({"role": "assistant", "content": choice.content, "refusal": choice.refusal, "annotations": []});
            if !choice.tool_calls.is_empty() {
                let calls = choice.tool_calls.iter().enumerate();
                message["tool_calls"] = calls.map(|(place, call)| call_json(head, index, place, call)).collect();
            }
            json!({"index": index, "message": message, "logprobs": null, "finish_reason": choice.finish_reason})
        })
        .collect();
    let mut object = head.object("chat.completion", Value::Array(choices));
    if let Some(usage) = usage {
        object.insert("usage".to_owned(), usage);
    }
    Value::Object(object)
}

fn call_json(head: &Head, choice: usize, place: usize, call: &ToolCall) -> Value {
    let function = json!({"name": call.name, "arguments": call.arguments});
    json!({"id": call_id(head, choice, place), "type": "function", "function": function})
}

/// A name for a call by which its result is told.
pub(super) fn call_id(head: &Head, choice: usize, place: usize) -> String {
    format!("call_{}_{choice}_{place}", head.id.trim_start_matches("chatcmpl-"))
}
