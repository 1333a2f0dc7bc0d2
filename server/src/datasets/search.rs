//! Searching records for what they say: the texts of their messages, their tool calls and results, the reference answer.
//! Never the JSON around them.
//!
//! There is no index and no stored search text. Both were weighed: a trigram index takes several times as long to write as
//! the records themselves (a 20 KB conversation is some 20,000 trigrams), and a stored copy of the texts nearly doubles
//! what an import writes, which is what bounds it. So a search reads the dataset's records once, as the `LIKE` before it
//! did: a cheap look at the bytes leaves out most of those that cannot match, and only the rest is parsed.

use serde_json::Value;

use crate::types::dataset::content_text;

/// What is searched for.
#[derive(Debug, Clone)]
pub struct TextSearch {
    /// Folded: case does not count, nor how many blanks or line breaks stand between two words.
    folded: String,
    /// The longest run of letters and digits of ASCII in it, which stands in any plain JSON text that holds it.
    run: Vec<u8>,
}

/// A record as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct StoredTexts<'a> {
    /// Column `data`.
    pub data: &'a str,
    /// Column `item`.
    pub item: &'a str,
    /// Column `metadata`.
    pub metadata: &'a str,
    /// Column `raw`.
    pub raw: Option<&'a str>,
}

impl TextSearch {
    /// `None` for a text that is blank.
    pub fn new(text: &str) -> Option<Self> {
        let folded = fold(text.trim());
        if folded.is_empty() {
            return None;
        }
        let runs = folded.split(|c: char| !c.is_ascii_alphanumeric());
        let run = runs.max_by_key(|run| run.len()).unwrap_or_default().as_bytes().to_vec();
        Some(Self { folded, run })
    }

    /// Whether the record says it.
    pub fn finds(&self, record: StoredTexts<'_>) -> bool {
        if let Some(raw) = record.raw {
            return self.is_in(raw);
        }
        (self.may_be_in(record.data) && parsed(record.data).is_some_and(|data| self.is_in_data(&data)))
            || [record.item, record.metadata].into_iter().any(|fields| self.is_in_reference(fields))
    }

    /// False only if no text within this JSON can hold it. A letter of ASCII stands for itself, unless it is written as a
    /// \u escape, which only JSON within a text (a tool's arguments) does, or as one of a few others: "ß" is two.
    fn may_be_in(&self, json: &str) -> bool {
        if self.run.is_empty() || json.chars().any(folds_to_ascii) || json.contains("\\\\u") {
            return true;
        }
        let Some((&first, rest)) = self.run.split_first() else { return true };
        let json = json.as_bytes();
        let last = json.len().saturating_sub(rest.len());
        (0..last).any(|at| {
            json[at].to_ascii_lowercase() == first
                && json.get(at + 1..=at + rest.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(rest))
        })
    }

    fn is_in_data(&self, data: &Value) -> bool {
        let messages = |place: &str| data.pointer(place).and_then(Value::as_array);
        let (prompt, answer) = (messages("/input/messages"), messages("/output/messages"));
        if prompt.is_none() && answer.is_none() {
            // Not built as a record is: whatever it says anywhere.
            return self.is_in_json(None, data);
        }
        prompt.into_iter().chain(answer).flatten().any(|message| self.is_in_message(message))
            || data.pointer("/output/tool_calls").is_some_and(|calls| self.is_in_calls(calls))
    }

