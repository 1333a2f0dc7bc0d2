//! From a scenario to a line of the file.

use serde_json::{Map, Value, json};

use super::answers::{Answer, draw_answer};
use super::draw::{Draw, write_out};
use super::scenario::{Scenario, Turn};
use super::slots::{Slots, draw_slots};
use super::tools;
use super::topics::TOPICS;

/// One customer's conversation with what was answered and what should have been.
pub(super) struct Case {
    pub(super) topic: &'static str,
    pub(super) messages: Vec<Value>,
    pub(super) tools: Vec<Value>,
    pub(super) answer: Answer,
    pub(super) reference: String,
    pub(super) expected_tool: Option<&'static str>,
}

impl Case {
    /// The customer's words, in lower case.
    pub(super) fn said_by_customer(&self) -> String {
        let said = self.messages.iter().filter(|message| message["role"] == "user");
        said.filter_map(|message| message["content"].as_str()).collect::<Vec<_>>().join("\n").to_lowercase()
    }
}

/// A new case of the topic with this index.
pub(super) fn draw_case(topic: usize, draw: &mut Draw) -> Case {
    let (topic, _, scenarios) = TOPICS[topic];
    let weights: Vec<usize> = scenarios.iter().map(|scenario| scenario.weight).collect();
    let scenario = &scenarios[draw.weighted(&weights)];
    let slots = draw_slots(draw);
    let offered = offered_tools(scenario, draw);
    let messages = conversation(scenario, &slots, draw);
    let sentences: Vec<String> = scenario.answer.iter().map(|sentence| write_out(sentence, &slots, draw)).collect();
    let call = scenario.tool.map(|(name, args)| (name, arguments(args, &slots)));
    let id = call_id(draw);
    let answer =
        draw_answer(scenario, &slots, &sentences, call.as_ref().map(|(name, args)| (*name, args)), &offered, &id, draw);
    Case {
        topic,
        messages,
        tools: offered,
        answer,
        reference: sentences.join(" "),
        expected_tool: scenario.tool.map(|(name, _)| name),
    }
}

/// The line as the file has it: native form, or one in twenty as chat JSONL without a label.
pub(super) fn line(case: &Case, draw: &mut Draw) -> String {
    if draw.percent(5) { chat_form(case, draw).to_string() } else { native_form(case, draw).to_string() }
}

/// `{"span_id", "data": {"input", "output"}, "topic", "metadata", "reference_answer", ...}`.
pub(super) fn native_form(case: &Case, draw: &mut Draw) -> Value {
    let mut input = json!({"messages": case.messages});
    if !case.tools.is_empty() {
        input["tools"] = json!(case.tools);
        if draw.percent(30) {
            input["tool_choice"] = json!("auto");
        }
    }
    let finish_reason = if case.answer.calls.is_empty() { "stop" } else { "tool_calls" };
    let output = json!({"messages": [assistant_message(&case.answer)], "finish_reason": finish_reason});
    let mut line = json!({"span_id": span_id(draw), "data": {"input": input, "output": output}});
    if !draw.percent(2) {
        line["topic"] = json!(case.topic);
    }
    line["metadata"] = metadata(case, draw);
    line["reference_answer"] = json!(case.reference);
    if let Some(tool) = case.expected_tool {
        line["expected_tool"] = json!(tool);
    }
    line
}

/// Sixteen hexadecimal digits, as OpenTelemetry has them.
pub(super) fn span_id(draw: &mut Draw) -> String {
    (0..16).map(|_| char::from(b"0123456789abcdef"[draw.below(16)])).collect()
}

