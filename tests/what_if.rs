//! What-if through the application's door: a draft is scored on the responses of the last run without one call of a model.

use anneal_server::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use anneal_server::types::endpoint::{Endpoint, EndpointForm};
use anneal_server::types::grader::{ComparedWith, WhatIf};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::rated;

/// The rating that stands in the response.
const RATED: &str = "function grade(input) { return Number(input.response.match(/[0-9.]+/)[0]); }";

fn script(text: &str) -> Value {
    json!({ "type": "script", "script": text })
}

async fn ask(app: &TestApp, id: &str, draft: &Value) -> Option<WhatIf> {
    app.ask("grader/what_if", json!({ "dataset_id": id, "draft": draft })).await
}

async fn what_if(app: &TestApp, id: &str, draft: &Value) -> WhatIf {
    ask(app, id, draft).await.unwrap()
}

fn near(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < 1e-9)
}

/// A judge that gives 0.6 to everything, and the rating: weights, thresholds and formulas are arithmetic over what is stored.
#[tokio::test]
async fn a_combination_is_scored_anew_without_a_call() {
    let answer = Rule::of([Fault::content(r#"{"score": 0.6, "reasoning": "fair"}"#)]).route(Route::Chat);
    let endpoint = TestEndpoint::start(Script::well().rule(answer)).await.unwrap();
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(4)).await;
    let form = EndpointForm { name: "Test".to_owned(), base_url: endpoint.base_url(), ..EndpointForm::default() };
    let saved: Endpoint = app.ask("endpoints/save", json!({ "id": null, "form": form })).await;
    let judge =
        |prompt: &str| json!({ "type": "llm_judge", "prompt": prompt, "endpoint_id": saved.id, "model": "test-small" });
    let multi = |judge: Value, weights: [f64; 2], threshold: Value| {
        json!({ "type": "multi", "weights": weights, "graders": [
            { "name": "judge", "grader": judge, "threshold": threshold },
            { "name": "rating", "grader": script(RATED) },
        ] })
    };
    let config = multi(judge("Rate {{response}}"), [0.5, 0.5], Value::Null);
    let _: Value = app.ask("grader/save", json!({ "dataset_id": id, "config": config })).await;
    // The ratings are 0.05, 0.07, 0.09, 0.11: mean 0.08, of the run 0.3 + 0.04 = 0.34.
    app.dry_run(&id, 300).await;
    let asked = || endpoint.requests_to(Route::Chat).len();
    assert_eq!(asked(), 4);

    let same = what_if(&app, &id, &config).await;
    assert!(same.is_same && same.samples.is_empty());
    assert_eq!((same.total, same.looked_at, same.counts.unchanged), (4, 4, 4));
    assert!(same.verdict_after.is_some() && same.verdict_after == same.verdict_before);
    assert!(matches!(same.compared_with, ComparedWith::DryRun { version: 1, .. }));

    // Weights: 0.25 * 0.6 + 0.75 * 0.08 = 0.21. The worst goes from 0.325 to 0.15 + 0.0375 = 0.1875.
    let other = multi(judge("Rate {{response}}"), [0.25, 0.75], Value::Null);
    let check = async || {
        let found = what_if(&app, &id, &other).await;
        assert_eq!((found.counts.down, found.counts.compared()), (4, 4));
        assert!(near(found.before.map(|figures| figures.mean), 0.34) && near(found.after.map(|f| f.mean), 0.21));
        assert!(near(found.mean_difference, -0.13) && near(found.changed_share, 1.0));
        let worst = &found.samples[0];
        assert!(near(worst.before, 0.325) && near(worst.after, 0.1875) && near(worst.difference, -0.1375));
        assert_eq!((worst.response_preview.as_str(), worst.parts.len()), ("rated 0.05", 2));
    };
    check().await;
    // A threshold of 0.5 makes the judge's 0.6 a 1: 0.5 + 0.04 = 0.54. A formula: the larger one is always 0.6.
    let steep = what_if(&app, &id, &multi(judge("Rate {{response}}"), [0.5, 0.5], json!(0.5))).await;
    assert!(near(steep.after.map(|figures| figures.mean), 0.54) && steep.counts.up == 4);
    let mut formula = config.clone();
    formula["calculate_output"] = json!("max(judge, rating)");
    formula["weights"] = json!([]);
    let largest = what_if(&app, &id, &formula).await;
    assert!(near(largest.after.as_ref().map(|figures| figures.mean), 0.6));
    assert!(near(largest.after.map(|figures| figures.std), 0.0));

    // Another prompt, temperature or model is another judge: nothing is known of it, and nothing is scored.
    let mut warm = judge("Rate {{response}}");
    warm["temperature"] = json!(0.7);
    for changed in [judge("Judge {{response}}"), warm] {
        let open = what_if(&app, &id, &multi(changed, [0.5, 0.5], Value::Null)).await;
        assert_eq!((open.counts.needs_call, open.counts.compared()), (4, 0));
        assert!(open.after.is_none() && open.changed_share.is_none() && open.verdict_after.is_none());
    }

    // No kept answer is needed, nor the endpoint: what the judge said is in the run.
    app.ask::<()>("endpoints/cache", json!({ "is_on": false })).await;
    let forgotten: i64 = app.ask("endpoints/forget", json!({})).await;
    assert_eq!(forgotten, 4);
    check().await;
    app.ask::<()>("endpoints/delete", json!({ "id": saved.id })).await;
    check().await;
    assert_eq!(asked(), 4, "not one call");
}

#[tokio::test]
async fn a_script_runs_anew_on_what_was_graded() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(4)).await;
    assert!(ask(&app, &id, &script(RATED)).await.is_none(), "nothing was graded");
    app.set_grader(&id, RATED).await;
    app.tested(&id, Value::Null).await;
    let tested = what_if(&app, &id, &script("function grade() { return 0.5; }")).await;
    assert!(matches!(tested.compared_with, ComparedWith::Test { version: Some(1), .. }));
    assert!(tested.counts.up == 4 && near(tested.mean_difference, 0.42) && tested.verdict_after.is_none());

    app.dry_run(&id, 300).await;
    let twice = RATED.replace("return ", "return 2 * ");
    let found = what_if(&app, &id, &script(&twice)).await;
    assert_eq!((found.counts.up, found.samples.len()), (4, 4));
    assert!(near(found.samples[0].after, 0.22) && near(found.after.map(|figures| figures.mean), 0.16));

    // One that never ends for one response fails there alone, and is no zero.
    let hostile = format!(
        "{RATED} const rate = grade; grade = (input) => {{ while (input.response.includes('0.07')); return rate(input); }};"
    );
    let found = what_if(&app, &id, &script(&hostile)).await;
    assert_eq!((found.counts.newly_failed, found.counts.unchanged), (1, 3));
    assert!(found.samples[0].after.is_none() && found.samples[0].error.is_some());
    // 0.05, 0.09 and 0.11.
    assert!(near(found.after.map(|figures| figures.mean), 0.25 / 3.0));

    // An edited record is another sample now.
    let row = app.rows(&id).await.remove(0);
    let mut data = app.record(&id, row.id).await.data;
    data["output"]["messages"][0]["content"] = json!("rated 0.99");
    app.edit(&id, row.id, &data).await;
    let found = what_if(&app, &id, &script(&twice)).await;
    assert_eq!((found.counts.edited, found.counts.up), (1, 3));

    let broken = app.refused("grader/what_if", json!({ "dataset_id": id, "draft": script("nonsense(") }), 422).await;
    assert!(!broken.is_empty());
    let python = json!({ "type": "python", "source": "x" });
    assert_ne!(app.call("grader/what_if", json!({ "dataset_id": id, "draft": python })).await.0.as_u16(), 200);
    app.refused("grader/what_if", json!({ "dataset_id": "nobody", "draft": script(RATED) }), 404).await;
}

/// Every sample loops: the answer comes in time, and what was not reached is counted apart.
#[tokio::test]
async fn an_endless_script_ends_within_the_bound() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(400)).await;
    app.set_grader(&id, RATED).await;
    app.dry_run(&id, 400).await;
    let started = std::time::Instant::now();
    let found = what_if(&app, &id, &script("function grade() { while (true) {} }")).await;
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    assert_eq!(found.counts.newly_failed + found.counts.out_of_time, 400);
    assert!(found.after.is_none() && found.samples.len() <= 50 && found.verdict_after.is_none());
}
