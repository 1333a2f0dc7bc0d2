//! The rules, in the order of domain.md section 3. They read raw JSON, because a record may have any
//! shape: a number as content, an object as role, a string where a list belongs. Only `input.messages`
//! is judged; whatever `output` or the item's fields hold never makes a record invalid.

use serde_json::Value;

use super::text::{Places, has_other_part, message_text, quoted, role};
use super::tokens::TokenCounter;
use super::tool_chain::{missing_ids, orphan_results};
use crate::format;
use crate::types::validation::{ValidationConfig, ValidationError, ValidationResult};

/// Every rule that one record breaks, apart from `duplicate`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// In rule order; a structural error stands alone.
    pub errors: Vec<ValidationError>,
    /// One line per error, in the same order: where and why. Messages are numbered from 1.
    pub details: Option<String>,
}

/// The first rule that the record breaks. `parse_error` is set where its line could not be read.
pub fn validate_record(
    data: &Value,
    parse_error: Option<&str>,
    config: &ValidationConfig,
    tokens: &TokenCounter,
) -> ValidationResult {
    let (error, details) = match messages_of(data, parse_error) {
        Err((error, details)) => (error, details),
        Ok(messages) => {
            let subject = Subject { messages, config, tokens };
            match CONTENT_RULES.iter().find_map(|(error, rule)| rule(&subject).map(|details| (*error, details))) {
                Some(found) => found,
                None => return ValidationResult { valid: true, error: None, details: None },
            }
        }
    };
    ValidationResult { valid: false, error: Some(error), details: Some(details) }
}

/// All rules that the record breaks; a structural error ends the record.
pub fn record_findings(
    data: &Value,
    parse_error: Option<&str>,
    config: &ValidationConfig,
    tokens: &TokenCounter,
) -> Findings {
    let found: Vec<(ValidationError, String)> = match messages_of(data, parse_error) {
        Err(structural) => vec![structural],
        Ok(messages) => {
            let subject = Subject { messages, config, tokens };
            CONTENT_RULES.iter().filter_map(|(error, rule)| rule(&subject).map(|details| (*error, details))).collect()
        }
    };
    let (errors, lines): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let details = if lines.is_empty() { None } else { Some(lines.join("\n")) };
    Findings { errors, details }
}

/// What the content rules look at.
struct Subject<'a> {
    messages: &'a [Value],
    config: &'a ValidationConfig,
    tokens: &'a TokenCounter,
}

/// Gives the details if the rule is broken.
type Rule = fn(&Subject<'_>) -> Option<String>;

/// Everything after the structural rules, in rule order.
const CONTENT_RULES: [(ValidationError, Rule); 7] = [
    (ValidationError::InvalidRole, invalid_role),
    (ValidationError::NoUserMessage, no_user_message),
    (ValidationError::EmptyUserMessage, empty_user_message),
    (ValidationError::UserMessageTooShort, user_message_too_short),
    (ValidationError::MissingToolCallId, |subject| missing_ids(subject.messages)),
    (ValidationError::OrphanToolResult, |subject| orphan_results(subject.messages)),
    (ValidationError::ExceedsMaxTokens, exceeds_max_tokens),
];

/// The structural rules: the prompt's messages, or the reason why there are none. `null` counts as absent.
fn messages_of<'a>(data: &'a Value, parse_error: Option<&str>) -> Result<&'a [Value], (ValidationError, String)> {
    if let Some(reason) = parse_error {
        return Err((ValidationError::InvalidDataStructure, reason.to_owned()));
    }
    let Value::Object(fields) = data else {
        let details = format!("the record's data is {}, not an object", kind(data));
        return Err((ValidationError::InvalidDataStructure, details));
    };
    let input = match fields.get("input") {
        None | Some(Value::Null) => {
            return Err((ValidationError::MissingInput, "the record has no \"input\"".to_owned()));
        }
        Some(input) => input,
    };
    match input.get("messages") {
        None | Some(Value::Null) => {
            let details = match input {
                Value::Object(_) => "\"input\" has no \"messages\"".to_owned(),
                other => format!("\"input\" is {}, so it has no \"messages\"", kind(other)),
            };
            Err((ValidationError::MissingMessages, details))
        }
        Some(Value::Array(messages)) if messages.is_empty() => {
            Err((ValidationError::EmptyMessages, "\"input.messages\" is an empty list".to_owned()))
        }
        Some(Value::Array(messages)) => Ok(messages),
        Some(other) => {
            let details = format!("\"input.messages\" is {}, not a list", kind(other));
            Err((ValidationError::EmptyMessages, details))
        }
    }
}

fn invalid_role(subject: &Subject<'_>) -> Option<String> {
    let mut places = Places::default();
    for (index, message) in subject.messages.iter().enumerate() {
        let number = index + 1;
        match role(message) {
            Some(role) if subject.config.allowed_roles.iter().any(|allowed| allowed == role) => {}
            Some(role) => places.push(|| format!("message {number} has role {}", quoted(role))),
            None if message.is_object() => places.push(|| match message.get("role") {
                None => format!("message {number} has no role"),
                Some(other) => format!("message {number} has {} as role", kind(other)),
            }),
            None => places.push(|| format!("message {number} is {}, so it has no role", kind(message))),
        }
    }
    let listed = places.into_details()?;
    Some(format!("{listed} (allowed: {})", subject.config.allowed_roles.join(", ")))
}

fn users(messages: &[Value]) -> impl DoubleEndedIterator<Item = (usize, &Value)> {
    let numbered = messages.iter().enumerate().map(|(index, message)| (index + 1, message));
    numbered.filter(|(_, message)| role(message) == Some("user"))
}

fn no_user_message(subject: &Subject<'_>) -> Option<String> {
    let none = users(subject.messages).next().is_none();
    none.then(|| format!("none of the {} messages has role \"user\"", separated(subject.messages.len())))
}

fn empty_user_message(subject: &Subject<'_>) -> Option<String> {
    let mut places = Places::default();
    for (number, message) in users(subject.messages) {
        if message_text(message).trim().is_empty() && !has_other_part(message) {
            places.push(|| format!("message {number} (user) is empty"));
        }
    }
    places.into_details()
}

fn user_message_too_short(subject: &Subject<'_>) -> Option<String> {
    let (number, message) = users(subject.messages).next_back()?;
    let minimum = subject.config.min_user_message_length as usize;
    // Counting stops at the minimum: the text may be megabytes long.
    let length = message_text(message).trim().chars().take(minimum).count();
    (length < minimum).then(|| {
        format!(
            "message {number}, the last user message, has {} characters, fewer than {}",
            separated(length),
            separated(minimum)
        )
    })
}

fn exceeds_max_tokens(subject: &Subject<'_>) -> Option<String> {
    let limit = subject.config.max_tokens as usize;
    match subject.tokens.count_messages_above(subject.config.tokenizer, subject.messages, limit) {
        Ok(None) => None,
        Ok(Some(count)) if count.tokens <= limit => None,
        Ok(Some(count)) => Some(format!("the prompt has {count} tokens, more than {}", separated(limit))),
        Err(error) => Some(format!("{error}; it is treated as longer than {} tokens", separated(limit))),
    }
}

/// With thousands separators.
fn separated(value: usize) -> String {
    format::count(i64::try_from(value).unwrap_or(i64::MAX))
}

/// What a JSON value is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
