//! An object around a list of records: a page of an API (`{"data": [...], "meta": {...}}`), a promptfoo evaluation
//! (`{"evalId": ..., "results": {"results": [...]}}`), a Langfuse trace with its observations. The elements are read each by
//! itself; what stands around them is read too if it is a record, else counted as passed over.

use serde_json::Value;

use super::super::object::{LISTS, NESTED_LIST};
use super::{Fields, Reading, is_record, read_element, read_object};
use crate::types::import::SkipReason;

/// Whether the value is a list of objects; an empty list is one.
pub(super) fn is_list(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(Value::is_object))
}

/// The name of the list of records, and whether it stands one level deeper.
fn list_of(fields: &Fields) -> Option<(&'static str, bool)> {
    LISTS.into_iter().find_map(|name| {
        let value = fields.get(name)?;
        let nested = || name == NESTED_LIST && value.get(NESTED_LIST).is_some_and(is_list);
        if is_list(value) { Some((name, false)) } else { nested().then_some((name, true)) }
    })
}

pub(super) fn matches(fields: &Fields) -> bool {
    list_of(fields).is_some()
}

/// Whether a whole value is a list of records and no record itself.
pub(crate) fn is_wrapper(value: &Value) -> bool {
    let Value::Object(fields) = value else { return false };
    let is_export = super::otel::is_export(fields);
    is_export || (!is_record(fields) && matches(fields))
}

pub(super) fn read(reading: &mut Reading, mut fields: Fields, wrappers: usize) {
    let Some((name, nested)) = list_of(&fields) else { return };
    let elements = if nested {
        let inner = fields.get_mut(name).and_then(Value::as_object_mut);
        inner.and_then(|inner| inner.shift_remove(NESTED_LIST))
    } else {
        fields.shift_remove(name)
    };
    // A downloaded Langfuse trace may have the trace itself beside its observations.
    let trace = fields.get("trace").is_some_and(Value::is_object).then(|| fields.shift_remove("trace")).flatten();
    if let Some(Value::Array(elements)) = elements {
        for element in elements {
            read_element(reading, element, wrappers + 1);
        }
    }
    if let Some(trace) = trace {
        read_element(reading, trace, wrappers + 1);
    }
    let around = if is_record(&fields) { read_object(reading, fields, wrappers + 1) } else { Err(fields) };
    if around.is_err_and(|fields| !fields.is_empty()) {
        reading.skip(SkipReason::Wrapper);
    }
}
