//! Endpoints differ in what they take. A [`Dialect`] is what was learned of one model, so that a second call need not be refused
//! again. Only what the *model* does not take is learned: what was wrong with one request says nothing of the next one.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::LlmError;
use super::wire::ChatRequest;

/// How an answer that follows a schema is asked for, from the surest way to the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructuredMode {
    /// `response_format: {type: "json_schema"}`, strict where the schema can be.
    #[default]
    JsonSchema,
    /// `response_format: {type: "json_object"}`, the schema in the messages.
    JsonObject,
    /// The schema in the messages alone.
    Instructions,
}

/// What a model's endpoint was found to take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// How a schema is asked for.
    pub structured: StructuredMode,
    /// Whether the limit of tokens is called `max_completion_tokens`.
    pub completion_limit: bool,
    /// Parameters that it refused.
    pub dropped: BTreeSet<&'static str>,
}

/// What to try after a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTry {
    /// How to say it.
    pub dialect: Dialect,
    /// Whether the refusal was of the model (and so holds for every call), not of this request.
    pub is_lesson: bool,
}

/// Parameters without which the question is the same, so that they may be left out where they are refused.
const OPTIONAL: [&str; 4] = ["temperature", "top_p", "seed", "reasoning_effort"];

impl Dialect {
    /// What to try after a refusal; `None` if the refusal names nothing that could be left out or said otherwise. A value out of
    /// its range is such a refusal: whoever chose it is told.
    pub fn after(&self, request: &ChatRequest, error: &LlmError) -> Option<NextTry> {
        let LlmError::Rejected { status: 400 | 422, message, param, code, .. } = error else { return None };
        let names = |name: &str| match param.as_deref() {
            Some(param) => param == name || param.starts_with(&format!("{name}.")),
            None => names_word(message, name),
        };
        let words = message.to_lowercase();
        let is_unsupported = is_unsupported(code.as_deref(), &words);
        let mut next = self.clone();
        let limits = [("max_tokens", false), ("max_completion_tokens", true)];
        let refuses_limit = limits.iter().any(|(name, is_new)| *is_new == self.completion_limit && names(name));
        if refuses_limit && request.max_tokens.is_some() {
            // Once each way; a limit that is refused under both names is too large or too small.
            next.completion_limit = true;
            let is_about_name = is_unsupported || names_word(message, "max_completion_tokens");
            return (is_about_name && !self.completion_limit).then_some(NextTry { dialect: next, is_lesson: true });
        }
        let about_format = ["response_format", "json_schema", "text.format"].into_iter().any(names);
        if about_format && request.schema.is_some() {
            next.structured = match self.structured {
                StructuredMode::JsonSchema => StructuredMode::JsonObject,
                StructuredMode::JsonObject => StructuredMode::Instructions,
                StructuredMode::Instructions => return None,
            };
            return Some(NextTry { dialect: next, is_lesson: is_unsupported && !is_about_schema(&words) });
        }
        let refused = OPTIONAL.into_iter().find(|name| names(name) && !self.dropped.contains(name))?;
        next.dropped.insert(refused);
        is_unsupported.then_some(NextTry { dialect: next, is_lesson: true })
    }

    /// What one refusal added to this.
    #[must_use]
    pub fn difference(&self, next: &Self) -> Self {
        Self {
            structured: if next.structured == self.structured { StructuredMode::default() } else { next.structured },
            completion_limit: next.completion_limit && !self.completion_limit,
            dropped: next.dropped.difference(&self.dropped).copied().collect(),
        }
    }

    /// With what another call found.
    pub fn join(&mut self, other: &Self) {
        self.structured = self.structured.max(other.structured);
        self.completion_limit |= other.completion_limit;
        self.dropped.extend(&other.dropped);
    }
}

/// Whether a refusal says that something is not taken at all, rather than not like this. `words` are in small letters.
fn is_unsupported(code: Option<&str>, words: &str) -> bool {
    let is_range =
        ["between", "less than", "greater than", "too large", "too high", "too low", "out of range", "more than"]
            .iter()
            .any(|range| words.contains(range));
    let by_words = || {
        let words_of_it = [
            "unsupported",
            "not support",
            "n't support",
            "unknown",
            "unrecognized",
            "unexpected",
            "unavailable",
            "not available",
            "not allowed",
            "not permitted",
            "enabled only",
            "must be 'text'",
        ];
        words_of_it.iter().any(|word| words.contains(word))
    };
    let by_code = matches!(code, Some("unsupported_parameter" | "unsupported_value" | "unknown_parameter"));
    !is_range && (by_code || by_words())
}

