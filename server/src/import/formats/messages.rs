//! Messages, as the formats that do not have them write them.

use serde_json::{Value, json};

use super::Fields;
use super::record::take_text;

/// A message of this role; the content is kept whatever it is.
pub(super) fn message(role: &str, content: Value) -> Value {
    json!({ "role": role, "content": content })
}

/// The system message in front, where a field of that name says one.
pub(super) fn take_system(fields: &mut Fields) -> Option<Value> {
    ["system", "system_prompt"].iter().find_map(|key| take_text(fields, key)).map(|text| message("system", text.into()))
}

/// Whether this is a list of messages: each an object with a role.
pub(super) fn are_messages(value: &Value) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_message))
}

/// Whether this is a message: an object with a role.
pub(super) fn is_message(value: &Value) -> bool {
    value.get("role").is_some_and(Value::is_string)
}

/// A prompt as messages: a list of them, or anything else as what the user says. Null says nothing.
pub(super) fn prompt_messages(prompt: Option<Value>) -> Vec<Value> {
    messages_by("user", prompt)
}

/// An answer as messages: a list of them, one, or anything else as what the assistant says. Null says nothing.
pub(super) fn answer_messages(answer: Option<Value>) -> Vec<Value> {
    messages_by("assistant", answer)
}

fn messages_by(role: &str, value: Option<Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) if list.iter().all(is_message) => list,
        Some(value) if is_message(&value) => vec![value],
        Some(value) => vec![message(role, value)],
    }
}

/// A text that is a JSON object or list, read as one; anything else as it is.
pub(super) fn read_json_text(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    if !text.trim_start().starts_with(['{', '[']) {
        return value;
    }
    crate::json::parse(text).unwrap_or(value)
}

/// A value as text: a string as it is, null as nothing, anything else as JSON.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// An assistant's call of a tool in the chat form, whose arguments are a text; what else stands in it stays there.
pub(super) fn tool_call(mut call: Fields, id: Option<String>) -> Value {
    let mut take = |name: &str| call.shift_remove(name);
    let id = id.map_or_else(|| take("id").unwrap_or_default(), Value::from);
    let name = take("name").unwrap_or_default();
    let arguments = take("arguments").map_or_else(|| "{}".to_owned(), |arguments| as_text(&arguments));
    let mut made = Fields::from_iter([
        ("id".to_owned(), id),
        ("type".to_owned(), "function".into()),
        ("function".to_owned(), json!({ "name": name, "arguments": arguments })),
    ]);
    add_missing(&mut made, call);
    Value::Object(made)
}

/// Adds the fields that are not there yet.
pub(super) fn add_missing(fields: &mut Fields, more: Fields) {
    for (key, value) in more {
        fields.entry(key).or_insert(value);
    }
}

/// Tool definitions in the chat form: a list, or the text of one; a bare function is put into its wrapper. Gives the value
/// back if it is none.
pub(super) fn tools(value: Value) -> Result<Value, Value> {
    let Value::Array(list) = read_json_text(value.clone()) else { return Err(value) };
    let wrap = |tool: Value| {
        let is_bare = tool.get("name").is_some() && tool.get("function").is_none();
        let is_function = tool.get("type").is_none_or(|kind| kind == "function");
        if !(is_bare && is_function) {
            return tool;
        }
        let mut function = tool;
        if let Value::Object(fields) = &mut function {
            fields.shift_remove("type");
        }
        json!({ "type": "function", "function": function })
    };
    Ok(Value::Array(list.into_iter().map(wrap).collect()))
}

/// Takes tool definitions from a field; what is none stays there.
pub(super) fn take_tools(fields: &mut Fields, key: &str) -> Option<Value> {
    let value = fields.shift_remove(key)?;
    match tools(value) {
        Ok(tools) => Some(tools),
        Err(other) => {
            fields.insert(key.to_owned(), other);
            None
        }
    }
}
