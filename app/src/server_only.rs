//! What only the server can do while it renders; nothing in the browser.

use anneal_server::types::TimestampMs;
use anneal_server::types::error::AppError;

/// Gives the answer the status of this error.
pub fn set_status_of(error: &AppError) {
    set_status(error.status());
}

/// Gives the answer this HTTP status.
#[cfg(feature = "ssr")]
pub fn set_status(status: u16) {
    if let (Some(response), Ok(status)) =
        (leptos::prelude::use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
}

/// In the browser there is no answer to give one to.
#[cfg(not(feature = "ssr"))]
pub const fn set_status(_status: u16) {}

/// The clock, for `SharedValue`s: the server's, or the browser's where the page was made there.
#[cfg(feature = "ssr")]
pub fn now() -> TimestampMs {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    TimestampMs::try_from(since_epoch.as_millis()).unwrap_or(TimestampMs::MAX)
}

/// The browser's clock.
#[cfg(not(feature = "ssr"))]
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit an i64")]
pub fn now() -> TimestampMs {
    js_sys::Date::now() as TimestampMs
}

/// Gives the answer the content security policy that lets this page's scripts run.
#[cfg(feature = "ssr")]
pub fn set_policy() {
    let response = leptos::prelude::use_context::<leptos_axum::ResponseOptions>();
    let policy = leptos::nonce::use_nonce().map(|nonce| anneal_server::http::page_policy(&nonce));
    let policy = policy.and_then(|policy| http::HeaderValue::try_from(policy).ok());
    if let (Some(response), Some(policy)) = (response, policy) {
        response.insert_header(http::header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// The value of a cookie that says how this browser shows things: the same on both sides.
#[cfg(feature = "ssr")]
pub fn cookie(name: &str) -> Option<String> {
    let parts = leptos::prelude::use_context::<http::request::Parts>()?;
    let cookies = parts.headers.get_all(http::header::COOKIE);
    cookies.iter().filter_map(|cookie| cookie.to_str().ok()).find_map(|cookies| value_in(cookies, name))
}

/// The same in the browser.
#[cfg(not(feature = "ssr"))]
pub fn cookie(name: &str) -> Option<String> {
    use wasm_bindgen::JsCast;
    let document = leptos::prelude::document().dyn_into::<web_sys::HtmlDocument>().ok()?;
    value_in(&document.cookie().ok()?, name)
}

fn value_in(cookies: &str, name: &str) -> Option<String> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
}

/// The theme the user chose (cookie `theme`), if any; else the system's is followed.
#[cfg(feature = "ssr")]
pub fn chosen_theme() -> Option<&'static str> {
    let parts = leptos::prelude::use_context::<http::request::Parts>()?;
    let cookies = parts.headers.get_all(http::header::COOKIE);
    cookies.iter().filter_map(|cookie| cookie.to_str().ok()).find_map(theme_in_cookie)
}

#[cfg(any(feature = "ssr", test))]
fn theme_in_cookie(cookie: &str) -> Option<&'static str> {
    cookie.split(';').filter_map(|pair| pair.trim().split_once('=')).find_map(|(name, value)| match (name, value) {
        ("theme", "light") => Some("light"),
        ("theme", "dark") => Some("dark"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::theme_in_cookie;

    #[test]
    fn only_the_two_themes_come_out_of_a_cookie() {
        let cases = [
            ("theme=dark", Some("dark")),
            ("a=b; theme=light; c", Some("light")),
            ("theme=\"><script>", None),
            ("nottheme=dark", None),
            ("", None),
        ];
        for (cookie, expected) in cases {
            assert_eq!(theme_in_cookie(cookie), expected, "{cookie}");
        }
    }
}
