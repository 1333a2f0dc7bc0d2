//! Judges, combinations and OpenAI's graders over a model endpoint that answers, refuses and lies.

use anneal_server::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use anneal_server::types::endpoint::{Endpoint, EndpointForm, ModelSettings};
use anneal_server::types::grader::{ExportedGrader, GraderTestReport, GraderVersion, ImportedGrader, PromptPreview};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chats;

/// An app whose default judge is at a scripted endpoint, and a dataset of twelve conversations.
async fn with_judge(script: Script) -> (TestApp, TestEndpoint, String) {
    let endpoint = TestEndpoint::start(script).await.unwrap();
    let app = TestApp::start().await;
    let form = EndpointForm { name: "Test".to_owned(), base_url: endpoint.base_url(), ..EndpointForm::default() };
    let saved: Endpoint = app.ask("endpoints/save", json!({"id": null, "form": form})).await;
    let choice = json!({"endpoint_id": saved.id, "model": "test-small"});
    app.ask::<()>("endpoints/default", json!({"role": "judge", "choice": choice})).await;
    let dataset = app.imported("a.jsonl", chats(12, &[])).await;
    (app, endpoint, dataset)
}

fn judge(prompt: &str) -> Value {
    json!({"type": "llm_judge", "prompt": prompt})
}

async fn tested(app: &TestApp, dataset: &str, config: Value) -> GraderTestReport {
    app.tested(dataset, config).await
}

#[tokio::test]
async fn a_judge_scores_and_what_it_said_is_kept() {
    let (app, endpoint, id) = with_judge(Script::well()).await;
    let config = judge("Rate from 0 to 1: {{response}}");
    let saved: GraderVersion = app.ask("grader/save", json!({"dataset_id": id, "config": config})).await;
    assert_eq!(saved.config.label(), "LLM Judge: test-small", "the default judge is written into the version");
    let report = tested(&app, &id, Value::Null).await;
    assert_eq!((report.results.len(), report.calls, report.cost), (5, 5, None), "a price that is unknown is no 0");
    for result in &report.results {
        assert!(result.score.is_some_and(|score| (0.0..=1.0).contains(&score)), "{result:?}");
        assert!(result.reasoning.as_ref().is_some_and(|words| !words.is_empty()));
    }
    let asked = endpoint.requests_to(Route::Chat);
    let body = asked[0].body.to_string();
    assert!(body.contains("Rate from 0 to 1: ") && body.contains("json_schema"), "{body}");

    // The same question is not paid for twice, unless the switch says so.
    let again = tested(&app, &id, Value::Null).await;
    assert_eq!((again.results, again.calls, endpoint.requests_to(Route::Chat).len()), (report.results, 0, 5));
    app.ask::<()>("endpoints/cache", json!({"is_on": false})).await;
    assert_eq!(tested(&app, &id, Value::Null).await.calls, 5);
    let settings: ModelSettings = app.ask("endpoints/list", json!({})).await;
    assert_eq!((settings.calls.calls, settings.calls.hits, settings.calls.kept), (10, 5, 5));
}

