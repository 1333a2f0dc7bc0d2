//! The sample as the mustache crate can take it: of every value that is named, what a section does with it, and its text.

use std::collections::HashMap;

use mustache::Data;
use serde_json::Value;

use super::scan::Step;

/// Beside `name` (for sections): its text.
const TEXT: &str = ":text";
/// Beside `name`: a list's items by their number.
const AT: &str = ":at";

/// The key of a section.
pub(super) fn section_key(path: &[Step]) -> String {
    if path.is_empty() { ".".to_owned() } else { joined(path) }
}

/// The key of a value's text.
pub(super) fn text_key(path: &[Step]) -> String {
    format!("{}{TEXT}", joined(path))
}

/// `a:at.0.b` for `a[0].b`.
fn joined(path: &[Step]) -> String {
    let mut key = String::new();
    for (index, step) in path.iter().enumerate() {
        match step {
            Step::Name(name) => {
                if index > 0 {
                    key.push('.');
                }
                key.push_str(name);
            }
            Step::Index(index) => key.extend([AT, ".", &index.to_string()]),
        }
    }
    key
}

/// A sample ready to be rendered.
pub(super) struct Prepared {
    pub(super) data: Data,
    /// The longest list that each name has anywhere.
    longest: HashMap<String, usize>,
}

impl Prepared {
    /// At most so many items do sections of these names, each within the one before, go through.
    pub(super) fn items(&self, names: &[String]) -> usize {
        names
            .iter()
            .fold(1_usize, |items, name| items.saturating_mul(self.longest.get(name).copied().unwrap_or(1).max(1)))
    }
}

/// What is named, of a value.
pub(super) fn prepare(value: &Value, names: &[String]) -> Prepared {
    let mut longest = HashMap::new();
    let fields = value.as_object().map(|object| fields_of(object, names, &mut longest)).unwrap_or_default();
    Prepared { data: Data::Map(fields), longest }
}

fn fields_of(
    object: &serde_json::Map<String, Value>,
    names: &[String],
    longest: &mut HashMap<String, usize>,
) -> HashMap<String, Data> {
    let mut fields = HashMap::new();
    for (name, value) in object.iter().filter(|(name, _)| names.contains(name)) {
        if let Value::Array(items) = value {
            let known = longest.entry(name.clone()).or_default();
            *known = (*known).max(items.len());
            fields.insert(format!("{name}{AT}"), indexed(items, names, longest));
        }
        fields.insert(format!("{name}{TEXT}"), Data::String(text_of(value)));
        fields.insert(name.clone(), section_of(value, names, longest));
    }
    fields
}

/// `{"0": ..., "0:text": ...}`; lists within lists by `0:at`.
fn indexed(items: &[Value], names: &[String], longest: &mut HashMap<String, usize>) -> Data {
    let mut fields = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        if let Value::Array(inner) = item {
            fields.insert(format!("{index}{AT}"), indexed(inner, names, longest));
        }
        fields.insert(format!("{index}{TEXT}"), Data::String(text_of(item)));
        fields.insert(index.to_string(), section_of(item, names, longest));
    }
    Data::Map(fields)
}

/// What a section makes of a value: nothing of what is empty, each item of a list, else once.
fn section_of(value: &Value, names: &[String], longest: &mut HashMap<String, usize>) -> Data {
    match value {
        Value::Null | Value::Bool(false) => Data::Bool(false),
        Value::String(text) if text.is_empty() => Data::Bool(false),
        Value::Array(items) => Data::Vec(items.iter().map(|item| context_of(item, names, longest)).collect()),
        other => context_of(other, names, longest),
    }
}

/// Within a section `.` is the item's text, and its fields go by their names.
fn context_of(value: &Value, names: &[String], longest: &mut HashMap<String, usize>) -> Data {
    let mut fields = value.as_object().map(|object| fields_of(object, names, longest)).unwrap_or_default();
    fields.insert(TEXT.to_owned(), Data::String(text_of(value)));
    Data::Map(fields)
}

/// A text as it is, nothing for null, the rest as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
