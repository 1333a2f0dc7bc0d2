//! What every format makes of a line: a record, before anything is derived from it.

use serde_json::{Value, json};

use super::Fields;
use crate::types::import::ImportFormat;

/// A record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedRecord {
    /// 1-based line (or element, or row).
    pub line: i64,
    /// The format it came in.
    pub format: ImportFormat,
    /// `{"input": ..., "output": ...}`; `null` for a bad line.
    pub data: Value,
    /// The line's `metadata` object.
    pub metadata: Fields,
    /// All other top-level fields.
    pub item: Fields,
    /// The line's text, for a bad line only.
    pub raw: Option<String>,
    /// Why it is a bad line.
    pub parse_error: Option<String>,
    /// The span it came from.
    pub span_id: Option<String>,
    /// The topic it carries.
    pub topic: Option<String>,
    /// Whether the file says that it is synthetic.
    pub is_generated: bool,
    /// A score that came with it.
    pub evaluation: Option<Value>,
}

/// A prompt and the recorded answer.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The prompt's messages; any other value is kept for validation to name.
    pub messages: Value,
    /// Tool definitions.
    pub tools: Option<Value>,
    /// The provider's `tool_choice`.
    pub tool_choice: Option<Value>,
    /// What the model answered; empty for nothing.
    pub answer: Vec<Value>,
    /// Why it stopped.
    pub finish_reason: Value,
    /// Answers that were not taken.
    pub other_choices: Vec<Value>,
}

impl Conversation {
    /// A whole conversation: its trailing assistant messages are the answer.
    pub(super) fn from_messages(mut messages: Vec<Value>) -> Self {
        let is_answer = |message: &Value| message.get("role").and_then(Value::as_str) == Some("assistant");
        let prompt_length = messages.iter().rposition(|message| !is_answer(message)).map_or(0, |last| last + 1);
        let answer = messages.split_off(prompt_length);
        Self { messages: Value::Array(messages), answer, ..Self::default() }
    }

    fn into_data(self) -> Value {
        let mut input = Fields::new();
        input.insert("messages".to_owned(), self.messages);
        for (key, value) in [("tools", self.tools), ("tool_choice", self.tool_choice)] {
            if let Some(value) = value {
                input.insert(key.to_owned(), value);
            }
        }
        let mut output = Fields::new();
        if !self.answer.is_empty() {
            output.insert("messages".to_owned(), Value::Array(self.answer));
            output.insert("finish_reason".to_owned(), self.finish_reason);
        }
        if !self.other_choices.is_empty() {
            output.insert("other_choices".to_owned(), Value::Array(self.other_choices));
        }
        json!({ "input": input, "output": output })
    }
}

/// A conversation with the rest of its line.
pub(super) fn record(line: i64, format: ImportFormat, conversation: Conversation, rest: Fields) -> ParsedRecord {
    with_top_level(line, format, conversation.into_data(), rest)
}

/// Sorts the remaining top-level fields into their places. A field of an unexpected type stays with the
/// item, under its own name.
pub(super) fn with_top_level(line: i64, format: ImportFormat, data: Value, mut fields: Fields) -> ParsedRecord {
    let metadata = match fields.shift_remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        Some(other) => {
            fields.insert("metadata".to_owned(), other);
            Fields::new()
        }
        None => Fields::new(),
    };
    let span_id = take_text(&mut fields, "span_id");
    let topic = take_text(&mut fields, "topic");
    let is_generated = match fields.get("is_generated") {
        Some(Value::Bool(flag)) => {
            let flag = *flag;
            fields.shift_remove("is_generated");
            flag
        }
        _ => false,
    };
    let evaluation = fields.shift_remove("evaluation").filter(|evaluation| !evaluation.is_null());
    ParsedRecord {
        line,
        format,
        data,
        metadata,
        item: fields,
        raw: None,
        parse_error: None,
        span_id,
        topic,
        is_generated,
        evaluation,
    }
}

/// Takes a text that is not blank, and drops a null or a blank one, which say nothing.
pub(super) fn take_text(fields: &mut Fields, key: &str) -> Option<String> {
    match fields.shift_remove(key)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Null | Value::String(_) => None,
        other => {
            fields.insert(key.to_owned(), other);
            None
        }
    }
}

/// A line that is kept as it came, with what could be read of it as item data.
pub(super) fn bad(line: i64, raw: String, reason: &str, item: Fields) -> ParsedRecord {
    ParsedRecord {
        line,
        format: ImportFormat::Unreadable,
        data: Value::Null,
        metadata: Fields::new(),
        item,
        raw: Some(raw),
        parse_error: Some(format!("line {line}: {reason}")),
        span_id: None,
        topic: None,
        is_generated: false,
        evaluation: None,
    }
}
