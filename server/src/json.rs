//! Reading a person's JSON without changing it. Numbers keep every digit (serde_json's `arbitrary_precision`; only an
//! exponent is written in one way: `1E29` is `1e+29`), and an object that has a field twice is refused: a parser that takes
//! the last one would drop the first without a word.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How serde_json hands out a number that no primitive type holds exactly: as an object with this one field.
const NUMBER: &str = "$serde_json::private::Number";
/// Names that begin like this mean something to serde_json itself.
const PRIVATE: &str = "$serde_json::private::";

/// Reads one JSON value; refuses an object that has a field twice, by name.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    if text.contains(PRIVATE) {
        return Err(serde_json::Error::custom(format!("it uses the name \"{PRIVATE}\", which cannot be kept")));
    }
    serde_json::from_str::<Strict>(text).map(|strict| strict.0)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
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

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == NUMBER {
                let number: String = map.next_value()?;
                return number.parse::<Number>().map(Value::Number).map_err(A::Error::custom);
            }
            if fields.contains_key(&key) {
                let shown: String = key.chars().take(60).collect();
                return Err(A::Error::custom(format!("the field {shown:?} stands twice in one object")));
            }
            let Strict(value) = map.next_value()?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        for number in [
            "0",
            "1",
            "-1",
            "1.0",
            "1.50",
            "0.1",
            "1e+29",
            "1e-7",
            "1E+2",
            "12345678901234567890123",
            "-9223372036854775809",
            "18446744073709551615",
            "18446744073709551616",
            "0.1000000000000000055511151231257827",
            "3.141592653589793238462643",
            "1e+400",
            "5e-324",
            "100000000000000000000000000000.0",
        ] {
            let text = format!("{{\"a\":[{number},{{\"b\":{number}}}]}}");
            let value = parse(&text).unwrap();
            assert_eq!(value.to_string().to_lowercase(), text.to_lowercase());
            // As it is stored, and read again.
            assert_eq!(serde_json::from_str::<Value>(&value.to_string()).unwrap(), value);
        }
        for (text, kept) in [("1e29", "1e+29"), ("1E2", "1e+2"), ("-2.50E-3", "-2.50e-3")] {
            assert_eq!(parse(text).unwrap().to_string(), kept);
        }
    }

    #[test]
    fn everything_else_is_read_as_ever() {
        let text = r#"{"b":[null,true,false,"x\u0000\ud83d\ude00",{}],"a":{"b":{"b":1}},"":[[]],"É":"\n"}"#;
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(parse(text).unwrap().to_string(), serde_json::from_str::<Value>(text).unwrap().to_string());
        for broken in ["", "{", "[1,]", "{\"a\":01}", "nul", "{\"a\" 1}", "1 2", "\"\u{1}\""] {
            let ours = parse(broken).unwrap_err().to_string();
            assert_eq!(ours, serde_json::from_str::<Value>(broken).unwrap_err().to_string(), "{broken}");
        }
        assert!(parse(&"[".repeat(200)).unwrap_err().to_string().starts_with("recursion limit"));
    }

    #[test]
    fn a_field_twice_is_refused_by_name() {
        for (text, name) in [
            (r#"{"a":1,"a":1}"#, "\"a\""),
            (r#"{"x":[{"role":"user","content":"b","role":"system"}]}"#, "\"role\""),
            (r#"{"é":1,"\u00e9":2}"#, "\"é\""),
            (r#"{"a\nb":1,"a\nb":2}"#, "\"a\\nb\""),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(&format!("the field {name} stands twice")), "{message}");
        }
        assert!(parse(r#"{"a":{"$serde_json::private::Number":"7"}}"#).is_err());
    }
}
