//! JSON in texts that models write.

use serde_json::Value;

/// Whether the whole text is one JSON value, blanks around it allowed.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The first JSON value of a text: the whole text, else what a code fence holds, else the first object or
/// list that stands between other words. `None` if there is none, or it is nested more than 127 deep.
pub fn parse_json(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text.trim()) {
        return Some(value);
    }
    fenced(text).find_map(|block| serde_json::from_str(block).ok()).or_else(|| embedded(text))
}

/// What stands between a line that begins with three backticks and the next such line.
fn fenced(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").skip(1).step_by(2).map(|block| {
        let (language, rest) = block.split_once('\n').unwrap_or(("", block));
        // A first line that names a language is none of the JSON.
        if language.trim().chars().all(char::is_alphanumeric) { rest.trim() } else { block.trim() }
    })
}

fn embedded(text: &str) -> Option<Value> {
    text.match_indices(['{', '['])
        .find_map(|(start, _)| serde_json::Deserializer::from_str(&text[start..]).into_iter().next()?.ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_value_is_found() {
        let cases = [
            ("{\"a\": 1}", Some(json!({"a": 1}))),
            ("  [1, 2]\n", Some(json!([1, 2]))),
            ("42", Some(json!(42))),
            ("null", Some(Value::Null)),
            ("\"text\"", Some(json!("text"))),
            ("Here it is:\n```json\n{\"a\": [1]}\n```\nDone.", Some(json!({"a": [1]}))),
            ("```\n[true]\n```", Some(json!([true]))),
            ("```json {\"a\": 1} ```", Some(json!({"a": 1}))),
            ("```\nno json\n``` then {\"b\": 2}", Some(json!({"b": 2}))),
            ("a {not} it, {\"a\": {\"b\": 1}} and [2]", Some(json!({"a": {"b": 1}}))),
            ("see [1] and {\"a\": 1}", Some(json!([1]))),
            ("{'a': 1}", None),
            ("{\"a\": 1", None),
            ("the answer is 42", None),
            ("", None),
            ("```", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_json(text), expected, "{text}");
        }
        assert_eq!(parse_json(&"[".repeat(100_000)), None);
        assert_eq!(parse_json(&"{\"a\":".repeat(10_000)), None);
    }

    #[test]
    fn json_is_the_whole_text() {
        for text in ["{}", " [1,2.5e3,null] ", "\"x\"", "0", "true"] {
            assert!(is_json(text), "{text}");
        }
        for text in ["", "{", "{}x", "'a'", "{a: 1}", "NaN", "01", "```json\n{}\n```"] {
            assert!(!is_json(text), "{text}");
        }
        assert!(is_json(&format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))));
    }
}
