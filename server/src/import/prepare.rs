//! What is derived from a record when it is stored or edited.

use serde_json::{Map, Value};

use super::formats::{ParsedRecord, parse_line};
use super::source::SourceLine;
use crate::datasets::search::{RecordTexts, indexed_words};
use crate::pii::{kinds_in_text, kinds_in_value};
use crate::types::import::{Counts, ImportFormat, SkipReason};
use crate::types::pii::PiiKinds;
use crate::types::validation::ValidationConfig;
use crate::validation::{Findings, TokenCounter, message_text, prompt_hash, record_findings};

/// A record ready to be stored: JSON as the text it is stored as. Only whether it is a duplicate is still open.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedRecord {
    /// 1-based line (or array element).
    pub line: i64,
    /// The format it came in.
    pub format: ImportFormat,
    /// `{"input": ..., "output": ...}`; "null" for a bad line.
    pub data: String,
    /// The line's `metadata` object.
    pub metadata: String,
    /// All other top-level fields, as an object.
    pub item: String,
    /// The line's text, for a bad line only; what is wrong with it is in `derived.findings`.
    pub raw: Option<String>,
    /// The span it came from.
    pub span_id: Option<String>,
    /// The topic it carries.
    pub topic: Option<String>,
    /// Whether the file says that it is synthetic.
    pub is_generated: bool,
    /// A score that came with it.
    pub evaluation: Option<String>,
    /// What a search finds it by (see [`indexed_words`]).
    pub words: String,
    /// What follows from the above.
    pub derived: Derived,
}

/// A line ready to be stored: its records, and what of it is none.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedLine {
    /// Its number.
    pub number: i64,
    /// In the line's order.
    pub records: Vec<PreparedRecord>,
    /// What was passed over.
    pub skipped: Counts<SkipReason>,
}

/// What follows from a record's data; never edited alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// The start of the last user message, or where there is none of the last message with text, with its whitespace
    /// collapsed, at most 240 characters.
    pub preview: String,
    /// Messages in the prompt.
    pub message_count: i64,
    /// Whether production's answer is recorded: an assistant message with text or tool calls.
    pub has_output: bool,
    /// Whether the prompt's last message is a user's, as OpenAI-shaped trainers demand.
    pub ends_with_user: bool,
    /// See [`prompt_hash`].
    pub prompt_hash: Option<[u8; 16]>,
    /// The personal data in it.
    pub pii: PiiKinds,
    /// Every rule it breaks, apart from `duplicate`.
    pub findings: Findings,
}

/// Longest preview, in Unicode scalar values.
pub const PREVIEW_LENGTH: usize = 240;

/// Adds what follows from the data. A bad line's preview is the start of its text.
pub fn prepare(parsed: ParsedRecord, config: &ValidationConfig, tokens: &TokenCounter) -> PreparedRecord {
    let mut derived = derive(&parsed.data, parsed.parse_error.as_deref(), config, tokens);
    if let Some(raw) = &parsed.raw {
        derived.preview = collapse(raw);
    }
    derived.pii = derived.pii.union(pii_beside(
        &parsed.metadata,
        &parsed.item,
        parsed.evaluation.as_ref(),
        parsed.raw.as_deref(),
    ));
    let words = indexed_words(RecordTexts {
        data: &parsed.data,
        item: &parsed.item,
        metadata: &parsed.metadata,
        raw: parsed.raw.as_deref(),
    });
    PreparedRecord {
        line: parsed.line,
        format: parsed.format,
        data: parsed.data.to_string(),
        metadata: Value::Object(parsed.metadata).to_string(),
        item: Value::Object(parsed.item).to_string(),
        raw: parsed.raw,
        span_id: parsed.span_id,
        topic: parsed.topic,
        is_generated: parsed.is_generated,
        evaluation: parsed.evaluation.map(|value| value.to_string()),
        words,
        derived,
    }
}

