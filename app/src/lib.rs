//! Anneal's pages: Leptos components, rendered on the server and hydrated in the browser.
//!
//! Start reading at [`App`] (the one route table), then [`contexts::FinetuneProcess`] (the open dataset:
//! what it shows and what can be done to it), then the page you are after.
//!
//! | module | what lives there |
//! |---|---|
//! | [`App`], `shell` | the route table; the HTML document around it |
//! | [`contexts`] | the open dataset, its live jobs, what the URL selects |
//! | [`pages`] | one file per route |
//! | [`finetune`] | the canvas page: header, health, canvas, cards, panel frame, data forms; `finetune::steps`: the seven panels |
//! | [`records`] | the records overlay over the canvas, and how one conversation looks |
//! | [`ui`] | components without a word of the domain |
//! | `frame` | the top bar and the theme switch that all pages share |
//! | `server_only` | status codes and cookies, on the server |
//!
//! Deliberately absent: rules of the domain (they are the server crate's), clocks, random numbers and
//! storage in views (the first render in the browser must equal the server's; such things are effects).

// A page's view is one type, nested as deep as its elements; the compiler's default of 128 is too little.
#![recursion_limit = "512"]

pub mod contexts;
pub mod finetune;
mod frame;
pub mod pages;
pub mod records;
mod server_only;
pub mod ui;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Redirect, Route, Router};
use leptos_router::{SsrMode, path};

use finetune::deleted_datasets::provide_datasets_changed;
use pages::{DatasetSettingsPage, DatasetsPage, FinetuneDatasetPage, NewDatasetPage, NotFoundPage, SettingsPage};
use ui::{Toasts, provide_clock, provide_leave_guards, provide_toaster};

/// The HTML document. Scripts carry the answer's nonce, as the content security policy asks.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use leptos::hydration::{AutoReload, HydrationScripts};
    use leptos_meta::MetaTags;
    server_only::set_policy();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=server_only::chosen_theme()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href="/pkg/anneal.css"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The app: what all pages share, and the route table. Every page waits for its data before it is sent,
/// so that it reads correctly without JavaScript and its status code is true.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_toaster();
    provide_clock();
    provide_leave_guards();
    provide_datasets_changed();
    mark_hydrated();
    view! {
        <Title formatter=|text: String| if text.is_empty() { "Anneal".to_owned() } else { format!("{text} · Anneal") }/>
        <Router>
            <noscript>
                <p class="noscript">
                    "JavaScript is off: everything can be read and searched, data can be imported, the sample opened, and a dataset's settings changed. To change topics, graders or records and to start runs, switch it on (or use the command line)."
                </p>
            </noscript>
            <a class="skip-link" href="#main">"Skip to the content"</a>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=path!("/") view=|| view! { <Redirect path="/finetune"/> } ssr=SsrMode::Async/>
                <Route path=path!("/finetune") view=DatasetsPage ssr=SsrMode::Async/>
                <Route path=path!("/finetune/new") view=NewDatasetPage ssr=SsrMode::Async/>
                <Route path=path!("/finetune/:dataset_id") view=FinetuneDatasetPage ssr=SsrMode::Async/>
                <Route path=path!("/finetune/:dataset_id/settings") view=DatasetSettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async/>
            </FlatRoutes>
            <Toasts/>
        </Router>
    }
}

/// Says on the root element that the page is live by now: for styles and for the browser tests.
fn mark_hydrated() {
    Effect::new(|| {
        if let Some(root) = document().document_element() {
            // An attribute that cannot be set leaves the page as useful as it was.
            let _ = root.set_attribute("data-hydrated", "true");
        }
    });
}
