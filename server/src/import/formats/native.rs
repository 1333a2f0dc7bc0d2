//! Anneal's own form: `{"data": {"input": {...}, "output": {...}}, "topic"?, "metadata"?, "span_id"?, "is_generated"?, ...}`, or
//! the bare `{"input": {...}, "output": {...}}`. An export followed by an import is exact.

use serde_json::Value;

use super::record::with_top_level;
use super::{Fields, Reading, wrapper};
use crate::types::import::ImportFormat;

/// Where an exported native line keeps item fields whose names mean something else at the top level, so that
/// a round trip is exact whatever a user's fields are called.
pub(crate) const ITEM_ESCAPE: &str = "anneal_item";

/// `{"data": {"input": ...}}` or `{"data": {"output": ...}}`.
pub(super) fn is_wrapped(fields: &Fields) -> bool {
    fields.get("data").is_some_and(|data| data.get("input").is_some() || data.get("output").is_some())
}

/// `{"input": {"messages": ...}}`.
pub(super) fn has_bare_messages(fields: &Fields) -> bool {
    fields.get("input").is_some_and(|input| input.get("messages").is_some())
}

/// Any other `data`, unless it is a list of records.
pub(super) fn has_data(fields: &Fields) -> bool {
    fields.get("data").is_some_and(|data| !wrapper::is_list(data))
}

/// `{"input": {...}}` or `{"output": {...}}`.
pub(super) fn has_parts(fields: &Fields) -> bool {
    ["input", "output"].iter().any(|key| fields.get(*key).is_some_and(Value::is_object))
}

pub(super) fn read(reading: &mut Reading, mut fields: Fields) {
    let escaped = match fields.shift_remove(ITEM_ESCAPE) {
        Some(Value::Object(escaped)) => escaped,
        Some(other) => Fields::from_iter([(ITEM_ESCAPE.to_owned(), other)]),
        None => Fields::new(),
    };
    // With a bare prompt beside it, a `data` that is no record is one more field of the user's.
    let bare = has_bare_messages(&fields) && !is_wrapped(&fields);
    let data = if bare { None } else { fields.shift_remove("data") };
    let data = data.unwrap_or_else(|| {
        let parts = ["input", "output"].into_iter().filter_map(|key| fields.shift_remove_entry(key));
        Value::Object(parts.collect())
    });
    let mut record = with_top_level(reading.line, ImportFormat::Native, data, fields);
    record.item.extend(escaped);
    reading.push(record);
}
