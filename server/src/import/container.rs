//! What holds a file's records together, told by its start.

use serde::de::IgnoredAny;

use super::csv_table;
use super::formats;
use super::object::ObjectSplitter;
use crate::types::import::CsvMapping;

/// How a file is to be cut into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One record a line.
    Lines,
    /// One array of objects.
    Array,
    /// Objects over several lines, or around a list of records; whether lists in them are looked for.
    Object { takes_lists: bool },
    /// A header row and rows, with this delimiter.
    Csv { delimiter: u8 },
}

/// Decides by the start of a file (its blanks trimmed); `whole` where that is all of it. A mapping says that a
/// text that is no JSON is meant to be CSV.
pub(super) fn shape_of(head: &[u8], whole: bool, mapping: Option<&CsvMapping>) -> Shape {
    let text = head.trim_ascii_start();
    match text.first() {
        Some(b'[') if begins_array(text) => Shape::Array,
        Some(b'{') => object_or_lines(text, whole),
        Some(b'[') | None => Shape::Lines,
        Some(_) => match csv_table::delimiter_of(text, whole, mapping) {
            Some(delimiter) => Shape::Csv { delimiter },
            None => Shape::Lines,
        },
    }
}

/// Whether the file is one JSON array of records: a bracket with an object (or nothing) in it. A first line that is
/// a whole array by itself with more lines after it is a line like any other.
fn begins_array(text: &[u8]) -> bool {
    let Some(inside) = text.strip_prefix(b"[") else { return false };
    if !matches!(inside.trim_ascii_start().first(), None | Some(b'{' | b']')) {
        return false;
    }
    let Some(line_end) = text.iter().position(|&byte| byte == b'\n') else { return true };
    let (first, rest) = text.split_at(line_end);
    rest.trim_ascii().is_empty() || serde_json::from_slice::<IgnoredAny>(first).is_err()
}

/// Lines, unless the first object goes over several of them, or is alone and has a list of records in it.
fn object_or_lines(text: &[u8], whole: bool) -> Shape {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let (object, rest) = text.split_at(values.byte_offset());
            let alone = whole && rest.trim_ascii().is_empty();
            let lists = || serde_json::from_slice(object).is_ok_and(|value| formats::is_wrapper(&value));
            if object.contains(&b'\n') {
                Shape::Object { takes_lists: lists() }
            } else if alone && lists() {
                Shape::Object { takes_lists: true }
            } else {
                Shape::Lines
            }
        }
        // The start ends within the object, or the file does.
        Some(Err(error)) if error.is_eof() => unfinished_object(text),
        _ => Shape::Lines,
    }
}

/// An object whose end is not in sight. A first line that was cut off makes no object of the good lines after it.
fn unfinished_object(text: &[u8]) -> Shape {
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).skip(1);
    let Some(second) = lines.next() else {
        let takes_lists = ObjectSplitter::finds_list(text);
        return if takes_lists { Shape::Object { takes_lists } } else { Shape::Lines };
    };
    if second.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(second).is_ok() && !ends_in_list(text) {
        Shape::Lines
    } else {
        Shape::Object { takes_lists: true }
    }
}

/// Whether the first line opens a list of records and says nothing else.
fn ends_in_list(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.trim_ascii_end().ends_with(b"[") && ObjectSplitter::finds_list(&[line, b"{"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_by_their_start() {
        use Shape::{Array, Lines};
        let object = |takes_lists| Shape::Object { takes_lists };
        let csv = |delimiter| Shape::Csv { delimiter };
        let line = r#"{"messages":[]}"#;
        let cases: [(&str, Shape); 22] = [
            ("", Lines),
            (line, Lines),
            (r#"{"messages":[],"items":[{"a":1}]}"#, Lines),
            (r#"{"data":[{"messages":[]}]}"#, object(true)),
            (r#"{"resourceSpans":[{}]}"#, object(true)),
            (r#"{"results":{"version":3,"results":[{"prompt":{"raw":"x"}}]}}"#, object(true)),
            (r#"{"results":{"results":[1]}}"#, Lines),
            ("{\"data\":[{}]}\n{\"data\":[{}]}", Lines),
            ("{\n \"messages\": []\n}\n", object(false)),
            ("{\n \"data\": [\n{}]}", object(true)),
            ("{\"a\": [\n{\"messages\":[]}\n{\"messages\":[]}", Lines),
            ("{\"messages\": [\n{\"messages\":[]}", Lines),
            ("{\"data\": [\n{\"messages\":[]},\n{\"messages\":[]", object(true)),
            ("{\"data\": [\n{\"messages\":[]}\n", object(true)),
            ("{\"evalId\": \"x\", \"results\": {\"results\": [{\"a\"", object(true)),
            ("{\"messages\": [{\"role\"", Lines),
            ("{oops\n{}", Lines),
            ("[{}]", Array),
            ("[2024] x", Lines),
            ("prompt;completion\na;b\n", csv(b';')),
            ("not json\n{\"messages\":[]}\n", Lines),
            ("Frage\tAntwort\nwo?\tda\n", csv(b'\t')),
        ];
        for (text, expected) in cases {
            assert_eq!(shape_of(text.as_bytes(), true, None), expected, "{text}");
        }
        // A long first line whose end is not in sight.
        assert_eq!(shape_of(b"{\"messages\": [{\"role\"", false, None), Lines);
        assert_eq!(shape_of(b"{\"resourceSpans\": [{\"sco", false, None), object(true));
    }
}
