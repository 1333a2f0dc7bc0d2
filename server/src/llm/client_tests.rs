//! The client against an endpoint that answers what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use super::retry::RetryPolicy;
use super::{ChatRequest, LlmClient, LlmError, Schema, Target, Wanted};

type Answers = VecDeque<(u16, Vec<(&'static str, &'static str)>, String)>;

#[derive(Clone, Default)]
struct Endpoint {
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
}

impl Endpoint {
    /// Answers in this order; the last one again and again.
    async fn start(
        answers: impl IntoIterator<Item = (u16, Vec<(&'static str, &'static str)>, String)>,
    ) -> (Self, Target) {
        let endpoint = Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() };
        let router = Router::new()
            .route("/v1/chat/completions", post(Self::reply))
            .route("/v1/models", get(Self::reply))
            .with_state(endpoint.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let target = Target {
            id: "e".to_owned(),
            name: "Local".to_owned(),
            base_url: format!("http://{address}/v1/?api-version=1").parse().unwrap(),
            key: Some("sk-test".to_owned()),
            timeout: Duration::from_secs(20),
            limits: Limits { concurrency: 8, requests_per_minute: None, tokens_per_minute: None },
            is_draft: false,
        };
        (endpoint, target)
    }

    async fn reply(State(endpoint): State<Self>, headers: HeaderMap, body: String) -> Response {
        tokio::task::yield_now().await;
        let body = serde_json::from_str(&body).unwrap_or(Value::Null);
        endpoint.asked.lock().unwrap().push((headers, body));
        let mut answers = endpoint.answers.lock().unwrap();
        let (status, headers, body) = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
        let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }
}

