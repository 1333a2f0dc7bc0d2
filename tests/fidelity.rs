//! What a person's file says is kept as it says it, or refused aloud: never changed in silence.

use anneal_server::types::validation::RecordStatus::{Invalid, Valid};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chats;

const NUMBERS: [&str; 6] = [
    "1e+29",
    "12345678901234567890123",
    "1.50",
    "-0.1000000000000000055511151231257827",
    "1e-400",
    "100000000000000000000.0",
];

fn line(number: &str, at: usize) -> String {
    format!(
        r#"{{"data":{{"input":{{"messages":[{{"role":"user","content":"Where is my order {at}?","x":{number}}}]}},"output":{{"messages":[{{"role":"assistant","content":"Here.","n":[{number}]}}]}}}},"metadata":{{"m":{number}}},"evaluation":{{"score":{number}}},"item":{number}}}"#
    )
}

#[tokio::test]
async fn numbers_come_out_as_they_went_in() {
    let app = TestApp::start().await;
    let lines: String = NUMBERS.iter().enumerate().map(|(at, number)| line(number, at) + "\n").collect();
    let id = app.imported("a.jsonl", lines.clone()).await;
    app.assert_lines(&id, &[(1, Valid), (2, Valid), (3, Valid), (4, Valid), (5, Valid), (6, Valid)]).await;
    assert_eq!(app.get(&format!("/download/{id}/records.jsonl")).await.1, lines);
    // The digits are what is kept; exponents are written in one way.
    let other = app.imported("b.jsonl", line("1E29", 0)).await;
    assert_eq!(app.get(&format!("/download/{other}/records.jsonl")).await.1, line("1e+29", 0) + "\n");

    // Through the browser's door and back: an edit of one text changes no number.
    for (row, number) in app.rows(&id).await.iter().zip(NUMBERS) {
        let mut data = app.record(&id, row.id).await.data;
        assert_eq!(data["input"]["messages"][0]["x"].to_string(), number);
        data["output"]["messages"][0]["content"] = "There.".into();
        let edited = app.edit(&id, row.id, &data).await;
        assert_eq!(edited.data["output"]["messages"][0]["n"][0].to_string(), number);
    }
    let chat = app.get(&format!("/download/{id}/records.jsonl?format=chat")).await.1;
    assert!(NUMBERS.iter().all(|number| chat.contains(&format!("\"item\":{number}"))), "{chat}");
}

/// Numbers that a script's language cannot hold are its floats: what it compares is near, and nothing falls over.
#[tokio::test]
async fn a_script_is_given_numbers_of_any_length() {
    let app = TestApp::start().await;
    let lines: String = NUMBERS[..4].iter().enumerate().map(|(at, number)| line(number, at) + "\n").collect();
    let id = app.imported("a.jsonl", lines).await;
    app.set_grader(&id, "function grade(input) { return typeof input.item.item === 'number' ? 1 : 0; }").await;
    let report = app.dry_run(&id, 4).await;
    assert_eq!((report.samples_evaluated, report.statistics.unwrap().mean), (4, 1.0));
}

#[tokio::test]
async fn a_field_twice_is_no_record_and_says_which() {
    let app = TestApp::start().await;
    let twice = r#"{"messages":[{"role":"user","content":"Kept?","role":"system"}],"note":1}"#;
    let in_text = r#"{"messages":[{"role":"user","content":"What is {\"a\":1,\"a\":2} as an object?"}]}"#;
    let id = app.imported("a.jsonl", format!("{}{twice}\n{in_text}\n", chats(1, &[]))).await;
    app.assert_lines(&id, &[(1, Valid), (2, Invalid), (3, Valid)]).await;
    let rows = app.rows(&id).await;
    let details = rows[1].validation.details.clone().unwrap();
    assert!(details.contains("line 2: the field \"role\" stands twice in one object (at column 52)"), "{details}");
    assert!(!details.contains("not valid JSON"), "{details}");
    let record = app.record(&id, rows[1].id).await;
    assert_eq!((record.raw.as_deref(), &record.data), (Some(twice), &Value::Null));

    let first = app.record(&id, rows[0].id).await;
    let edit = json!({ "data": r#"{"input":{"messages":[]},"input":{}}"#, "opened_at": first.updated_at, "allow_invalid": true });
    let arguments = json!({ "dataset_id": id, "record_id": first.id, "edit": edit });
    let message = app.refused("records/update", arguments, 422).await;
    assert!(message.contains("\"input\" stands twice") && message.contains("Nothing was saved"), "{message}");
}
