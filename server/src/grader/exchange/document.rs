//! Reading JSON and YAML that anybody may have written. A YAML document of a few bytes can stand for more
//! values than any memory holds (an anchor that is named again and again), so values are counted as they come.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::ExchangeError;

/// The longest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;
/// The longest YAML, in bytes, and the most brackets that may be open in it at once, those within texts
/// counted too: its reader takes time by the product of both before it gives the first value.
const MAX_YAML_BYTES: usize = 256 << 10;
const MAX_OPEN_BRACKETS: usize = 200;
/// The most values of a document.
const MAX_VALUES: usize = 100_000;
/// The deepest one.
const MAX_DEPTH: usize = 64;

/// One JSON value.
pub fn json(text: &str) -> Result<Value, ExchangeError> {
    bounded(text)?;
    let value = crate::json::parse(text).map_err(|error| unreadable("JSON", &error.to_string()))?;
    if is_deeper(&value, MAX_DEPTH) {
        return Err(unreadable("JSON", &format!("it is nested more than {MAX_DEPTH} levels deep")));
    }
    Ok(value)
}

/// One JSON or YAML value.
pub fn json_or_yaml(text: &str) -> Result<Value, ExchangeError> {
    bounded(text)?;
    let is_json = text.trim_start().starts_with(['{', '[']);
    if is_json {
        return json(text);
    }
    if text.len() > MAX_YAML_BYTES {
        return Err(unreadable("YAML", &format!("it has {} bytes, at most {MAX_YAML_BYTES} are possible", text.len())));
    }
    if open_brackets(text) > MAX_OPEN_BRACKETS {
        return Err(unreadable("YAML", &format!("more than {MAX_OPEN_BRACKETS} brackets are open at once")));
    }
    let seed = Bounded { left: &Cell::new(MAX_VALUES), depth: MAX_DEPTH };
    seed.deserialize(serde_yaml_ng::Deserializer::from_str(text))
        .map_err(|error| unreadable("YAML", &error.to_string()))
}

fn bounded(text: &str) -> Result<(), ExchangeError> {
    if text.trim().is_empty() {
        return Err(ExchangeError::Unreadable("there is nothing to read: the text is empty".to_owned()));
    }
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(ExchangeError::Unreadable(format!(
            "the document has {} bytes; a grader of at most {MAX_DOCUMENT_BYTES} can be read",
            text.len()
        )));
    }
    Ok(())
}

fn open_brackets(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => continue,
        }
        most = most.max(open);
    }
    most
}

fn unreadable(format: &str, why: &str) -> ExchangeError {
    ExchangeError::Unreadable(format!("this is no {format} that can be read: {why}"))
}

fn is_deeper(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth == 0 || items.iter().any(|item| is_deeper(item, depth - 1)),
        Value::Object(fields) => depth == 0 || fields.values().any(|field| is_deeper(field, depth - 1)),
        _ => false,
    }
}

/// Reads a value while there are values and levels left.
#[derive(Clone, Copy)]
struct Bounded<'a> {
    left: &'a Cell<usize>,
    depth: usize,
}

impl Bounded<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(E::custom(format!("it is nested more than {MAX_DEPTH} levels deep"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(D::Error::custom(format!("it stands for more than {MAX_VALUES} values"))),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value without a tag")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(format!("{value} is no number of JSON")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let shown = || key.chars().take(60).collect::<String>();
            if key == "<<" {
                return Err(A::Error::custom("merge keys (`<<`) are not read; write the fields out"));
            }
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format!("the field {:?} stands twice in one object", shown())));
            }
            let value = map.next_value_seed(inner)?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_are_read() {
        let expected = json!({ "assert": [{ "type": "contains", "value": "a: b", "weight": 2, "threshold": 0.5 }] });
        let yaml = "assert:\n  - type: contains\n    value: 'a: b'\n    weight: 2\n    threshold: 0.5\n";
        assert_eq!(json_or_yaml(yaml).unwrap(), expected);
        assert_eq!(json_or_yaml(&expected.to_string()).unwrap(), expected);
        assert_eq!(json_or_yaml("a: &x [1]\nb: *x\n").unwrap(), json!({ "a": [1], "b": [1] }));
        assert_eq!(json_or_yaml("- |\n  return 1;\n  // two\n").unwrap(), json!(["return 1;\n// two\n"]));
    }

    #[test]
    fn hostile_documents_are_errors_and_quick() {
        let bomb = (1..12).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
            let names = vec![format!("*a{}", level - 1); 9].join(", ");
            format!("{text}a{level}: &a{level} [{names}]\n")
        });
        let flat = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(2_000), "*a, ".repeat(2_000));
        let cases = [
            (String::new(), "nothing to read"),
            (" \n\t".to_owned(), "nothing to read"),
            ("x".repeat(MAX_DOCUMENT_BYTES + 1), "at most"),
            ("[".repeat(500_000), "no JSON"),
            (format!("{}{}", "[".repeat(100), "]".repeat(100)), "levels deep"),
            (format!("a: {}", "[".repeat(200_000)), "no YAML"),
            (format!("a: {}", "{b: ".repeat(60_000)), "no YAML"),
            (format!("a: {}", "? ".repeat(20_000)), "no YAML"),
            ("? ".repeat(100_000), "no YAML"),
            (format!("{}{}", "- [".to_owned() + &"[".repeat(190), "x, ".repeat(80_000)), "no YAML"),
            ("&a ".repeat(80_000), "no YAML"),
            (format!("a: [{}", "[], ".repeat(50_000)), "no YAML"),
            ("{\"a\": 1, \"a\": 2}".to_owned(), "twice"),
            ("a: 1\na: 2\n".to_owned(), "twice"),
            ("- ".repeat(100_000), "no YAML"),
            ("{a: 1}".to_owned(), "no JSON"),
            ("a: !custom x\n".to_owned(), "no YAML"),
            ("a: .nan\n".to_owned(), "no number"),
            ("1: 2\n? [a]\n: b\n".to_owned(), "no YAML"),
            ("<<: {a: 1}\n".to_owned(), "merge keys"),
            ("a: b: c".to_owned(), "no YAML"),
            ("a: *unknown\n".to_owned(), "no YAML"),
            ("\u{0}".to_owned(), "no YAML"),
            (bomb, "no YAML"),
            (flat, "more than 100000 values"),
        ];
        for (text, expected) in cases {
            let started = Instant::now();
            let error = json_or_yaml(&text).unwrap_err().to_string();
            let shown: String = text.chars().take(60).collect();
            assert!(error.contains(expected) && error.len() < 500, "{shown}: {error}");
            assert!(started.elapsed() < Duration::from_secs(10), "{shown}: {:?}", started.elapsed());
        }
    }
}
