//! One record as a conversation. Text is always plain: nothing of a record is ever read as HTML.

use anneal_server::types::dataset::{DatasetRecord, content_text};
use leptos::prelude::*;
use serde_json::Value;

use super::marked_text::MarkedText;
use crate::ui::{UserText, visible};

/// Characters of a message shown before "Show all".
const COLLAPSED_CHARS: usize = 1200;
/// The same where many texts are only glanced at.
const GLANCE_CHARS: usize = 400;

/// Prompt and recorded answer of a record, drawn leniently: an invalid record shows whatever can be read.
#[component]
pub fn Conversation(record: DatasetRecord) -> impl IntoView {
    let DatasetRecord { data, raw, .. } = record;
    if let Some(raw) = raw {
        return view! {
            <div class="conversation">
                <h4 class="conversation__part">"The line as it came"</h4>
                <LongText text=raw code=true />
            </div>
        }
        .into_any();
    }
    let prompt = messages_of(data.get("input"));
    let answer = data.get("output").cloned();
    let tools = data.get("input").and_then(|input| input.get("tools")).filter(|tools| !tools.is_null()).cloned();
    let unreadable = prompt.is_none().then(|| pretty(&data));
    view! {
        <div class="conversation">
            <h4 class="conversation__part">"Prompt"</h4>
            {prompt.map(|messages| messages.into_iter().map(message_view).collect_view())}
            {unreadable
                .map(|text| {
                    view! {
                        <p class="muted">"There is no list of messages to read; this is the data as it is."</p>
                        <LongText text code=true />
                    }
                })}
            {tools.map(tools_view)}
            <h4 class="conversation__part">"Recorded answer"</h4>
            {answer_view(answer)}
        </div>
    }
    .into_any()
}

fn messages_of(part: Option<&Value>) -> Option<Vec<Value>> {
    part?.get("messages")?.as_array().cloned()
}

fn answer_view(answer: Option<Value>) -> AnyView {
    let Some(answer) = answer.filter(|answer| !answer.is_null()) else {
        return view! { <p class="muted">"None was recorded."</p> }.into_any();
    };
    let messages = messages_of(Some(&answer)).unwrap_or_default();
    let calls = answer.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
    let finish = answer.get("finish_reason").and_then(Value::as_str).map(|reason| format!("Finish reason: {reason}"));
    let rest = (messages.is_empty() && calls.is_empty()).then(|| pretty(&answer));
    view! {
        {messages.into_iter().map(message_view).collect_view()}
        {calls.into_iter().map(tool_call_view).collect_view()}
        {rest.map(|text| view! { <LongText text code=true /> })}
        {finish.map(|text| view! { <p class="muted small"><UserText text /></p> })}
    }
    .into_any()
}

fn message_view(message: Value) -> impl IntoView {
    let role = match message.get("role") {
        Some(Value::String(role)) => role.clone(),
        Some(other) => other.to_string(),
        None => "no role".to_owned(),
    };
    let class = match role.as_str() {
        "user" => "message message--user",
        "assistant" => "message message--assistant",
        "tool" => "message message--tool",
        "system" | "developer" => "message message--system",
        _ => "message message--odd",
    };
    let name = message.get("name").and_then(Value::as_str).map(|name| format!(" · {name}"));
    let answers = message.get("tool_call_id").and_then(Value::as_str).map(|id| format!(" · answers {id}"));
    let content = message.get("content").cloned().unwrap_or(Value::Null);
    let (text, is_code) = readable_content(&content, role == "tool");
    let calls = message.get("tool_calls").and_then(Value::as_array).cloned().unwrap_or_default();
    let no_text = (text.is_empty() && calls.is_empty()).then(|| view! { <p class="muted">"(empty)"</p> });
    view! {
        <div class=class>
            <p class="message__role">
                <strong><UserText text=role /></strong>
                <span class="muted">{name.map(|text| view! { <UserText text /> })} {answers.map(|text| view! { <UserText text /> })}</span>
            </p>
            {(!text.is_empty()).then(|| view! { <LongText text code=is_code /> })}
            {no_text}
            {calls.into_iter().map(tool_call_view).collect_view()}
        </div>
    }
}

/// The text of a message, and whether it is better read as code: a tool's JSON answer is pretty-printed,
/// parts that are not text are named.
fn readable_content(content: &Value, is_tool: bool) -> (String, bool) {
    match content {
        Value::String(text) if is_tool => match serde_json::from_str::<Value>(text) {
            Ok(value) if value.is_object() || value.is_array() => (pretty(&value), true),
            _ => (text.clone(), false),
        },
        Value::Array(parts) => {
            let mut lines = vec![content_text(content)];
            for part in parts {
                if part.get("text").is_none() {
                    let kind = part.get("type").and_then(Value::as_str).unwrap_or("unknown");
                    lines.push(format!("[{kind} part, not shown]"));
                }
            }
            lines.retain(|line| !line.is_empty());
            (lines.join("\n"), false)
        }
        Value::Null => (String::new(), false),
        Value::String(text) => (text.clone(), false),
        other => (pretty(other), true),
    }
}

