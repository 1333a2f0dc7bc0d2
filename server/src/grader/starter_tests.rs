//! The starter script on small records worked out by hand, and on real ones.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use super::test_support::{pool, record};
use super::{GradeInput, RecordedResponse, grade_input};
use crate::types::grader::STARTER_SCRIPT;

/// The question's long words: where, order, seventyseven ("is", "my" are short).
const QUESTION: &str = "Where is my order seventyseven";

fn sample(response: &str, calls: Value, item: Value) -> GradeInput {
    let tools =
        json!([{ "type": "function", "function": { "name": "find_order", "parameters": { "required": ["id"] } } }]);
    let data = json!({ "input": { "messages": [{ "role": "user", "content": QUESTION }], "tools": tools } });
    let tool_calls = calls.as_array().cloned().unwrap_or_default();
    grade_input(&record(data, item), &RecordedResponse { text: response.to_owned(), tool_calls })
}

fn call(name: &str, arguments: &str) -> Value {
    json!({ "id": "c", "type": "function", "function": { "name": name, "arguments": arguments } })
}

#[tokio::test]
async fn the_starter_script_scores_as_worked_out_by_hand() {
    let pool = pool(1);
    let cases = [
        ("silence", sample("  ", json!(null), json!(null)), 0.0),
        // question: "order" and "seventyseven" of three, times 3, at most 1; length 1 (36 characters); clean 1.
        ("on topic", sample("Your order seventyseven is on a van.", json!(null), json!(null)), 1.0),
        // question 0, length 15/30, clean 1: (0.1 * 0.5 + 0.1) / 0.35.
        ("off topic", sample("I can not help.", json!(null), json!(null)), 0.15 / 0.35),
        // reference: 7 words against 4, 3 shared ("order", "on", "van"): 6/11; question, length, clean 1: (0.5 * 6/11 + 0.35) / 0.85.
        (
            "half the reference",
            sample(
                "Your order seventyseven is on a van",
                json!(null),
                json!({ "reference_answer": "order on blue van" }),
            ),
            (0.5 * 6.0 / 11.0 + 0.35) / 0.85,
        ),
        // Tools only: a good call.
        ("good call", sample("", json!([call("find_order", "{\"id\": 77}")]), json!(null)), 1.0),
        ("argument missing", sample("", json!([call("find_order", "{}")]), json!(null)), 0.5),
        ("unknown tool", sample("", json!([call("fly", "{}")]), json!(null)), 0.0),
        ("no JSON", sample("", json!([call("find_order", "{id")]), json!(null)), 0.0),
        // Overlap 2 * 1 / (2 + 1), validity (1 + 0) / 2: 0.5 * 2/3 + 0.25.
        (
            "one expected, one invented",
            sample(
                "",
                json!([call("find_order", "{\"id\": 77}"), call("fly", "{}")]),
                json!({ "expected_tools": ["find_order"] }),
            ),
            0.5 * 2.0 / 3.0 + 0.25,
        ),
        // tools 0, question, length and clean 1: 0.35 / 0.6.
        (
            "expected call missing",
            sample("Your order seventyseven is on a van.", json!(null), json!({ "expected_tools": ["find_order"] })),
            0.35 / 0.6,
        ),
        // length 36 characters: 1; question 1; clean 0: 0.25 / 0.35.
        ("template", sample("order seventyseven is [insert place].", json!(null), json!(null)), 0.25 / 0.35),
        // Trimmed to 1,799 characters: length 1 - 899/1800; question: one of three words, times 3: 1; clean 1.
        (
            "rambling",
            sample(&"order ".repeat(300), json!(null), json!(null)),
            (0.25 + 0.1 * (1.0 - 899.0 / 1800.0)) / 0.35,
        ),
    ];
    for (name, input, expected) in cases {
        let graded = pool.grade(STARTER_SCRIPT, &input, 0).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            (graded.score - expected).abs() < 1e-12,
            "{name}: {} instead of {expected} ({:?})",
            graded.score,
            graded.reasoning
        );
        assert!(graded.reasoning.is_some_and(|reasoning| !reasoning.is_empty()), "{name}");
    }
}

#[tokio::test]
async fn the_starter_script_takes_records_of_any_shape() {
    let pool = pool(1);
    for data in [
        json!(null),
        json!({ "input": { "messages": [null, 1, {}] } }),
        json!({ "input": { "tools": [{}, { "function": {} }] } }),
    ] {
        for reference in
            [json!(null), json!(5), json!(""), json!({ "tool_calls": [{}] }), json!({ "tool_calls": 1 }), json!(["x"])]
        {
            for calls in
                [json!([]), json!([{}]), json!([{ "function": { "arguments": 5 } }]), json!([call("f", "null")])]
            {
                let response = RecordedResponse {
                    text: "日本語 Ünïcode 👍".to_owned(),
                    tool_calls: calls.as_array().unwrap().clone(),
                };
                let record = record(data.clone(), json!({ "reference_answer": reference }));
                let graded = pool.grade(STARTER_SCRIPT, &grade_input(&record, &response), 0).await;
                assert!(graded.is_ok(), "{data} {reference} {calls}: {graded:?}");
            }
        }
    }
}

/// On the airline conversations of the shared test data; skipped where they are not there.
#[tokio::test]
async fn the_starter_script_tells_real_replies_apart() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/airline_spans.jsonl.gz");
    let Some(inputs) = recorded_inputs(&path, 120) else {
        eprintln!("skipped: no {}", path.display());
        return;
    };
    assert!(inputs.len() > 50, "{} records with a response", inputs.len());
    let pool = pool(2);
    let mut scores = Vec::new();
    for input in &inputs {
        scores.push(pool.grade(STARTER_SCRIPT, input, 0).await.unwrap().score);
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let deviation = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (scores.len() - 1) as f64).sqrt();
    assert!(deviation > 0.05, "mean {mean}, deviation {deviation}");
}

fn recorded_inputs(path: &Path, most: usize) -> Option<Vec<GradeInput>> {
    let file = std::fs::File::open(path).ok()?;
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    let inputs = lines.take(most).filter_map(|line| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let record = record(line["data"].clone(), json!(null));
        super::recorded_response(&record).map(|response| grade_input(&record, &response))
    });
    Some(inputs.collect())
}

/// Every preset can be saved as it is: its scripts run, its prompts know their variables.
#[tokio::test]
async fn presets_are_graders_that_work() {
    use crate::grader::judge::Judge;
    use crate::types::grader::GraderConfig;
    use crate::types::grader::presets::GraderPreset;
    let pool = pool(1);
    for preset in GraderPreset::ALL {
        for leaf in preset.config().leaves() {
            match leaf {
                GraderConfig::Script { script } => {
                    pool.check(script).await.unwrap_or_else(|error| panic!("{preset:?}: {error}"));
                }
                GraderConfig::LlmJudge(judge) => {
                    Judge::of(judge).unwrap_or_else(|error| panic!("{preset:?}: {error}"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