/// Whether what is refused is one schema, and not schemas as such.
fn is_about_schema(words: &str) -> bool {
    ["invalid schema", "schema for response_format", "in context=", "invalid json schema"]
        .iter()
        .any(|part| words.contains(part))
}

/// Whether a text names a parameter, as a word by itself.
fn names_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Deeper than this no endpoint takes a strict schema.
const STRICT_DEPTH: usize = 10;
/// What no strict schema may hold.
const NOT_STRICT: [&str; 14] = [
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "prefixItems",
    "contains",
];

/// Whether endpoints take a schema as a strict one: an object that requires each of its properties and allows no other, down to
/// the last.
pub fn is_strict(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "object") && schema.get("anyOf").is_none() && is_strict_at(schema, 0)
}

fn is_strict_at(schema: &Value, depth: usize) -> bool {
    let Some(fields) = schema.as_object() else { return false };
    let says_what = ["type", "enum", "const", "anyOf", "$ref"].iter().any(|word| fields.contains_key(*word));
    if depth > STRICT_DEPTH || !says_what || NOT_STRICT.iter().any(|word| fields.contains_key(*word)) {
        return false;
    }
    let is_object = match &schema["type"] {
        Value::String(kind) => kind == "object",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "object"),
        _ => false,
    };
    let is_closed = || {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let has_all = |properties: &serde_json::Map<String, Value>| {
            properties.keys().all(|name| required.iter().any(|one| one == name))
        };
        schema["additionalProperties"] == Value::Bool(false) && schema["properties"].as_object().is_none_or(has_all)
    };
    let below = |schema: &Value| is_strict_at(schema, depth + 1);
    let all_fields = |name: &str| schema[name].as_object().is_none_or(|parts| parts.values().all(below));
    (!(is_object || fields.contains_key("properties")) || is_closed())
        && ["properties", "$defs", "definitions"].into_iter().all(all_fields)
        && schema.get("items").is_none_or(below)
        && schema["anyOf"].as_array().is_none_or(|parts| parts.iter().all(below))
}

/// What was learned of all models, as long as the program runs: by the endpoint's id, its address and the model.
#[derive(Debug, Default)]
pub struct Learned {
    dialects: Mutex<HashMap<(String, Url, String), Dialect>>,
}

impl Learned {
    /// How to speak to a model.
    pub fn of(&self, endpoint: &str, base_url: &Url, model: &str) -> Dialect {
        let key = (endpoint.to_owned(), base_url.clone(), model.to_owned());
        self.with(|dialects| dialects.get(&key).cloned().unwrap_or_default())
    }

    /// Adds what a call found: another one may have found something else meanwhile.
    pub fn add(&self, endpoint: &str, base_url: &Url, model: &str, found: &Dialect) {
        if *found != Dialect::default() {
            let key = (endpoint.to_owned(), base_url.clone(), model.to_owned());
            self.with(|dialects| dialects.entry(key).or_default().join(found));
        }
    }

