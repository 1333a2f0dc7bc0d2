//! Native export and import again, over generated records of every odd shape: nothing is another thing afterwards.

use std::fmt::Write;

use anneal_server::types::dataset::{DatasetRecord, RecordFilter};
use serde_json::json;

use crate::support::app::TestApp;

/// SplitMix64: seeded, so that what failed once fails again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

const TEXTS: [&str; 20] = [
    "",
    " ",
    "Where is my order, please?",
    "a\\nb\\tc",
    "\\\"quoted\\\" \\\\ back",
    "\\u0000",
    "\u{2028}\u{2029}\u{85}",
    "東京🛫 ไทย",
    "\u{202e}turned\u{2066}",
    "e\\u0301 \\ud83d\\ude00",
    "null",
    "{\\\"a\\\": 1.50, \\\"a\\\": 2}",
    "[1, 2",
    "<script>alert(1)</script>",
    "ann@example.com",
    "1e400",
    "\u{feff}mark",
    "[EMAIL]",
    "'; DROP TABLE records; --",
    "\\/slashed",
];
const NUMBERS: [&str; 12] = [
    "0",
    "-0",
    "-0.0",
    "1.50",
    "12345678901234567890123",
    "1e+29",
    "1E-400",
    "0.1",
    "1.7976931348623157e309",
    "9007199254740993",
    "1e0",
    "-1",
];
const NAMES: [&str; 34] = [
    "reference_answer",
    "metadata",
    "topic",
    "span_id",
    "is_generated",
    "evaluation",
    "item",
    "anneal_item",
    "id",
    "",
    "ключ",
    "input2",
    "format",
    "line",
    "created_at",
    "source_record_id",
    "status",
    "a.b",
    "prompt",
    "completion",
    "question",
    "answer",
    "instruction",
    "conversations",
    "request",
    "response",
    "resourceSpans",
    "attributes",
    "input",
    "output",
    "messages",
    "data",
    "raw",
    "text",
];

fn text(random: &mut Random) -> String {
    let mut text = random.of(&TEXTS).to_owned();
    if random.one_in(40) {
        text = text.repeat(300);
    }
    format!("\"{text}\"")
}

/// JSON as a person's program may write it.
fn value(random: &mut Random, depth: u64) -> String {
    match random.below(if depth > 3 { 5 } else { 8 }) {
        0 => "null".to_owned(),
        1 => random.of(&["true", "false"]).to_owned(),
        2 => random.of(&NUMBERS).to_owned(),
        3 | 4 => text(random),
        5 => {
            let items: Vec<String> = (0..random.below(4)).map(|_| value(random, depth + 1)).collect();
            format!("[{}]", items.join(", "))
        }
        _ => object(random, depth),
    }
}

/// An object; every name once, because twice is a bad line.
fn object(random: &mut Random, depth: u64) -> String {
    let fields: Vec<String> =
        (0..random.below(4)).map(|index| format!("\"k{index}\":{}", value(random, depth + 1))).collect();
    format!("{{{}}}", fields.join(","))
}

fn content(random: &mut Random) -> String {
    match random.below(6) {
        0 => "null".to_owned(),
        1 => value(random, 2),
        2 => {
            let part = |random: &mut Random| match random.below(3) {
                0 => format!("{{\"type\":\"text\",\"text\":{}}}", text(random)),
                1 => "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x.test/a.png\"},\"detail\":1.50}"
                    .to_owned(),
                _ => value(random, 3),
            };
            let parts: Vec<String> = (0..random.below(4)).map(|_| part(random)).collect();
            format!("[{}]", parts.join(","))
        }
        _ => text(random),
    }
}

fn message(random: &mut Random) -> String {
    let role = random.of(&["user", "user", "assistant", "system", "tool", "developer", "bot", ""]);
    let mut message = format!("{{\"role\":\"{role}\",\"content\":{}", content(random));
    if random.one_in(4) {
        let _ = write!(
            message,
            ",\"tool_calls\":[{{\"id\":\"c1\",\"type\":\"function\",\"function\":{{\"name\":\"f\",\"arguments\":{}}}}}]",
            text(random)
        );
    }
    if random.one_in(5) {
        let _ = write!(message, ",\"tool_call_id\":{}", value(random, 3));
    }
    if random.one_in(5) {
        let _ = write!(message, ",\"weight\":{}", random.of(&NUMBERS));
    }
    message + "}"
}

