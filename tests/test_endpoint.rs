//! The test endpoint as Rust tests use it. (That it is what a provider's client expects is told in `end2end/`.)

use std::time::{Duration, Instant};

use anneal_server::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use reqwest::{Client, Response};
use serde_json::{Value, json};

fn client() -> Client {
    anneal_server::llm::use_tls();
    Client::new()
}

async fn ask(endpoint: &TestEndpoint, text: &str) -> reqwest::Result<Response> {
    let body = json!({"model": "test-small", "messages": [{"role": "user", "content": text}]});
    client().post(format!("{}/chat/completions", endpoint.base_url())).json(&body).send().await
}

async fn said(endpoint: &TestEndpoint, text: &str) -> String {
    let answer: Value = ask(endpoint, text).await.unwrap().json().await.unwrap();
    answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn answers_follow_from_the_request_and_the_seed() {
    let answers = |seed| async move {
        let endpoint = TestEndpoint::start(Script::well().seed(seed)).await.unwrap();
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(said(&endpoint, "Where is the refund of my booking?").await);
        }
        answers
    };
    let first = answers(1).await;
    assert_eq!(first, answers(1).await);
    assert_ne!(first, answers(2).await);
    assert!(first.iter().any(|answer| *answer != first[0]), "a repeated request is another sample");
}

#[tokio::test]
async fn requests_are_recorded_until_they_are_forgotten() {
    let script = Script::well().rule(Rule::of([Fault::latency(150)]).route(Route::Chat));
    let endpoint = TestEndpoint::start(script).await.unwrap();
    let client = client();
    let models = client.get(format!("{}/models", endpoint.base_url())).bearer_auth("sk-secret").send();
    let (one, two, models) = tokio::join!(ask(&endpoint, "one"), ask(&endpoint, "two"), models);
    assert!([one, two, models].into_iter().all(|answer| answer.unwrap().status() == 200));

    let chats = endpoint.requests_to(Route::Chat);
    assert_eq!((endpoint.requests().len(), chats.len()), (3, 2));
    assert!(chats.iter().all(|request| request.status == Some(200) && request.faults == [Fault::latency(150)]));
    assert!(endpoint.highest_concurrency() >= 2);
    assert!(!format!("{:?}", endpoint.requests()).contains("sk-secret"));

    endpoint.set_script(Script::well().then([Fault::status(503)]));
    assert_eq!(ask(&endpoint, "three").await.unwrap().status(), 503);
    endpoint.reset();
    assert!(endpoint.requests().is_empty());
    assert_eq!(ask(&endpoint, "the queue begins anew").await.unwrap().status(), 503);
}

#[tokio::test]
async fn a_rate_says_when_to_come_back() {
    let endpoint = TestEndpoint::start(Script::well().rate(1, 300)).await.unwrap();
    assert_eq!(ask(&endpoint, "one").await.unwrap().status(), 200);
    let refused = ask(&endpoint, "two").await.unwrap();
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after-ms"].to_str().unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait) && refused.headers().contains_key("x-request-id"));
    tokio::time::sleep(Duration::from_millis(wait + 20)).await;
    assert_eq!(ask(&endpoint, "three").await.unwrap().status(), 200);
}

#[tokio::test]
async fn connections_break_where_the_script_says() {
    let script = Script::well().then([Fault::Disconnect]).then([Fault::TruncatedBody]).then([Fault::BrokenJson]);
    let endpoint = TestEndpoint::start(script).await.unwrap();
    assert!(ask(&endpoint, "no answer at all").await.unwrap_err().is_request());
    let truncated = ask(&endpoint, "half an answer").await.unwrap();
    assert_eq!(truncated.status(), 200);
    assert!(truncated.bytes().await.is_err());
    let broken = ask(&endpoint, "no JSON").await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&broken).is_err());
}

#[tokio::test]
async fn it_stops_when_it_is_dropped() {
    let endpoint = TestEndpoint::start(Script::well().then([Fault::latency(60_000)])).await.unwrap();
    let url = endpoint.base_url();
    let waiting = tokio::spawn({
        let url = url.clone();
        async move { client().get(format!("{url}/models")).send().await.is_ok() }
    });
    while endpoint.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(endpoint);
    let start = Instant::now();
    waiting.await.unwrap();
    while client().get(format!("{url}/models")).send().await.is_ok() {
        assert!(start.elapsed() < Duration::from_secs(5), "it still answers");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(start.elapsed() < Duration::from_secs(5), "it waited for a slow answer");
}

#[tokio::test]
async fn the_azure_address_and_unknown_ones() {
    let endpoint = TestEndpoint::start(Script::well().api_key("k")).await.unwrap();
    let status = |path: &'static str| {
        let request = client().get(format!("{}{path}", endpoint.origin())).header("api-key", "k");
        async move { request.send().await.unwrap() }
    };
    assert_eq!(status("/openai/v1/models").await.status(), 200);
    let unknown = status("/v1/nothing").await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.json::<Value>().await.unwrap()["error"]["code"], "unknown_url");
    assert_eq!(status("/v1/embeddings").await.status(), 405);
}
