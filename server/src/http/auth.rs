//! Signing in with the access token, where one is set: a cookie for browsers, `Authorization: Bearer` for
//! programs.

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::reply::plain_page;
use crate::state::AppState;

const COOKIE: &str = "anneal_token";

/// Whether the request carries the token, compared in constant time.
pub fn is_signed_in(headers: &HeaderMap, token: &str) -> bool {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let cookie = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then_some(value)
        });
    bearer.into_iter().chain(cookie).any(|given| matches(given, token) || matches(given, &encode(token)))
}

fn matches(given: &str, token: &str) -> bool {
    given.as_bytes().ct_eq(token.as_bytes()).into()
}

/// Hexadecimal, so that any token is a valid cookie value.
fn encode(token: &str) -> String {
    use std::fmt::Write;
    token.bytes().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The form.
pub(super) async fn login_page(State(state): State<AppState>) -> Response {
    if state.config.token.is_none() {
        return Redirect::to("/finetune").into_response();
    }
    Html(form("")).into_response()
}

fn form(message: &str) -> String {
    plain_page(
        "Sign in",
        &format!(
            "<p>This server is reachable from the network, so it asks for its access token (ANNEAL_TOKEN).</p>{message}\
             <form method=\"post\" action=\"/login\"><label>Access token <input name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus></label> \
             <button class=\"button button--primary\">Sign in</button></form>"
        ),
    )
}

/// What the form posts.
#[derive(Deserialize)]
pub(super) struct Login {
    token: String,
}

/// Sets the cookie if the token is right. Wrong ones are answered slowly.
pub(super) async fn login(State(state): State<AppState>, Form(login): Form<Login>) -> Response {
    let Some(token) = state.config.token.as_deref() else { return Redirect::to("/finetune").into_response() };
    if !matches(login.token.trim(), token) {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        return (StatusCode::UNAUTHORIZED, Html(form("<p role=\"alert\">That is not the token. It is the value of ANNEAL_TOKEN where the server was started.</p>"))).into_response();
    }
    let mut response = Redirect::to("/finetune").into_response();
    let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000", encode(token));
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
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
        assert!(is_signed_in(&headers(header::COOKIE, format!("theme=dark; {COOKIE}={}", encode(token))), token));
        assert!(!is_signed_in(&headers(header::AUTHORIZATION, "Bearer a token".to_owned()), token));
        assert!(!is_signed_in(&headers(header::COOKIE, format!("{COOKIE}=")), token));
        assert!(!is_signed_in(&HeaderMap::new(), token));
    }
}
