//! One call from its request to its answer: a place at the endpoint, the attempts, what is learned of its dialect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Response, Url};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::error::LlmError;
use super::limits::{Gate, Limits, Passed};
use super::retry::{RetryHint, RetryPolicy};
use super::wire::{ChatAnswer, ChatRequest, Dialect, body_of, read_answer};
use crate::format;
use crate::types::endpoint::EndpointModel;

/// No answer is longer: what is, is none.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// A connection takes no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// An endpoint as a call needs it.
#[derive(Clone)]
pub struct Target {
    /// By which its limits and what was learned of it are kept.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Up to and with `/v1` or what stands in its place; a query (`?api-version=`) stays.
    pub base_url: Url,
    /// The key, if it has one. Sent as `Authorization: Bearer`, and to Azure as `api-key`.
    pub key: Option<String>,
    /// An attempt takes no longer.
    pub timeout: Duration,
    /// What may go there.
    pub limits: Limits,
}

impl std::fmt::Debug for Target {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Target {
    /// The address of a route below the base.
    fn url(&self, route: &str) -> Url {
        let mut url = self.base_url.clone();
        let path = format!("{}/{route}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    fn headers(&self) -> Result<HeaderMap, LlmError> {
        let mut headers = HeaderMap::new();
        let Some(key) = &self.key else { return Ok(headers) };
        let is_azure = self.base_url.host_str().is_some_and(|host| host.ends_with(".azure.com"));
        let (name, value) = if is_azure {
            (reqwest::header::HeaderName::from_static("api-key"), key.clone())
        } else {
            (AUTHORIZATION, format!("Bearer {key}"))
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| LlmError::Unauthorized {
            endpoint: self.name.clone(),
            status: 401,
            message: "The key holds characters that no key has; it was not sent.".to_owned(),
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(headers)
    }

    fn broken(&self, error: &reqwest::Error) -> LlmError {
        let endpoint = self.name.clone();
        if error.is_timeout() && !error.is_connect() {
            return LlmError::Timeout { endpoint, after: self.timeout };
        }
        // The innermost cause says it shortest: "Connection refused".
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        LlmError::Unreachable { endpoint, reason: cause.to_string() }
    }
}

/// An answer and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What the model said.
    pub answer: ChatAnswer,
    /// The request's body as it was sent at last.
    pub sent: Value,
    /// Requests that went out, refused ones among them.
    pub attempts: u32,
    /// From the first request to the answer, waits between attempts included; a wait for a place is not.
    pub latency: Duration,
}

/// A call that brought no answer, and what it took.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct CallFailed {
    /// Why.
    pub error: LlmError,
    /// What the endpoint sent last, as it sent it; at most 4,000 characters.
    pub raw: Option<String>,
    /// The request's body as it was sent last; null if it was not.
    pub sent: Value,
    /// Requests that went out.
    pub attempts: u32,
    /// From the first request to the end.
    pub latency: Duration,
}

/// Longest part of what an endpoint sent that is kept, in characters.
const RAW_LENGTH: usize = 4_000;

/// The one way to model endpoints; cheap to clone.
#[derive(Clone)]
pub struct LlmClient {
    http: reqwest::Client,
    policy: RetryPolicy,
    gates: Arc<Mutex<Gates>>,
    dialects: Arc<Mutex<Dialects>>,
}

/// By the endpoint's id, with the limits that it was made of.
type Gates = HashMap<String, (Limits, Arc<Gate>)>;
/// By the endpoint's id and the model.
type Dialects = HashMap<(String, String), Dialect>;

impl LlmClient {
    /// The error is of the system's certificates.
    pub fn new(policy: RetryPolicy) -> Result<Self, reqwest::Error> {
        use_tls();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect would carry the key to another host.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("anneal/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, policy, gates: Arc::default(), dialects: Arc::default() })
    }

    /// Asks a model. Ends early when `cancel` says so; the call may have been made then, and paid for.
    pub async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<Answered, Box<CallFailed>> {
        let cancelled = |()| CallFailed {
            error: LlmError::Cancelled,
            raw: None,
            sent: Value::Null,
            attempts: 0,
            latency: Duration::ZERO,
        };
        tokio::select! {
            biased;
            over = cancel.cancelled() => Err(Box::new(cancelled(over))),
            answered = self.ask(target, request) => answered,
        }
    }

    /// The models that it offers, in its order.
    pub async fn models(&self, target: &Target) -> Result<Vec<EndpointModel>, Box<CallFailed>> {
        let began = Instant::now();
        let (body, hint) = match self.exchange(target, Method::GET, "models", "", None).await {
            Ok(answered) => answered,
            Err(failed) => return Err(failed.at_last(Value::Null, 1, began)),
        };
        read_models(&body).map_err(|reason| {
            let error = LlmError::Unreadable { endpoint: target.name.clone(), reason };
            Failed { error, hint, raw: raw_of(&body) }.at_last(Value::Null, 1, began)
        })
    }

    async fn ask(&self, target: &Target, request: &ChatRequest) -> Result<Answered, Box<CallFailed>> {
        let gate = self.gate(target);
        let thought = estimated_tokens(request);
        let passed = gate.pass(thought).await;
        let began = Instant::now();
        let mut dialect = self.dialect(target, &request.model);
        let (mut attempts, mut failures) = (0, 0);
        loop {
            let sent = body_of(request, &dialect);
            attempts += 1;
            let failed = match self.one(target, request, &sent).await {
                Ok(answer) => {
                    let used = answer.usage.map(|usage| usage.prompt_tokens + usage.completion_tokens);
                    passed.succeeded(used.map_or(0.0, |used| used as f64 - f64::from(thought)));
                    self.learn(target, &request.model, dialect);
                    return Ok(Answered { answer, sent, attempts, latency: began.elapsed() });
                }
                Err(failed) => failed,
            };
            // What it does not take is said otherwise, at once: that is no failure of the endpoint.
            if let Some(other) = dialect.after(request, &failed.error) {
                dialect = other;
                continue;
            }
            failures += 1;
            if let Err(failed) = self.before_next(&passed, failed, failures).await {
                return Err(failed.at_last(sent, attempts, began));
            }
        }
    }

    /// Waits until the next attempt; the failure if there is none.
    async fn before_next(&self, passed: &Passed<'_>, failed: Failed, failures: u32) -> Result<(), Failed> {
        if failed.error.is_overload() {
            passed.overloaded();
        }
        let may_pass = match &failed.error {
            // Waiting does not clear these, whatever a proxy's header says.
            LlmError::Quota { .. } | LlmError::Cancelled => false,
            error => failed.hint.should.unwrap_or_else(|| error.is_passing()),
        };
        let wait = self.policy.wait(failures, failed.hint.after, rand::random::<f64>()).filter(|_| may_pass);
        let Some(wait) = wait else { return Err(failed) };
        tokio::time::sleep(wait).await;
        Ok(())
    }

    async fn one(&self, target: &Target, request: &ChatRequest, sent: &Value) -> Result<ChatAnswer, Failed> {
        let (body, hint) = self.exchange(target, Method::POST, "chat/completions", &request.model, Some(sent)).await?;
        read_answer(&body).map_err(|reason| {
            let reason = format!("{reason}.");
            Failed { error: LlmError::Unreadable { endpoint: target.name.clone(), reason }, hint, raw: raw_of(&body) }
        })
    }

    /// One request and the whole body of its answer.
    async fn exchange(
        &self,
        target: &Target,
        method: Method,
        route: &str,
        model: &str,
        body: Option<&Value>,
    ) -> Result<(Vec<u8>, RetryHint), Failed> {
        let mut request =
            self.http.request(method, target.url(route)).headers(target.headers()?).timeout(target.timeout);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| target.broken(&error))?;
        let status = response.status();
        let hint = hint_of(response.headers());
        let body = read_bounded(target, response).await?;
        if status.is_success() {
            return Ok((body, hint));
        }
        let error = LlmError::of_status(&target.name, model, status.as_u16(), &body);
        Err(Failed { error, hint, raw: raw_of(&body) })
    }

