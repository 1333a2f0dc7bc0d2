//! Reading raw messages, whatever shape they have.

use std::borrow::Cow;

use serde_json::Value;

use crate::types::dataset::content_text;

/// The text of a raw message: its string, or its text parts joined by newlines; empty for anything else.
/// Borrows where the content is a plain string, since prompts may be megabytes long.
pub fn message_text(message: &Value) -> Cow<'_, str> {
    match message.get("content") {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(content) => Cow::Owned(content_text(content)),
        None => Cow::Borrowed(""),
    }
}

/// The message's role, if it has one that is a string.
pub(super) fn role(message: &Value) -> Option<&str> {
    message.get("role").and_then(Value::as_str)
}

/// Whether the content has a part that is not text: an image, a file, a sound.
pub(super) fn has_other_part(message: &Value) -> bool {
    let Some(Value::Array(parts)) = message.get("content") else { return false };
    parts.iter().any(|part| {
        part.get("text").is_none() && part.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "text")
    })
}

/// A short, quoted rendering of a value from a user's file, for a message to a person.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    format!("\"{short}\"")
}

/// Joins the first few places where a rule is broken, and says how many more there are: a record may
/// have a hundred thousand messages, its details must not.
#[derive(Default)]
pub(super) struct Places {
    shown: Vec<String>,
    total: usize,
}

impl Places {
    const SHOWN: usize = 5;

    pub(super) fn push(&mut self, place: impl FnOnce() -> String) {
        if self.shown.len() < Self::SHOWN {
            self.shown.push(place());
        }
        self.total += 1;
    }

    pub(super) fn into_details(self) -> Option<String> {
        if self.total == 0 {
            return None;
        }
        let more = self.total - self.shown.len();
        let listed = self.shown.join("; ");
        Some(if more == 0 { listed } else { format!("{listed}; and {more} more") })
    }
}
