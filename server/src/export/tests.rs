use serde_json::json;

use super::*;
use crate::import::{LineContent, ParsedRecord, SourceLine, parse_line};
use crate::types::import::ImportFormat;
use crate::types::validation::RecordValidationStatus;

fn parse(text: &str) -> ParsedRecord {
    let mut parsed = parse_line(SourceLine { number: 1, content: LineContent::Text(text.to_owned()) });
    assert_eq!((parsed.records.len(), parsed.skipped.is_empty()), (1, true), "{text}");
    parsed.records.remove(0)
}

fn stored(parsed: &ParsedRecord) -> DatasetRecord {
    DatasetRecord {
        id: 1,
        dataset_id: "d".to_owned(),
        data: parsed.data.clone(),
        metadata: parsed.metadata.clone(),
        item: parsed.item.clone(),
        raw: parsed.raw.clone(),
        span_id: parsed.span_id.clone(),
        topic: parsed.topic.clone(),
        categorization: None,
        is_generated: parsed.is_generated,
        source_record_id: None,
        evaluation: parsed.evaluation.clone(),
        source: None,
        validation: RecordValidationStatus::default(),
        created_at: 0,
        updated_at: 0,
    }
}

/// What a native round trip must keep: everything but the form.
fn kept(mut parsed: ParsedRecord) -> ParsedRecord {
    if parsed.format == ImportFormat::Chat {
        parsed.format = ImportFormat::Native;
    }
    parsed
}

/// Values a user's field may have.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(-1),
        json!(18_446_744_073_709_551_615_u64),
        json!(0.1),
        json!(1e-7),
        json!(""),
        json!(" \u{2028}\u{0}\"\\\n東京🛫"),
        json!([]),
        json!([[1, {"a": null}]]),
        json!({}),
        json!({"input": {"messages": [1]}, "data": {"x": 1}}),
    ]
}

/// Every combination of a carrier line, a top-level name and a value.
#[test]
fn native_round_trip_keeps_everything() {
    let carriers = [
        json!({"messages": [{"role": "user", "content": "q", "weight": 0}, {"role": "assistant", "content": "a"}], "tools": [], "tool_choice": "auto"}),
        json!({"messages": [{"role": "assistant", "content": "only an answer"}]}),
        json!({"messages": "not a list"}),
        json!({"data": {"input": {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}], "x": 1}, "output": null, "y": [2]}}),
        json!({"data": {"output": 3}}),
        json!({"data": 5}),
        json!({"data": null}),
        json!({"input": {"messages": []}, "output": {"tool_calls": [{"id": 1}]}}),
        json!({"output": {}}),
    ];
    let names = [
        "reference_answer",
        "metadata",
        "topic",
        "span_id",
        "is_generated",
        "evaluation",
        "item",
        "anneal_item",
        "data",
        "messages",
        "input",
        "output",
        "id",
        "",
        "ключ",
    ];
    let mut checked = 0;
    for carrier in &carriers {
        for name in names {
            for value in values() {
                let mut line = carrier.clone();
                line.as_object_mut().unwrap().entry(name).or_insert(value);
                let parsed = parse(&line.to_string());
                assert_ne!(parsed.format, ImportFormat::Unreadable, "{line}");
                let exported = native_line(&stored(&parsed));
                assert!(!exported.contains('\n'));
                assert_eq!(kept(parse(&exported)), kept(parsed), "{line} -> {exported}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 9 * 15 * 13);
}

#[test]
fn bad_lines_go_out_as_they_came() {
    for text in ["{\"messages\": [", "oops", "[1, 2]", "{}", "{\"a\": 1}  trailing", "\"text\""] {
        let parsed = parse(text);
        assert_eq!(parsed.format, ImportFormat::Unreadable);
        let exported = native_line(&stored(&parsed));
        assert_eq!(exported, text);
        assert_eq!(parse(&exported), parsed);
    }
    assert_eq!(native_line(&stored(&parse("{\"a\":\r\n 1}"))), "{\"a\":   1}");
    assert_eq!(chat_line(&stored(&parse("oops"))), None);
    assert_eq!(training_row(&stored(&parse("oops"))), None);
}

/// A bad line that was mended by hand has data, which then counts.
#[test]
fn a_mended_line_is_exported_as_a_record() {
    let mut record = stored(&parse("oops"));
    record.data = json!({"input": {"messages": []}});
    assert_eq!(native_line(&record), r#"{"data":{"input":{"messages":[]}}}"#);
}

#[test]
fn chat_lines_come_out_as_they_went_in() {
    let lines = [
        r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"assistant","content":null}],"tools":[{"type":"function"}],"tool_choice":"auto","metadata":{"b":1,"a":2},"topic":"t","span_id":"s1","reference_answer":"a","n":0.5}"#,
        r#"{"messages":[{"role":"user","content":"q"}]}"#,
        r#"{"messages":[]}"#,
    ];
    for line in lines {
        assert_eq!(chat_line(&stored(&parse(line))).as_deref(), Some(line));
    }
    assert_eq!(chat_line(&stored(&parse(r#"{"messages": 3}"#))), None);
}

#[test]
fn training_rows_are_the_providers() {
    let record = stored(&parse(
        r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"tools":[{"type":"function"}],"tool_choice":"auto","metadata":{"k":1},"topic":"t","span_id":"s1","reference_answer":"a"}"#,
    ));
    let expected = r#"{"messages":[{"role":"developer","content":"s"},{"role":"user","content":"q"}],"tools":[{"type":"function"}],"metadata":{"k":1},"reference_answer":"a"}"#;
    assert_eq!(training_row(&record).as_deref(), Some(expected));

    let row = |text: &str| training_row(&stored(&parse(text)));
    // No list of tools is no tools; a prompt that ends in a tool's result or has no messages is no row.
    let plain = r#"{"messages":[{"role":"user","content":"q"}]}"#;
    assert_eq!(row(r#"{"messages": [{"role": "user", "content": "q"}], "tools": []}"#).as_deref(), Some(plain));
    assert_eq!(row(r#"{"messages": [{"role": "user", "content": "q"}], "tools": null}"#).as_deref(), Some(plain));
    assert_eq!(row(r#"{"messages": [{"role": "user"}, {"role": "tool"}]}"#), None);
    assert_eq!(row(r#"{"messages": []}"#), None);
    assert_eq!(row(r#"{"data": {"input": {"messages": [{"role": 1}]}}}"#), None);
}
