//! What every request under `/v1` goes through: counted, read, checked against key and limits, recorded, given its faults.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::connection::Connection;
use super::delivery::deliver;
use super::error::ApiError;
use super::log::{RecordedRequest, without_secrets};
use super::script::{Fault, Plan, RequestFacts, Route, unauthorized};
use super::state::{Inner, Shared, UnderWay};

/// The largest body that is read; a provider takes files of 512 MB, which no test has.
const MAX_BODY_BYTES: usize = 128 * 1024 * 1024;

/// A request that was let in, for its handler.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    /// Its number in the log; names what it makes.
    pub(super) number: u64,
    /// What it meets.
    pub(super) plan: Arc<Plan>,
    body: Option<Arc<Value>>,
}

impl Admitted {
    /// The body, if it is a JSON object.
    pub(super) fn object(&self) -> Result<&serde_json::Map<String, Value>, ApiError> {
        self.body.as_deref().and_then(Value::as_object).ok_or_else(|| {
            ApiError::bad_request(
                "We could not parse the JSON body of your request. The API expects a JSON payload that is an object.",
            )
        })
    }
}

/// Runs one request through everything.
pub(super) async fn gate(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let under_way = UnderWay::begin(Arc::clone(&shared));
    let arrived = Instant::now();
    let (mut parts, body) = request.into_parts();
    let (bytes, readable) = match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(bytes) => (bytes, Ok(())),
        Err(_) => (Bytes::new(), Err(too_large())),
    };
    let (admitted, verdict) = admit(&shared, &parts, &bytes, under_way.concurrent);
    wait(&shared, admitted.plan.latency).await;
    let refused = readable.and(verdict).err().map(IntoResponse::into_response);
    let mut response = if let Some(response) = refused.or_else(|| failure(&admitted)) {
        response
    } else {
        parts.extensions.insert(admitted.clone());
        next.run(Request::from_parts(parts, Body::from(bytes))).await
    };
    sign(&mut response, admitted.number, arrived.elapsed());
    shared.lock().log.answered(admitted.number, response.status().as_u16());
    deliver(response, &admitted.plan, under_way, connection).await
}

/// Records the request and decides what it meets. The verdict is the endpoint's own: its key, its limits.
fn admit(shared: &Shared, parts: &Parts, bytes: &Bytes, concurrent: usize) -> (Admitted, Result<(), ApiError>) {
    let body: Option<Value> = serde_json::from_slice(bytes).ok();
    let model = body.as_ref().and_then(|body| body.get("model")).and_then(Value::as_str).map(str::to_owned);
    let path = parts.uri.path();
    let route = Route::of(path);
    let mut inner = shared.lock();
    let verdict = check(&mut inner, &parts.headers, route, concurrent);
    let plan = match (route, &verdict) {
        (Some(route), Ok(())) => {
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            let facts = RequestFacts { route, model: model.as_deref().unwrap_or_default(), text };
            let Inner { script, progress, .. } = &mut *inner;
            progress.next_plan(script, facts)
        }
        // What is refused anyhow uses up nothing of the script.
        _ => Plan::default(),
    };
    let number = inner.log.record(RecordedRequest {
        number: 0,
        at_ms: u64::try_from(shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        method: parts.method.to_string(),
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        route,
        model,
        headers: without_secrets(&parts.headers),
        body: body.clone().unwrap_or_default(),
        body_bytes: bytes.len(),
        concurrent,
        faults: plan.faults.clone(),
        status: None,
    });
    (Admitted { number, plan: Arc::new(plan), body: body.map(Arc::new) }, verdict)
}

fn check(inner: &mut Inner, headers: &HeaderMap, route: Option<Route>, concurrent: usize) -> Result<(), ApiError> {
    if let Some(key) = &inner.script.api_key
        && key_of(headers) != Some(key)
    {
        return Err(unauthorized());
    }
    if matches!(route, Some(Route::Chat | Route::Embeddings)) {
        let Inner { window, script, .. } = inner;
        window.admit(&script.limits, concurrent, Instant::now())?;
    }
    Ok(())
}

/// The key in the header of OpenAI or of Azure.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.or_else(|| headers.get("api-key")?.to_str().ok())
}

async fn wait(shared: &Shared, time: Duration) {
    if !time.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = shared.stop.cancelled() => {}
        }
    }
}

/// The answer of a plan that lets no handler answer.
fn failure(admitted: &Admitted) -> Option<Response> {
    let html = admitted.plan.faults.iter().find_map(|fault| match fault {
        Fault::Html { status } => Some(StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY)),
        _ => None,
    });
    if let Some(status) = html {
        return Some((status, Html("<html><body><h1>The proxy is not well</h1></body></html>")).into_response());
    }
    admitted.plan.error(admitted.body.as_deref()).map(IntoResponse::into_response)
}

/// The headers that every answer has.
fn sign(response: &mut Response, number: u64, took: Duration) {
    let headers = response.headers_mut();
    headers.insert("openai-processing-ms", HeaderValue::from(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
    headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
    if let Ok(id) = HeaderValue::from_str(&format!("req_{number:08}")) {
        headers.insert("x-request-id", id);
    }
}

fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "invalid_request_error",
        format!("The body could not be read, or is larger than {MAX_BODY_BYTES} bytes."),
    )
}