    fn gate(&self, target: &Target) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        match gates.get(&target.id) {
            Some((limits, gate)) if *limits == target.limits => gate.clone(),
            // Other limits are another gate; calls that are under way leave by the old one.
            _ => {
                let gate = Arc::new(Gate::new(target.limits));
                gates.insert(target.id.clone(), (target.limits, gate.clone()));
                gate
            }
        }
    }

    fn dialect(&self, target: &Target, model: &str) -> Dialect {
        let dialects = self.dialects.lock().unwrap_or_else(PoisonError::into_inner);
        dialects.get(&(target.id.clone(), model.to_owned())).cloned().unwrap_or_default()
    }

    fn learn(&self, target: &Target, model: &str, dialect: Dialect) {
        let mut dialects = self.dialects.lock().unwrap_or_else(PoisonError::into_inner);
        dialects.insert((target.id.clone(), model.to_owned()), dialect);
    }
}

/// Chooses what encrypts this process's connections. No client of `reqwest` can be made before; a second time changes nothing.
pub fn use_tls() {
    // An error says that one is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An attempt that failed, and what the endpoint says of another one.
struct Failed {
    error: LlmError,
    hint: RetryHint,
    raw: Option<String>,
}

impl Failed {
    fn at_last(self, sent: Value, attempts: u32, began: Instant) -> Box<CallFailed> {
        Box::new(CallFailed { error: self.error, raw: self.raw, sent, attempts, latency: began.elapsed() })
    }
}

fn raw_of(body: &[u8]) -> Option<String> {
    // Four bytes at most make a character, so that no more than this needs to be read.
    let start = body.get(..RAW_LENGTH * 4).unwrap_or(body);
    (!body.is_empty()).then(|| String::from_utf8_lossy(start).chars().take(RAW_LENGTH).collect())
}

impl From<LlmError> for Failed {
    fn from(error: LlmError) -> Self {
        Self { error, hint: RetryHint::default(), raw: None }
    }
}

fn hint_of(headers: &HeaderMap) -> RetryHint {
    RetryHint::read(|name| headers.get(name).and_then(|value| value.to_str().ok()), SystemTime::now())
}

async fn read_bounded(target: &Target, response: Response) -> Result<Vec<u8>, LlmError> {
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.map_err(|error| target.broken(&error))?);
        if body.len() > MAX_ANSWER_BYTES {
            let reason = format!("it is longer than {} MiB.", MAX_ANSWER_BYTES >> 20);
            return Err(LlmError::Unreadable { endpoint: target.name.clone(), reason });
        }
    }
    Ok(body)
}

