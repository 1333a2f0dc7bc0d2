//! What the records of a file have in common: the system prompt that most begin with, and the tools they may call.

use std::collections::HashMap;

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::types::import::{CommonPrompt, DetectedPattern, ToolUse};
use crate::validation::message_text;

/// Most tools that are told.
const TOOLS: usize = 20;
const PROMPT_LENGTH: usize = 400;
const NAME_LENGTH: usize = 200;

/// Gathers the pattern, a record at a time. Of prompts only hashes and beginnings are kept.
#[derive(Debug, Default)]
pub(super) struct PatternFinder {
    prompts: HashMap<u128, CommonPrompt>,
    /// In the order in which they were seen, for ties.
    order: Vec<u128>,
    tools: Vec<ToolUse>,
    places: HashMap<String, usize>,
    multi_turn: i64,
}

impl PatternFinder {
    pub(super) fn add(&mut self, data: &Value) {
        let list = |pointer: &str| data.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let messages = list("/input/messages");
        let role = |message: &Value| message.get("role").and_then(Value::as_str).unwrap_or_default().to_owned();
        let system = messages.iter().find(|message| matches!(role(message).as_str(), "system" | "developer"));
        if let Some(text) = system.map(message_text).filter(|text| !text.trim().is_empty()) {
            let hash = xxh3_128(text.trim().as_bytes());
            let order = &mut self.order;
            let prompt = self.prompts.entry(hash).or_insert_with(|| {
                order.push(hash);
                CommonPrompt { start: start_of(text.trim()), records: 0 }
            });
            prompt.records += 1;
        }
        self.multi_turn += i64::from(messages.iter().filter(|message| role(message) == "user").count() > 1);
        let mut names: Vec<String> = list("/input/tools").iter().filter_map(tool_name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let tools = &mut self.tools;
            let place = *self.places.entry(name.clone()).or_insert_with(|| {
                tools.push(ToolUse { name, records: 0 });
                tools.len() - 1
            });
            self.tools[place].records += 1;
        }
    }

    pub(super) fn found(mut self) -> DetectedPattern {
        let different_prompts = i64::try_from(self.prompts.len()).unwrap_or(i64::MAX);
        let most = self.prompts.values().map(|prompt| prompt.records).max();
        let first = self.order.iter().find(|hash| self.prompts.get(hash).map(|prompt| prompt.records) == most);
        let system_prompt = first.and_then(|hash| self.prompts.remove(hash));
        self.tools.sort_by_key(|tool| std::cmp::Reverse(tool.records));
        let tools_total = i64::try_from(self.tools.len()).unwrap_or(i64::MAX);
        self.tools.truncate(TOOLS);
        DetectedPattern {
            system_prompt,
            different_prompts,
            tools: self.tools,
            tools_total,
            multi_turn: self.multi_turn,
        }
    }
}

fn start_of(text: &str) -> String {
    match text.char_indices().nth(PROMPT_LENGTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn tool_name(tool: &Value) -> Option<String> {
    let name = tool.pointer("/function/name").or_else(|| tool.get("name"))?;
    Some(name.as_str()?.chars().take(NAME_LENGTH).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_most_frequent_prompt_and_tools_are_found() {
        let record = |system: &str, tools: &[&str], turns: usize| {
            let tools: Vec<Value> =
                tools.iter().map(|name| json!({ "type": "function", "function": { "name": name } })).collect();
            let users = std::iter::repeat_n(json!({ "role": "user", "content": "q" }), turns);
            let messages: Vec<Value> =
                [json!({ "role": "system", "content": system })].into_iter().chain(users).collect();
            json!({ "input": { "messages": messages, "tools": tools } })
        };
        let mut finder = PatternFinder::default();
        for data in [
            record("Be kind.", &["find", "pay"], 1),
            record(" Be kind.\n", &["pay", "pay"], 2),
            record("Be quick.", &[], 3),
            record("", &[], 1),
            json!({ "input": { "messages": 5, "tools": {} } }),
            json!(null),
        ] {
            finder.add(&data);
        }
        let tool = |name: &str, records| ToolUse { name: name.to_owned(), records };
        let expected = DetectedPattern {
            system_prompt: Some(CommonPrompt { start: "Be kind.".to_owned(), records: 2 }),
            different_prompts: 2,
            tools: vec![tool("pay", 2), tool("find", 1)],
            tools_total: 2,
            multi_turn: 2,
        };
        assert_eq!(finder.found(), expected);
        assert_eq!(PatternFinder::default().found(), DetectedPattern::default());
        assert_eq!(start_of(&"ä".repeat(500)).chars().count(), 401);
    }
}
