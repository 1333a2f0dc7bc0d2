//! From a line to its records. Whatever the line holds is kept: known fields in their places, all others as item data,
//! and what is no record at all as its raw text with the reason.
//!
//! Each format has a file; [`DETECTORS`] is the list of them, in the order in which they are asked. Each line is looked at
//! by itself, so a file may mix formats.

mod alpaca;
mod chat;
mod csv;
mod langfuse;
mod messages;
mod native;
mod openai;
mod otel;
mod pairs;
mod promptfoo;
mod record;
mod sharegpt;
mod wrapper;

use serde_json::{Map, Value};

use super::source::{LineContent, SourceLine};
use crate::json;
use crate::types::import::{Counts, SkipReason};

pub(crate) use native::ITEM_ESCAPE;
pub use record::ParsedRecord;
use record::bad;
pub(super) use wrapper::is_wrapper;

/// A JSON object's fields, in their order.
type Fields = Map<String, Value>;

/// What became of a line: most give one record, an OpenTelemetry export or a list of records may give many.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParsedLine {
    /// In the line's order.
    pub records: Vec<ParsedRecord>,
    /// What is no record by design. A line without records has at least one of these.
    pub skipped: Counts<SkipReason>,
}

/// How a format is told and read.
struct Detector {
    /// Whether an object is in this format, by its fields.
    matches: fn(&Fields) -> bool,
    /// Reads one that is; never fails, because what cannot be read is kept as a bad record.
    read: fn(&mut Reading, Fields),
}

/// The first that matches reads the object. The order settles who is right where two could be:
/// a native record may have item fields called anything, so a plain `data` wins over all; exports of Langfuse and
/// promptfoo have fields called `input` and `prompt`, so they come before the formats that are told by those alone;
/// and a list of records is one only if the object around it is no record itself.
const DETECTORS: [Detector; 14] = [
    Detector { matches: native::is_wrapped, read: native::read },
    Detector { matches: langfuse::matches, read: langfuse::read },
    Detector { matches: promptfoo::matches, read: promptfoo::read },
    Detector { matches: native::has_bare_messages, read: native::read },
    Detector { matches: chat::matches, read: chat::read },
    Detector { matches: native::has_data, read: native::read },
    Detector { matches: otel::matches, read: otel::read },
    Detector { matches: openai::is_batch, read: openai::read_batch },
    Detector { matches: openai::is_log, read: openai::read_log },
    Detector { matches: sharegpt::matches, read: sharegpt::read },
    Detector { matches: alpaca::matches, read: alpaca::read },
    Detector { matches: pairs::is_prompt, read: pairs::read_prompt },
    Detector { matches: pairs::is_question, read: pairs::read_question },
    Detector { matches: native::has_parts, read: native::read },
];

/// Reads one line; never fails, because a bad line is a record too.
pub fn parse_line(line: SourceLine) -> ParsedLine {
    let mut reading = Reading { line: line.number, parsed: ParsedLine::default() };
    match line.content {
        LineContent::Bad { raw, reason } => reading.bad(raw, &reason),
        LineContent::Row { text, is_last, table } => csv::read(&mut reading, text, is_last, &table),
        LineContent::Text(text) => read_text(&mut reading, text),
    }
    if reading.parsed.records.is_empty() && reading.parsed.skipped.is_empty() {
        reading.skip(SkipReason::Wrapper);
    }
    reading.parsed
}

/// A line being read.
struct Reading {
    line: i64,
    parsed: ParsedLine,
}

impl Reading {
    fn push(&mut self, record: ParsedRecord) {
        self.parsed.records.push(record);
    }

    fn skip(&mut self, reason: SkipReason) {
        self.parsed.skipped.add(reason, 1);
    }

    fn bad(&mut self, raw: String, reason: &str) {
        let record = bad(self.line, raw, reason, Fields::new());
        self.push(record);
    }
}

fn read_text(reading: &mut Reading, text: String) {
    let value = match json::parse(&text) {
        Ok(value) => value,
        Err(error) => {
            let reason = syntax_error(&error);
            return reading.bad(text, &reason);
        }
    };
    match value {
        Value::Object(fields) => {
            if let Err(fields) = read_object(reading, fields, 0) {
                reading.bad(text, &format!("{EXPECTED}, found {}.", keys_in_words(&fields)));
            }
        }
        other => reading.bad(text, &format!("{EXPECTED}, found {}.", kind_in_words(&other))),
    }
}

/// Lists of records may hold lists of records (a page of traces with their observations), but not for ever.
const MAX_WRAPPERS: usize = 4;

/// Reads an object in whichever format it is, `wrappers` lists deep; gives it back if it is none.
fn read_object(reading: &mut Reading, fields: Fields, wrappers: usize) -> Result<(), Fields> {
    if let Some(detector) = DETECTORS.iter().find(|detector| (detector.matches)(&fields)) {
        (detector.read)(reading, fields);
        return Ok(());
    }
    if wrappers < MAX_WRAPPERS && wrapper::matches(&fields) {
        wrapper::read(reading, fields, wrappers);
        return Ok(());
    }
    Err(fields)
}

/// Reads what stands in a list of records.
fn read_element(reading: &mut Reading, element: Value, wrappers: usize) {
    match element {
        Value::Object(fields) => {
            if let Err(fields) = read_object(reading, fields, wrappers) {
                let reason = format!("{EXPECTED}, found {}.", keys_in_words(&fields));
                reading.bad(Value::Object(fields).to_string(), &reason);
            }
        }
        other => reading.bad(other.to_string(), &format!("{EXPECTED}, found {}.", kind_in_words(&other))),
    }
}

const EXPECTED: &str = "this line is no record: expected {\"messages\": [...]}, {\"data\": {\"input\": {\"messages\": [...]}, \
                        \"output\": {...}}} or another form that Anneal reads";

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
    if error.is_data() {
        // It is JSON, but cannot be kept as it is: a field stands twice.
        let place = if error.line() == 0 { String::new() } else { format!(" (at {place})") };
        return format!(
            "{message}{place}. Nothing of it was dropped: the line is kept as it came. Correct the file and import it again."
        );
    }
    let hint = if error.is_eof() { ", so it was probably cut off" } else { "" };
    format!("this is not valid JSON: {message} at {place}{hint}.")
}

fn kind_in_words(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) | Value::Null => "a single word",
    }
}

fn keys_in_words(fields: &Fields) -> String {
    const SHOWN: usize = 6;
    if fields.is_empty() {
        return "an object without fields".to_owned();
    }
    let names: Vec<String> = fields.keys().take(SHOWN).map(|key| key.chars().take(30).collect()).collect();
    let more = fields.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("an object with {}{more}", names.join(", "))
}

/// Whether anything at all is read from an object by the formats of single records.
fn is_record(fields: &Fields) -> bool {
    DETECTORS.iter().any(|detector| (detector.matches)(fields))
}

#[cfg(test)]
mod tests;
