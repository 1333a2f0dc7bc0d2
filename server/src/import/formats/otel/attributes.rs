//! Attributes of OTLP/JSON: `[{"key": "a", "value": {"stringValue": "b"}}]` as plain JSON, `{"a": "b"}`.

use serde_json::Value;

use super::super::Fields;

/// Takes the first of these names that is there.
pub(super) fn take(fields: &mut Fields, names: &[&str]) -> Option<Value> {
    names.iter().find_map(|name| fields.shift_remove(*name))
}

/// A list of keys and values, or an object (console exporters), as an object. What is neither is kept under its place.
pub(super) fn read_attributes(attributes: Value) -> Fields {
    match attributes {
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, plain(value))).collect(),
        Value::Array(list) => {
            list.into_iter().enumerate().flat_map(|(at, attribute)| read_attribute(at, attribute)).collect()
        }
        Value::Null => Fields::new(),
        other => Fields::from_iter([("attributes".to_owned(), other)]),
    }
}

/// A key and its value, and under the attribute's place what else stands there, which the protocol does not know.
fn read_attribute(at: usize, attribute: Value) -> Vec<(String, Value)> {
    let place = format!("attribute {}", at + 1);
    let Value::Object(mut fields) = attribute else { return vec![(place, attribute)] };
    let Some(key) = fields.get("key").and_then(Value::as_str).map(str::to_owned) else {
        return vec![(place, Value::Object(fields))];
    };
    fields.shift_remove("key");
    let value = plain(fields.shift_remove("value").unwrap_or_default());
    let beside = (!fields.is_empty()).then_some((place, Value::Object(fields)));
    [(key, value)].into_iter().chain(beside).collect()
}

/// An `AnyValue` as plain JSON; anything else as it is. 64-bit integers are written as texts there.
fn plain(value: Value) -> Value {
    let Value::Object(mut fields) = value else { return value };
    if fields.len() != 1 {
        return Value::Object(fields);
    }
    let names = ["stringValue", "intValue", "doubleValue", "boolValue", "bytesValue", "arrayValue", "kvlistValue"];
    let Some(name) = names.into_iter().find(|name| fields.contains_key(*name)) else { return Value::Object(fields) };
    let inner = fields.shift_remove(name).unwrap_or_default();
    match (name, inner) {
        ("intValue", Value::String(digits)) => digits.parse::<i64>().map_or(Value::String(digits), Value::from),
        ("arrayValue", Value::Object(mut list)) => match list.shift_remove("values") {
            Some(Value::Array(values)) => Value::Array(values.into_iter().map(plain).collect()),
            other => other.unwrap_or(Value::Array(Vec::new())),
        },
        ("kvlistValue", Value::Object(mut list)) => {
            list.shift_remove("values").map_or(Value::Object(Fields::new()), |values| read_attributes(values).into())
        }
        (_, inner) => inner,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_plain() {
        let cases = [
            (json!({"stringValue": "a"}), json!("a")),
            (json!({"intValue": "42"}), json!(42)),
            (json!({"intValue": 42}), json!(42)),
            (json!({"intValue": "9999999999999999999999"}), json!("9999999999999999999999")),
            (json!({"doubleValue": 0.5}), json!(0.5)),
            (json!({"boolValue": true}), json!(true)),
            (json!({"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}}), json!(["a", 1])),
            (json!({"arrayValue": {}}), json!([])),
            (json!({"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": false}}]}}), json!({"k": false})),
            (json!({"stringValue": "a", "x": 1}), json!({"stringValue": "a", "x": 1})),
            (json!({"strange": 1}), json!({"strange": 1})),
            (json!(5), json!(5)),
        ];
        for (value, expected) in cases {
            assert_eq!(plain(value), expected);
        }
        let list = json!([{"key": "a", "value": {"intValue": "1"}}, 7, {"key": 5}, {"key": "b"}]);
        let expected = json!({"a": 1, "attribute 2": 7, "attribute 3": {"key": 5}, "b": null});
        assert_eq!(Value::Object(read_attributes(list)), expected);
    }
}
