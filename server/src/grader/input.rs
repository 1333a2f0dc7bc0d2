//! What a grader sees of a record, under this project's names and under OpenAI's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::types::dataset::{DatasetRecord, content_text};

/// The argument of a script's `grade(input)`. Names as the script contract has them (domain.md section 7).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GradeInput {
    /// The prompt's messages as they were imported.
    pub messages: Vec<Value>,
    /// The text to grade; empty where the model only called tools.
    pub response: String,
    /// The text of the prompt's last user message; empty where there is none.
    pub last_user_message: String,
    /// The tool definitions that the model could use.
    pub tools: Vec<Value>,
    /// The tool calls to grade.
    pub tool_calls: Vec<Value>,
    /// The texts of the system and developer messages, an empty line between them.
    pub system_prompt: String,
    /// The record's `reference_answer` (or the one in its metadata), whatever its type; null where there is none.
    pub reference_answer: Value,
    /// The record's metadata.
    pub metadata: Map<String, Value>,
    /// The other top-level fields of the imported line, `reference_answer` among them.
    pub item: Map<String, Value>,
    /// The response under OpenAI's names.
    pub sample: SampleView,
}

/// What OpenAI's graders call `sample`; its names are snake_case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleView {
    /// The same as `response`.
    pub output_text: String,
    /// The response parsed, where it is a JSON object or list; else null.
    pub output_json: Value,
    /// The same as `toolCalls`.
    pub output_tools: Vec<Value>,
}

/// A response to grade: one that was recorded, or one that a model was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordedResponse {
    /// What the assistant said; may be empty where there are tool calls.
    pub text: String,
    /// What it called.
    pub tool_calls: Vec<Value>,
}

/// A parsed response nested deeper is left as text: the worker reads 128 levels, and these are inside others.
const MAX_OUTPUT_JSON_DEPTH: usize = 100;

/// What a grader sees when `response` answers the prompt of `record`.
pub fn grade_input(record: &DatasetRecord, response: &RecordedResponse) -> GradeInput {
    grade_input_of(record.data.get("input"), &record.metadata, &record.item, response)
}

/// The same from a row's parts: `prompt` holds `messages` and `tools`, `item` the row's other fields.
pub fn grade_input_of(
    prompt: Option<&Value>,
    metadata: &Map<String, Value>,
    item: &Map<String, Value>,
    response: &RecordedResponse,
) -> GradeInput {
    let messages = list(prompt.and_then(|prompt| prompt.get("messages")));
    let last_user_message =
        messages.iter().rfind(|message| role(message) == Some("user")).map(text).unwrap_or_default();
    let system_prompts: Vec<String> =
        messages.iter().filter(|message| matches!(role(message), Some("system" | "developer"))).map(text).collect();
    let reference_answer = reference_answer(item, metadata);
    let mut item = item.clone();
    if !reference_answer.is_null() {
        item.insert("reference_answer".to_owned(), reference_answer.clone());
    }
    GradeInput {
        response: response.text.clone(),
        last_user_message,
        tools: list(prompt.and_then(|prompt| prompt.get("tools"))),
        tool_calls: response.tool_calls.clone(),
        system_prompt: system_prompts.join("\n\n"),
        reference_answer,
        metadata: metadata.clone(),
        item,
        sample: SampleView {
            output_text: response.text.clone(),
            output_json: output_json(&response.text),
            output_tools: response.tool_calls.clone(),
        },
        messages,
    }
}

/// What production answered: the text of the last run of assistant messages that have any, and every
/// tool call of the output. `None` if the record holds neither, so nothing can be graded.
pub fn recorded_response(record: &DatasetRecord) -> Option<RecordedResponse> {
    let output = record.data.get("output")?;
    let messages = list(output.get("messages"));
    let mut tool_calls: Vec<Value> = Vec::new();
    for message in messages.iter().filter(|message| role(message) == Some("assistant")) {
        tool_calls.extend(list(message.get("tool_calls")));
    }
    // Some exporters repeat the messages' calls beside them: the same call is not made twice.
    for call in list(output.get("tool_calls")) {
        if !tool_calls.contains(&call) {
            tool_calls.push(call);
        }
    }
    let mut texts: Vec<String> = messages
        .iter()
        .rev()
        .skip_while(|message| !is_spoken(message))
        .take_while(|message| is_spoken(message))
        .map(text)
        .collect();
    texts.reverse();
    let text = texts.join("\n");
    (!text.is_empty() || !tool_calls.is_empty()).then_some(RecordedResponse { text, tool_calls })
}

fn reference_answer(item: &Map<String, Value>, metadata: &Map<String, Value>) -> Value {
    ["reference_answer", "referenceAnswer"]
        .iter()
        .flat_map(|name| [item.get(*name), metadata.get(*name)])
        .flatten()
        .find(|value| !value.is_null())
        .cloned()
        .unwrap_or(Value::Null)
}

fn is_spoken(message: &Value) -> bool {
    role(message) == Some("assistant") && !text(message).trim().is_empty()
}

fn role(message: &Value) -> Option<&str> {
    message.get("role").and_then(Value::as_str)
}

fn text(message: &Value) -> String {
    message.get("content").map(content_text).unwrap_or_default()
}

fn list(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn output_json(text: &str) -> Value {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return Value::Null;
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) if is_shallower(&value, MAX_OUTPUT_JSON_DEPTH) => value,
        _ => Value::Null,
    }
}

