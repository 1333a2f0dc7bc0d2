//! Searching records for what they say: the texts of their messages, their tool calls and results, the reference answer.
//! Never the JSON around them.
//!
//! The words of each record stand in a full-text index (`records_fts`, FTS5 without a copy of the texts). [`words`] cuts
//! texts and searches alike; [`indexed_words`] says which texts count; [`TextSearch`] is what a person types, as the index
//! is asked for it.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use self::words::each_word;
use crate::db::Db;
use crate::db::records::fts;
use crate::error::ServiceResult;
use crate::types::dataset::content_text;

mod words;

/// Indexes what an earlier version stored without an index, before anything asks for it: some 20,000 records a second.
pub async fn catch_up(db: &Db) -> ServiceResult<()> {
    let mut said = Instant::now();
    while let Some((reached, last)) = fts::catch_up(db).await? {
        if said.elapsed() >= SAID_EVERY {
            tracing::info!("indexing the stored records for search: record {reached} of {last}");
            said = Instant::now();
        }
    }
    Ok(())
}

/// What is searched for: every word must be there. Words in quotes, and those that stand together without a blank
/// ("find_order", "A-17"), must stand in that order. The last word, while it is being typed, may be the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSearch {
    expression: String,
}

/// Stands between two texts, so that no search in order reaches from one into the next. No text can hold it: a sign is a
/// word by itself, and this is two.
const BETWEEN_TEXTS: &str = "¶¶";

/// Of a shorter beginning there are too many words.
const SHORTEST_BEGINNING: usize = 4;

/// How often a long start says how far it is.
const SAID_EVERY: Duration = Duration::from_secs(2);

/// A search that is longer asks for its first words.
const MOST_WORDS: usize = 64;

impl TextSearch {
    /// `None` for a text that is blank. One without any word finds nothing.
    pub fn new(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        let mut phrases = phrases_of(text);
        phrases.truncate(MOST_WORDS);
        if phrases.is_empty() {
            return Some(Self { expression: format!("\"{BETWEEN_TEXTS}{BETWEEN_TEXTS}\"") });
        }
        let is_typed = text.ends_with(char::is_alphanumeric);
        let last = phrases.len() - 1;
        let mut expression = String::new();
        for (index, phrase) in phrases.iter().enumerate() {
            if index > 0 {
                expression.push_str(" AND ");
            }
            expression.push('"');
            expression.push_str(&phrase.join(" "));
            expression.push('"');
            let is_beginning = phrase.last().is_some_and(|word| word.chars().count() >= SHORTEST_BEGINNING);
            if index == last && is_typed && is_beginning {
                expression.push_str(" *");
            }
        }
        Some(Self { expression })
    }

    /// For FTS5's `MATCH`. It holds words in quotes alone, so that nothing a person types is taken for its syntax.
    pub fn expression(&self) -> &str {
        &self.expression
    }
}

/// What must stand in order, each.
fn phrases_of(text: &str) -> Vec<Vec<String>> {
    let mut phrases = Vec::new();
    // Every second piece stands in quotes. A quote that is not closed yet reaches to the end.
    for (index, piece) in text.split(['"', '\u{201c}', '\u{201d}', '\u{201e}']).enumerate() {
        if index % 2 == 1 {
            phrases.push(words_of(piece));
        } else {
            phrases.extend(piece.split_whitespace().map(words_of));
        }
    }
    phrases.retain(|phrase| !phrase.is_empty());
    phrases
}

fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |word| words.push(word.to_owned()));
    words.truncate(MOST_WORDS);
    words
}

/// A record's parts, as far as they are searched.
#[derive(Debug, Clone, Copy)]
pub struct RecordTexts<'a> {
    /// `{"input": ..., "output": ...}`.
    pub data: &'a Value,
    /// The line's other fields: a reference answer may be among them.
    pub item: &'a Map<String, Value>,
    /// And here.
    pub metadata: &'a Map<String, Value>,
    /// The text of a line that is no record.
    pub raw: Option<&'a str>,
}

/// The words that the index holds of a record.
pub fn indexed_words(record: RecordTexts<'_>) -> String {
    let mut words = Words::default();
    if let Some(raw) = record.raw {
        words.text(raw);
        return words.all;
    }
    words.data(record.data);
    for fields in [record.item, record.metadata] {
        for name in ["reference_answer", "referenceAnswer"] {
            if let Some(answer) = fields.get(name) {
                words.json(None, answer);
            }
        }
    }
    words.all
}

/// The words found so far.
#[derive(Default)]
struct Words {
    all: String,
}

impl Words {
    /// A text of its own.
    fn text(&mut self, text: &str) {
        self.begin();
        self.more(text);
    }

    fn begin(&mut self) {
        if !self.all.is_empty() {
            self.all.push(' ');
            self.all.push_str(BETWEEN_TEXTS);
        }
    }

    /// More of the same text.
    fn more(&mut self, text: &str) {
        each_word(text, |word| {
            if !self.all.is_empty() {
                self.all.push(' ');
            }
            self.all.push_str(word);
        });
    }

    fn data(&mut self, data: &Value) {
        let messages = |place: &str| data.pointer(place).and_then(Value::as_array);
        let (prompt, answer) = (messages("/input/messages"), messages("/output/messages"));
        if prompt.is_none() && answer.is_none() {
            // Not built as a record is: whatever it says anywhere.
            return self.json(None, data);
        }
        prompt.into_iter().chain(answer).flatten().for_each(|message| self.message(message));
        if let Some(calls) = data.pointer("/output/tool_calls") {
            self.calls(calls);
        }
    }

