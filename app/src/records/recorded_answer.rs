//! A graded answer as the server tells it: its text, then a line of JSON per tool call.

use leptos::prelude::*;
use serde_json::Value;

use super::conversation::{LongText, ToolCall, call_arguments};

/// The parts of such an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    text: String,
    /// Name and arguments of each call.
    calls: Vec<(String, String)>,
}

/// The text as it is, the calls as calls.
#[component]
pub fn RecordedAnswer(
    /// Text and calls as one string.
    text: String,
) -> impl IntoView {
    let Answer { text, calls } = read_answer(&text);
    let calls = calls.into_iter().map(|(name, arguments)| view! { <ToolCall name arguments/> }).collect_view();
    view! {
        {(!text.is_empty()).then(|| view! { <LongText text/> })}
        {calls}
    }
}

/// What a list shows of it: the first line of its text, or the call it makes.
pub fn first_line(answer: &str) -> String {
    let Answer { text, calls } = read_answer(answer);
    match (text.lines().find(|line| !line.trim().is_empty()), calls.first()) {
        (Some(line), _) => line.to_owned(),
        (None, Some((name, arguments))) => {
            format!("→ {name} {}", arguments.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        (None, None) => String::new(),
    }
}

/// The calls are the last lines that read as calls; what is before them is text.
fn read_answer(answer: &str) -> Answer {
    let mut lines: Vec<&str> = answer.split('\n').collect();
    let mut calls = Vec::new();
    while let Some(call) = lines.last().and_then(|line| whole_call(line).or_else(|| cut_call(line))) {
        calls.insert(0, call);
        lines.pop();
    }
    Answer { text: lines.join("\n"), calls }
}

fn whole_call(line: &str) -> Option<(String, String)> {
    let call: Value = serde_json::from_str(line).ok()?;
    let name = call.get("name")?.as_str()?.to_owned();
    call.get("arguments").is_some().then(|| (name, call_arguments(&call)))
}

/// A preview may end in the middle of a call: then its name, and as much of the arguments as there is.
fn cut_call(line: &str) -> Option<(String, String)> {
    let (name, rest) = line.strip_prefix("{\"name\":\"")?.split_once('"')?;
    let arguments = rest.strip_prefix(",\"arguments\":")?;
    let arguments = match arguments.strip_prefix('"') {
        Some(text) => text.replace("\\\"", "\""),
        None => arguments.to_owned(),
    };
    Some((name.to_owned(), format!("{arguments}…")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_from_text() {
        let call = r#"{"name":"find","arguments":"{\"id\":7}"}"#;
        let find = ("find".to_owned(), "{\n  \"id\": 7\n}".to_owned());
        for (answer, text, calls) in [
            ("Hello.\nYou there?".to_owned(), "Hello.\nYou there?", vec![]),
            (call.to_owned(), "", vec![find.clone()]),
            (format!("One moment.\n{call}\n{call}"), "One moment.", vec![find.clone(), find]),
            (r#"Is {"a": 1} right?"#.to_owned(), r#"Is {"a": 1} right?"#, vec![]),
            (r#"{"answer": "yes"}"#.to_owned(), r#"{"answer": "yes"}"#, vec![]),
            (
                r#"{"name":"find","arguments":"{\"from\":\"JF"#.to_owned(),
                "",
                vec![("find".to_owned(), "{\"from\":\"JF…".to_owned())],
            ),
        ] {
            assert_eq!(read_answer(&answer), Answer { text: text.to_owned(), calls }, "{answer}");
        }
        assert_eq!(first_line(call), "→ find { \"id\": 7 }");
        assert_eq!(first_line(&format!("\nOne moment.\n{call}")), "One moment.");
    }
}