/// Tokens of a call, by four characters each, for the limit of a minute; its answer corrects it.
fn estimated_tokens(request: &ChatRequest) -> u32 {
    let characters: usize = request.messages.iter().map(|message| message.to_string().len()).sum();
    let asked = u32::try_from(characters / 4).unwrap_or(u32::MAX);
    asked.saturating_add(request.max_tokens.unwrap_or(256))
}

/// The day that an endpoint writes as a date, a time, or seconds since 1970.
fn shutdown_day(value: &Value) -> Option<String> {
    if let Some(seconds) = value.as_i64() {
        return format::utc(seconds.checked_mul(1_000)?).get(..10).map(str::to_owned);
    }
    let day = value.as_str()?.get(..10)?;
    format::days_of_date(day).map(|_| day.to_owned())
}

fn read_models(body: &[u8]) -> Result<Vec<EndpointModel>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("it is no whole JSON ({error})."))?;
    let list = value.get("data").and_then(Value::as_array).ok_or("it has no list \"data\".")?;
    let model = |item: &Value| {
        let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let shutdown_date = item.get("shutdown_date").and_then(shutdown_day);
        Some(EndpointModel { id: text("id")?, owned_by: text("owned_by"), shutdown_date, ends_in_days: None })
    };
    Ok(list.iter().filter_map(model).collect())
}