fn tool_call_view(call: Value) -> impl IntoView {
    let function = call.get("function").unwrap_or(&call);
    let name = function.get("name").and_then(Value::as_str).unwrap_or("unnamed tool").to_owned();
    let id = match call.get("id").and_then(Value::as_str) {
        Some(id) => format!(" · {id}"),
        None => " · without id".to_owned(),
    };
    let arguments = call_arguments(function);
    view! { <ToolCall name id arguments/> }
}

/// The arguments of a called function, as indented JSON where they are JSON.
pub fn call_arguments(function: &Value) -> String {
    match function.get("arguments") {
        Some(Value::String(text)) => {
            serde_json::from_str(text).map_or_else(|_| text.clone(), |value: Value| pretty(&value))
        }
        Some(value) => pretty(value),
        None => "(no arguments)".to_owned(),
    }
}

/// "→ calls find_order", and its arguments.
#[component]
pub fn ToolCall(
    /// The tool.
    name: String,
    /// What is said of the call's id, if anything.
    #[prop(optional)]
    id: String,
    /// Its arguments as text.
    arguments: String,
) -> impl IntoView {
    view! {
        <div class="tool-call">
            <p class="message__role">
                <span aria-hidden="true">"→ "</span>
                "calls "
                <strong><UserText text=name /></strong>
                <span class="muted"><UserText text=id /></span>
            </p>
            <LongText text=arguments code=true />
        </div>
    }
}

fn tools_view(tools: Value) -> impl IntoView {
    let count = tools.as_array().map_or(1, Vec::len);
    let names: Vec<String> = tools
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| {
            let function = tool.get("function").unwrap_or(tool);
            function.get("name").and_then(Value::as_str).unwrap_or("unnamed").to_owned()
        })
        .collect();
    let title = format!("{count} {} the model may call", if count == 1 { "tool" } else { "tools" });
    view! {
        <details class="disclosure">
            <summary>{title} " " <span class="muted"><UserText text=names.join(", ") /></span></summary>
            <LongText text=pretty(&tools) code=true />
        </details>
    }
}

/// Text that starts folded where it is long.
#[component]
pub fn LongText(
    /// The text.
    text: String,
    /// Whether it is code or JSON.
    #[prop(optional)]
    code: bool,
    /// Whether it is only glanced at.
    #[prop(optional)]
    glance: bool,
) -> impl IntoView {
    let most = if glance { GLANCE_CHARS } else { COLLAPSED_CHARS };
    let class = if code { "text text--code" } else { "text" };
    let text = visible(&text).into_owned();
    let Some(cut) = text.char_indices().nth(most).map(|(index, _)| index) else {
        // No <pre>: HTML drops the line break it may begin with, and the browser then misses it.
        return view! { <div class=class dir="auto">{MarkedText::new(text).shown(None)}</div> }.into_any();
    };
    let (open, set_open) = signal(false);
    let rest = text[cut..].chars().count();
    let label =
        format!("Show {} more characters", anneal_server::format::count(i64::try_from(rest).unwrap_or(i64::MAX)));
    let text = MarkedText::new(text);
    view! {
        <div class=class dir="auto">{move || text.shown((!open.get()).then_some(cut))}{move || (!open.get()).then_some("…")}</div>
        <button
            type="button"
            class="link small"
            aria-expanded=move || open.get().to_string()
            on:click=move |_| set_open.update(|open| *open = !*open)
        >
            {move || if open.get() { "Show less".to_owned() } else { label.clone() }}
        </button>
    }
    .into_any()
}

/// Indented JSON.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_read_in_every_form() {
        for (content, is_tool, expected) in [
            (json!("hi <b>x</b>"), false, ("hi <b>x</b>", false)),
            (json!("{\"a\":1}"), true, ("{\n  \"a\": 1\n}", true)),
            (json!("{\"a\":1}"), false, ("{\"a\":1}", false)),
            (json!("not json"), true, ("not json", false)),
            (json!(null), false, ("", false)),
            (json!(7), false, ("7", true)),
            (
                json!([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "x"}}]),
                false,
                ("look\n[image_url part, not shown]", false),
            ),
        ] {
            let (text, code) = readable_content(&content, is_tool);
            assert_eq!((text.as_str(), code), expected, "{content}");
        }
    }
}
