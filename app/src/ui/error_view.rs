//! An error at the place where it happened: what, why, and what to do.

use anneal_server::sign_in::sign_in_address;
use anneal_server::types::error::AppError;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::path_and_query::path_and_query;
use super::{Button, Icon, IconName, Sentence};

/// Shows an [`AppError`]; its message already says what happened, why and what to do. `retry` adds a
/// button.
#[component]
pub fn ErrorView(
    /// The error.
    error: AppError,
    /// Tries again.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    view! {
        <div class="error-view" role="alert">
            <Icon name=IconName::Warning/>
            <div class="error-view__text">
                <strong class="error-view__title">{title_of(&error)}</strong>
                <p class="error-view__message"><Sentence text=error.to_string() /></p>
            </div>
            {(error == AppError::Unauthorized).then(|| view! { <SignIn/> })}
            {retry.map(|retry| view! { <Button small=true on:click=move |_| retry.run(())>"Try again"</Button> })}
        </div>
    }
}

/// Leads to the sign-in page, and from there to this one again: in another tab, so that what is typed here stays and
/// can be tried again.
#[component]
fn SignIn() -> impl IntoView {
    let here = use_location();
    let path = path_and_query(&here.pathname.get_untracked(), &here.search.get_untracked());
    view! {
        <a class="button button--small" target="_blank" rel="noopener" href=sign_in_address(&path)>
            "Sign in"
            <span class="visually-hidden">" (in a new tab)"</span>
        </a>
    }
}

const fn title_of(error: &AppError) -> &'static str {
    match error {
        AppError::NotFound { .. } => "Not found",
        AppError::Invalid { .. } => "That cannot be used as it is",
        AppError::Conflict { .. } => "Not possible right now",
        AppError::TooLarge { .. } => "Too large",
        AppError::Unauthorized => "Not signed in",
        AppError::Forbidden { .. } => "Refused",
        AppError::Unavailable { .. } => "Not available right now",
        AppError::Internal { .. } => "Something went wrong on the server",
        AppError::Unreachable { .. } => "No answer from the server",
    }
}
