use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use super::*;
use crate::topics::keywords::KeywordIndex;

/// Made once for all tests.
fn lines() -> &'static [String] {
    static LINES: OnceLock<Vec<String>> = OnceLock::new();
    LINES.get_or_init(|| generate(SEED).collect())
}

fn parsed(lines: &[String]) -> Vec<Value> {
    lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The prompt's messages, of either form.
fn prompt(line: &Value) -> Option<Vec<Value>> {
    if let Some(messages) = line["messages"].as_array() {
        return Some(messages[..messages.len() - 1].to_vec());
    }
    line["data"]["input"]["messages"].as_array().cloned()
}

/// The rule of domain.md section 3 that a line breaks first, worked out independently of the validation.
fn broken_rule(line: &str) -> Option<&'static str> {
    let Ok(line) = serde_json::from_str::<Value>(line) else { return Some("unparsable") };
    if line["messages"].is_null() && line["data"]["input"].is_null() {
        return Some("missing_input");
    }
    let Some(messages) = prompt(&line) else { return Some("missing_messages") };
    let Some(last_user) = messages.iter().rfind(|message| message["role"] == "user") else {
        let known =
            messages.iter().all(|message| ["system", "assistant", "tool"].iter().any(|role| message["role"] == *role));
        return Some(match (messages.is_empty(), known) {
            (true, _) => "empty_messages",
            (_, false) => "invalid_role",
            _ => "no_user_message",
        });
    };
    let known = ["system", "user", "assistant", "tool"];
    if messages.iter().any(|message| !known.iter().any(|role| message["role"] == *role)) {
        return Some("invalid_role");
    }
    let said = last_user["content"].as_str().unwrap().trim();
    match said.chars().count() {
        0 => return Some("empty_user_message"),
        1..10 => return Some("too_short"),
        // One token has fewer than five bytes in such a log.
        40_000.. => return Some("too_many_tokens"),
        _ => (),
    }
    let mut called = HashSet::new();
    for message in &messages {
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            called.insert(call["id"].as_str().unwrap());
        }
        if message["role"] == "tool" {
            match message["tool_call_id"].as_str() {
                None => return Some("missing_tool_call_id"),
                Some(id) if !called.contains(id) => return Some("orphan_tool_result"),
                _ => (),
            }
        }
    }
    None
}

#[test]
fn the_same_seed_gives_the_same_file() {
    let first = lines();
    assert_eq!(first.len(), LINES);
    assert_eq!(first, generate(SEED).collect::<Vec<_>>());
    assert_ne!(first, generate(SEED + 1).collect::<Vec<_>>());
}

#[test]
fn every_rule_is_broken_as_often_as_planned() {
    let mut counts = BTreeMap::new();
    for rule in lines().iter().filter_map(|line| broken_rule(line)) {
        *counts.entry(rule).or_insert(0) += 1;
    }
    let expected = [
        ("empty_messages", 3),
        ("empty_user_message", 5),
        ("invalid_role", 6),
        ("missing_input", 3),
        ("missing_messages", 3),
        ("missing_tool_call_id", 4),
        ("no_user_message", 4),
        ("orphan_tool_result", 4),
        ("too_many_tokens", 3),
        ("too_short", 8),
        ("unparsable", 5),
    ];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn twenty_lines_repeat_an_earlier_one() {
    let (mut prompts, mut spans, mut repeats) = (HashSet::new(), HashSet::new(), 0);
    for line in lines().iter().filter(|line| broken_rule(line).is_none()) {
        let line: Value = serde_json::from_str(line).unwrap();
        // Whatever the order of the keys: what was said, and the ids within, are the prompt.
        let said: Vec<String> = prompt(&line).unwrap().iter().map(|message| message["content"].to_string()).collect();
        let span_is_new = line["span_id"].as_str().is_none_or(|span| spans.insert(span.to_owned()));
        if !prompts.insert(said) || !span_is_new {
            repeats += 1;
        }
    }
    assert_eq!(repeats, DUPLICATES);
}

#[test]
fn a_usable_prompt_ends_with_the_customer_and_an_answer_is_recorded() {
    for line in lines().iter().filter(|line| broken_rule(line).is_none()) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(prompt(&line).unwrap().last().unwrap()["role"], "user", "{line}");
        let answer =
            line["messages"].as_array().map_or(&line["data"]["output"]["messages"][0], |all| all.last().unwrap());
        assert!(
            answer["content"].as_str().is_some_and(|text| !text.is_empty()) || answer["tool_calls"].is_array(),
            "{line}"
        );
        assert!(line["reference_answer"].as_str().is_some_and(|text| text.len() > 20), "{line}");
        if let Some(tool) = line["expected_tool"].as_str() {
            let tools = line["tools"].as_array().or(line["data"]["input"]["tools"].as_array()).unwrap();
            assert!(tools.iter().any(|offered| offered["function"]["name"] == *tool), "{line}");
        }
    }
}

#[test]
fn no_template_shows_through() {
    for line in parsed(lines()) {
        let mut texts = vec![line["reference_answer"].to_string(), line["data"]["output"]["messages"][0].to_string()];
        let said = prompt(&line).unwrap_or_default();
        texts.extend(
            said.iter()
                .filter(|message| message["role"] != "tool" && message["role"] != "system")
                .map(Value::to_string),
        );
        for text in texts {
            let content = serde_json::from_str::<Value>(&text).unwrap();
            let words = content.as_str().or(content["content"].as_str()).unwrap_or("");
            assert!(words.len() > 30_000 || !words.contains(['{', '}', '[', ']', '|']), "{words}");
            assert!(!text.contains("{order") && !text.contains("{product") && !text.contains("{email"), "{text}");
        }
    }
}

#[test]
fn topics_are_labelled_and_slightly_unbalanced() {
    let lines = parsed(lines());
    let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
    for topic in lines.iter().filter_map(|line| line["topic"].as_str()) {
        *counts.entry(topic).or_default() += 1;
    }
    let hierarchy = hierarchy();
    let mut names: Vec<&str> = hierarchy.leaves().into_iter().map(|leaf| leaf.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), names);
    let balance = f64::from(*counts.values().min().unwrap()) / f64::from(*counts.values().max().unwrap());
    assert!((0.6..0.8).contains(&balance), "{counts:?}");
    let labelled = f64::from(counts.values().sum::<i32>()) / lines.len() as f64;
    assert!((0.915..0.955).contains(&labelled), "{labelled}");
}

#[test]
fn keywords_find_most_topics() {
    let index = KeywordIndex::new(&hierarchy());
    let (mut right, mut found, mut sure, mut all) = (0, 0, 0, 0);
    for line in parsed(lines()) {
        let Some(topic) = line["topic"].as_str() else { continue };
        let Some(said) = prompt(&line).and_then(|said| said.iter().rfind(|message| message["role"] == "user").cloned())
        else {
            continue;
        };
        all += 1;
        if let Some(guess) = index.categorize(said["content"].as_str().unwrap()) {
            found += 1;
            right += i32::from(guess.topic == topic);
            sure += i32::from(!guess.needs_review);
        }
    }
    let share = |part: i32, whole: i32| f64::from(part) / f64::from(whole);
    assert!(
        share(found, all) > 0.7 && share(right, found) > 0.75,
        "{right} right of {found} found, {sure} sure, of {all}"
    );
}
