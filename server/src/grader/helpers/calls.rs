//! Tool calls as scripts want them.

use serde_json::Value;

/// The arguments of the calls of one tool, parsed, in their order. Arguments that are no JSON are null: the
/// call was made all the same. Understood are OpenAI's form and one without `function`.
pub fn calls(tool_calls: &Value, name: &str) -> Vec<Value> {
    let Some(tool_calls) = tool_calls.as_array() else { return Vec::new() };
    tool_calls
        .iter()
        .map(|call| call.get("function").unwrap_or(call))
        .filter(|function| function.get("name").and_then(Value::as_str) == Some(name))
        .map(|function| match function.get("arguments") {
            Some(Value::String(text)) if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            Some(arguments) => arguments.clone(),
            None => Value::Object(serde_json::Map::new()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_come_parsed() {
        let made = json!([
            { "id": "1", "type": "function", "function": { "name": "find", "arguments": "{\"id\": 7}" } },
            { "function": { "name": "other", "arguments": "{}" } },
            { "name": "find", "arguments": { "id": 8 } },
            { "function": { "name": "find", "arguments": "{broken" } },
            { "function": { "name": "find", "arguments": "" } },
            { "function": { "name": "find" } },
            "nonsense",
        ]);
        assert_eq!(calls(&made, "find"), [json!({"id": 7}), json!({"id": 8}), Value::Null, json!({}), json!({})]);
        assert!(calls(&made, "none").is_empty() && calls(&Value::Null, "find").is_empty());
    }
}