pub(super) fn is_shallower(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallower(item, depth - 1)),
        Value::Object(fields) => depth > 0 && fields.values().all(|field| is_shallower(field, depth - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::record;
    use super::*;

    #[test]
    fn an_input_has_every_name_of_both_contracts() {
        let call = json!({ "id": "c1", "type": "function", "function": { "name": "find", "arguments": "{}" } });
        let mut record = record(
            json!({ "input": {
                "messages": [
                    { "role": "system", "content": "A" },
                    { "role": "user", "content": "first" },
                    { "role": "assistant", "content": null },
                    { "role": "developer", "content": [{ "type": "text", "text": "B" }] },
                    { "role": "user", "content": [{ "type": "text", "text": "see" }, { "type": "image_url", "image_url": {} }, { "type": "text", "text": "this" }] },
                    { "role": "tool", "content": "result", "tool_call_id": "c0" },
                ],
                "tools": [{ "type": "function", "function": { "name": "find" } }],
            } }),
            json!({ "difficulty": 3 }),
        );
        record.metadata.insert("reference_answer".to_owned(), json!("gold"));
        let response = RecordedResponse { text: " {\"a\": 1} ".to_owned(), tool_calls: vec![call.clone()] };
        let input = serde_json::to_value(grade_input(&record, &response)).unwrap();
        assert_eq!(
            input,
            json!({
                "messages": record.data["input"]["messages"],
                "response": " {\"a\": 1} ",
                "lastUserMessage": "see\nthis",
                "tools": [{ "type": "function", "function": { "name": "find" } }],
                "toolCalls": [call],
                "systemPrompt": "A\n\nB",
                "referenceAnswer": "gold",
                "metadata": { "reference_answer": "gold" },
                "item": { "difficulty": 3, "reference_answer": "gold" },
                "sample": { "output_text": " {\"a\": 1} ", "output_json": { "a": 1 }, "output_tools": [call] },
            })
        );
    }

    #[test]
    fn the_item_wins_over_metadata_and_null_is_none() {
        let mut record = record(json!({}), json!({ "reference_answer": null, "referenceAnswer": { "k": 1 } }));
        record.metadata.insert("reference_answer".to_owned(), json!("from metadata"));
        let input = grade_input(&record, &RecordedResponse::default());
        assert_eq!(input.reference_answer, json!("from metadata"));
        record.item.insert("reference_answer".to_owned(), json!("from the line"));
        assert_eq!(grade_input(&record, &RecordedResponse::default()).reference_answer, json!("from the line"));
    }

    #[test]
    fn records_of_any_shape_give_an_input() {
        for data in [
            json!(null),
            json!([1]),
            json!({ "input": 1 }),
            json!({ "input": { "messages": "x", "tools": {} } }),
            json!({ "input": { "messages": [1, null, { "role": 5 }, {}] } }),
        ] {
            let input = grade_input(&record(data.clone(), json!(null)), &RecordedResponse::default());
            assert_eq!((input.last_user_message.as_str(), input.system_prompt.as_str()), ("", ""), "{data}");
            assert!(input.reference_answer.is_null() && input.tools.is_empty());
        }
    }

    #[test]
    fn only_objects_and_lists_are_output_json() {
        let deep = format!("{}1{}", "[".repeat(101), "]".repeat(101));
        for (text, expected) in [
            ("{\"a\":[]}", json!({ "a": [] })),
            ("\n[1]\n", json!([1])),
            ("5", Value::Null),
            ("\"x\"", Value::Null),
            ("{broken", Value::Null),
            ("Sure: {\"a\":1}", Value::Null),
            ("", Value::Null),
            (deep.as_str(), Value::Null),
        ] {
            assert_eq!(output_json(text), expected, "{text}");
        }
    }

    #[test]
    fn the_recorded_response_is_the_last_spoken_run_and_every_call() {
        let call = |id: &str| json!({ "id": id, "function": { "name": "f", "arguments": "{}" } });
        let cases = [
            (json!({}), None),
            (json!({ "output": null }), None),
            (json!({ "output": {} }), None),
            (json!({ "output": { "messages": [] } }), None),
            (json!({ "output": { "messages": [{ "role": "assistant", "content": " " }] } }), None),
            (json!({ "output": { "messages": [{ "role": "user", "content": "u" }] } }), None),
            (json!({ "output": { "messages": "x", "tool_calls": 1 } }), None),
            (json!({ "output": { "messages": [{ "role": "assistant", "content": "hi" }] } }), Some(("hi", vec![]))),
            // Two answers in a row belong together; what was said before a tool ran does not.
            (
                json!({ "output": { "messages": [
                    { "role": "assistant", "content": "let me look", "tool_calls": [call("1")] },
                    { "role": "tool", "content": "r", "tool_call_id": "1" },
                    { "role": "assistant", "content": "a" },
                    { "role": "assistant", "content": [{ "type": "text", "text": "b" }], "tool_calls": [call("2")] },
                ] } }),
                Some(("a\nb", vec![call("1"), call("2")])),
            ),
            // A call at the end has no text of its own: the last words count.
            (
                json!({ "output": { "messages": [
                    { "role": "assistant", "content": "booking" },
                    { "role": "assistant", "content": null, "tool_calls": [call("1")] },
                ] } }),
                Some(("booking", vec![call("1")])),
            ),
            (json!({ "output": { "tool_calls": [call("9")] } }), Some(("", vec![call("9")]))),
            // Repeated beside the messages: once. Another one: both.
            (
                json!({ "output": { "messages": [{ "role": "assistant", "content": null, "tool_calls": [call("1")] }], "tool_calls": [call("1"), call("2")] } }),
                Some(("", vec![call("1"), call("2")])),
            ),
        ];
        for (data, expected) in cases {
            let expected = expected.map(|(text, tool_calls)| RecordedResponse { text: text.to_owned(), tool_calls });
            assert_eq!(recorded_response(&record(data.clone(), json!(null))), expected, "{data}");
        }
    }
}