    /// Forgets an endpoint: it was changed or deleted.
    pub fn forget(&self, endpoint: &str) {
        self.with(|dialects| dialects.retain(|(id, _, _), _| id != endpoint));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<(String, Url, String), Dialect>) -> T) -> T {
        work(&mut self.dialects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::llm::Schema;

    fn asked() -> ChatRequest {
        ChatRequest {
            model: "m".to_owned(),
            schema: Some(Schema { name: "score".to_owned(), schema: json!({"type": "object"}) }),
            temperature: Some(0.0),
            max_tokens: Some(64),
            ..ChatRequest::default()
        }
    }

    fn step(dialect: &Dialect, message: &str, param: Option<&str>, code: Option<&str>) -> Option<NextTry> {
        let error = LlmError::Rejected {
            endpoint: "e".to_owned(),
            status: 400,
            message: message.to_owned(),
            param: param.map(str::to_owned),
            code: code.map(str::to_owned),
        };
        dialect.after(&asked(), &error)
    }

    #[test]
    fn refusals_teach() {
        let plain = Dialect::default();
        let limited = step(&plain, "Use 'max_completion_tokens' instead.", Some("max_tokens"), None).unwrap();
        assert!(limited.dialect.completion_limit && limited.is_lesson);
        assert_eq!(step(&limited.dialect, "too large", Some("max_completion_tokens"), None), None);
        assert_eq!(step(&plain, "unknown", Some("messages"), None), None);
        let cool = step(&plain, "Unsupported value: 'temperature' must be 1", None, None).unwrap();
        assert!(cool.dialect.dropped.contains("temperature") && cool.is_lesson);
        let gone = step(&cool.dialect, "unsupported temperature", Some("temperature"), None);
        assert_eq!(gone, None, "it is not sent any more");
        let object = step(&plain, "This type is not supported.", Some("response_format.type"), None).unwrap();
        let told = step(&object.dialect, "response_format is unknown", None, None).unwrap();
        assert_eq!(
            (object.dialect.structured, told.dialect.structured),
            (StructuredMode::JsonObject, StructuredMode::Instructions)
        );
        assert!(object.is_lesson && told.is_lesson);
        assert_eq!(step(&told.dialect, "response_format", None, None), None);
        // A word that only contains the name, and errors that are no refusal.
        assert_eq!(step(&plain, "the max_tokens_total is used up", None, None), None);
        assert_eq!(plain.after(&asked(), &LlmError::Cancelled), None);
    }

    /// One judge's schema or number says nothing of the next judge on the same model.
    #[test]
    fn what_is_wrong_with_a_request_is_no_lesson() {
        let plain = Dialect::default();
        let schema = "Invalid schema for response_format 'grade': In context=(), 'oneOf' is not permitted.";
        let object = step(&plain, schema, Some("response_format"), None).unwrap();
        assert_eq!((object.dialect.structured, object.is_lesson), (StructuredMode::JsonObject, false));
        let unclear = step(&plain, "no", Some("response_format"), None).unwrap();
        assert!(!unclear.is_lesson);
        for (message, param, code) in [
            ("temperature must be between 0 and 1", Some("temperature"), None),
            ("Invalid 'temperature': must be between 0 and 1", Some("temperature"), Some("unsupported_value")),
            ("decimal above maximum value", Some("temperature"), Some("decimal_above_max_value")),
            ("max_tokens is too large: 99. This model supports at most 9.", Some("max_tokens"), None),
        ] {
            assert_eq!(step(&plain, message, param, code), None, "{message}");
        }
        let only = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.";
        assert!(step(&plain, only, Some("temperature"), Some("unsupported_value")).unwrap().is_lesson);
    }

    #[test]
    fn only_closed_schemas_are_strict() {
        let closed = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        let score = || json!({"type": "number", "minimum": 0});
        assert!(is_strict(&closed(json!({"score": score()}), json!(["score"]))));
        assert!(is_strict(&crate::types::grader::config::default_output_schema()));
        let inner = closed(json!({"a": {"enum": [1, 2]}}), json!(["a"]));
        assert!(is_strict(&closed(json!({"list": {"type": "array", "items": inner}}), json!(["list"]))));
        let open = json!({"type": "object", "properties": {"score": score()}, "required": ["score"]});
        for schema in [
            open.clone(),
            json!({"type": "object"}),
            json!({"anyOf": [inner]}),
            closed(json!({"score": score(), "note": score()}), json!(["score"])),
            closed(json!({"score": {}}), json!(["score"])),
            closed(json!({"score": true}), json!(["score"])),
            closed(json!({"inner": open}), json!(["inner"])),
            closed(json!({"list": {"type": "array", "items": open}}), json!(["list"])),
            closed(json!({"either": {"anyOf": [score(), open]}}), json!(["either"])),
            closed(json!({"score": {"type": "number", "oneOf": [score()]}}), json!(["score"])),
        ] {
            assert!(!is_strict(&schema), "{schema}");
        }
    }

    #[test]
    fn what_is_learned_adds_up_and_is_forgotten() {
        let (learned, here) = (Learned::default(), Url::parse("http://a/v1").unwrap());
        let limited = Dialect { completion_limit: true, ..Dialect::default() };
        let cool = Dialect { dropped: ["temperature"].into(), ..Dialect::default() };
        learned.add("e", &here, "m", &limited);
        learned.add("e", &here, "m", &cool);
        let both = Dialect { completion_limit: true, dropped: ["temperature"].into(), ..Dialect::default() };
        assert_eq!(learned.of("e", &here, "m"), both, "a slow call does not undo what a faster one learned");
        assert_eq!(learned.of("e", &Url::parse("http://b/v1").unwrap(), "m"), Dialect::default());
        learned.forget("e");
        assert_eq!(learned.of("e", &here, "m"), Dialect::default());
    }
}