fn client() -> LlmClient {
    let policy = RetryPolicy { attempts: 3, first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
    LlmClient::new(policy).unwrap()
}

fn says(text: &str) -> (u16, Vec<(&'static str, &'static str)>, String) {
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 2});
    (200, vec![], json!({"choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage}).to_string())
}

fn question() -> ChatRequest {
    ChatRequest {
        model: "m".to_owned(),
        messages: vec![json!({"role": "user", "content": "Rate it."})],
        schema: Some(Schema { name: "score".to_owned(), schema: json!({"type": "object"}) }),
        temperature: Some(0.0),
        max_tokens: Some(9),
        ..ChatRequest::default()
    }
}

#[tokio::test]
async fn passing_failures_are_tried_again() {
    let refusals =
        [(429, vec![("retry-after-ms", "2")], "{}".to_owned()), (503, vec![], "busy".to_owned()), says("0.5")];
    let (endpoint, target) = Endpoint::start(refusals).await;
    let answered = client().chat(&target, &question(), &Wanted::default()).await.unwrap();
    assert_eq!((answered.answer.text.as_deref(), answered.attempts), (Some("0.5"), 3));
    let asked = endpoint.asked.lock().unwrap();
    assert_eq!(asked[2].0["authorization"], "Bearer sk-test");
    assert_eq!(asked[2].1, answered.sent);
}

#[tokio::test]
async fn what_does_not_pass_is_not() {
    let quota = r#"{"error":{"code":"insufficient_quota","message":"Pay."}}"#.to_owned();
    for (answer, attempts) in [
        ((401, vec![], "no".to_owned()), 1),
        ((404, vec![], "no".to_owned()), 1),
        ((400, vec![], r#"{"error":{"message":"bad messages","param":"messages"}}"#.to_owned()), 1),
        ((429, vec![("x-should-retry", "true"), ("retry-after", "0")], quota), 1),
        ((500, vec![("x-should-retry", "false")], "no".to_owned()), 1),
        ((429, vec![("retry-after", "3600")], "later".to_owned()), 1),
        ((500, vec![], "no".to_owned()), 3),
        // Each may have been a whole generation.
        ((200, vec![], r#"{"choices": [{"mess"#.to_owned()), 2),
        ((200, vec![("x-should-retry", "true")], r#"{"object": "list"}"#.to_owned()), 1),
        ((302, vec![("location", "http://127.0.0.1:1/")], String::new()), 1),
    ] {
        let (endpoint, target) = Endpoint::start([answer.clone()]).await;
        let error = client().chat(&target, &question(), &Wanted::default()).await.unwrap_err();
        assert_eq!(endpoint.asked().len(), attempts, "{answer:?}: {error}");
    }
}

/// What it refused once, a model of this endpoint is not sent again.
#[tokio::test]
async fn a_dialect_is_learned_by_model() {
    let refuse = |param: &str| {
        let error = json!({"message": format!("Unsupported parameter: '{param}'"), "type": "invalid_request_error", "param": param, "code": "unsupported_parameter"});
        (400, vec![], json!({"error": error}).to_string())
    };
    let answers = [refuse("max_tokens"), refuse("temperature"), refuse("response_format"), says("{}")];
    let (endpoint, target) = Endpoint::start(answers).await;
    let client = client();
    let answered = client.chat(&target, &question(), &Wanted::default()).await.unwrap();
    assert_eq!(answered.attempts, 4);
    client.chat(&target, &question(), &Wanted::default()).await.unwrap();
    let asked = endpoint.asked();
    assert_eq!((asked.len(), &asked[4]), (5, &answered.sent));
    assert_eq!(
        (&asked[4]["max_completion_tokens"], &asked[4]["response_format"]["type"]),
        (&json!(9), &json!("json_object"))
    );
    assert!(asked[4].get("temperature").is_none());
    client.chat(&target, &ChatRequest { model: "other".to_owned(), ..question() }, &Wanted::default()).await.unwrap();
    assert_eq!(endpoint.asked()[5]["temperature"], 0.0);
}

#[tokio::test]
async fn calls_end_when_nobody_wants_them_or_nobody_answers() {
    let (_endpoint, target) = Endpoint::start([(503, vec![("retry-after", "60")], String::new())]).await;
    let cancel = CancellationToken::new();
    let call = tokio::spawn({
        let (target, cancel) = (target.clone(), cancel.clone());
        async move { client().chat(&target, &question(), &Wanted { cancel, ..Wanted::default() }).await }
    });
    cancel.cancel();
    assert_eq!(call.await.unwrap().unwrap_err().error, LlmError::Cancelled);

    // Nothing listens; nothing answers.
    let nobody = Target { base_url: "http://127.0.0.1:1/v1".parse().unwrap(), ..target.clone() };
    let error = client().chat(&nobody, &question(), &Wanted::default()).await.unwrap_err().error;
    assert!(matches!(&error, LlmError::Unreachable { .. }), "{error}");
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", silent.local_addr().unwrap()).parse().unwrap();
    let mute = Target { base_url, timeout: Duration::from_millis(50), ..target };
    let error = client().chat(&mute, &question(), &Wanted::default()).await.unwrap_err().error;
    assert!(matches!(&error, LlmError::Timeout { .. }), "{error}");
    assert!(!format!("{mute:?}").contains("sk-test"));
}

#[tokio::test]
async fn models_are_listed() {
    let list = json!({"object": "list", "data": [{"id": "b", "owned_by": "us", "shutdown_date": "2027-01-06"}, {"id": "a"}, {"name": "no id"}]});
    let (_endpoint, target) = Endpoint::start([(200, vec![], list.to_string())]).await;
    let models = client().models(&target).await.unwrap().models;
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(models[0].shutdown_date.as_deref(), Some("2027-01-06"));
    let (_endpoint, target) = Endpoint::start([(200, vec![], "<html>".to_owned())]).await;
    let failed = client().models(&target).await.unwrap_err();
    assert!(matches!(failed.error, LlmError::Unreadable { .. }));
    assert_eq!(failed.raw.as_deref(), Some("<html>"));
}

/// By number of calls: the first judge's schema or number changes nothing for the second one.
#[tokio::test]
async fn what_was_wrong_with_one_call_changes_no_other() {
    let refused = |message: &str, param: &str| {
        let error = json!({"message": message, "type": "invalid_request_error", "param": param, "code": null});
        (400, vec![], json!({"error": error}).to_string())
    };
    let schema = refused("Invalid schema for response_format 'score': 'oneOf' is not permitted.", "response_format");
    let (endpoint, target) = Endpoint::start([schema, says("{}")]).await;
    let client = client();
    let cool = ChatRequest { temperature: None, ..question() };
    assert_eq!(client.chat(&target, &cool, &Wanted::default()).await.unwrap().attempts, 2);
    client.chat(&target, &question(), &Wanted::default()).await.unwrap();
    let kinds: Vec<_> = endpoint.asked().iter().map(|body| body["response_format"]["type"].clone()).collect();
    assert_eq!(kinds, ["json_schema", "json_object", "json_schema"]);

    let (endpoint, hot) =
        Endpoint::start([refused("temperature must be between 0 and 1", "temperature"), says("{}")]).await;
    let request = ChatRequest { temperature: Some(1.5), ..question() };
    let failed = client.chat(&hot, &request, &Wanted::default()).await.unwrap_err();
    assert!(failed.error.to_string().contains("must be between 0 and 1") && !failed.may_be_paid, "{failed}");
    client.chat(&hot, &question(), &Wanted::default()).await.unwrap();
    assert_eq!(endpoint.asked()[1]["temperature"], 0.0);
}

/// What is only tried out leaves no trace in what is known of the saved endpoint.
#[tokio::test]
async fn a_draft_teaches_nothing() {
    let refuse =
        json!({"error": {"message": "Unsupported parameter", "param": "temperature", "code": "unsupported_parameter"}});
    let refuse = (400, vec![], refuse.to_string());
    let (endpoint, target) = Endpoint::start([refuse, says("{}")]).await;
    let client = client();
    let draft = Target { is_draft: true, ..target.clone() };
    client.chat(&draft, &question(), &Wanted::default()).await.unwrap();
    client.chat(&target, &question(), &Wanted::default()).await.unwrap();
    assert_eq!(endpoint.asked()[2]["temperature"], 0.0);
}

/// A lost generation is tried once more, and what it cost stays unknown; a refusal costs nothing.
#[tokio::test]
async fn what_may_have_been_paid_for_is_told() {
    let cut = || (200, vec![], r#"{"choices": [{"mess"#.to_owned());
    let (_endpoint, target) = Endpoint::start([cut(), says("{}")]).await;
    let answered = client().chat(&target, &question(), &Wanted::default()).await.unwrap();
    assert!(answered.may_be_paid && answered.attempts == 2);
    let (_endpoint, target) = Endpoint::start([(429, vec![], String::new()), says("{}")]).await;
    assert!(!client().chat(&target, &question(), &Wanted::default()).await.unwrap().may_be_paid);
    let (_endpoint, target) = Endpoint::start([cut()]).await;
    assert!(client().chat(&target, &question(), &Wanted::default()).await.unwrap_err().may_be_paid);
    let nobody = Target { base_url: "http://127.0.0.1:1/v1".parse().unwrap(), ..target };
    assert!(!client().chat(&nobody, &question(), &Wanted::default()).await.unwrap_err().may_be_paid);

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url: reqwest::Url = format!("http://{}/v1", silent.local_addr().unwrap()).parse().unwrap();
    let mute = Target { base_url, timeout: Duration::from_millis(50), ..nobody };
    let failed = client().chat(&mute, &question(), &Wanted::default()).await.unwrap_err();
    assert!(failed.may_be_paid && failed.attempts == 2, "{failed:?}");
    let slow = Target { timeout: Duration::from_secs(60), ..mute };
    let cancel = CancellationToken::new();
    let wanted = Wanted { cancel: cancel.clone(), ..Wanted::default() };
    let (failed, ()) = tokio::join!(async { client().chat(&slow, &question(), &wanted).await.unwrap_err() }, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    });
    assert_eq!((&failed.error, failed.attempts, failed.may_be_paid), (&LlmError::Cancelled, 1, true));
    assert_eq!(failed.sent["model"], "m");
}

/// One that waits for its next attempt leaves its place: with one place at once, the second call is answered meanwhile.
#[tokio::test]
async fn a_wait_between_attempts_holds_no_place() {
    let later = (429, vec![("retry-after", "60")], String::new());
    let (_endpoint, target) = Endpoint::start([later, says("{}")]).await;
    let target = Target { limits: Limits { concurrency: 1, ..target.limits }, ..target };
    let client = client();
    let gone = CancellationToken::new();
    let waiting = tokio::spawn({
        let (client, target, gone) = (client.clone(), target.clone(), gone.clone());
        async move { client.chat(&target, &question(), &Wanted { gone, ..Wanted::default() }).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (request, wanted) = (question(), Wanted::default());
    let second = client.chat(&target, &request, &wanted);
    assert!(tokio::time::timeout(Duration::from_secs(10), second).await.unwrap().is_ok());
    // Nobody wants the first one any more: it does not wait the minute out.
    gone.cancel();
    let failed = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap().unwrap_err();
    assert_eq!((failed.error, failed.attempts, failed.may_be_paid), (LlmError::Cancelled, 1, false));
}

/// In an error's body, an answer, or a model's name: nobody sees the key that was sent.
#[tokio::test]
async fn an_echoed_key_is_taken_out() {
    let key = "sk-0123456789-very-secret";
    let echo = json!({"error": {"message": format!("Authorization: Bearer {key}")}}).to_string();
    let list = json!({"data": [{"id": format!("model-{key}"), "owned_by": key}]}).to_string();
    let answers = [(401, vec![], echo), says(&format!("You sent {key}")), (200, vec![], list)];
    let (_endpoint, target) = Endpoint::start(answers).await;
    let target = Target { key: Some(key.to_owned()), ..target };
    let failed = client().chat(&target, &question(), &Wanted::default()).await.unwrap_err();
    assert!(failed.error.to_string().contains("Bearer [key hidden]"), "{failed}");
    assert!(!format!("{failed:?}").contains("0123456789"));
    let answered = client().chat(&target, &question(), &Wanted::default()).await.unwrap();
    assert_eq!(answered.answer.text.as_deref(), Some("You sent [key hidden]"));
    assert_eq!(client().models(&target).await.unwrap().models[0].id, "model-[key hidden]");
}

/// Each error's words are sentences with one full stop.
#[tokio::test]
async fn no_sentence_ends_twice() {
    for body in [r#"{"choices": ["#, "{}", r#"{"choices": []}"#] {
        let (_endpoint, target) = Endpoint::start([(200, vec![], body.to_owned())]).await;
        let chat = client().chat(&target, &question(), &Wanted::default()).await.unwrap_err().to_string();
        let models = client().models(&target).await.unwrap_err().to_string();
        assert!(!chat.contains("..") && !models.contains("..") && chat.contains(". Check"), "{chat} {models}");
    }
}
