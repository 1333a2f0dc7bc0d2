//! Signing in with the access token, where one is set: a session cookie for browsers, `Authorization: Bearer` for
//! programs.

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::reply::{HttpError, escape, plain_page};
use super::session::{SESSION_SECONDS, Session};
use crate::clock::now_ms;
use crate::error::ServiceError;
use crate::sign_in::{HOME, sign_in_address, way_back};
use crate::state::AppState;

const COOKIE: &str = "anneal_session";

/// Whether the request carries the token or a session that was opened with it.
pub fn is_signed_in(headers: &HeaderMap, token: &str) -> bool {
    let texts = |name| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let mut bearers = texts(header::AUTHORIZATION).filter_map(|value| value.strip_prefix("Bearer "));
    if bearers.any(|given| matches(given, token)) {
        return true;
    }
    let now = now_ms() / 1000;
    let pairs = texts(header::COOKIE).flat_map(|value| value.split(';'));
    let mut sessions = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    sessions.any(|given| Session::is_valid(given, token, now))
}

/// In constant time.
fn matches(given: &str, token: &str) -> bool {
    given.as_bytes().ct_eq(token.as_bytes()).into()
}

/// To the form, and from there back to what was asked for.
pub(super) fn to_login(asked_for: &Uri) -> Response {
    let path = asked_for.path_and_query().map_or(HOME, PathAndQuery::as_str);
    Redirect::to(&sign_in_address(path)).into_response()
}

/// `?next=/finetune/...`: where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct LoginQuery {
    next: Option<String>,
}

/// The form.
pub(super) async fn login_page(
    State(state): State<AppState>,
    query: Result<Query<LoginQuery>, QueryRejection>,
) -> Result<Response, HttpError> {
    let next = query?.0.next.unwrap_or_default();
    let next = way_back(&next);
    if state.config.token.is_none() {
        return Ok(Redirect::to(&next).into_response());
    }
    Ok(Html(form("", &next)).into_response())
}

fn form(message: &str, next: &str) -> String {
    plain_page(
        "Sign in",
        &format!(
            "<p>This server is reachable from the network, so it asks for its access token (ANNEAL_TOKEN).</p>{message}\
             <form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"next\" value=\"{}\"><label>Access token <input name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus></label> \
             <button class=\"button button--primary\">Sign in</button></form>",
            escape(next)
        ),
    )
}

/// What the form posts.
#[derive(Deserialize)]
pub(super) struct Login {
    token: String,
    #[serde(default)]
    next: String,
}

/// Sets the cookie if the token is right. Wrong ones are answered slowly.
pub(super) async fn login(
    State(state): State<AppState>,
    form: Result<Form<Login>, FormRejection>,
) -> Result<Response, HttpError> {
    let Form(login) = form?;
    let next = way_back(&login.next);
    let mut response = Redirect::to(&next).into_response();
    let Some(token) = state.config.token.as_deref() else { return Ok(response) };
    if !matches(login.token.trim(), token) {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let message = "<p role=\"alert\">That is not the token. It is the value of ANNEAL_TOKEN where the server was started.</p>";
        return Ok((StatusCode::UNAUTHORIZED, Html(self::form(message, &next))).into_response());
    }
    let session = Session::open(token, now_ms() / 1000)?;
    let cookie = format!("{COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/; Max-Age={SESSION_SECONDS}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| ServiceError::internal("opening a session", error))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_token_signs_in() {
        let token = "a token; with = signs";
        let headers = |name: header::HeaderName, value: String| {
            HeaderMap::from_iter([(name, HeaderValue::from_str(&value).unwrap())])
        };
        assert!(is_signed_in(&headers(header::AUTHORIZATION, format!("Bearer {token}")), token));
        let session = Session::open(token, now_ms() / 1000).unwrap();
        let cookie = format!("theme=dark; {COOKIE}=old; {COOKIE}={session}");
        assert!(is_signed_in(&headers(header::COOKIE, cookie), token));
        assert!(!is_signed_in(&headers(header::COOKIE, format!("x{COOKIE}={session}")), token));
        assert!(!is_signed_in(&headers(header::AUTHORIZATION, format!("Bearer {session}")), token));
        assert!(!is_signed_in(&headers(header::COOKIE, format!("{COOKIE}={token}")), token));
        assert!(!is_signed_in(&headers(header::AUTHORIZATION, "Bearer a token".to_owned()), token));
        assert!(!is_signed_in(&headers(header::COOKIE, format!("{COOKIE}=")), token));
        assert!(!is_signed_in(&HeaderMap::new(), token));
    }
}
