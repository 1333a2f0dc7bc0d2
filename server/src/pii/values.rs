//! The texts inside a record's JSON: which kinds they hold, and masking them.

use std::collections::HashMap;

use serde_json::Value;

use super::find::find;
use crate::types::pii::{MaskStyle, PiiKind, PiiKinds};

/// JSON inside a text inside a text: deeper than this it is read as plain text.
const DEEPEST_TEXT: u8 = 3;
/// Digits of the shortest card.
const SHORTEST_NUMBER: usize = 14;

/// The kinds in all values; names of fields are not looked at.
pub fn kinds_in_value(value: &Value) -> PiiKinds {
    in_value(value, 0)
}

/// The kinds in one text; where it is JSON (a tool's arguments), in its values.
pub fn kinds_in_text(text: &str) -> PiiKinds {
    in_text(text, 0)
}

fn in_value(value: &Value, depth: u8) -> PiiKinds {
    match value {
        Value::String(text) => in_text(text, depth),
        Value::Number(_) => number_finds(value).map(|(kind, _)| kind).into_iter().collect(),
        Value::Array(items) => items.iter().fold(PiiKinds::default(), |kinds, item| kinds.union(in_value(item, depth))),
        Value::Object(fields) => {
            fields.values().fold(PiiKinds::default(), |kinds, field| kinds.union(in_value(field, depth)))
        }
        Value::Null | Value::Bool(_) => PiiKinds::default(),
    }
}

fn in_text(text: &str, depth: u8) -> PiiKinds {
    let finds = find(text);
    if finds.is_empty() {
        return PiiKinds::default();
    }
    match inner_json(text, depth) {
        Some(value) => in_value(&value, depth + 1),
        None => finds.into_iter().map(|found| found.kind).collect(),
    }
}

/// The object or list that a text is.
fn inner_json(text: &str, depth: u8) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    if !begins || depth >= DEEPEST_TEXT { None } else { serde_json::from_str(text).ok() }
}

/// A number can be a card's.
fn number_finds(number: &Value) -> Option<(PiiKind, String)> {
    let text = number.to_string();
    if text.len() < SHORTEST_NUMBER {
        return None;
    }
    let found = find(&text).into_iter().next()?;
    Some((found.kind, text))
}

/// Puts placeholders in the place of what is found in one record.
#[derive(Debug)]
pub struct Masker {
    style: MaskStyle,
    /// The record's values by kind, as they are compared, and their number.
    numbers: HashMap<(PiiKind, String), usize>,
    /// How many values each kind has by now.
    counts: [usize; PiiKind::ALL.len()],
}

impl Masker {
    /// For one record.
    pub fn new(style: MaskStyle) -> Self {
        Self { style, numbers: HashMap::new(), counts: [0; PiiKind::ALL.len()] }
    }

    /// Masks all values; names of fields stay.
    pub fn value(&mut self, value: &mut Value) {
        self.at_depth(value, 0);
    }

    /// Masks one text. JSON in it stays JSON.
    pub fn text(&mut self, text: &mut String) {
        self.text_at(text, 0);
    }

    fn at_depth(&mut self, value: &mut Value, depth: u8) {
        match value {
            Value::String(text) => self.text_at(text, depth),
            Value::Number(_) => {
                if let Some((kind, digits)) = number_finds(value) {
                    *value = Value::String(self.placeholder(kind, &digits));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.at_depth(item, depth)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.at_depth(field, depth)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn text_at(&mut self, text: &mut String, depth: u8) {
        let finds = find(text);
        if finds.is_empty() {
            return;
        }
        if let Some(before) = inner_json(text, depth) {
            let mut after = before.clone();
            self.at_depth(&mut after, depth + 1);
            if after != before {
                *text = after.to_string();
            }
            return;
        }
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for found in finds {
            masked.push_str(&text[from..found.range.start]);
            masked.push_str(&self.placeholder(found.kind, &text[found.range.clone()]));
            from = found.range.end;
        }
        masked.push_str(&text[from..]);
        *text = masked;
    }

    fn placeholder(&mut self, kind: PiiKind, value: &str) -> String {
        let word = kind.placeholder();
        match self.style {
            MaskStyle::Plain => format!("[{word}]"),
            MaskStyle::Numbered => {
                let count = &mut self.counts[kind as usize];
                let number = self.numbers.entry((kind, compared(kind, value))).or_insert_with(|| {
                    *count += 1;
                    *count
                });
                format!("[{word}_{number}]")
            }
        }
    }
}

/// The same number is the same however it is grouped, the same address however it is capitalised; a key is exact.
fn compared(kind: PiiKind, value: &str) -> String {
    match kind {
        PiiKind::Email | PiiKind::Ip => value.to_lowercase(),
        PiiKind::Phone | PiiKind::Card | PiiKind::Iban => {
            value.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_uppercase()).collect()
        }
        PiiKind::ApiKey => value.to_owned(),
    }
}
