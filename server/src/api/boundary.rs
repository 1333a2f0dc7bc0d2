//! Where server functions meet services: the state from context, errors to statuses, causes to the log.

use axum::http::request::Parts;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::error::{ServiceError, ServiceResult};
use crate::http::RequestId;
use crate::state::AppState;
use crate::types::error::AppError;

/// Runs one service call with the application's state and turns its error into what the caller may see.
pub(super) async fn answer<T, F, Fut>(service: F) -> Result<T, AppError>
where
    F: FnOnce(AppState) -> Fut,
    Fut: Future<Output = ServiceResult<T>>,
{
    let request_id =
        use_context::<Parts>().and_then(|parts| parts.extensions.get::<RequestId>().cloned()).unwrap_or_default();
    let response = use_context::<ResponseOptions>();
    let result = match use_context::<AppState>() {
        Some(state) => service(state).await,
        None => Err(ServiceError::internal("server function", "the application state is not in the context")),
    };
    result.map_err(|error| {
        let error = error.into_app(&request_id.0);
        // A form sent without JavaScript is led back to its page, which shows the error.
        if let (Some(response), Ok(status), false) = (response, http_status(&error), is_plain_form()) {
            response.set_status(status);
        }
        error
    })
}

/// Where a form sent without JavaScript leads once it is done; calls from code go where they like.
pub(super) fn lead_form_to(path: &str) {
    if is_plain_form() {
        leptos_axum::redirect(path);
    }
}

/// Where a form sent without JavaScript leads if it was refused: to its page, which shows the error and what was typed.
pub(super) fn lead_refused_form_to<T>(page: &str, form: &str, typed: &[(&str, &str)], result: &Result<T, AppError>) {
    if let (Err(error), true) = (result, is_plain_form()) {
        leptos_axum::redirect(&crate::http::refused_address(page, form, error, typed));
    }
}

/// Whether the caller is a browser that will show the answer as a page; while a page is drawn, nobody posts.
fn is_plain_form() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accept = parts.headers.get(axum::http::header::ACCEPT).and_then(|accept| accept.to_str().ok());
        parts.method == axum::http::Method::POST && accept.is_some_and(|accept| accept.contains("text/html"))
    })
}

fn http_status(error: &AppError) -> Result<axum::http::StatusCode, axum::http::status::InvalidStatusCode> {
    axum::http::StatusCode::from_u16(error.status())
}