/// The same JSON with the keys of every object in reverse order.
pub(super) fn with_reversed_keys(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.into_iter().rev().map(|(key, value)| (key, with_reversed_keys(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(with_reversed_keys).collect()),
        other => other,
    }
}

fn chat_form(case: &Case, draw: &mut Draw) -> Value {
    let mut messages = case.messages.clone();
    messages.push(assistant_message(&case.answer));
    let mut line = json!({"messages": messages});
    if !case.tools.is_empty() {
        line["tools"] = json!(case.tools);
    }
    line["reference_answer"] = json!(case.reference);
    if let Some(tool) = case.expected_tool {
        line["expected_tool"] = json!(tool);
    }
    line["metadata"] = metadata(case, draw);
    line
}

fn assistant_message(answer: &Answer) -> Value {
    let content = if answer.text.is_empty() { Value::Null } else { json!(answer.text) };
    let mut message = json!({"role": "assistant", "content": content});
    if !answer.calls.is_empty() {
        message["tool_calls"] = json!(answer.calls);
    }
    message
}

/// What a tracer would note; nothing in it tells how good the answer is.
fn metadata(case: &Case, draw: &mut Draw) -> Value {
    let model = ["brightbarrow-support-v2", "gpt-4o-mini-2024-07-18", "mistral-small-2409"][draw.weighted(&[5, 4, 2])];
    let latency_ms = 380 + case.answer.text.len() * 3 + draw.below(900);
    let time = format!(
        "2026-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        draw.between(7, 10),
        draw.between(1, 28),
        draw.between(6, 22),
        draw.below(60),
        draw.below(60)
    );
    json!({"channel": draw.pick(&["chat", "chat", "email", "app"]), "model": model, "latency_ms": latency_ms, "recorded_at": time})
}

fn conversation(scenario: &Scenario, slots: &Slots, draw: &mut Draw) -> Vec<Value> {
    let mut messages = Vec::new();
    if draw.percent(93) {
        messages.push(json!({"role": "system", "content": tools::system_prompt(draw)}));
    }
    // Shuffled once, so that the first message and the last tell different things: one takes from the front, the
    // other from the back.
    let mut context: Vec<&str> = scenario.context.to_vec();
    draw.shuffle(&mut context);
    let mut opening = write_out(draw.pick(scenario.openings), slots, draw);
    if context.len() > 2 && draw.percent(72) {
        let count = if draw.percent(30) { 2 } else { 1 };
        opening = with_context(opening, &context[..count], slots, draw);
    }
    messages.push(json!({"role": "user", "content": styled(opening, scenario, true, slots, draw)}));
    for turn in scenario.history {
        match turn {
            Turn::Assistant(text) => {
                messages.push(json!({"role": "assistant", "content": write_out(text, slots, draw)}));
            }
            Turn::Call(name, args, result) => {
                let id = call_id(draw);
                let call = tools::call(&id, name, &arguments(args, slots));
                messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
                messages.push(
                    json!({"role": "tool", "tool_call_id": id, "content": format!("{{{}}}", fill(result, slots))}),
                );
            }
        }
    }
    if !scenario.follow_ups.is_empty() {
        let mut follow_up = write_out(draw.pick(scenario.follow_ups), slots, draw);
        if context.len() > 2 && draw.percent(40) {
            follow_up = with_context(follow_up, &context[context.len() - 1..], slots, draw);
        }
        messages.push(json!({"role": "user", "content": styled(follow_up, scenario, false, slots, draw)}));
    }
    messages
}

/// The customer's circumstances behind the request.
fn with_context(request: String, context: &[&str], slots: &Slots, draw: &mut Draw) -> String {
    let said: Vec<String> = context.iter().map(|sentence| write_out(sentence, slots, draw)).collect();
    let request = request.trim_end();
    let stop = if request.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{request}{stop} {}", said.join(" "))
}

/// As people type: some in a hurry, some with slips, some greet or sign.
fn styled(text: String, scenario: &Scenario, is_first: bool, slots: &Slots, draw: &mut Draw) -> String {
    let text = text.trim_end().to_owned();
    if !scenario.english {
        return text;
    }
    // Nobody greets or signs in the middle of a conversation.
    let weights: &[usize] = if is_first { &[56, 9, 12, 3, 8, 6, 6] } else { &[70, 14, 12, 0, 4] };
    let signed = |line: &str, draw: &mut Draw| format!("{text}{}", write_out(line, slots, draw));
    match draw.weighted(weights) {
        1 => text.to_lowercase().trim_end_matches(['.', '!']).to_owned(),
        2 => with_slip(&text, draw),
        3 => format!("{text} (sent from my {})", slot(slots, "device")),
        4 => signed(" [Thanks!|Thanks a lot.|Thank you.|Cheers, {first}|ty]", draw),
        5 => signed("\n\n[Best|Kind|Warm] regards\n{name}", draw),
        6 => format!(
            "{} {text}",
            write_out("[Hi there.|Me again.|Quick question:|Hello Brightbarrow,|Morning!]", slots, draw)
        ),
        _ => text,
    }
}

/// Two letters within a longer word change places, or one is lost; never in numbers or addresses.
fn with_slip(text: &str, draw: &mut Draw) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let long: Vec<usize> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.len() > 4 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        .map(|(index, _)| index)
        .collect();
    if long.is_empty() {
        return text.to_owned();
    }
    let word = &mut words[long[draw.below(long.len())]];
    let at = draw.between(1, word.len() - 2);
    let letter = word.remove(at);
    if draw.percent(60) {
        word.insert(at + 1, letter);
    }
    words.join(" ")
}

fn offered_tools(scenario: &Scenario, draw: &mut Draw) -> Vec<Value> {
    let mut needed: Vec<&str> = scenario.tool.iter().map(|(name, _)| *name).collect();
    for turn in scenario.history {
        if let Turn::Call(name, ..) = turn {
            needed.push(name);
        }
    }
    if needed.is_empty() && draw.percent(45) { Vec::new() } else { tools::offered(&needed, draw) }
}

fn arguments(args: &[(&str, &str)], slots: &Slots) -> Map<String, Value> {
    args.iter().map(|(name, template)| ((*name).to_owned(), json!(fill(template, slots)))).collect()
}

fn call_id(draw: &mut Draw) -> String {
    format!("call_{}", &span_id(draw)[..10])
}

/// Slots only: for JSON, whose brackets mean something else.
fn fill(template: &str, slots: &Slots) -> String {
    let mut text = template.to_owned();
    for (name, value) in slots {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

fn slot<'a>(slots: &'a Slots, name: &str) -> &'a str {
    slots.iter().find(|(slot, _)| *slot == name).map_or("", |(_, value)| value)
}