fn messages(random: &mut Random) -> String {
    if random.one_in(12) {
        return value(random, 1);
    }
    let messages: Vec<String> = (0..random.below(5)).map(|_| message(random)).collect();
    format!("[{}]", messages.join(","))
}

fn data(random: &mut Random) -> String {
    let mut input = format!("{{\"messages\":{}", messages(random));
    for name in ["tools", "tool_choice", "temperature"] {
        if random.one_in(4) {
            let _ = write!(input, ",\"{name}\":{}", value(random, 2));
        }
    }
    let mut data = format!("{{\"input\":{input}}}");
    if random.one_in(2) {
        let _ = write!(
            data,
            ",\"output\":{}",
            if random.one_in(3) { value(random, 1) } else { format!("{{\"messages\":{}}}", messages(random)) }
        );
    }
    if random.one_in(4) {
        let _ = write!(data, ",\"more\":{}", value(random, 2));
    }
    data + "}"
}

/// A line of a person's file.
fn line(random: &mut Random) -> String {
    let mut line = match random.below(12) {
        0 => {
            return random
                .of(&[
                    "oops",
                    "[1, 2]",
                    "{\"a\":",
                    "{}",
                    "\"text\"",
                    "null",
                    "{\"a\":1} trailing",
                    "{\"x\":1,\"x\":2}",
                    "{\"data\":\"\\ud800\"}",
                ])
                .to_owned();
        }
        1 => return value(random, 0),
        2..=4 => format!("{{\"messages\":{}", messages(random)),
        5 => data(random).strip_suffix('}').unwrap().to_owned(),
        6 => format!("{{\"data\":{}", value(random, 0)),
        _ => format!("{{\"data\":{}", data(random)),
    };
    let from = random.below(NAMES.len() as u64);
    for index in 0..random.below(5) {
        let name = NAMES[usize::try_from((from + index) % NAMES.len() as u64).unwrap()];
        let value = match name {
            "metadata" if random.one_in(2) => object(random, 1),
            "topic" | "span_id" if random.one_in(2) => text(random),
            "is_generated" => random.of(&["true", "false", "\"yes\"", "null"]).to_owned(),
            _ => value(random, 1),
        };
        let _ = write!(line, ",\"{name}\":{value}");
    }
    line + "}"
}

async fn records(app: &TestApp, id: &str) -> Vec<DatasetRecord> {
    let ids: Vec<i64> = app.ask("records/ids", json!({ "dataset_id": id, "filter": RecordFilter::default() })).await;
    let mut records = Vec::with_capacity(ids.len());
    for record in ids {
        records.push(app.record(id, record).await);
    }
    records
}

#[tokio::test]
async fn generated_records_come_through_export_and_import_as_they_are() {
    let app = TestApp::start().await;
    for seed in [1, 2] {
        let mut random = Random(seed);
        let lines: Vec<String> = (0..250).map(|_| line(&mut random)).collect();
        let id = app.imported("odd.jsonl", lines.join("\n")).await;
        let exported = app.get(&format!("/download/{id}/records.jsonl")).await.1;
        let again = app.imported("again.jsonl", exported.clone()).await;
        let (first, second) = (records(&app, &id).await, records(&app, &again).await);
        assert!(first.len() >= 240, "{} records of 250 lines", first.len());
        assert_eq!(first.len(), second.len(), "seed {seed}");
        for (one, two) in first.iter().zip(&second) {
            let place = format!("seed {seed}, {:?}", one.source);
            assert_eq!(one.data.to_string(), two.data.to_string(), "{place}");
            let beside = |record: &DatasetRecord| {
                let evaluation = record.evaluation.as_ref().map(ToString::to_string);
                (json!(record.metadata).to_string(), json!(record.item).to_string(), evaluation, record.raw.clone())
            };
            assert_eq!(beside(one), beside(two), "{place}");
            assert_eq!(
                (&one.topic, &one.span_id, one.is_generated),
                (&two.topic, &two.span_id, two.is_generated),
                "{place}"
            );
            assert_eq!(
                (one.validation.status, &one.validation.errors),
                (two.validation.status, &two.validation.errors),
                "{place}"
            );
        }
        assert_eq!(app.get(&format!("/download/{again}/records.jsonl")).await.1, exported, "seed {seed}");
    }
}