    fn is_in_message(&self, message: &Value) -> bool {
        let is_tool = matches!(message.get("role").and_then(Value::as_str), Some("tool" | "function"));
        let in_content = match message.get("content") {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) if is_tool => self.is_in_tool_text(text),
            Some(Value::String(text)) => self.is_in(text),
            Some(Value::Array(_)) => self.is_in(&content_text(&message["content"])),
            Some(other) => self.is_in_json(None, other),
        };
        let in_text = |name: &str| message.get(name).and_then(Value::as_str).is_some_and(|text| self.is_in(text));
        in_content
            || message.get("tool_calls").is_some_and(|calls| self.is_in_calls(calls))
            || message.get("function_call").is_some_and(|call| self.is_in_function(call))
            || in_text("name")
            || in_text("refusal")
            || in_text("reasoning_content")
    }

    fn is_in_calls(&self, calls: &Value) -> bool {
        calls.as_array().into_iter().flatten().any(|call| self.is_in_function(call.get("function").unwrap_or(call)))
    }

    fn is_in_function(&self, function: &Value) -> bool {
        function.get("name").and_then(Value::as_str).is_some_and(|name| self.is_in(name))
            || match function.get("arguments") {
                Some(Value::String(text)) => self.is_in_tool_text(text),
                Some(other) => self.is_in_json(None, other),
                None => false,
            }
    }

    /// What a tool is given and gives back is mostly JSON, and shown as such: its names and values count.
    fn is_in_tool_text(&self, text: &str) -> bool {
        let is_json = text.trim_start().starts_with(['{', '[']);
        match is_json.then(|| parsed(text)).flatten() {
            Some(value) => self.is_in_json(None, &value),
            None => self.is_in(text),
        }
    }

    /// In names and values, each as "name: value".
    fn is_in_json(&self, name: Option<&str>, value: &Value) -> bool {
        let scalar = match value {
            Value::Array(list) => {
                return self.is_in_name(name) || list.iter().any(|entry| self.is_in_json(None, entry));
            }
            Value::Object(fields) => {
                return self.is_in_name(name) || fields.iter().any(|(key, entry)| self.is_in_json(Some(key), entry));
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.is_in(&name.map_or(scalar.clone(), |name| format!("{name}: {scalar}")))
    }

    fn is_in_name(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.is_in(name))
    }

    /// In the reference answer among these fields.
    fn is_in_reference(&self, fields: &str) -> bool {
        let names = ["reference_answer", "referenceAnswer"];
        if !names.iter().any(|name| fields.contains(name)) || !self.may_be_in(fields) {
            return false;
        }
        let Some(fields) = parsed(fields) else { return false };
        names.iter().filter_map(|name| fields.get(name)).any(|answer| self.is_in_json(None, answer))
    }

    fn is_in(&self, text: &str) -> bool {
        text.len() >= self.folded.len() / MOST_FOLDED && fold(text).contains(&self.folded)
    }
}

/// What is stored was written by us: it can be read, or it is bad data that says nothing.
fn parsed(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

/// No character folds to more than so many times its bytes ("ΐ" comes nearest to it).
const MOST_FOLDED: usize = 6;

/// As it is compared: without the differences of case in any script, runs of whitespace as one blank. From small
/// by way of the capital, because several small letters may share one ("ς" and "σ"), or have one of two letters ("ß").
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut after_blank = false;
    for character in text.chars() {
        if character.is_whitespace() {
            if !after_blank {
                folded.push(' ');
            }
            after_blank = true;
            continue;
        }
        after_blank = false;
        if character.is_ascii() {
            folded.push(character.to_ascii_lowercase());
        } else {
            let small = character.to_lowercase();
            folded.extend(small.flat_map(char::to_uppercase).flat_map(char::to_lowercase));
        }
    }
    folded
}

