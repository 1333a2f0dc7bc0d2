//! OpenTelemetry GenAI spans as OTLP/JSON, `{"resourceSpans": [{"scopeSpans": [{"spans": [...]}]}]}`, one export or many a
//! file (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>,
//! <https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/>); also a span by itself, as console exporters print it.
//!
//! A span with messages is a record, whatever its operation is called; see [`conversation`] for the spellings. The span of a
//! model call without messages is kept as a bad record that says how to have them recorded. All other spans (databases, web
//! requests, tools) are no records: they are counted as passed over. The span's id is the record's; its other fields, with
//! those of its resource and scope, are the record's metadata.

mod attributes;
mod conversation;

use serde_json::Value;

use super::record::record;
use super::{Fields, Reading};
use crate::types::import::{ImportFormat, SkipReason};
use attributes::{read_attributes, take};

/// Whether this is an export or a part of one, or a span by itself.
pub(super) fn matches(fields: &Fields) -> bool {
    is_export(fields) || is_part(fields) || is_span(fields)
}

/// `{"resourceSpans": [...]}`.
pub(super) fn is_export(fields: &Fields) -> bool {
    RESOURCE_SPANS.iter().any(|name| fields.get(*name).is_some_and(Value::is_array))
}

/// `{"scopeSpans": [...]}` or `{"scope": ..., "spans": [...]}`.
fn is_part(fields: &Fields) -> bool {
    SCOPE_SPANS.iter().any(|name| fields.get(*name).is_some_and(Value::is_array))
        || (fields.contains_key("scope") && fields.get("spans").is_some_and(Value::is_array))
}

fn is_span(fields: &Fields) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    fields.get("attributes").is_some_and(|attributes| attributes.is_array() || attributes.is_object())
        && has(&["name"])
        && has(&["traceId", "trace_id", "context"])
}

/// Both spellings of a name are read: the JSON encoding's and the protocol's own.
const RESOURCE_SPANS: [&str; 2] = ["resourceSpans", "resource_spans"];
const SCOPE_SPANS: [&str; 3] = ["scopeSpans", "scope_spans", "instrumentationLibrarySpans"];

pub(super) fn read(reading: &mut Reading, mut fields: Fields) {
    if is_export(&fields) {
        let resources = take(&mut fields, &RESOURCE_SPANS);
        each(reading, resources, read_resource);
        if !fields.is_empty() {
            reading.skip(SkipReason::Wrapper);
        }
    } else if is_part(&fields) {
        read_resource(reading, fields);
    } else {
        read_span(reading, fields, &Value::Null, &Value::Null);
    }
}

/// Reads the objects of a list; what is none is kept as a bad record.
fn each(reading: &mut Reading, list: Option<Value>, mut read: impl FnMut(&mut Reading, Fields)) {
    let elements = match list {
        None | Some(Value::Null) => return,
        Some(Value::Array(elements)) => elements,
        Some(other) => vec![other],
    };
    for element in elements {
        match element {
            Value::Object(fields) => read(reading, fields),
            other => reading.bad(other.to_string(), "this is no OpenTelemetry span: expected an object."),
        }
    }
}

fn read_resource(reading: &mut Reading, mut fields: Fields) {
    let resource = take(&mut fields, &["resource"]);
    let Some(scopes) = take(&mut fields, &SCOPE_SPANS) else {
        return read_scope(reading, fields, &read_owner(resource, Fields::new()));
    };
    let (scopes, resource) = (Some(scopes), read_owner(resource, fields));
    each(reading, scopes, |reading, scope| read_scope(reading, scope, &resource));
}

fn read_scope(reading: &mut Reading, mut fields: Fields, resource: &Value) {
    let scope = take(&mut fields, &["scope", "instrumentationLibrary"]);
    let spans = take(&mut fields, &["spans"]);
    let scope = read_owner(scope, fields);
    each(reading, spans, |reading, span| read_span(reading, span, resource, &scope));
}

/// A resource or scope with its attributes as an object, and with what stands beside it (`schemaUrl`).
fn read_owner(owner: Option<Value>, beside: Fields) -> Value {
    let mut owner = match owner {
        Some(Value::Object(owner)) => owner,
        None | Some(Value::Null) if beside.is_empty() => return Value::Null,
        None | Some(Value::Null) => Fields::new(),
        Some(other) => Fields::from_iter([("value".to_owned(), other)]),
    };
    if let Some(attributes) = owner.shift_remove("attributes") {
        owner.insert("attributes".to_owned(), Value::Object(read_attributes(attributes)));
    }
    for (key, value) in beside {
        owner.entry(key).or_insert(value);
    }
    Value::Object(owner)
}

fn read_span(reading: &mut Reading, span: Fields, resource: &Value, scope: &Value) {
    let mut rest = span.clone();
    let mut attributes = rest.shift_remove("attributes").map(read_attributes).unwrap_or_default();
    let mut events = conversation::read_events(rest.shift_remove("events"));
    let found = match conversation::take(&mut attributes, &mut events) {
        Ok(found) => found,
        Err(reason) => return reading.bad(Value::Object(span).to_string(), &reason),
    };
    let Some(conversation) = found else {
        if conversation::is_model_call(&attributes) {
            return reading.bad(Value::Object(span).to_string(), WITHOUT_MESSAGES);
        }
        return reading.skip(SkipReason::OtherSpan);
    };
    let span_id = take(&mut rest, &["spanId", "span_id"])
        .or_else(|| rest.get_mut("context").and_then(Value::as_object_mut)?.shift_remove("span_id"));
    let mut record = record(reading.line, ImportFormat::OpenTelemetry, conversation, Fields::new());
    record.span_id = span_id.as_ref().and_then(Value::as_str).filter(|id| !id.trim().is_empty()).map(str::to_owned);
    if !attributes.is_empty() {
        rest.insert("attributes".to_owned(), Value::Object(attributes));
    }
    if !events.is_empty() {
        rest.insert("events".to_owned(), Value::Array(events.into_iter().map(Value::Object).collect()));
    }
    for (key, owner) in [("resource", resource), ("scope", scope)] {
        if !owner.is_null() {
            rest.entry(key).or_insert_with(|| owner.clone());
        }
    }
    record.metadata = rest;
    reading.push(record);
}

const WITHOUT_MESSAGES: &str = "this span is a model call whose messages were not recorded. Have them captured (for many \
    instrumentations: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true) and export again.";
