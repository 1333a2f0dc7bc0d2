//! JSON Schema. Nothing is ever fetched: a `$ref` to another document is an error of the schema.

use serde_json::Value;

/// Findings told of one value.
const MAX_ERRORS: usize = 20;
/// Characters of a finding.
const MAX_ERROR_CHARS: usize = 300;

/// What a schema says of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFindings {
    /// Whether nothing is wrong.
    pub valid: bool,
    /// What is wrong and where, at most twenty: `/items/0: 5 is not of type "string"`.
    pub errors: Vec<String>,
}

/// Whether a value is as a schema wants it (any draft from 4 to 2020-12; the newest where none is named).
/// The error says why the schema itself cannot be used.
pub fn matches_schema(value: &Value, schema: &Value) -> Result<SchemaFindings, String> {
    let validator = jsonschema::options()
        .offline()
        .build(schema)
        .map_err(|error| bounded(&format!("the schema cannot be used: {error}")))?;
    let errors: Vec<String> = validator
        .iter_errors(value)
        .take(MAX_ERRORS)
        .map(|error| {
            let place = error.instance_path().to_string();
            bounded(&if place.is_empty() { error.to_string() } else { format!("{place}: {error}") })
        })
        .collect();
    Ok(SchemaFindings { valid: errors.is_empty(), errors })
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_ERROR_CHARS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn findings_name_their_place() {
        let schema = json!({
            "type": "object",
            "properties": { "name": { "type": "string" }, "tags": { "type": "array", "items": { "enum": ["a", "b"] } } },
            "required": ["name"],
            "additionalProperties": false
        });
        let valid = matches_schema(&json!({ "name": "x", "tags": ["a"] }), &schema).unwrap();
        assert_eq!(valid, SchemaFindings { valid: true, errors: Vec::new() });
        let findings = matches_schema(&json!({ "tags": ["a", "c"], "more": 1 }), &schema).unwrap();
        assert!(!findings.valid && findings.errors.len() == 3, "{:?}", findings.errors);
        assert!(findings.errors.iter().any(|error| error.starts_with("/tags/1: ")), "{:?}", findings.errors);
        let many = matches_schema(&json!(vec![1; 300]), &json!({ "items": { "type": "string" } }));
        assert_eq!(many.unwrap().errors.len(), MAX_ERRORS);
    }

    #[test]
    fn references_within_work_and_others_are_refused() {
        let recursive = json!({
            "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } } },
            "$ref": "#/$defs/node"
        });
        assert!(matches_schema(&json!({ "next": { "next": {} } }), &recursive).unwrap().valid);
        assert!(!matches_schema(&json!({ "next": { "next": 1 } }), &recursive).unwrap().valid);
        for reference in ["http://127.0.0.1:1/s.json", "https://example.com/s", "file:///etc/passwd", "other.json"] {
            let refused = matches_schema(&json!(1), &json!({ "$ref": reference })).unwrap_err();
            assert!(refused.starts_with("the schema cannot be used"), "{reference}: {refused}");
        }
    }

    #[test]
    fn schemas_that_are_none_are_errors() {
        for schema in
            [json!(1), json!("x"), json!({ "type": "nothing" }), json!({ "pattern": "(" }), json!({ "$ref": 1 })]
        {
            assert!(matches_schema(&json!("a"), &schema).is_err(), "{schema}");
        }
        assert!(!matches_schema(&json!(1), &json!(false)).unwrap().valid);
        // Patterns have the syntax of JavaScript.
        assert!(matches_schema(&json!("12-ab"), &json!({ "pattern": "^\\d+-(?=a)[a-z]+$" })).unwrap().valid);
    }
}
