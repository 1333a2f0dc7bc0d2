//! The one JSON object in what a judge said. Whatever leaves a doubt about which one it is has none.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::start_of;

/// What was found.
pub(super) struct Found {
    /// An object.
    pub(super) value: Value,
    /// There was nothing else.
    pub(super) is_whole: bool,
}

/// The whole text, or what one fence or other words are around. An object that does not end, or that is none, is not
/// searched for others: what is in it is not what was answered.
pub(super) fn one_object(text: &str) -> Result<Found, String> {
    let trimmed = text.trim();
    if let Ok(value) = serde_json::from_str::<Value>(trimmed) {
        if !value.is_object() {
            return Err(format!("it is {}.", kind_of(&value)));
        }
        no_name_twice(trimmed)?;
        return Ok(Found { value, is_whole: true });
    }
    let mut found = None;
    let mut rest = trimmed;
    while let Some(at) = rest.find('{') {
        let tail = &rest[at..];
        let Some(end) = end_of_braces(tail) else {
            return Err(format!("it seems to be cut off: “{}”", start_of(tail)));
        };
        let (braced, after) = tail.split_at(end);
        rest = after;
        let Ok(value) = serde_json::from_str::<Value>(braced) else { continue };
        no_name_twice(braced)?;
        if found.replace(value).is_some() {
            return Err("there are several objects, and which one counts is not certain.".to_owned());
        }
    }
    found.map(|value| Found { value, is_whole: false }).ok_or_else(|| format!("“{}”", start_of(trimmed)))
}

/// Behind the brace that closes the first one; braces in JSON's strings do not count.
fn end_of_braces(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Of a name that stands twice JSON's readers take the last without a word.
fn no_name_twice(object: &str) -> Result<(), String> {
    let TopNames(twice) = serde_json::from_str(object).map_err(|error| format!("it cannot be read: {error}"))?;
    twice
        .map_or(Ok(()), |name| Err(format!("it has “{}” twice, and which one counts is not certain.", start_of(&name))))
}

/// The first name that an object has twice.
struct TopNames(Option<String>);

impl<'de> Deserialize<'de> for TopNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = TopNames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TopNames, A::Error> {
        let (mut seen, mut twice) = (HashSet::new(), None);
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if !seen.insert(name.clone()) {
                twice.get_or_insert(name);
            }
        }
        Ok(TopNames(twice))
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false alone",
        Value::Number(_) => "a number alone",
        Value::String(_) => "a text alone",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
