//! One call from its request to its answer: a place at the endpoint, the attempts, what is learned of its dialect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response, Url};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::dialect::{Dialect, Learned};
use super::error::LlmError;
use super::limits::{Gate, Limits};
use super::mask::masked;
use super::models::{ListedModels, read_models};
use super::retry::{RetryHint, RetryPolicy};
use super::target::Target;
use super::wire::{ChatAnswer, ChatRequest, Unread, body_of, read_answer};

/// No answer is longer: what is, is none.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// A connection takes no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// An answer and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What the model said.
    pub answer: ChatAnswer,
    /// The request's body as it was sent at last.
    pub sent: Value,
    /// Requests that went out, refused ones among them.
    pub attempts: u32,
    /// Whether an attempt before may have to be paid for as well.
    pub may_be_paid: bool,
    /// From the first request to the answer, waits between attempts included; the wait for a first place is not.
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
    /// Whether an attempt may have to be paid for; else the call cost nothing.
    pub may_be_paid: bool,
    /// From the first request to the end.
    pub latency: Duration,
}

/// Longest part of what an endpoint sent that is kept, in characters.
const RAW_LENGTH: usize = 4_000;
/// Attempts that may each have been a whole, paid generation.
const COSTLY_ATTEMPTS: u32 = 2;

/// Who still wants an answer.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Ends the call at once, even in the middle of an attempt.
    pub cancel: CancellationToken,
    /// Nobody waits any more: the attempt that is under way ends by itself, for it may have to be paid for; none follows.
    pub gone: CancellationToken,
}

/// The one way to model endpoints; cheap to clone.
#[derive(Clone)]
pub struct LlmClient {
    http: reqwest::Client,
    policy: RetryPolicy,
    gates: Arc<Mutex<Gates>>,
    learned: Arc<Learned>,
}

/// By the endpoint's id, with the address and the limits that it was made of.
type Gates = HashMap<String, ((Url, Limits), Arc<Gate>)>;

/// How far a call is: what is left of it where it is cancelled.
#[derive(Debug, Default)]
struct Progress {
    sent: Value,
    attempts: u32,
    began: Option<Instant>,
    /// Of the attempts that ended.
    may_be_paid: bool,
    is_under_way: bool,
    /// [`COSTLY_ATTEMPTS`] are counted here.
    costly: u32,
    failures: u32,
}

