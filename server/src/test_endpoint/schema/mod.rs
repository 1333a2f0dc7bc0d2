//! An instance of a JSON schema: what a model that keeps to it might answer. Pure.
//!
//! Names of properties guide it (`score`, `reasoning`, `topic`), so that the answers are of use to a judge or a
//! generator. Patterns of strings are not followed; everything else of a strict schema is.

mod values;

use serde_json::{Map, Value};

use super::text::Draw;

/// Deeper than this nothing is made that need not be: schemas may contain themselves.
const DEEP: usize = 6;
/// Deeper than this a schema demands itself, and nothing can satisfy it.
const TOO_DEEP: usize = 40;

/// What an answer is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// What was asked.
    pub(super) text: &'a str,
    /// The score of what was asked about, if it is one for a judge; from 0 to 1.
    pub(super) score: f64,
}

/// An instance of the schema about this subject.
pub(super) fn instance(schema: &Value, subject: Subject<'_>, draw: &mut Draw) -> Value {
    Maker { root: schema, subject, draw }.make(schema, "", 0)
}

struct Maker<'a> {
    /// Where references begin.
    root: &'a Value,
    subject: Subject<'a>,
    draw: &'a mut Draw,
}

impl<'a> Maker<'a> {
    /// A value for a property of this name.
    fn make(&mut self, schema: &'a Value, name: &str, depth: usize) -> Value {
        if depth > TOO_DEEP {
            return Value::Null;
        }
        if let Some(known) = schema.get("const") {
            return known.clone();
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
            return self.choose(choices, name);
        }
        if let Some(target) = self.referred(schema) {
            return self.make(target, name, depth + 1);
        }
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|word| schema.get(word)?.as_array());
        if let Some(alternatives) = alternatives
            && let Some(chosen) = self.alternative(alternatives, depth)
        {
            return self.make(chosen, name, depth + 1);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.all_of(schema, parts, name, depth);
        }
        match type_of(schema, depth) {
            "object" => Value::Object(self.object(schema, depth)),
            "array" => self.array(schema, name, depth),
            "integer" => self.number(schema, name, true),
            "number" => self.number(schema, name, false),
            "boolean" => Value::Bool(self.truth(name)),
            "null" => Value::Null,
            _ => Value::String(self.string(schema, name)),
        }
    }

    /// What `$ref` points at, within this schema.
    fn referred(&self, schema: &Value) -> Option<&'a Value> {
        let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(pointer)
    }

    /// One that is not null, as long as there is room; else null, if it may be.
    fn alternative(&mut self, alternatives: &'a [Value], depth: usize) -> Option<&'a Value> {
        let is_null = |schema: &&Value| schema.get("type").is_some_and(|kind| kind == "null");
        if depth >= DEEP
            && let Some(null) = alternatives.iter().find(is_null)
        {
            return Some(null);
        }
        let choices: Vec<&Value> = alternatives.iter().filter(|schema| !is_null(schema)).collect();
        choices.get(self.draw.below(choices.len())).copied().or(alternatives.first())
    }

    /// The objects of all parts in one; of other types the first part counts.
    fn all_of(&mut self, schema: &'a Value, parts: &'a [Value], name: &str, depth: usize) -> Value {
        let mut whole = if schema.get("properties").is_some() { self.object(schema, depth) } else { Map::new() };
        for part in parts {
            match self.make(part, name, depth + 1) {
                Value::Object(fields) => whole.extend(fields),
                other if whole.is_empty() => return other,
                _ => {}
            }
        }
        Value::Object(whole)
    }

    /// Every property, in order; deep down only those that must be there.
    fn object(&mut self, schema: &'a Value, depth: usize) -> Map<String, Value> {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flatten()
            .filter(|(name, _)| depth < DEEP || required.contains(&name.as_str()))
            .map(|(name, property)| (name.clone(), self.make(property, name, depth + 1)))
            .collect()
    }

    /// Two or three items, within the bounds; deep down as few as may be.
    fn array(&mut self, schema: &'a Value, name: &str, depth: usize) -> Value {
        let bound = |word: &str| schema.get(word).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        let least = bound("minItems").unwrap_or(0);
        let wished = if depth >= DEEP { 0 } else { 2 + self.draw.below(2) };
        let count = wished.max(least).min(bound("maxItems").unwrap_or(usize::MAX));
        if let Some(places) = schema.get("prefixItems").and_then(Value::as_array) {
            return places.iter().map(|place| self.make(place, name, depth + 1)).collect();
        }
        let Some(items) = schema.get("items").filter(|items| items.is_object()) else {
            return Value::Array(Vec::new());
        };
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let mut made: Vec<Value> = Vec::new();
        // (Unique ones of a small choice may not be enough: then there are fewer.)
        for _ in 0..count * 4 {
            let item = self.make(items, name, depth + 1);
            if made.len() < count && !(unique && made.contains(&item)) {
                made.push(item);
            }
            if made.len() == count {
                break;
            }
        }
        Value::Array(made)
    }
}

/// The first type that is not null; deep down, null if it may be.
fn type_of(schema: &Value, depth: usize) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            let names: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            let wants_null = depth >= DEEP && names.contains(&"null");
            if wants_null { "null" } else { names.into_iter().find(|name| *name != "null").unwrap_or("null") }
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

#[cfg(test)]
mod tests;
