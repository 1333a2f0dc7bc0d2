//! The JSON forms in which people have their topics.

use serde_json::{Map, Value};

use crate::types::topics::{TopicHierarchy, TopicNode};

use super::{HierarchyError, MAX_JSON_BYTES, check, path_of, quoted};

/// The names under which a node's children or the whole list may stand.
const LISTS: [&str; 4] = ["nodes", "topics", "children", "subtopics"];

/// Reads a hierarchy from `{"nodes": [...]}`, `{"topics": [...]}`, a bare list of nodes, or nested objects as
/// `{"billing": {"refunds": {}}}`. A node is `{"name", "description"?, "keywords"?, "children"?}` or just its name.
/// The version, if one stands there, is not taken over: saving gives the next one.
pub fn parse_hierarchy(json: &str) -> Result<TopicHierarchy, HierarchyError> {
    if json.len() > MAX_JSON_BYTES {
        return Err(HierarchyError::TooLarge { bytes: json.len() });
    }
    // serde_json refuses more than 127 levels, so that nothing below can overflow the stack.
    let value = crate::json::parse(json.trim_start_matches('\u{feff}'))
        .map_err(|error| HierarchyError::NotJson(error.to_string()))?;
    let mut above = Vec::new();
    let nodes = match &value {
        Value::Object(object) => match LISTS[..2].iter().find_map(|key| object.get(*key)) {
            Some(list @ (Value::Array(_) | Value::Object(_))) => children(list, &mut above)?,
            Some(other) => return Err(wrong("The list of topics".to_owned(), other, "a list of topics")),
            None => nested(object, &mut above)?,
        },
        Value::Array(_) => children(&value, &mut above)?,
        other => return Err(wrong("The JSON".to_owned(), other, "a list of topics or an object with \"nodes\"")),
    };
    if nodes.is_empty() {
        return Err(HierarchyError::Empty);
    }
    check(TopicHierarchy { version: 0, nodes })
}

/// A list of nodes, or nested objects.
fn children(value: &Value, above: &mut Vec<String>) -> Result<Vec<TopicNode>, HierarchyError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| node(value, index, above)).collect(),
        Value::Object(object) => nested(object, above),
        other => Err(wrong(path_of(above, "the children"), other, "a list of topics")),
    }
}

/// An element of a list: a name, or an object with one.
fn node(value: &Value, index: usize, above: &mut Vec<String>) -> Result<TopicNode, HierarchyError> {
    let place = format!("Topic {}", index + 1);
    match value {
        Value::String(name) => Ok(TopicNode { name: name.clone(), ..TopicNode::default() }),
        Value::Object(object) => match object.get("name") {
            Some(Value::String(name)) => described(name, object, above),
            Some(other) => Err(wrong(format!("{}: the name", path_of(above, &place)), other, "a text")),
            None => Err(HierarchyError::BadName {
                path: path_of(above, &place),
                reason: "it has no \"name\". Add one.".to_owned(),
            }),
        },
        other => Err(wrong(path_of(above, &place), other, "a name or an object with \"name\"")),
    }
}

/// A node object whose name is known.
fn described(name: &str, object: &Map<String, Value>, above: &mut Vec<String>) -> Result<TopicNode, HierarchyError> {
    let place = path_of(above, &quoted(name));
    let description = match object.get("description") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => return Err(wrong(format!("{place}: the description"), other, "a text")),
    };
    let keywords = keywords(object.get("keywords"), &place)?;
    above.push(quoted(name));
    let mut below = Vec::new();
    for list in LISTS.iter().filter_map(|key| object.get(*key)) {
        below.extend(children(list, above)?);
    }
    above.pop();
    Ok(TopicNode { name: name.to_owned(), description, keywords, children: below })
}

fn keywords(value: Option<&Value>, place: &str) -> Result<Vec<String>, HierarchyError> {
    let list = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong(format!("{place}: keywords"), other, "a list of texts")),
    };
    let text = |keyword: &Value| match keyword {
        Value::String(text) => Ok(text.clone()),
        other => Err(wrong(format!("{place}: a keyword"), other, "a text")),
    };
    list.iter().map(text).collect()
}

/// Topics as keys: the value has the topics below (object or list), a description (text), or nothing.
fn nested(object: &Map<String, Value>, above: &mut Vec<String>) -> Result<Vec<TopicNode>, HierarchyError> {
    let mut nodes = Vec::with_capacity(object.len());
    for (name, value) in object {
        // Beside a list of topics a file may carry its own version number.
        if above.is_empty() && name == "version" && value.is_number() {
            continue;
        }
        nodes.push(match value {
            Value::Null => TopicNode { name: name.clone(), ..TopicNode::default() },
            Value::String(text) => TopicNode { name: name.clone(), description: text.clone(), ..TopicNode::default() },
            Value::Object(inner) if has_node_fields(inner) => described(name, inner, above)?,
            Value::Object(_) | Value::Array(_) => {
                above.push(quoted(name));
                let below = children(value, above)?;
                above.pop();
                TopicNode { name: name.clone(), children: below, ..TopicNode::default() }
            }
            other => {
                return Err(wrong(path_of(above, &quoted(name)), other, "the topics below it, as an object or a list"));
            }
        });
    }
    Ok(nodes)
}

/// Whether an object in nested form describes its topic rather than listing topics below.
fn has_node_fields(object: &Map<String, Value>) -> bool {
    object.get("description").is_some_and(Value::is_string)
        || object.get("keywords").is_some_and(Value::is_array)
        || object.get("children").is_some_and(|children| children.is_array() || children.is_object())
}

fn wrong(path: String, found: &Value, expected: &'static str) -> HierarchyError {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    HierarchyError::WrongShape { path, found, expected }
}
