//! promptfoo: an element of `results.results` in `promptfoo eval --output results.json`, or a line of `results.jsonl`
//! (`EvaluateResult` in <https://github.com/promptfoo/promptfoo/blob/main/src/types/index.ts>): `{"prompt": {"raw", "label"}, "vars",
//! "response": {"output", ...}, "testCase", "success", "score", "gradingResult": {"reason"}, ...}`. `raw` is the rendered prompt, a text
//! or the JSON text of messages. The score is the record's evaluation, `{"score", "passed", "reason", "source": "promptfoo"}`.

use serde_json::{Value, json};

use super::langfuse;
use super::messages::{as_text, message, read_json_text};
use super::record::record;
use super::{Fields, Reading};
use crate::types::import::ImportFormat;

pub(super) fn matches(fields: &Fields) -> bool {
    let marks = ["vars", "testCase", "success", "score", "gradingResult", "promptIdx", "promptId"];
    fields.get("prompt").is_some_and(|prompt| prompt.get("raw").is_some())
        && !["data", "messages"].iter().any(|name| fields.contains_key(*name))
        && marks.iter().any(|name| fields.contains_key(*name))
}

pub(super) fn read(reading: &mut Reading, mut fields: Fields) {
    let raw = take_from(&mut fields, "prompt", "raw").unwrap_or_default();
    let prompt = read_json_text(raw.clone());
    // A prompt that is JSON but no messages is a text that happens to be JSON.
    let mut conversation = langfuse::conversation(if langfuse::holds_messages(&prompt) { prompt } else { raw });
    match take_from(&mut fields, "response", "output") {
        None => {}
        Some(Value::Array(calls)) if !calls.is_empty() && calls.iter().all(|call| call.get("function").is_some()) => {
            conversation.answer = vec![json!({ "role": "assistant", "content": null, "tool_calls": calls })];
        }
        // A text stays as it was written, JSON or not: graders look at the format.
        Some(Value::String(text)) => conversation.answer = vec![message("assistant", text.into())],
        Some(output) => langfuse::answer(&mut conversation, output),
    }
    let score = fields.shift_remove("score").filter(|score| !score.is_null());
    let evaluation = score.map(|score| {
        let reason = fields.get("gradingResult").and_then(|result| result.get("reason")).map(as_text);
        json!({ "score": score, "passed": fields.get("success"), "reason": reason, "source": "promptfoo" })
    });
    let mut record = record(reading.line, ImportFormat::Promptfoo, conversation, fields);
    record.evaluation = record.evaluation.or(evaluation);
    reading.push(record);
}

/// Takes one field out of an object; the rest of it stays, unless there is none.
fn take_from(fields: &mut Fields, key: &str, name: &str) -> Option<Value> {
    let object = fields.get_mut(key)?.as_object_mut()?;
    let taken = object.shift_remove(name);
    if object.is_empty() {
        fields.shift_remove(key);
    }
    taken
}
