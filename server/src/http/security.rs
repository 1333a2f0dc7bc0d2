//! The layers around every route: request ids and tracing, Host and Origin checks, the access token, headers.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use leptos::reactive::computed::ScopedFuture;
use leptos::reactive::owner::Owner;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::auth;
use super::reply::HttpError;
use crate::datasets::new_id;
use crate::state::AppState;
use crate::types::error::AppError;

/// Most bytes of a request body, other than an upload's.
const MAX_BODY_BYTES: usize = 32 << 20;
/// A plain request that takes longer is answered by 503; streams and uploads are exempt.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// The id under which a request is traced; also sent back as `x-request-id`.
#[derive(Debug, Clone, Default)]
pub struct RequestId(pub String);

tokio::task_local! {
    /// The request that this task answers; for errors on their way out of a plain route.
    static CURRENT: RequestId;
}

/// The id of the request that is being answered; a fresh one outside of any.
pub(super) fn current_request_id() -> String {
    CURRENT.try_with(|id| id.0.clone()).unwrap_or_else(|_| new_id())
}

/// The content security policy of a page: it may load what this server sends and nothing else, and run no script but
/// those that carry `nonce`. The code editor's style element carries it too. Inline style attributes stay allowed: widths of bars and the canvas's transform are computed.
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// What is no page may load nothing but the style of an error page.
const FILE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// Puts every check around the routes.
pub fn secure(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        // The framework's own limit of 2 MB would come before ours: `limit_body`'s, and that of `upload`.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(with_own_owner))
        .layer(middleware::from_fn(super::set_error_status))
        .layer(middleware::from_fn(limit_body))
        .layer(middleware::from_fn_with_state(state.clone(), authenticate))
        .layer(middleware::from_fn_with_state(state.clone(), check_origin))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(set_headers))
        .layer(middleware::from_fn(trace))
}

async fn trace(mut request: Request, next: Next) -> Response {
    let id = RequestId(new_id());
    let span = tracing::info_span!("request", id = %id.0, method = %request.method(), path = %request.uri().path());
    request.extensions_mut().insert(id.clone());
    async move {
        let started = Instant::now();
        let mut response = CURRENT.scope(id.clone(), next.run(request)).await;
        if let Ok(value) = HeaderValue::from_str(&id.0) {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
        }
        let (status, elapsed_ms) = (response.status().as_u16(), started.elapsed().as_millis());
        if status >= 500 {
            tracing::error!(status, elapsed_ms, "answered");
        } else {
            tracing::debug!(status, elapsed_ms, "answered");
        }
        response
    }
    .instrument(span)
    .await
}

/// What every answer carries.
async fn set_headers(request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/pkg/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page brought its own, with the nonce that its scripts carry.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(FILE_POLICY);
    if is_asset {
        // The files keep their names from build to build: the browser asks, and is told "not modified".
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    } else if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Answers every request under a reactive owner of its own. The framework leaves the owner of the page drawn last as
/// its thread's current one; whatever the next request on that thread makes would become that page's child, see its
/// context and die with it.
async fn with_own_owner(request: Request, next: Next) -> Response {
    let owner = Owner::new_root(None);
    owner.clone().unset();
    owner.with(|| ScopedFuture::new(next.run(request))).await
}

/// Bounds bodies and time. Uploads bound themselves (they are streamed to disk); streams take as long as
/// they take.
async fn limit_body(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // Trainers' requests are let in, bounded and timed by `scoring`.
    if path.starts_with("/v1/")
        || matches!(path, "/upload" | "/upload/preview")
        || path.starts_with("/events/")
        || path.starts_with("/download/")
    {
        return next.run(request).await;
    }
    // The time counts from the first byte: whoever sends slowly must not hold a connection for ever either.
    let answer = async {
        let (parts, body) = request.into_parts();
        let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
            let message = "The request is larger than 32 MiB or was cut off. Import large data as a file.".to_owned();
            return HttpError(AppError::TooLarge { message }).into_response();
        };
        next.run(Request::from_parts(parts, axum::body::Body::from(bytes))).await
    };
    match tokio::time::timeout(REQUEST_TIMEOUT, answer).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let message = "The server took too long to answer. Try again in a moment.".to_owned();
            HttpError(AppError::Unavailable { message }).into_response()
        }
    }
}

/// Refuses what a foreign page could make a browser send: a Host that is not ours (DNS rebinding), and a
/// state-changing request whose Origin is not that Host (cross-site request forgery).
async fn check_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match foreign(
        &state,
        request.method(),
        request.headers(),
        request.uri().authority().map(axum::http::uri::Authority::as_str),
    ) {
        None => next.run(request).await,
        Some(message) => HttpError(AppError::Forbidden { message }).into_response(),
    }
}

fn foreign(state: &AppState, method: &Method, headers: &HeaderMap, authority: Option<&str>) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).or(authority).unwrap_or_default();
    if !host_is_ours(state, host) {
        return Some(format!(
            "This server does not answer to the host name \"{}\". Use the address it printed, or add the name to ANNEAL_ALLOWED_HOSTS.",
            host.chars().take(100).collect::<String>()
        ));
    }
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    let refused =
        || Some("The request was sent by another web site, so it was refused. Use Anneal's own pages.".to_owned());
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let origin_host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        return if origin_host.is_some_and(|origin_host| origin_host.eq_ignore_ascii_case(host)) {
            None
        } else {
            refused()
        };
    }
    match headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
        None | Some("same-origin" | "none") => None,
        Some(_) => refused(),
    }
}

fn host_is_ours(state: &AppState, host: &str) -> bool {
    let name = host_name(host);
    if state
        .config
        .allowed_hosts
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(name) || allowed.eq_ignore_ascii_case(host))
    {
        return true;
    }
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    // An address cannot be rebound: whoever types one means this machine. Names can.
    name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// A Host header without its port.
fn host_name(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.split(':').next().unwrap_or(host)
}

/// Demands the access token where one is set.
async fn authenticate(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // What is below /v1/ has keys of its own, and no page.
    let open = path.starts_with("/v1/")
        || path == "/login"
        || path == "/healthz"
        || path.starts_with("/pkg/")
        || path == "/favicon.svg";
    let Some(token) = state.config.token.as_deref().filter(|_| !open) else { return next.run(request).await };
    if auth::is_signed_in(request.headers(), token) {
        return next.run(request).await;
    }
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !text(header::ACCEPT).contains("text/html") {
        return HttpError(AppError::Unauthorized).into_response();
    }
    if request.method() == Method::GET {
        return auth::to_login(request.uri());
    }
    // A form of a page: what it sent is lost, its page is where to go on. (Another site's form never comes here.)
    auth::to_login(&text(header::REFERER).parse().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_header_loses_its_port_only() {
        for (host, expected) in
            [("localhost:4577", "localhost"), ("127.0.0.1", "127.0.0.1"), ("[::1]:4577", "[::1]"), ("", "")]
        {
            assert_eq!(host_name(host), expected);
        }
    }
}
