//! Grading over HTTP by judges and combinations.

use anneal_server::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use anneal_server::types::endpoint::{Endpoint, EndpointForm};
use serde_json::{Value, json};

use crate::grader_endpoint::{BY_LENGTH, sample, score, with_grader};
use crate::support::app::TestApp;

#[tokio::test]
async fn combinations_and_judges_grade_and_their_failures_are_no_scores() {
    let endpoint = TestEndpoint::start(Script::well()).await.unwrap();
    let app = TestApp::start().await;
    let script = |source: &str| json!({ "type": "script", "script": source });
    let part = |name: &str, source: &str| json!({ "name": name, "grader": script(source) });
    let parts = [
        part("a", "function grade(i) { return i.response.length / 10; }"),
        part("b", "function grade() { return 1; }"),
    ];
    let multi = json!({ "type": "multi", "graders": parts, "calculate_output": "0.5 * a + 0.5 * b" });
    let (dataset, key) = with_grader(&app, multi).await;
    let (_, body) = score(&app, &dataset, &key.secret, &sample("abcd")).await;
    assert_eq!(
        (&body["score"], &body["parts"][0]["name"], &body["parts"][0]["score"]),
        (&json!(0.7), &json!("a"), &json!(0.4))
    );
    assert_eq!(score(&app, &dataset, &key.secret, &sample("abcdefghijk")).await.0, 422);

    let python = json!({ "type": "python", "source": "def grade(sample, item):\n    return 1" });
    let _: Value = app.ask("grader/save", json!({ "dataset_id": dataset, "config": python })).await;
    assert_eq!(score(&app, &dataset, &key.secret, &sample("a")).await.0, 409);
    let messages = json!([{ "role": "user", "content": "Judge this.\nResponse: {{sample.output_text}}" }]);
    let judge = json!({ "type": "score_model", "model": "", "input": messages });
    let _: Value = app.ask("grader/save", json!({ "dataset_id": dataset, "config": judge })).await;
    assert_eq!(score(&app, &dataset, &key.secret, &sample("a")).await.0, 409, "no model");

    judge_at(&app, &endpoint).await;
    let (status, body) = score(&app, &dataset, &key.secret, &sample("It ships on Monday.")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(endpoint.requests_to(Route::Chat).len(), 1);
    assert_eq!(score(&app, &dataset, &key.secret, &sample("It ships on Monday.")).await.1["score"], body["score"]);

    endpoint.set_script(Script::well().api_key("another"));
    let (status, body) = score(&app, &dataset, &key.secret, &sample("Another answer.")).await;
    assert_eq!((status, &body["error"]["type"]), (422, &json!("grader_error")), "{body}");
}

/// Makes the endpoint's model the default judge.
async fn judge_at(app: &TestApp, endpoint: &TestEndpoint) {
    let form = EndpointForm { name: "Test".to_owned(), base_url: endpoint.base_url(), ..EndpointForm::default() };
    let saved: Endpoint = app.ask("endpoints/save", json!({ "id": null, "form": form })).await;
    let choice = json!({ "endpoint_id": saved.id, "model": "test-small" });
    app.ask::<()>("endpoints/default", json!({ "role": "judge", "choice": choice })).await;
}

#[tokio::test]
async fn a_judge_and_a_script_are_weighed_and_their_parts_told() {
    let said = Fault::content(r#"{"reasoning": "Half of it.", "score": 0.5}"#);
    let endpoint = TestEndpoint::start(Script::well().rule(Rule::of([said]).route(Route::Chat))).await.unwrap();
    let app = TestApp::start().await;
    judge_at(&app, &endpoint).await;
    let parts = json!([
        { "name": "judged", "grader": { "type": "llm_judge", "prompt": "Rate {{response}}" } },
        { "name": "measured", "grader": { "type": "script", "script": BY_LENGTH } },
    ]);
    let multi = json!({ "type": "multi", "graders": parts, "weights": [0.75, 0.25] });
    let (dataset, key) = with_grader(&app, multi).await;
    let (status, body) = score(&app, &dataset, &key.secret, &sample("abcdefgh")).await;
    assert_eq!(status, 200, "{body}");
    // 0.75 * 0.5 + 0.25 * 0.8
    assert!((body["score"].as_f64().unwrap() - 0.575).abs() < 1e-9, "{body}");
    let part = |place: usize| (body["parts"][place]["name"].as_str(), body["parts"][place]["score"].as_f64());
    assert_eq!((part(0), part(1)), ((Some("judged"), Some(0.5)), (Some("measured"), Some(0.8))));
}

#[tokio::test]
async fn a_judge_that_fails_gives_its_error_and_no_score() {
    let said = Fault::content("I would say 0.8 out of 1.");
    let endpoint = TestEndpoint::start(Script::well().rule(Rule::of([said]).route(Route::Chat))).await.unwrap();
    let app = TestApp::start().await;
    judge_at(&app, &endpoint).await;
    let (dataset, key) = with_grader(&app, json!({ "type": "llm_judge", "prompt": "Rate {{response}}" })).await;
    let is_failure = |body: &Value| {
        let error = &body["error"];
        assert_eq!(error["type"], "grader_error", "{body}");
        assert!(error["message"].as_str().unwrap().contains("did not answer with one JSON object"), "{body}");
        assert!(body.get("score").is_none(), "{body}");
    };
    let (status, body) = score(&app, &dataset, &key.secret, &sample("abcd")).await;
    assert_eq!(status, 422, "{body}");
    is_failure(&body);
    let (status, body) = score(&app, &dataset, &key.secret, &json!({ "samples": [sample("ab"), sample("abc")] })).await;
    assert_eq!(status, 200, "{body}");
    body["results"].as_array().unwrap().iter().for_each(is_failure);
}
