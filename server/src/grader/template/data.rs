//! The sample as the mustache crate can take it: of every value that is named, what a section does with it, and its text.

use std::collections::HashMap;

use mustache::Data;
use serde_json::Value;

use super::scan::Step;
use super::{Reach, RenderError};

/// Beside `name` (for sections): its text.
const TEXT: &str = ":text";
/// Beside `name`: a list's items by their number.
const AT: &str = ":at";

/// Texts that are made of one sample, and how long they are together.
const MAX_VALUES: usize = 300_000;
const MAX_BYTES: usize = 64 << 20;

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
pub(super) fn prepare(value: &Value, reach: &Reach) -> Result<Prepared, RenderError> {
    let mut preparing = Preparing { reach, longest: HashMap::new(), values: 0, bytes: 0 };
    let fields = match value.as_object() {
        Some(object) => preparing.fields_of(object, 1)?,
        None => HashMap::new(),
    };
    Ok(Prepared { data: Data::Map(fields), longest: preparing.longest })
}

/// The work under way. A value in a list goes in twice, as an item of its section and by its place, so a tree of lists would
/// double with each level: places are prepared only of lists that are named so, nothing deeper than the template's paths
/// reach, and all in all so much and no more.
struct Preparing<'a> {
    reach: &'a Reach,
    longest: HashMap<String, usize>,
    values: usize,
    bytes: usize,
}

impl Preparing<'_> {
    /// `depth`: steps from the sample to these fields.
    fn fields_of(
        &mut self,
        object: &serde_json::Map<String, Value>,
        depth: usize,
    ) -> Result<HashMap<String, Data>, RenderError> {
        let mut fields = HashMap::new();
        if depth > self.reach.depth {
            return Ok(fields);
        }
        for (name, value) in object.iter().filter(|(name, _)| self.reach.names.contains(name)) {
            if let Value::Array(items) = value {
                let known = self.longest.entry(name.clone()).or_default();
                *known = (*known).max(items.len());
                if self.reach.indexed.contains(name) {
                    fields.insert(format!("{name}{AT}"), self.indexed(items, depth + 1)?);
                }
            }
            fields.insert(format!("{name}{TEXT}"), self.text_of(value)?);
            fields.insert(name.clone(), self.section_of(value, depth + 1)?);
        }
        Ok(fields)
    }

    /// `{"0": ..., "0:text": ...}`; lists within lists by `0:at`.
    fn indexed(&mut self, items: &[Value], depth: usize) -> Result<Data, RenderError> {
        let mut fields = HashMap::new();
        if depth <= self.reach.depth {
            for (index, item) in items.iter().enumerate() {
                if let Value::Array(inner) = item {
                    fields.insert(format!("{index}{AT}"), self.indexed(inner, depth + 1)?);
                }
                fields.insert(format!("{index}{TEXT}"), self.text_of(item)?);
                fields.insert(index.to_string(), self.section_of(item, depth + 1)?);
            }
        }
        Ok(Data::Map(fields))
    }

    /// What a section makes of a value: nothing of what is empty, each item of a list, else once.
    fn section_of(&mut self, value: &Value, depth: usize) -> Result<Data, RenderError> {
        match value {
            Value::Null | Value::Bool(false) => Ok(Data::Bool(false)),
            Value::String(text) if text.is_empty() => Ok(Data::Bool(false)),
            Value::Array(items) => {
                let items: Result<Vec<Data>, RenderError> =
                    items.iter().map(|item| self.context_of(item, depth)).collect();
                items.map(Data::Vec)
            }
            other => self.context_of(other, depth),
        }
    }

    /// Within a section `.` is the item's text, and its fields go by their names.
    fn context_of(&mut self, value: &Value, depth: usize) -> Result<Data, RenderError> {
        let mut fields = match value.as_object() {
            Some(object) => self.fields_of(object, depth)?,
            None => HashMap::new(),
        };
        fields.insert(TEXT.to_owned(), self.text_of(value)?);
        Ok(Data::Map(fields))
    }

    /// A text as it is, nothing for null, the rest as JSON.
    fn text_of(&mut self, value: &Value) -> Result<Data, RenderError> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        self.values += 1;
        self.bytes += text.len();
        if self.values > MAX_VALUES || self.bytes > MAX_BYTES {
            return Err(RenderError::TooMuchData);
        }
        Ok(Data::String(text))
    }
}
