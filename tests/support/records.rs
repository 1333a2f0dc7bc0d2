//! Builders of input lines.

use serde_json::{Value, json};

/// A chat line: one question, one answer, and further top-level fields.
pub fn chat(question: &str, answer: &str, more: Value) -> String {
    let mut line = json!({ "messages": [
        { "role": "user", "content": question },
        { "role": "assistant", "content": answer },
    ] });
    if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
        line.extend(more);
    }
    line.to_string()
}

/// `count` different valid chat lines, each ended by a newline; line n asks about order n and carries
/// `topics[n % topics.len()]` (none for an empty list).
pub fn chats(count: usize, topics: &[&str]) -> String {
    let line = |n: usize| {
        let topic = topics.get(n % topics.len().max(1)).map_or(json!({}), |topic| json!({ "topic": topic }));
        chat(
            &format!("Where is my order number {n}? I have been waiting."),
            &format!("Order {n} is on its way."),
            topic,
        ) + "\n"
    };
    (0..count).map(line).collect()
}

/// `count` records whose responses are rated 0.05 to 0.83 in turn, all equally long.
pub fn rated(count: usize) -> String {
    let line = |n: usize| {
        let answer = format!("rated {:.2}", 0.05 + 0.02 * (n % 40) as f64);
        chat(&format!("Where is my order number {n}? I have been waiting."), &answer, json!({})) + "\n"
    };
    (0..count).map(line).collect()
}
