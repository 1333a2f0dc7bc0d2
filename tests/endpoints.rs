//! Model endpoints through the application's door: entered, tested, chosen; keys that nobody sees again.

use anneal_server::llm::Environment;
use anneal_server::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use anneal_server::types::endpoint::{ConnectionTest, Endpoint, EndpointForm, EndpointKey, KeyChoice, ModelSettings};
use serde_json::{Value, json};

use crate::support::app::TestApp;

const KEY: &str = "sk-0123456789-very-secret";

fn form(base_url: &str) -> EndpointForm {
    EndpointForm { name: "Test".to_owned(), base_url: base_url.to_owned(), ..EndpointForm::default() }
}

async fn save(app: &TestApp, id: Option<&str>, form: &EndpointForm) -> Endpoint {
    app.ask("endpoints/save", json!({"id": id, "form": form})).await
}

async fn settings(app: &TestApp) -> ModelSettings {
    app.ask("endpoints/list", json!({})).await
}

#[tokio::test]
async fn an_endpoint_is_entered_tested_changed_and_deleted() {
    let model_endpoint = TestEndpoint::start(Script::well().api_key(KEY)).await.unwrap();
    let app = TestApp::start().await;
    assert_eq!(settings(&app).await, ModelSettings { calls: settings(&app).await.calls, ..ModelSettings::default() });

    // Before it is saved: without the key, then with it.
    let test = async |id: Option<&str>, form: Option<&EndpointForm>, model: Option<&str>| -> ConnectionTest {
        app.ask("endpoints/test", json!({"id": id, "form": form, "model": model})).await
    };
    let without = form(&model_endpoint.base_url());
    let refused = test(None, Some(&without), None).await.models.unwrap_err();
    assert!(refused.message.contains("refused the key"), "{}", refused.message);
    assert!(refused.raw.unwrap().contains("\"error\""));
    let with = EndpointForm { key: KeyChoice::Stored { key: KEY.to_owned() }, ..without };
    assert!(!test(None, Some(&with), None).await.models.unwrap().is_empty());
    assert!(settings(&app).await.endpoints.is_empty(), "a test stores nothing");

    let saved = save(&app, None, &with).await;
    assert_eq!(saved.key, EndpointKey::Stored { hint: "…cret".to_owned() });
    let found = test(Some(&saved.id), None, Some("test-small")).await;
    let answer = found.answer.unwrap().unwrap();
    assert!(!answer.text.is_empty() && answer.tokens.is_some());
    assert_eq!(answer.cost, None, "without a price the cost is unknown, not 0");
    let now = settings(&app).await;
    assert_eq!(now.endpoints[0].models, found.models.unwrap());
    assert_eq!((now.calls.calls, now.calls.unknown_cost), (1, 1));

    // A changed one keeps its key; at another host it does not.
    let moved = EndpointForm {
        key: KeyChoice::Keep,
        concurrency: 3,
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        ..with.clone()
    };
    let message = app.refused("endpoints/save", json!({"id": saved.id, "form": moved}), 422).await;
    assert!(message.contains("another host"), "{message}");
    let kept = EndpointForm { base_url: with.base_url.clone(), ..moved };
    save(&app, Some(&saved.id), &kept).await;
    assert!(test(Some(&saved.id), None, None).await.models.is_ok());
    // At another address nobody knows what there is.
    let elsewhere = EndpointForm { base_url: format!("{}/other", model_endpoint.origin()), ..kept.clone() };
    assert!(!settings(&app).await.endpoints[0].models.is_empty());
    assert!(save(&app, Some(&saved.id), &elsewhere).await.models.is_empty());
    let stored = settings(&app).await.endpoints.remove(0);
    assert!(stored.models.is_empty() && stored.models_at.is_none());
    save(&app, Some(&saved.id), &kept).await;
    let twin = EndpointForm { name: "tEST".to_owned(), ..kept };
    app.refused("endpoints/save", json!({"id": null, "form": twin}), 422).await;

    app.ask::<()>(
        "endpoints/default",
        json!({"role": "judge", "choice": {"endpoint_id": saved.id, "model": "test-small"}}),
    )
    .await;
    assert_eq!(settings(&app).await.defaults.judge.unwrap().model, "test-small");
    app.refused("endpoints/default", json!({"role": "base", "choice": {"endpoint_id": "nobody", "model": "m"}}), 404)
        .await;
    app.ask::<()>("endpoints/delete", json!({"id": saved.id})).await;
    let gone = settings(&app).await;
    assert!(gone.endpoints.is_empty() && gone.defaults.judge.is_none());
    app.refused("endpoints/delete", json!({"id": saved.id}), 404).await;
}

/// Closes the store and looks into every file that it left.
async fn no_file_holds_the_key(app: &TestApp) {
    app.state.db.close().await;
    for entry in std::fs::read_dir(&app.state.config.data_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(10).any(|part| part == b"0123456789"), "{}", path.display());
        }
    }
}

/// Nowhere: not in an answer, not on a page, not in the file.
#[tokio::test]
async fn a_stored_key_is_seen_by_nobody() {
    let app = TestApp::start().await;
    let with = EndpointForm { key: KeyChoice::Stored { key: KEY.to_owned() }, ..form("http://127.0.0.1:1/v1") };
    let (status, answer) = app.call("endpoints/save", json!({"id": null, "form": with})).await;
    assert!(status.is_success() && !answer.to_string().contains("0123456789"), "{answer}");
    let (_, page) = app.get("/settings").await;
    assert!(page.contains("stored encrypted") && !page.contains("0123456789"));
    no_file_holds_the_key(&app).await;
}

