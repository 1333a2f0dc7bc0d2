//! Instances are checked by a small validator of their own.

use serde_json::{Value, json};

use super::super::text::Draw;
use super::{Subject, instance};

const SUBJECT: Subject<'static> = Subject { text: "Where is the refund of my booking? Judge the answer.", score: 0.8 };

/// What the schemas of these tests use, and nothing more.
fn satisfies(schema: &Value, value: &Value) -> bool {
    if let Some(choices) = schema["enum"].as_array() {
        return choices.contains(value);
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return alternatives.iter().any(|alternative| satisfies(alternative, value));
    }
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    let fits = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => value.is_string(),
    };
    if !kinds.iter().any(fits) {
        return false;
    }
    match value {
        Value::Object(fields) => {
            let properties = schema["properties"].as_object().unwrap();
            fields.len() == properties.len() && fields.iter().all(|(name, field)| satisfies(&properties[name], field))
        }
        Value::Array(items) => {
            let count = items.len() as u64;
            count >= schema["minItems"].as_u64().unwrap_or(0)
                && count <= schema["maxItems"].as_u64().unwrap_or(u64::MAX)
                && items.iter().all(|item| satisfies(&schema["items"], item))
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            number >= schema["minimum"].as_f64().unwrap_or(f64::MIN)
                && number <= schema["maximum"].as_f64().unwrap_or(f64::MAX)
        }
        Value::String(text) => {
            let count = text.chars().count() as u64;
            count >= schema["minLength"].as_u64().unwrap_or(0)
                && count <= schema["maxLength"].as_u64().unwrap_or(u64::MAX)
        }
        _ => true,
    }
}

#[test]
fn instances_keep_to_their_schema() {
    let schema = json!({
        "type": "object",
        "properties": {
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "rating": {"type": "integer", "minimum": 1, "maximum": 5},
            "offset": {"type": "number", "minimum": -3.5, "maximum": -1.25},
            "passed": {"type": "boolean"},
            "reasoning": {"type": "string", "maxLength": 20},
            "code": {"type": "string", "minLength": 300},
            "topic": {"enum": ["baggage", "refunds", "other"]},
            "note": {"type": ["string", "null"]},
            "extra": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 4, "maximum": 4}]},
            "items": {"type": "array", "minItems": 5, "maxItems": 6, "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
        },
    });
    for seed in 0..200 {
        let made = instance(&schema, SUBJECT, &mut Draw::new(seed));
        assert!(satisfies(&schema, &made), "{seed}: {made}");
        assert_eq!(made["topic"], "refunds");
        assert_eq!(made["score"], json!(0.8));
        assert_eq!(made["passed"], true);
    }
}

#[test]
fn a_reasoning_says_that_nobody_judged() {
    let schema = json!({"type": "object", "properties": {"reasoning": {"type": "string"}}});
    let said = instance(&schema, SUBJECT, &mut Draw::new(1))["reasoning"].to_string();
    assert!(said.contains("built-in test endpoint, which is no real judge") && said.contains("0.80 of 1"), "{said}");
}

#[test]
fn references_are_followed_and_come_to_an_end() {
    let schema = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name", "children", "next"],
        }},
    });
    let made = instance(&schema, SUBJECT, &mut Draw::new(1));
    assert!(made["name"].is_string() && made["children"][0]["name"].is_string(), "{made}");
    let endless = json!({"type": "object", "properties": {"me": {"$ref": "#"}}, "required": ["me"]});
    assert!(instance(&endless, SUBJECT, &mut Draw::new(1))["me"].is_object());
}

#[test]
fn verdicts_follow_the_score_whichever_way_they_are_written() {
    let verdict = |choices: Value, score| {
        let schema = json!({"type": "object", "properties": {"verdict": {"enum": choices}}});
        instance(&schema, Subject { score, ..SUBJECT }, &mut Draw::new(1))["verdict"].clone()
    };
    assert_eq!(verdict(json!(["pass", "fail"]), 0.9), "pass");
    assert_eq!(verdict(json!(["fail", "pass"]), 0.9), "pass");
    assert_eq!(verdict(json!(["bad", "fair", "good"]), 0.5), "fair");
    assert_eq!(verdict(json!(["pass", "fail"]), 0.1), "fail");
}

#[test]
fn formats_constants_and_steps() {
    let made = |schema: Value| instance(&schema, SUBJECT, &mut Draw::new(4));
    assert_eq!(made(json!({"const": 7})), 7);
    assert_eq!(made(json!({"type": "null"})), Value::Null);
    assert_eq!(made(json!({"type": "string", "format": "date"})).as_str().unwrap().len(), 10);
    assert_eq!(made(json!({"type": "integer", "multipleOf": 5, "minimum": 5, "maximum": 9})), 5);
    let unique = made(json!({"type": "array", "uniqueItems": true, "minItems": 3, "items": {"enum": ["a", "b"]}}));
    assert_eq!(unique.as_array().unwrap().len(), 2);
    let merged = made(
        json!({"allOf": [{"type": "object", "properties": {"a": {"const": 1}}}, {"type": "object", "properties": {"b": {"const": 2}}}]}),
    );
    assert_eq!(merged, json!({"a": 1, "b": 2}));
}
