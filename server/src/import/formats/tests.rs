//! Each format by its fixtures, written by hand in the shapes that the formats' own documents give. Beside each fixture
//! lies what is to come of it; `BLESS=1 cargo test formats` writes those files anew, to be looked at before they are kept.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::import::{ImportLimits, LineSource};
use crate::types::import::{CsvField, CsvMapping, ImportFormat};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/import/fixtures").join(name)
}

fn parse(text: &str) -> ParsedLine {
    parse_line(SourceLine { number: 1, content: LineContent::Text(text.to_owned()) })
}

/// A record as it is compared: what is empty is left out.
fn shown(record: &ParsedRecord) -> Value {
    let full = json!({
        "line": record.line, "format": record.format, "data": record.data, "metadata": record.metadata, "item": record.item,
        "raw": record.raw, "parse_error": record.parse_error, "span_id": record.span_id, "topic": record.topic,
        "evaluation": record.evaluation,
    });
    let Value::Object(fields) = full else { unreachable!() };
    let says = |value: &Value| !value.is_null() && value.as_object().is_none_or(|fields| !fields.is_empty());
    Value::Object(fields.into_iter().filter(|(_, value)| says(value)).collect())
}

/// What is read of a file: a record a line, then what was passed over.
fn read_fixture(name: &str, mapping: Option<&CsvMapping>) -> String {
    let mut source = LineSource::open(&fixture(name), ImportLimits::default(), mapping).unwrap();
    let mut text = format!("{}\n", source.container().label());
    let mut skipped = Counts::default();
    while let Some(line) = source.next_line().unwrap() {
        let parsed = parse_line(line);
        for record in &parsed.records {
            writeln!(text, "{}", shown(record)).unwrap();
        }
        skipped.add_all(&parsed.skipped);
    }
    text + &json!({ "skipped": skipped }).to_string() + "\n"
}

#[test]
fn every_fixture_is_read_as_expected() {
    let german = CsvMapping {
        columns: [("Frage", CsvField::Prompt), ("Antwort", CsvField::Completion), ("topic", CsvField::Topic)]
            .into_iter()
            .chain([("score", CsvField::Score), ("metadata", CsvField::Metadata)])
            .map(|(column, field)| (column.to_owned(), field))
            .collect(),
        no_header: false,
    };
    let cases: [(&str, Option<&CsvMapping>); 9] = [
        ("openai.jsonl", None),
        ("otel.jsonl", None),
        ("pairs.jsonl", None),
        ("langfuse.jsonl", None),
        ("langfuse_trace.json", None),
        ("langfuse.csv", None),
        ("promptfoo.json", None),
        ("german.csv", Some(&german)),
        ("mixed.jsonl", None),
    ];
    for (name, mapping) in cases {
        let expected = fixture(&format!("{name}.expected"));
        let got = read_fixture(name, mapping);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &got).unwrap();
        }
        assert_eq!(got, fs::read_to_string(&expected).unwrap(), "{name}");
    }
}

