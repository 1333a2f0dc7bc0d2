//! One line to one record. Whatever the line holds is kept: known fields in their places, all others as item
//! data, and what is no record at all as its raw text with the reason.

use serde_json::{Map, Value, json};

use super::source::{LineContent, SourceLine};

/// In which form a line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineForm {
    /// `{"messages": [...], ...}`.
    Chat,
    /// `{"data": {"input": ..., "output": ...}, ...}` or the bare `{"input": {...}, "output": ...}`.
    Native,
    /// Neither: kept as it is.
    Bad,
}

/// A line as a record, before anything is derived from it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedRecord {
    /// 1-based line (or array element).
    pub line: i64,
    /// The form it came in.
    pub form: LineForm,
    /// `{"input": ..., "output": ...}`; `null` for a bad line.
    pub data: Value,
    /// The line's `metadata` object.
    pub metadata: Map<String, Value>,
    /// All other top-level fields.
    pub item: Map<String, Value>,
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

/// Reads one line; never fails, because a bad line is a record too.
pub fn parse_line(line: SourceLine) -> ParsedRecord {
    let number = line.number;
    let text = match line.content {
        LineContent::Bad { raw, reason } => return bad(number, raw, &reason),
        LineContent::Text(text) => text,
    };
    let value: Value = match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(error) => {
            let reason = syntax_error(&error);
            return bad(number, text, &reason);
        }
    };
    match value {
        Value::Object(fields) => match form_of(&fields) {
            LineForm::Chat => chat(number, fields),
            LineForm::Native => native(number, fields),
            LineForm::Bad => {
                let reason = format!("{EXPECTED}, found {}.", keys_in_words(&fields));
                bad(number, text, &reason)
            }
        },
        other => {
            let found = match other {
                Value::Array(_) => "a list",
                Value::String(_) => "a text",
                Value::Number(_) => "a number",
                _ => "a single word",
            };
            bad(number, text, &format!("{EXPECTED}, found {found}."))
        }
    }
}

const EXPECTED: &str = "this line is no record: expected {\"messages\": [...]} or {\"data\": {\"input\": {\"messages\": [...]}, \
                        \"output\": {...}}}";

/// The form by the fields; native wins where its structure is plain, because a native record may well
/// have an item field that is called `messages`.
fn form_of(fields: &Map<String, Value>) -> LineForm {
    if is_wrapped(fields) || has_bare_messages(fields) {
        LineForm::Native
    } else if fields.contains_key("messages") {
        LineForm::Chat
    } else if fields.contains_key("data")
        || ["input", "output"].iter().any(|key| fields.get(*key).is_some_and(Value::is_object))
    {
        LineForm::Native
    } else {
        LineForm::Bad
    }
}

/// `{"data": {"input": ...}}` or `{"data": {"output": ...}}`.
fn is_wrapped(fields: &Map<String, Value>) -> bool {
    fields.get("data").is_some_and(|data| data.get("input").is_some() || data.get("output").is_some())
}

/// `{"input": {"messages": ...}}`.
fn has_bare_messages(fields: &Map<String, Value>) -> bool {
    fields.get("input").is_some_and(|input| input.get("messages").is_some())
}

fn chat(line: i64, mut fields: Map<String, Value>) -> ParsedRecord {
    let mut messages = fields.shift_remove("messages").unwrap_or(Value::Null);
    let mut output = Map::new();
    if let Value::Array(all) = &mut messages {
        let is_answer = |message: &Value| message.get("role").and_then(Value::as_str) == Some("assistant");
        let prompt_length = all.iter().rposition(|message| !is_answer(message)).map_or(0, |last| last + 1);
        let answer = all.split_off(prompt_length);
        if !answer.is_empty() {
            output.insert("messages".to_owned(), Value::Array(answer));
            output.insert("finish_reason".to_owned(), Value::Null);
        }
    }
    let mut input = Map::new();
    input.insert("messages".to_owned(), messages);
    for key in ["tools", "tool_choice"] {
        if let Some(value) = fields.shift_remove(key) {
            input.insert(key.to_owned(), value);
        }
    }
    let data = json!({ "input": input, "output": output });
    with_top_level(line, LineForm::Chat, data, fields)
}

/// Where an exported native line keeps item fields whose names mean something else at the top level, so that
/// a round trip is exact whatever a user's fields are called.
pub(crate) const ITEM_ESCAPE: &str = "anneal_item";

fn native(line: i64, mut fields: Map<String, Value>) -> ParsedRecord {
    let escaped = match fields.shift_remove(ITEM_ESCAPE) {
        Some(Value::Object(escaped)) => escaped,
        Some(other) => Map::from_iter([(ITEM_ESCAPE.to_owned(), other)]),
        None => Map::new(),
    };
    // With a bare prompt beside it, a `data` that is no record is one more field of the user's.
    let bare = has_bare_messages(&fields) && !is_wrapped(&fields);
    let data = if bare { None } else { fields.shift_remove("data") };
    let data = data.unwrap_or_else(|| {
        let parts = ["input", "output"].into_iter().filter_map(|key| fields.shift_remove_entry(key));
        Value::Object(parts.collect())
    });
    let mut record = with_top_level(line, LineForm::Native, data, fields);
    record.item.extend(escaped);
    record
}

/// Sorts the remaining top-level fields into their places. A field of an unexpected type stays with the
/// item, under its own name.
fn with_top_level(line: i64, form: LineForm, data: Value, mut fields: Map<String, Value>) -> ParsedRecord {
    let metadata = match fields.shift_remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        Some(other) => {
            fields.insert("metadata".to_owned(), other);
            Map::new()
        }
        None => Map::new(),
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
        form,
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
fn take_text(fields: &mut Map<String, Value>, key: &str) -> Option<String> {
    match fields.shift_remove(key)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Null | Value::String(_) => None,
        other => {
            fields.insert(key.to_owned(), other);
            None
        }
    }
}

fn bad(line: i64, raw: String, reason: &str) -> ParsedRecord {
    ParsedRecord {
        line,
        form: LineForm::Bad,
        data: Value::Null,
        metadata: Map::new(),
        item: Map::new(),
        raw: Some(raw),
        parse_error: Some(format!("line {line}: {reason}")),
        span_id: None,
        topic: None,
        is_generated: false,
        evaluation: None,
    }
}

/// The parser's message in words for a person. Its line number is dropped for what stands on one line anyway.
fn syntax_error(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let message = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(message, _)| message);
    let place = if error.line() > 1 {
        format!("line {} of it, column {}", error.line(), error.column())
    } else {
        format!("column {}", error.column())
    };
    if message.starts_with("recursion limit") {
        return format!("lists and objects are nested more than 127 levels deep at {place}. Flatten the record.");
    }
    let hint = if error.is_eof() { ", so it was probably cut off" } else { "" };
    format!("this is not valid JSON: {message} at {place}{hint}.")
}

fn keys_in_words(fields: &Map<String, Value>) -> String {
    const SHOWN: usize = 6;
    if fields.is_empty() {
        return "an object without fields".to_owned();
    }
    let names: Vec<String> = fields.keys().take(SHOWN).map(|key| key.chars().take(30).collect()).collect();
    let more = fields.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("an object with {}{more}", names.join(", "))
}