#[tokio::test]
async fn endpoints_of_the_environment_are_taken_over_once() {
    let environment = |name: &str| match name {
        "OPENAI_API_KEY" => Some("sk-env".to_owned()),
        "OPENAI_BASE_URL" => Some("http://127.0.0.1:9/v1".to_owned()),
        _ => None,
    };
    let app = TestApp::start_with(|config| anneal_server::config::Config {
        environment: Environment::of(environment),
        ..config
    })
    .await;
    let now = settings(&app).await;
    assert_eq!(now.endpoints.len(), 1);
    assert_eq!(now.endpoints[0].key, EndpointKey::Environment { variable: "OPENAI_API_KEY".to_owned(), is_set: true });
    let (_, page) = app.get("/settings").await;
    assert!(page.contains("Key from OPENAI_API_KEY") && !page.contains("sk-env"));
    // What a user deletes does not come back.
    app.ask::<()>("endpoints/delete", json!({"id": now.endpoints[0].id})).await;
    let dir = app.state.config.data_dir.clone();
    assert_eq!(anneal_server::llm::first_start::read_environment(&app.state).await.unwrap(), 0);
    assert!(dir.exists() && settings(&app).await.endpoints.is_empty());
}

#[tokio::test]
async fn a_model_that_ends_is_told() {
    let model_endpoint = TestEndpoint::start(Script::well()).await.unwrap();
    let app = TestApp::start().await;
    let saved = save(&app, None, &form(&model_endpoint.base_url())).await;
    let _: Value = app.ask("endpoints/test", json!({"id": saved.id, "form": null, "model": null})).await;
    let models = settings(&app).await.endpoints.remove(0).models;
    let retiring = models.iter().find(|model| model.id == "test-retiring").unwrap();
    assert!(retiring.shutdown_date.is_some() && retiring.ends_in_days.is_some());
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_said_to_be() {
    let app = TestApp::start().await;
    let found: ConnectionTest =
        app.ask("endpoints/test", json!({"id": null, "form": form("http://127.0.0.1:1/v1"), "model": null})).await;
    assert!(found.models.unwrap_err().message.contains("cannot be reached"));
    let script = Script::well().rule(Rule::of([Fault::status(404)]).route(Route::Models));
    let listless = TestEndpoint::start(script).await.unwrap();
    let found: ConnectionTest =
        app.ask("endpoints/test", json!({"id": null, "form": form(&listless.base_url()), "model": "test-small"})).await;
    assert!(found.models.is_err() && found.answer.unwrap().is_ok(), "it answers all the same");
}

/// An endpoint that sends back what it was sent (in errors, answers, names of models) gives the key to nobody: not to the page, not
/// to who has responses graded, not to the file.
#[tokio::test]
async fn an_echoed_key_goes_nowhere() {
    let echo = format!("You sent Authorization: Bearer {KEY}");
    let model_endpoint = TestEndpoint::start(Script::well().models([format!("echo-{KEY}")])).await.unwrap();
    let app = TestApp::start().await;
    let with = EndpointForm { key: KeyChoice::Stored { key: KEY.to_owned() }, ..form(&model_endpoint.base_url()) };
    let saved = save(&app, None, &with).await;
    let hidden = |value: &Value| {
        let text = value.to_string();
        assert!(!text.contains("0123456789"), "{text}");
        text
    };
    let test = json!({"id": saved.id, "form": null, "model": "test-small"});
    let (_, found) = app.call("endpoints/test", test.clone()).await;
    assert!(hidden(&found).contains("echo-[key hidden]"), "{found}");

    let id = app.imported("a.jsonl", crate::support::records::chats(12, &[])).await;
    app.ask::<()>(
        "endpoints/default",
        json!({"role": "judge", "choice": {"endpoint_id": saved.id, "model": "test-small"}}),
    )
    .await;
    let judge = json!({"type": "llm_judge", "prompt": "Rate: {{response}}"});
    let _: Value = app.ask("grader/save", json!({"dataset_id": id, "config": judge})).await;
    let trainer: Value = app.ask("grader/keys/create", json!({"dataset_id": id, "name": "run"})).await;
    for (said, status) in [(echo, 422), (format!(r#"{{"score": 0.5, "reasoning": "{KEY}"}}"#), 200)] {
        model_endpoint.set_script(Script::well().rule(Rule::of([Fault::content(said)]).route(Route::Chat)));
        let (_, found) = app.call("endpoints/test", test.clone()).await;
        hidden(&found);
        let report = app.tested(&id, judge.clone()).await;
        assert!(hidden(&serde_json::to_value(&report).unwrap()).contains("[key hidden]"));
        let asked = json!({"sample": {"output_text": format!("an answer for {status}")}, "item": {}});
        let request = app.client.post(app.url(&format!("/v1/graders/{id}/score"))).json(&asked);
        let answer = request.bearer_auth(trainer["secret"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        hidden(&serde_json::from_str(&answer.text().await.unwrap()).unwrap());
    }
    let (_, page) = app.get("/settings").await;
    assert!(!page.contains("0123456789"));
    no_file_holds_the_key(&app).await;
}