/// The JSON objects of all fixtures: one of each shape that is read.
fn objects() -> Vec<Value> {
    let mut objects = Vec::new();
    for name in ["openai.jsonl", "otel.jsonl", "pairs.jsonl", "langfuse.jsonl", "mixed.jsonl"] {
        let text = fs::read_to_string(fixture(name)).unwrap();
        objects.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    for name in ["langfuse_trace.json", "promptfoo.json"] {
        objects.push(serde_json::from_str(&fs::read_to_string(fixture(name)).unwrap()).unwrap());
    }
    objects
}

/// Pointers to every value within a value, itself left out.
fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, all: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => {
                fields.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
            }
            Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        for (key, child) in children {
            let at = format!("{at}/{key}");
            all.push(at.clone());
            walk(child, &at, all);
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all
}

/// Everything that a line gave, as one text to be searched.
fn all_of(parsed: &ParsedLine) -> String {
    parsed.records.iter().map(|record| shown(record).to_string()).collect()
}

/// Every field of every format with a value of every other type in it: no panic, and always a record or a counted skip.
#[test]
fn a_wrong_type_anywhere_is_a_record_or_a_counted_skip() {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let wrong = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("{"),
        json!("[{\"role\":1}]"),
        json!([]),
        json!([[]]),
        json!([null, 1, "a", {}]),
        json!({}),
        json!({"messages": 1}),
        json!({"role": "user"}),
        json!([{"role": "user"}]),
        deep,
    ];
    let mut checked = 0;
    for object in objects() {
        for pointer in pointers(&object) {
            for value in &wrong {
                let mut broken = object.clone();
                *broken.pointer_mut(&pointer).unwrap() = value.clone();
                let parsed = parse(&broken.to_string());
                let count = parsed.records.len() + usize::try_from(parsed.skipped.total()).unwrap();
                assert!(count > 0, "{pointer} = {value}: {broken}");
                for record in parsed.records {
                    assert_eq!(
                        record.data.is_null(),
                        record.parse_error.is_some() || value.is_null() && pointer == "/data"
                    );
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 5000, "{checked}");
}

/// Nothing of the user's is lost: a text put anywhere into a line is found in what comes of it, and so is a
/// field that nobody knows; unless the part that holds it is counted as passed over.
#[test]
fn what_stands_anywhere_in_a_line_is_kept() {
    let (mut checked, mut lost) = (0, Vec::new());
    for object in objects() {
        let whole = parse(&object.to_string());
        let usual = whole.skipped.total();
        let count = usual + i64::try_from(whole.records.len()).unwrap();
        for pointer in pointers(&object) {
            let mut changed = object.clone();
            let place = changed.pointer_mut(&pointer).unwrap();
            if let Value::Object(fields) = place {
                fields.insert("unheard_of".to_owned(), json!("a mark"));
            } else {
                *place = json!("a mark");
            }
            let parsed = parse(&changed.to_string());
            let kept = all_of(&parsed).contains("a mark");
            // What is passed over as it is: another span, another observation, what stands around a list.
            let around = object.get("evalId").is_some() && !pointer.starts_with("/results/results/");
            let other = ["/resourceSpans/0/scopeSpans/0/spans/1", "/meta", "/observations/0"];
            let passed_over =
                usual > 0 && (around || usual == count || other.iter().any(|part| pointer.starts_with(part)));
            if !kept && !passed_over && parsed.skipped.total() <= usual {
                lost.push(format!("{pointer} in {:.60}", changed.to_string()));
            }
            checked += 1;
        }
    }
    assert!(lost.is_empty(), "{} of {checked} are lost:\n{}", lost.len(), lost.join("\n"));
    assert!(checked > 400, "{checked}");
}

#[test]
fn broken_lines_of_every_format_keep_their_text() {
    for object in objects() {
        let text = object.to_string();
        for cut in [1, text.len() / 3, text.len() - 1] {
            let cut = (0..=cut).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let parsed = parse(&text[..cut]);
            assert_eq!(parsed.records.len(), 1);
            assert_eq!(parsed.records[0].raw.as_deref(), Some(&text[..cut]));
            assert!(parsed.records[0].parse_error.as_ref().unwrap().contains("not valid JSON"));
        }
    }
}

#[test]
fn lists_of_records_are_not_followed_for_ever() {
    let nested = (0..60).fold(json!({"oops": 1}), |inner, _| json!({"data": [inner]}));
    let parsed = parse(&nested.to_string());
    assert_eq!((parsed.records.len(), parsed.records[0].format), (1, ImportFormat::Unreadable));
    let reason = parsed.records[0].parse_error.as_ref().unwrap();
    assert!(reason.contains("found an object with data"), "{reason}");
}

#[test]
fn calls_and_results_of_sharegpt_find_each_other() {
    let turn = |from: &str, value: Value| json!({ "from": from, "value": value });
    let calls = json!([{"name": "a", "arguments": {}}, {"name": "b"}]).to_string();
    let line = json!({"conversations": [turn("human", json!("q")), turn("function_call", json!(calls)), turn("observation", json!("1")),
        turn("observation", json!({"r": 2})), turn("tool", json!("3")), turn("function_call", json!("no call")), turn("alien", json!("?"))]});
    let messages = parse(&line.to_string()).records[0].data["input"]["messages"].clone();
    let ids: Vec<_> = messages.as_array().unwrap().iter().map(|message| message["tool_call_id"].as_str()).collect();
    assert_eq!(ids, [None, None, Some("call_1"), Some("call_2"), None, None, None]);
    assert_eq!(messages[3]["content"], "{\"r\":2}");
    assert_eq!((&messages[5]["content"], &messages[6]["role"]), (&json!("no call"), &json!("alien")));
}
