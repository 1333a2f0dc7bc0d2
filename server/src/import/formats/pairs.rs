//! Pairs: `{"prompt": ..., "completion": ...}` and `{"question": ..., "answer": ...}`, with a `system` message if there is one.
//! Prompt and completion may be lists of messages, as TRL's conversational data sets have them
//! (<https://huggingface.co/docs/trl/dataset_formats>); `response` is taken for `completion` where that is missing.

use serde_json::Value;

use super::messages::{answer_messages, prompt_messages, take_system, take_tools};
use super::record::{Conversation, record};
use super::{Fields, Reading};
use crate::types::import::ImportFormat;

pub(super) fn is_prompt(fields: &Fields) -> bool {
    let speaks = |prompt: &Value| prompt.is_string() || prompt.is_array();
    fields.get("prompt").is_some_and(speaks) || (fields.contains_key("prompt") && fields.contains_key("completion"))
}

pub(super) fn is_question(fields: &Fields) -> bool {
    fields.get("question").is_some_and(Value::is_string)
        || (fields.contains_key("question") && fields.contains_key("answer"))
}

pub(super) fn read_prompt(reading: &mut Reading, fields: Fields) {
    let answer = if fields.contains_key("completion") { "completion" } else { "response" };
    read(reading, fields, ImportFormat::PromptCompletion, "prompt", answer);
}

pub(super) fn read_question(reading: &mut Reading, fields: Fields) {
    read(reading, fields, ImportFormat::QuestionAnswer, "question", "answer");
}

fn read(reading: &mut Reading, mut fields: Fields, format: ImportFormat, prompt: &str, answer: &str) {
    let prompt = fields.shift_remove(prompt);
    let answer = answer_messages(fields.shift_remove(answer));
    let messages = take_system(&mut fields).into_iter().chain(prompt_messages(prompt)).collect();
    let tools = take_tools(&mut fields, "tools");
    let conversation = Conversation { messages: Value::Array(messages), tools, answer, ..Conversation::default() };
    reading.push(record(reading.line, format, conversation, fields));
}
