//! What an unknown address shows.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::frame::TopBar;
use crate::server_only;
use crate::ui::{ButtonVariant, EmptyState, IconName};

/// Says so, with status 404, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    server_only::set_status(404);
    view! {
        <Title text="Page not found"/>
        <TopBar title="Page not found" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
        <main class="page" id="main" tabindex="-1">
            <EmptyState
                icon=IconName::Search
                title="There is no page at this address"
                message="The link may be old, or the address mistyped. Your datasets are all in the list."
            >
                <a class=ButtonVariant::Primary.class() href="/finetune">"Show all datasets"</a>
            </EmptyState>
        </main>
    }
}