/// What follows from a record's data, after an edit too.
pub fn derive(data: &Value, parse_error: Option<&str>, config: &ValidationConfig, tokens: &TokenCounter) -> Derived {
    let messages = data.pointer("/input/messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let last_user = messages.iter().rfind(|message| has_role(message, "user"));
    let with_text = || messages.iter().rfind(|message| !message_text(message).trim().is_empty());
    Derived {
        preview: last_user.or_else(with_text).map(|message| collapse(&message_text(message))).unwrap_or_default(),
        message_count: i64::try_from(messages.len()).unwrap_or(i64::MAX),
        has_output: has_output(data),
        ends_with_user: messages.last().is_some_and(|message| has_role(message, "user")),
        prompt_hash: prompt_hash(data),
        pii: kinds_in_value(data),
        findings: record_findings(data, parse_error, config, tokens),
    }
}

/// The personal data in a record beside its `data`: what [`derive`] does not see.
pub fn pii_beside(
    metadata: &Map<String, Value>,
    item: &Map<String, Value>,
    evaluation: Option<&Value>,
    raw: Option<&str>,
) -> PiiKinds {
    let fields = metadata.values().chain(item.values()).chain(evaluation);
    let in_raw = raw.map(kinds_in_text).unwrap_or_default();
    fields.fold(in_raw, |kinds, value| kinds.union(kinds_in_value(value)))
}

/// A line all the way; what a worker of the pipeline does.
pub(super) fn prepare_line(line: SourceLine, config: &ValidationConfig, tokens: &TokenCounter) -> PreparedLine {
    let number = line.number;
    let parsed = parse_line(line);
    let records = parsed.records.into_iter().map(|record| prepare(record, config, tokens)).collect();
    PreparedLine { number, records, skipped: parsed.skipped }
}

fn has_role(message: &Value, role: &str) -> bool {
    message.get("role").and_then(Value::as_str) == Some(role)
}

fn has_output(data: &Value) -> bool {
    let calls_of =
        |value: &Value| value.get("tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty());
    let Some(output) = data.get("output") else { return false };
    let messages = output.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let answers = |message: &Value| {
        has_role(message, "assistant") && (calls_of(message) || !message_text(message).trim().is_empty())
    };
    calls_of(output) || messages.iter().any(answers)
}

/// The first words with single blanks between them; reads no more of the text than it needs.
fn collapse(text: &str) -> String {
    let mut preview = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        if length > 0 {
            preview.push(' ');
            length += 1;
        }
        for character in word.chars() {
            if length >= PREVIEW_LENGTH {
                preview.truncate(preview.trim_end().len());
                return preview;
            }
            preview.push(character);
            length += 1;
        }
    }
    preview
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn derived(data: &Value) -> Derived {
        derive(data, None, &ValidationConfig::default(), &TokenCounter::new())
    }

    #[test]
    fn previews_are_collapsed_and_short() {
        assert_eq!(collapse("  a \n\t b\u{3000}c "), "a b c");
        assert_eq!(collapse(""), "");
        assert_eq!(collapse(&"ä".repeat(1000)), "ä".repeat(240));
        let words = collapse(&"word ".repeat(1000));
        assert_eq!((words.chars().count(), words.ends_with("word")), (239, true)); // 48 words, 47 blanks
    }

    #[test]
    fn the_prompt_is_described() {
        let data = json!({"input": {"messages": [{"role": "user", "content": "first"},
            {"role": "user", "content": [{"type": "text", "text": "second\none"}]}, {"role": "tool"}]}});
        let got = derived(&data);
        assert_eq!((got.preview.as_str(), got.message_count, got.ends_with_user), ("second one", 3, false));
        let got = derived(&json!({"input": {"messages": [{"role": "user", "content": 5}]}}));
        assert_eq!((got.preview.as_str(), got.message_count, got.ends_with_user), ("", 1, true));
        let got = derived(&json!({"input": {"messages": 3}}));
        assert_eq!((got.preview.as_str(), got.message_count, got.prompt_hash), ("", 0, None));
    }

    #[test]
    fn an_output_is_an_answer_with_content() {
        let cases = [
            (json!({}), false),
            (json!({"output": 5}), false),
            (json!({"output": {"messages": [], "tool_calls": null}}), false),
            (json!({"output": {"messages": [{"role": "assistant", "content": " "}]}}), false),
            (json!({"output": {"messages": [{"role": "user", "content": "x"}]}}), false),
            (json!({"output": {"messages": [{"role": "assistant", "content": null, "tool_calls": []}]}}), false),
            (json!({"output": {"messages": [{"role": "assistant", "content": "x"}]}}), true),
            (json!({"output": {"messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]}}), true),
            (json!({"output": {"tool_calls": [{"id": "a"}]}}), true),
        ];
        for (data, expected) in cases {
            assert_eq!(derived(&data).has_output, expected, "{data}");
        }
    }
}