    fn message(&mut self, message: &Value) {
        let is_tool = matches!(message.get("role").and_then(Value::as_str), Some("tool" | "function"));
        match message.get("content") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if is_tool => self.tool_text(text),
            Some(Value::String(text)) => self.text(text),
            Some(content @ Value::Array(_)) => self.text(&content_text(content)),
            Some(other) => self.json(None, other),
        }
        if let Some(calls) = message.get("tool_calls") {
            self.calls(calls);
        }
        if let Some(call) = message.get("function_call") {
            self.function(call);
        }
        for name in ["name", "refusal", "reasoning_content"] {
            if let Some(text) = message.get(name).and_then(Value::as_str) {
                self.text(text);
            }
        }
    }

    fn calls(&mut self, calls: &Value) {
        calls.as_array().into_iter().flatten().for_each(|call| self.function(call.get("function").unwrap_or(call)));
    }

    fn function(&mut self, function: &Value) {
        if let Some(name) = function.get("name").and_then(Value::as_str) {
            self.text(name);
        }
        match function.get("arguments") {
            Some(Value::String(text)) => self.tool_text(text),
            Some(other) => self.json(None, other),
            None => {}
        }
    }

    /// What a tool is given and gives back is mostly JSON, and shown as such: its names and values count.
    fn tool_text(&mut self, text: &str) {
        let is_json = text.trim_start().starts_with(['{', '[']);
        match is_json.then(|| serde_json::from_str::<Value>(text).ok()).flatten() {
            Some(value) => self.json(None, &value),
            None => self.text(text),
        }
    }

    /// Names and values, each pair a text.
    fn json(&mut self, name: Option<&str>, value: &Value) {
        match value {
            Value::Array(list) => {
                if let Some(name) = name {
                    self.text(name);
                }
                for entry in list {
                    self.json(None, entry);
                }
            }
            Value::Object(fields) => {
                if let Some(name) = name {
                    self.text(name);
                }
                for (key, entry) in fields {
                    self.json(Some(key), entry);
                }
            }
            scalar => {
                self.begin();
                if let Some(name) = name {
                    self.more(name);
                }
                match scalar {
                    Value::String(text) => self.more(text),
                    other => self.more(&other.to_string()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words_of_data(data: &Value) -> String {
        indexed_words(RecordTexts { data, item: &Map::new(), metadata: &Map::new(), raw: None })
    }

    #[test]
    fn what_is_said_is_indexed_and_the_json_is_not() {
        let record = json!({
            "input": { "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": [{ "type": "text", "text": "Where is\n\n my   ORDER?" }, { "type": "image_url" }] },
                { "role": "assistant", "content": null, "tool_calls": [{ "id": "call_77", "type": "function",
                    "function": { "name": "find_order", "arguments": "{\"city\": \"M\\u00fcnchen\", \"n\": 12}" } }] },
                { "role": "tool", "tool_call_id": "call_77", "content": "{\"status\": \"SHIPPED\", \"items\": [{\"sku\": \"A-1\"}]}" },
                { "role": "tool", "content": "{not json" },
            ], "tools": [{ "type": "function", "function": { "name": "cancel" } }] },
            "output": { "messages": [{ "role": "assistant", "content": "On its way.", "refusal": "no" }], "finish_reason": "stop" },
        });
        let texts = [
            "be brief",
            "where is my order",
            "find order",
            "city munchen",
            "n 12",
            "status shipped",
            "items",
            "sku a 1",
            "not json",
            "on its way",
            "no",
        ];
        assert_eq!(words_of_data(&record), texts.join(" ¶¶ "));
    }

    #[test]
    fn odd_shapes_are_indexed_for_whatever_they_say() {
        assert_eq!(words_of_data(&json!({ "input": { "messages": "Deep  inside" } })), "input ¶¶ messages deep inside");
        assert_eq!(words_of_data(&json!(null)), "null");
        assert_eq!(
            words_of_data(&json!({ "input": { "messages": [1, "x", { "content": { "a": [true] } }] } })),
            "a ¶¶ true"
        );
        let (item, none) = (json!({ "reference_answer": { "gate": "B7" }, "difficulty": "hard" }), Map::new());
        let item = item.as_object().unwrap();
        let (data, raw) = (json!({ "input": { "messages": [] } }), Some("{\"messages\u{0}: x"));
        for (item, metadata) in [(item, &none), (&none, item)] {
            assert_eq!(indexed_words(RecordTexts { data: &data, item, metadata, raw: None }), "gate b7");
        }
        assert_eq!(indexed_words(RecordTexts { data: &Value::Null, item, metadata: item, raw }), "messages x");
    }

    #[test]
    fn a_search_is_words_in_quotes() {
        for (text, expected) in [
            ("order", "\"order\" *"),
            ("order ", "\"order\""),
            ("or", "\"or\""),
            ("Where IS my orde", "\"where\" AND \"is\" AND \"my\" AND \"orde\" *"),
            ("ord", "\"ord\""),
            ("\"my order\" late", "\"my order\" AND \"late\" *"),
            ("\u{201e}my order\u{201c}", "\"my order\""),
            ("\"my orde", "\"my orde\" *"),
            ("find_order", "\"find order\" *"),
            ("NEAR(a b, 5) OR x* -y ^z", "\"near a\" AND \"b\" AND \"5\" AND \"or\" AND \"x\" AND \"y\" AND \"z\""),
            ("words:x", "\"words x\""),
            ("日本", "\"日 本\""),
            ("\u{0}{", "\"¶¶¶¶\""),
            ("¶", "\"¶¶¶¶\""),
        ] {
            assert_eq!(TextSearch::new(text).unwrap().expression(), expected, "{text}");
        }
        assert_eq!(TextSearch::new(" \n "), None);
        assert_eq!(TextSearch::new(&"a ".repeat(1000)).unwrap().expression().matches("AND").count(), MOST_WORDS - 1);
    }
}