/// Each row: what the endpoint does with every answer, the error's words, how often each sample was asked.
#[tokio::test]
async fn no_bad_answer_is_ever_a_score() {
    let rows = [
        (Fault::content("I would say 0.8 out of 1."), "did not answer with one JSON object", 2),
        (Fault::TwoObjects, "several objects", 2),
        (Fault::BreaksSchema, "judge's", 2),
        (Fault::content(r#"{"reasoning": "great", "score": 7}"#), "score is 7", 2),
        (Fault::content(r#"{"reasoning": "great", "score": "0.9"}"#), "/score", 2),
        (Fault::content(r#"{"reasoning": "great"}"#), "score", 2),
        (Fault::EmptyContent, "answered nothing", 2),
        (Fault::Refusal, "The judge refused", 1),
        (Fault::ContentFilter, "content filter", 2),
        (Fault::Unauthorized, "refused the key", 1),
        (Fault::InsufficientQuota, "out of quota", 1),
        (Fault::status(400), "does not take the request", 1),
    ];
    for (fault, words, times) in rows {
        let name = format!("{fault:?}");
        let (app, endpoint, id) = with_judge(Script::well().rule(Rule::of([fault]).route(Route::Chat))).await;
        let report = tested(&app, &id, judge("Rate: {{response}}")).await;
        assert_eq!(report.stats, None, "{name}");
        for result in &report.results {
            assert_eq!(result.score, None, "{name}");
            assert!(result.error.as_ref().unwrap().contains(words), "{name}: {:?}", result.error);
        }
        assert_eq!(endpoint.requests_to(Route::Chat).len(), 5 * times, "{name}");
    }
}

/// A fence or words around it, or a first answer that is mended: these are scores.
#[tokio::test]
async fn an_answer_that_can_be_mended_is_a_score() {
    for wrapped in [Fault::Fenced, Fault::Prose] {
        let (app, _endpoint, id) = with_judge(Script::well().rule(Rule::of([wrapped]).route(Route::Chat))).await;
        let report = tested(&app, &id, judge("Rate: {{response}}")).await;
        assert_eq!((report.results.iter().filter(|result| result.score.is_some()).count(), report.calls), (5, 5));
    }
    // The first answer on each response, whichever is asked first.
    let once = (0..12).fold(Script::well(), |script, n| {
        let rule =
            Rule::of([Fault::content("Quite good.")]).route(Route::Chat).text(format!("Order {n} is on its way."));
        script.rule(rule.times(1))
    });
    let (app, endpoint, id) = with_judge(once).await;
    let report = tested(&app, &id, judge("Rate: {{response}}")).await;
    assert_eq!((report.results.iter().filter(|result| result.score.is_some()).count(), report.calls), (5, 10));
    let last = endpoint.requests_to(Route::Chat).pop().unwrap();
    assert!(last.body.to_string().contains("Answer again with one JSON object"));
    // The mended answers are the ones that are kept.
    let again = tested(&app, &id, judge("Rate: {{response}}")).await;
    assert_eq!((again.results, again.calls), (report.results, 0));
}

/// A judge that was out of sorts is asked again, not quoted for ever.
#[tokio::test]
async fn an_unusable_answer_is_not_kept() {
    let out_of_sorts = Script::well().rule(Rule::of([Fault::content("Hm.")]).route(Route::Chat).times(10));
    let (app, _endpoint, id) = with_judge(out_of_sorts).await;
    let first = tested(&app, &id, judge("Rate: {{response}}")).await;
    assert!(first.results.iter().all(|result| result.error.is_some()) && first.calls == 10);
    let second = tested(&app, &id, judge("Rate: {{response}}")).await;
    assert!(second.results.iter().all(|result| result.score.is_some()) && second.calls == 5);
}

/// A schema that no endpoint takes as a strict one is sent as what it is, and changes nothing for other judges.
#[tokio::test]
async fn each_judge_is_asked_by_its_own_schema() {
    let (app, endpoint, id) = with_judge(Script::well()).await;
    let open = json!({"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]});
    let config = json!({"type": "llm_judge", "prompt": "Rate: {{response}}", "output_schema": open});
    tested(&app, &id, config).await;
    tested(&app, &id, judge("Rate: {{response}}")).await;
    let asked = endpoint.requests_to(Route::Chat);
    let strict: Vec<_> =
        asked.iter().map(|request| request.body["response_format"]["json_schema"]["strict"].clone()).collect();
    assert_eq!(strict, [vec![json!(false); 5], vec![json!(true); 5]].concat());
}

/// By hand: 0.25 * 0.8 + 0.75 * 0.4 = 0.5; with a threshold of 0.5 on the first 0.25 * 1 + 0.3 = 0.55.
#[tokio::test]
async fn parts_make_one_score_and_are_kept() {
    let (app, _endpoint, id) = with_judge(Script::well()).await;
    let script = |score: &str| json!({"type": "script", "script": format!("function grade() {{ return {score}; }}")});
    let parts = |threshold: Value| json!([{"name": "a", "grader": script("0.8"), "threshold": threshold}, {"name": "b", "grader": script("0.4")}]);
    let weighted = |threshold: Value| json!({"type": "multi", "graders": parts(threshold), "weights": [0.25, 0.75]});
    let report = tested(&app, &id, weighted(Value::Null)).await;
    let first = &report.results[0];
    assert!((first.score.unwrap() - 0.5).abs() < 1e-12);
    let shown: Vec<_> = first.parts.iter().map(|part| (part.name.as_str(), part.score, part.counted)).collect();
    assert_eq!(shown, [("a", Some(0.8), None), ("b", Some(0.4), None)]);
    let report = tested(&app, &id, weighted(json!(0.5))).await;
    assert!((report.results[0].score.unwrap() - 0.55).abs() < 1e-12);
    assert_eq!(report.results[0].parts[0].counted, Some(1.0));
    let formula = json!({"type": "multi", "graders": parts(Value::Null), "calculate_output": "min(a, b) ^ 2"});
    assert!((tested(&app, &id, formula).await.results[0].score.unwrap() - 0.16).abs() < 1e-12);
    // Out of range is an error of the sample; a part that fails fails the whole, unless it counts for nothing.
    let large = json!({"type": "multi", "graders": parts(Value::Null), "calculate_output": "a + b"});
    let report = tested(&app, &id, large).await;
    assert!(report.results[0].score.is_none() && report.results[0].error.as_ref().unwrap().contains("not from 0 to 1"));
    let failing = |weights: [f64; 2]| {
        let parts = json!([{"name": "a", "grader": script("NaN")}, {"name": "b", "grader": script("0.4")}]);
        json!({"type": "multi", "graders": parts, "weights": weights})
    };
    assert!(tested(&app, &id, failing([0.5, 0.5])).await.results[0].error.as_ref().unwrap().starts_with("a: "));
    assert_eq!(tested(&app, &id, failing([0.0, 1.0])).await.results[0].score, Some(0.4));
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_its_field() {
    let (app, _endpoint, id) = with_judge(Script::well()).await;
    let script = json!({"type": "script", "script": "function grade() { return 1; }"});
    let multi = |weights: Value| json!({"type": "multi", "graders": [{"name": "a", "grader": script}, {"name": "b", "grader": script}], "weights": weights});
    let rows = [
        (judge(""), "prompt", "empty"),
        (judge("{{respnse}}"), "prompt", "line 1, column 1"),
        (judge("{{#messages}}"), "prompt", "not closed"),
        (
            json!({"type": "llm_judge", "prompt": "x", "output_schema": {"type": "object"}}),
            "output_schema",
            "no property \"score\"",
        ),
        (multi(json!([0.5, 0.6])), "weights", "add up to 1.1"),
        (multi(json!([1.5, -0.5])), "weights", "-0.5"),
        (multi(json!([])), "weights", "2 graders and 0 weights"),
        (json!({"type": "multi", "graders": [], "weights": []}), "graders", "1 to 20"),
        (
            json!({"type": "multi", "graders": [{"name": "a", "grader": judge("{{x}}")}], "weights": [1]}),
            "parts.0.prompt",
            "a: ",
        ),
        (
            json!({"type": "llm_judge", "prompt": "How good is {{referenceAnswer}}?"}),
            "prompt",
            "never shows the response",
        ),
        (
            json!({"type": "llm_judge", "prompt": "{{response}}", "endpoint_id": "nobody", "model": "m"}),
            "model",
            "not known here",
        ),
        (json!({"type": "llm_judge", "prompt": "{{response}}", "model": "m".repeat(201)}), "model", "longer than 200"),
        (
            json!({"type": "llm_judge", "prompt": "{{response}}", "max_tokens": 1_000_001}),
            "numbers",
            "at most 1,000,000",
        ),
        (
            json!({"type": "string_check", "operation": "eq", "input": "{{x}}", "reference": "a"}),
            "input",
            "no variable",
        ),
    ];
    for (config, field, words) in rows {
        let (status, body) = app.call("grader/save", json!({"dataset_id": id, "config": config})).await;
        assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some(field)), "{config}: {body}");
        assert!(body["message"].as_str().unwrap().contains(words), "{body}");
    }
    // Python is kept, and refused to run with the reason.
    let python = json!({"type": "python", "source": "def grade(sample, item): return 1.0"});
    let _: GraderVersion = app.ask("grader/save", json!({"dataset_id": id, "config": python})).await;
    let message = app.refused("grader/test", json!({"dataset_id": id, "draft": null, "samples": 5}), 409).await;
    assert!(message.contains("Python grader is kept"), "{message}");
}

#[tokio::test]
async fn graders_of_openai_run_here_and_go_out_again() {
    let (app, _endpoint, id) = with_judge(Script::well()).await;
    let text = r#"{"type": "multi", "name": "m", "graders": {
        "same": {"type": "string_check", "name": "same", "operation": "ilike", "input": "{{sample.output_text}}", "reference": "ORDER"},
        "near": {"type": "text_similarity", "name": "near", "evaluation_metric": "fuzzy_match", "input": "{{sample.output_text}}", "reference": "{{sample.output_text}}"}
    }, "calculate_output": "0.5 * same + 0.5 * near"}"#;
    let imported: ImportedGrader = app.ask("grader/import", json!({"text": text})).await;
    let config = serde_json::to_value(&imported.config).unwrap();
    let report = tested(&app, &id, config.clone()).await;
    let first = &report.results[0];
    let same = if first.response_preview.to_lowercase().contains("order") { 1.0 } else { 0.0 };
    assert_eq!(first.score, Some(0.5 * same + 0.5), "{first:?}");
    let exported: ExportedGrader = app.ask("grader/export", json!({"config": config, "name": "m"})).await;
    let again: ImportedGrader = app.ask("grader/import", json!({"text": exported.json})).await;
    assert_eq!(again.config, imported.config);
    for broken in ["", "{", "[1", "{\"type\": \"label_model\"}", "- type: similar"] {
        app.refused("grader/import", json!({"text": broken}), 422).await;
    }
}

#[tokio::test]
async fn a_prompt_is_previewed_on_a_record() {
    let (app, endpoint, id) = with_judge(Script::well()).await;
    let preview = async |prompt: &str, position: i64| -> PromptPreview {
        app.ask("grader/preview", json!({"dataset_id": id, "config": judge(prompt), "position": position})).await
    };
    let first = preview("<{{lastUserMessage}}>", 0).await;
    assert_eq!((first.total, first.position), (12, 0));
    assert!(first.texts[0].text.as_ref().unwrap().starts_with("<Where is my order"));
    assert_eq!(preview("x", -1).await.position, 11);
    assert_eq!(preview("a\n {{nobody}}", 0).await.texts[0].place, Some((2, 2)));
    assert!(preview("{{item.gone}}", 0).await.texts[0].error.as_ref().unwrap().contains("item.gone"));
    assert!(endpoint.requests().is_empty(), "no model is asked");
}
