//! Lines broken on purpose: one way for every rule of validation but `duplicate`.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::assemble::{Case, native_form};
use super::draw::Draw;

/// What is wrong with a line; the names are those of the validation rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    Unparsable,
    MissingInput,
    MissingMessages,
    EmptyMessages,
    InvalidRole,
    NoUserMessage,
    EmptyUserMessage,
    TooShort,
    MissingToolCallId,
    OrphanToolResult,
    TooManyTokens,
}

/// How often each occurs: 48 in 1,200, 4%.
pub(super) const COUNTS: [(Defect, usize); 11] = [
    (Defect::Unparsable, 5),
    (Defect::MissingInput, 3),
    (Defect::MissingMessages, 3),
    (Defect::EmptyMessages, 3),
    (Defect::InvalidRole, 6),
    (Defect::NoUserMessage, 4),
    (Defect::EmptyUserMessage, 5),
    (Defect::TooShort, 8),
    (Defect::MissingToolCallId, 4),
    (Defect::OrphanToolResult, 4),
    (Defect::TooManyTokens, 3),
];

/// Which of the cases are to be broken, and how.
pub(super) fn plan(cases: usize, draw: &mut Draw) -> HashMap<usize, Defect> {
    let mut positions: Vec<usize> = (0..cases).collect();
    draw.shuffle(&mut positions);
    let defects = COUNTS.iter().flat_map(|(defect, count)| std::iter::repeat_n(*defect, *count));
    positions.into_iter().zip(defects).collect()
}

/// The case's line with this defect and, in order of the rules, none before it.
pub(super) fn break_line(defect: Defect, case: &Case, draw: &mut Draw) -> String {
    let mut line = native_form(case, draw);
    let input = &mut line["data"]["input"];
    let last = case.messages.len() - 1;
    match defect {
        Defect::Unparsable => {
            // A tracer that was stopped while it wrote.
            let whole = line.to_string();
            let end = whole.len() * draw.between(40, 90) / 100;
            let end = (0..=end).rev().find(|end| whole.is_char_boundary(*end)).unwrap_or(0);
            return whole[..end].to_owned();
        }
        Defect::MissingInput => {
            line["data"] = json!({"output": line["data"]["output"]});
        }
        Defect::MissingMessages => {
            *input = json!({"tools": case.tools});
        }
        Defect::EmptyMessages => input["messages"] = json!([]),
        Defect::InvalidRole => input["messages"][last]["role"] = json!(draw.pick(&["customer", "human", "bot"])),
        Defect::NoUserMessage => {
            input["messages"] = json!([
                {"role": "system", "content": "You are the support assistant of Brightbarrow."},
                {"role": "assistant", "content": "Welcome back! How can I help you today?"},
            ]);
        }
        Defect::EmptyUserMessage => input["messages"][last]["content"] = json!(draw.pick(&["", "   ", "\n"])),
        Defect::TooShort => {
            input["messages"][last]["content"] =
                json!(draw.pick(&["hi", "help", "?? hello", "ok", "refund", "thanks :)"]));
        }
        Defect::MissingToolCallId => insert_before_last(input, last, tool_turn(true, draw)),
        Defect::OrphanToolResult => insert_before_last(input, last, tool_turn(false, draw)),
        Defect::TooManyTokens => {
            let pasted = pasted_log(draw);
            input["messages"][last]["content"] =
                json!(format!("Here is the whole log of the app, can you see what is wrong?\n\n{pasted}"));
        }
    }
    line.to_string()
}

/// A call with its result, without the id on one side; or a result that nobody called for.
fn tool_turn(called: bool, draw: &mut Draw) -> Vec<Value> {
    let result = json!({"role": "tool", "content": "{\"status\": \"ok\"}"});
    if !called {
        let mut orphan = result;
        orphan["tool_call_id"] = json!(format!("call_{}", draw.between(100_000, 999_999)));
        return vec![orphan];
    }
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "lookup_order", "arguments": "{}"}});
    vec![json!({"role": "assistant", "content": null, "tool_calls": [call]}), result]
}

fn insert_before_last(input: &mut Value, last: usize, turns: Vec<Value>) {
    if let Some(messages) = input["messages"].as_array_mut() {
        messages.splice(last..last, turns);
    }
}

/// Some 1,100 log lines of at least 12 tokens each: well over the 8,000 that are allowed.
fn pasted_log(draw: &mut Draw) -> String {
    let mut log = String::new();
    for second in 0..1_100 {
        let what = draw.pick(&[
            "scan started",
            "device not found",
            "retry scheduled",
            "GATT timeout",
            "cache miss",
            "render frame",
        ]);
        // Writing to a string cannot fail.
        let _ = writeln!(
            log,
            "{:02}:{:02}:{:02} [{}] {what} id={}",
            8 + second / 3_600,
            second / 60 % 60,
            second % 60,
            draw.pick(&["WARN", "INFO", "DEBUG"]),
            draw.below(1_000_000)
        );
    }
    log
}
