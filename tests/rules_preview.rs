//! What a change of the rules would do, told before it is saved: the very numbers that saving it then gives.

use anneal_server::types::job::JobKind;
use anneal_server::types::validation::{RecordStatus, RulesPreview, ValidationError};
use serde_json::{Value, json};

use crate::support::app::TestApp;

fn question(id: &str, minimum: &str, maximum: &str, roles: &[&str]) -> Value {
    json!({ "dataset_id": id, "min_user_message_length": minimum, "max_tokens": maximum, "tokenizer": "o200k_base", "allowed_roles": roles })
}

const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

/// Ten prompts each of 5, 15, 25 and 35 characters; two of them twice.
fn lines() -> String {
    let text = |length: usize, index: usize| format!("{index:0>length$}");
    let chat = |text: String| json!({ "messages": [{ "role": "user", "content": text }] }).to_string() + "\n";
    let all = [5, 15, 25, 35].into_iter().flat_map(|length| (0..10).map(move |index| text(length, index)));
    all.chain([text(5, 0), text(15, 0)]).map(chat).collect()
}

#[tokio::test]
async fn a_preview_says_what_saving_then_does() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", lines()).await;
    let before = app.hygiene(&id).await;
    assert_eq!((before.valid, before.rejected, before.duplicates_removed), (30, 11, 1));
    let revision = app.overview(&id).await.dataset.records_revision;
    let ask = async |minimum: &str, maximum: &str, roles: &[&str]| -> RulesPreview {
        app.ask("datasets/rules-preview", question(&id, minimum, maximum, roles)).await
    };

    let same = ask("10", "8,000", &ROLES).await;
    assert_eq!(same.in_words(), "Would change no verdict.");
    // Ten of 5 characters come free, their copy does not.
    let lower = ask("5", "8000", &ROLES).await;
    assert_eq!(lower.in_words(), "Would free 10 records (10 user message too short).");
    // Those of 15 go, and with the kept one its copy, which is none then but too short itself.
    let higher = ask("20", "8000", &ROLES).await;
    assert_eq!(higher.in_words(), "Would reject 10 records (10 user message too short).");
    assert_eq!((higher.total, higher.looked_at), (42, 42));
    let fewer_tokens = ask("10", "8", &ROLES).await;
    let rejected = fewer_tokens.rejected[&ValidationError::ExceedsMaxTokens];
    assert!(rejected > 0 && fewer_tokens.freed.is_empty(), "{fewer_tokens:?}");
    assert_eq!(app.overview(&id).await.dataset.records_revision, revision, "nothing is stored");

    for (minimum, maximum, roles, field) in
        [("x", "1", &ROLES[..], "x"), ("10", "0", &ROLES[..], "1 and"), ("10", "8000", &["tool"][..], "user")]
    {
        let message = app.refused("datasets/rules-preview", question(&id, minimum, maximum, roles), 422).await;
        assert!(message.contains(field), "{message}");
    }
    app.refused("datasets/rules-preview", question("none", "10", "8000", &ROLES), 404).await;

    // Saved, it is as it was said.
    for minimum in ["5", "20", "16", "10"] {
        let (preview, before) = (ask(minimum, "8000", &ROLES).await, app.hygiene(&id).await.valid);
        let config = json!({ "min_user_message_length": minimum.parse::<u32>().unwrap(), "max_tokens": 8000, "tokenizer": "o200k_base", "allowed_roles": ROLES });
        let _: Value = app.ask("datasets/validation", json!({ "dataset_id": id, "config": config })).await;
        let job = app.overview(&id).await.jobs.into_iter().find(|job| job.kind == JobKind::Validate).unwrap();
        app.ended(&job.id).await;
        let change: i64 = preview.freed.values().sum::<i64>() - preview.rejected.values().sum::<i64>();
        assert_eq!(app.hygiene(&id).await.valid, before + change, "{minimum}");
    }
}

/// More than are looked at one by one: a part of each kind stands for the rest, and the answer says so.
#[tokio::test]
async fn of_many_records_a_sample_is_looked_at() {
    let app = TestApp::start().await;
    let prompt = |index: usize| {
        let text = if index.is_multiple_of(4) { format!("{index:015}") } else { format!("{index:030}") };
        json!({ "messages": [{ "role": "user", "content": text }] }).to_string() + "\n"
    };
    let id = app.imported("many.jsonl", (0..6_000).map(prompt).collect::<String>()).await;
    let preview: RulesPreview = app.ask("datasets/rules-preview", question(&id, "20", "8000", &ROLES)).await;
    assert!(
        preview.is_estimate() && preview.total == 6_000 && (200..2_200).contains(&preview.looked_at),
        "{preview:?}"
    );
    // A quarter, within five standard deviations of a sample of 2,000 (or of the 200 that a busy machine looks at).
    let rejected = preview.rejected[&ValidationError::UserMessageTooShort];
    let most = 5.0 * (0.25_f64 * 0.75 / preview.looked_at as f64).sqrt() * 6_000.0;
    assert!((rejected as f64 - 1_500.0).abs() <= most, "{preview:?}");
    assert!(preview.in_words().contains("Would reject about "), "{}", preview.in_words());
    assert_eq!(app.rows(&id).await[0].validation.status, RecordStatus::Valid);
}