/// The characters beyond ASCII that are compared as letters of it: ligatures, letters without a capital or small one of
/// their own, the long s, the signs of kelvin.
fn folds_to_ascii(character: char) -> bool {
    character >= '\u{df}'
        && matches!(character, 'ß' | 'İ' | 'ı' | 'ŉ' | 'ſ' | 'ǰ' | '\u{1e96}'..='\u{1e9a}' | 'ẞ' | '\u{212a}' | '\u{fb00}'..='\u{fb06}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finds(text: &str, data: &Value) -> bool {
        finds_in(text, data, "{}", "{}")
    }

    fn finds_in(text: &str, data: &Value, item: &str, metadata: &str) -> bool {
        let data = data.to_string();
        TextSearch::new(text).unwrap().finds(StoredTexts { data: &data, item, metadata, raw: None })
    }

    fn record() -> Value {
        json!({
            "input": { "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": [{ "type": "text", "text": "Where is\n\n my   ORDER? \"Straße\" 5\\6 50%" }] },
                { "role": "assistant", "content": null, "tool_calls": [{ "id": "call_77", "type": "function",
                    "function": { "name": "find_order", "arguments": "{\"city\": \"M\\u00fcnchen\", \"n\": 12}" } }] },
                { "role": "tool", "tool_call_id": "call_77", "content": "{\"status\": \"SHIPPED\", \"items\": [{\"sku\": \"A-1\"}]}" },
            ], "tools": [{ "type": "function", "function": { "name": "find_order" } }] },
            "output": { "messages": [{ "role": "assistant", "content": "It is on its way, ΟΔΥΣΣΕΥΣ." }], "finish_reason": "stop" },
        })
    }

    #[test]
    fn it_searches_what_is_said_and_not_the_json() {
        for text in ["role", "content", "messages", "{", "\":", "type", "finish_reason", "\\n", "\\u00fc", "call_77"] {
            assert!(!finds(text, &record()), "{text}");
        }
        for text in [
            "be brief",
            "on its way",
            "find_order",
            "münchen",
            "city: m",
            "n: 12",
            "shipped",
            "sku: a-1",
            "items",
            "5\\6",
            "50%",
        ] {
            assert!(finds(text, &record()), "{text}");
        }
        // A message may well be about JSON.
        assert!(finds("{", &json!({ "input": { "messages": [{ "role": "user", "content": "Is {} JSON?" }] } })));
        // Texts of two messages are two texts.
        assert!(!finds("brief. where", &record()));
    }

    #[test]
    fn case_and_blanks_do_not_count_in_any_script() {
        for text in [
            "  WHERE is MY order?  ",
            "where\u{a0}is my\torder",
            "STRASSE",
            "straße",
            "οδυσσευς",
            "ΟΔΥΣΣΕΥΣ",
            "Οδυσσευσ",
        ] {
            assert!(finds(text, &record()), "{text}");
        }
        let said = |content: &str| json!({ "input": { "messages": [{ "role": "user", "content": content }] } });
        for (text, content) in [
            ("ПРИВЕТ", "привет"),
            ("é", "CAFÉ"),
            ("k", "\u{212a}"),
            ("S", "\u{17f}"),
            ("fi", "\u{fb01}"),
            ("grosse", "GRO\u{1e9e}E"),
            ("x", "X"),
            ("日本", "日本語"),
            ("a", "\u{0}A"),
            ("😀", "😀"),
        ] {
            assert!(finds(text, &said(content)), "{text} in {content}");
        }
        assert!(!finds("where  is  your", &record()));
        assert!(TextSearch::new(" \n ").is_none());
    }

    #[test]
    fn reference_answers_are_searched_and_other_fields_are_not() {
        let nothing = json!({ "input": { "messages": [] } });
        let item = r#"{"reference_answer": {"answer": "Gate B7"}, "difficulty": "hard"}"#;
        assert!(finds_in("gate b7", &nothing, item, "{}") && finds_in("gate b7", &nothing, "{}", item));
        assert!(!finds_in("hard", &nothing, item, item));
        assert!(!finds_in("reference", &nothing, item, item));
    }

    #[test]
    fn what_is_no_record_is_searched_as_it_is() {
        assert!(finds("deep inside", &json!({ "input": { "messages": "Deep  inside" } })));
        let raw = TextSearch::new("{\"MESSAGES").unwrap();
        assert!(raw.finds(StoredTexts { data: "null", item: "{}", metadata: "{}", raw: Some("{\"messages\u{0}") }));
    }

    #[test]
    fn letters_that_fold_to_more_bytes_are_found() {
        let most = ('\u{80}'..=char::MAX).map(|c| (fold(&c.to_string()).len(), c.len_utf8()));
        assert!(most.into_iter().all(|(folded, plain)| folded <= MOST_FOLDED * plain));
        for c in '\u{80}'..=char::MAX {
            let ascii = fold(&c.to_string()).contains(|c: char| c.is_ascii_alphanumeric());
            assert_eq!(folds_to_ascii(c), ascii, "{c}");
        }
        for c in '\u{80}'..='\u{ffff}' {
            let folded = fold(&c.to_string());
            assert_eq!(fold(&folded), folded, "{c}");
        }
    }
}
