//! An answer as a stream of events.

use std::fmt::Write;

use serde_json::{Value, json};

use super::super::script::{Fault, Plan};
use super::Choice;
use super::reply::{Head, call_id};

/// About so many characters come with each event.
const PIECE: usize = 12;

/// All events, with `[DONE]` at the end. The usage comes in an event of its own, if it is asked for.
pub(super) fn events(
    head: &Head,
    choices: &[Choice],
    usage: Option<&Value>,
    include_usage: bool,
    plan: &Plan,
) -> String {
    let mut chunks: Vec<Value> = Vec::new();
    for (index, choice) in choices.iter().enumerate() {
        for (delta, finish) in deltas(head, index, choice) {
            let choice = json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}]);
            let mut chunk = head.object("chat.completion.chunk", choice);
            if include_usage {
                chunk.insert("usage".to_owned(), Value::Null);
            }
            chunks.push(Value::Object(chunk));
        }
    }
    if let Some(usage) = usage.filter(|_| include_usage) {
        let mut chunk = head.object("chat.completion.chunk", json!([]));
        chunk.insert("usage".to_owned(), usage.clone());
        chunks.push(Value::Object(chunk));
    }
    if plan.has(&Fault::StreamError) {
        chunks.truncate(chunks.len() / 2);
        chunks.push(json!({"error": {
            "message": "The server had an error while processing your request.",
            "type": "server_error", "param": null, "code": null,
        }}));
    }
    let mut lines = String::new();
    for chunk in &chunks {
        // (Writing to a string cannot fail.)
        let _ = write!(lines, "data: {chunk}\n\n");
    }
    lines + "data: [DONE]\n\n"
}

/// What each event adds, the last with the reason of the end.
fn deltas(head: &Head, index: usize, choice: &Choice) -> Vec<(Value, Value)> {
    let mut deltas =
        vec![json!({"role": "assistant", "content": choice.content.as_ref().map(|_| ""), "refusal": null})];
    for (field, text) in [("content", &choice.content), ("refusal", &choice.refusal)] {
        let pieces = text.iter().flat_map(|text| pieces(text));
        deltas.extend(pieces.map(|piece| json!({field: piece})));
    }
    for (place, call) in choice.tool_calls.iter().enumerate() {
        let function = json!({"name": call.name, "arguments": ""});
        let id = call_id(head, index, place);
        deltas.push(json!({"tool_calls": [{"index": place, "id": id, "type": "function", "function": function}]}));
        let more = pieces(&call.arguments).into_iter();
        deltas.extend(more.map(|piece| json!({"tool_calls": [{"index": place, "function": {"arguments": piece}}]})));
    }
    let mut deltas: Vec<(Value, Value)> = deltas.into_iter().map(|delta| (delta, Value::Null)).collect();
    deltas.push((json!({}), json!(choice.finish_reason)));
    deltas
}

/// A text in pieces; a huge one in not more than some thousand.
fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(PIECE.max(letters.len() / 2000)).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(choices: &[Choice], include_usage: bool, plan: &Plan) -> Vec<Value> {
        let usage = json!({"total_tokens": 3});
        let text = events(&Head::new(1, "m"), choices, Some(&usage), include_usage, plan);
        let lines: Vec<&str> = text.split("\n\n").filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.last(), Some(&"data: [DONE]"));
        lines[..lines.len() - 1]
            .iter()
            .map(|line| serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap())
            .collect()
    }

    #[test]
    fn the_pieces_are_the_answer() {
        let said = "A somewhat longer answer, with größeren letters.";
        let chunks = parsed(&[Choice::saying(said)], true, &Plan::default());
        let joined: String =
            chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(joined, said);
        assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
        assert_eq!(chunks[chunks.len() - 1]["usage"]["total_tokens"], 3);
        assert_eq!(chunks[0]["usage"], Value::Null);
    }

    #[test]
    fn arguments_come_in_pieces_and_usage_only_if_asked_for() {
        let chunks = parsed(&[Choice::calling("f", r#"{"city": "Lisbon"}"#)], false, &Plan::default());
        let arguments: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str())
            .collect();
        assert_eq!(arguments, r#"{"city": "Lisbon"}"#);
        assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
    }

    #[test]
    fn a_failing_stream_ends_with_an_error() {
        let plan = Plan { faults: vec![Fault::StreamError], ..Plan::default() };
        let chunks = parsed(&[Choice::saying("something to say, at length")], false, &plan);
        assert!(chunks.last().unwrap()["error"]["type"] == "server_error" && chunks.len() > 1);
    }
}