impl Progress {
    fn failed(&mut self, failed: Failed) -> Box<CallFailed> {
        Box::new(CallFailed {
            error: failed.error,
            raw: failed.raw,
            sent: std::mem::take(&mut self.sent),
            attempts: self.attempts,
            may_be_paid: self.may_be_paid || self.is_under_way,
            latency: self.began.map(|began| began.elapsed()).unwrap_or_default(),
        })
    }
}

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
        Ok(Self { http, policy, gates: Arc::default(), learned: Arc::default() })
    }

    /// Asks a model. Ends early when it is cancelled; the call may have been made then, and paid for.
    pub async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        wanted: &Wanted,
    ) -> Result<Answered, Box<CallFailed>> {
        let mut progress = Progress::default();
        let asked = {
            let asking = self.ask(target, request, wanted, &mut progress);
            tokio::select! {
                biased;
                () = wanted.cancel.cancelled() => Err(LlmError::Cancelled.into()),
                answered = asking => answered,
            }
        };
        match asked {
            Ok(answer) => Ok(Answered {
                answer,
                sent: progress.sent,
                attempts: progress.attempts,
                may_be_paid: progress.may_be_paid,
                latency: progress.began.map(|began| began.elapsed()).unwrap_or_default(),
            }),
            Err(failed) => Err(progress.failed(failed)),
        }
    }

    /// The models that it offers, in its order.
    pub async fn models(&self, target: &Target) -> Result<ListedModels, Box<CallFailed>> {
        let mut progress = Progress { attempts: 1, began: Some(Instant::now()), ..Progress::default() };
        let (body, hint) = match self.exchange(target, Method::GET, "models", "", None).await {
            Ok(answered) => answered,
            Err(failed) => return Err(progress.failed(failed)),
        };
        read_models(&body).map_err(|reason| {
            let error = LlmError::Unreadable { endpoint: target.name.clone(), reason, may_pass: false };
            progress.failed(Failed { error, hint, raw: raw_of(&body) })
        })
    }

    /// Forgets what was learned of an endpoint, which was changed. The calls that are under way are still counted.
    pub fn forget(&self, endpoint_id: &str) {
        self.learned.forget(endpoint_id);
    }

    /// Forgets an endpoint that is gone.
    pub fn remove(&self, endpoint_id: &str) {
        self.learned.forget(endpoint_id);
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).remove(endpoint_id);
    }

    async fn ask(
        &self,
        target: &Target,
        request: &ChatRequest,
        wanted: &Wanted,
        progress: &mut Progress,
    ) -> Result<ChatAnswer, Failed> {
        let gate = self.gate(target);
        let thought = estimated_tokens(request);
        let mut dialect = self.learned.of(&target.id, &target.base_url, &request.model);
        let mut found = Dialect::default();
        loop {
            let mut passed = tokio::select! {
                biased;
                () = wanted.gone.cancelled() => return Err(LlmError::Cancelled.into()),
                passed = gate.pass(thought) => passed,
            };
            passed.sent();
            progress.began.get_or_insert_with(Instant::now);
            progress.attempts += 1;
            progress.sent = body_of(request, &dialect);
            progress.is_under_way = true;
            let one = self.one(target, request, &progress.sent).await;
            progress.is_under_way = false;
            let failed = match one {
                Ok(answer) => {
                    let used = answer.usage.map(|usage| usage.prompt_tokens + usage.completion_tokens);
                    passed.succeeded(used.map_or(0.0, |used| used as f64 - f64::from(thought)));
                    if !target.is_draft {
                        self.learned.add(&target.id, &target.base_url, &request.model, &found);
                    }
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            progress.may_be_paid |= failed.error.may_be_paid();
            if !failed.error.may_be_paid() {
                passed.correct(-f64::from(thought));
            }
            // What it does not take is said otherwise, at once: that is no failure of the endpoint.
            if let Some(next) = dialect.after(request, &failed.error) {
                if next.is_lesson {
                    found.join(&dialect.difference(&next.dialect));
                }
                dialect = next.dialect;
                continue;
            }
            if failed.error.is_overload() {
                passed.overloaded();
            }
            // Others may go while this one waits.
            drop(passed);
            let Some(wait) = self.wait_after(&failed, progress) else { return Err(failed) };
            tokio::select! {
                biased;
                () = wanted.gone.cancelled() => return Err(LlmError::Cancelled.into()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// How long to wait before the next attempt; `None` if there is none.
    fn wait_after(&self, failed: &Failed, progress: &mut Progress) -> Option<Duration> {
        progress.failures += 1;
        progress.costly += u32::from(failed.error.is_costly());
        let is_enough = failed.error.is_final() || progress.costly >= COSTLY_ATTEMPTS;
        let may_pass = !is_enough && failed.hint.should.unwrap_or_else(|| failed.error.is_passing());
        let wait = self.policy.wait(progress.failures, failed.hint.after, rand::random::<f64>());
        wait.filter(|_| may_pass)
    }

    async fn one(&self, target: &Target, request: &ChatRequest, sent: &Value) -> Result<ChatAnswer, Failed> {
        let (body, hint) = self.exchange(target, Method::POST, "chat/completions", &request.model, Some(sent)).await?;
        read_answer(&body).map_err(|unread| {
            let may_pass = matches!(unread, Unread::NotWhole(_));
            let error = LlmError::Unreadable { endpoint: target.name.clone(), reason: unread.to_string(), may_pass };
            Failed { error, hint, raw: raw_of(&body) }
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
        // The one place where something of an endpoint comes in.
        let body = masked(read_bounded(target, response).await?, target.key.as_deref());
        if status.is_success() {
            return Ok((body, hint));
        }
        let error = LlmError::of_status(&target.name, model, status.as_u16(), &body);
        Err(Failed { error, hint, raw: raw_of(&body) })
    }

    fn gate(&self, target: &Target) -> Arc<Gate> {
        if target.is_draft {
            return Arc::new(Gate::new(target.limits));
        }
        let made_of = (target.base_url.clone(), target.limits);
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        match gates.get(&target.id) {
            Some((before, gate)) if *before == made_of => gate.clone(),
            // Another address or other limits are another gate; calls that are under way leave by the old one.
            _ => {
                let gate = Arc::new(Gate::new(target.limits));
                gates.insert(target.id.clone(), (made_of, gate.clone()));
                gate
            }
        }
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
    let is_answer = response.status().is_success();
    let mut pieces = response.bytes_stream();
    let unreadable = |reason, may_pass| LlmError::Unreadable { endpoint: target.name.clone(), reason, may_pass };
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| match target.broken(&error) {
            LlmError::Unreachable { reason, .. } if is_answer => {
                unreadable(format!("the connection ended in its middle ({reason})."), true)
            }
            other => other,
        })?;
        body.extend_from_slice(&piece);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(unreadable(format!("it is longer than {} MiB.", MAX_ANSWER_BYTES >> 20), false));
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
