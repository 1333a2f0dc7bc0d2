//! Serving: pages and everything else in one router, and one function that runs it until told to stop.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use anneal_app::ui::PageAnswers;
use anneal_app::{App, shell};
use anneal_server::datasets;
use anneal_server::http::{routes, secure, wrong_method};
use anneal_server::jobs;
use anneal_server::state::AppState;
use anneal_server::topics;
use anneal_server::uploads;
use axum::Router;
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list, render_app_async_with_context};
use tokio::net::TcpListener;

/// How long running requests and jobs may take to end once the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// The addresses of the pages. Made once per process, before anything is served: while the framework walks the pages
/// to list them, no resource of the process may load, and one that is asked for meanwhile never answers.
static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// The whole application as one router.
pub fn router(state: &AppState) -> Router {
    let options = state.leptos_options.clone();
    let context = {
        let state = state.clone();
        move || {
            provide_context(state.clone());
            provide_context(PageAnswers::default());
        }
    };
    let shell = move || shell(options.clone());
    let router = routes(Path::new(&*state.leptos_options.site_root))
        .leptos_routes_with_context(state, PAGES.clone(), context.clone(), shell.clone())
        .method_not_allowed_fallback(wrong_method)
        // Any other address: the application's own "not found" page, which sets the status.
        .fallback(render_app_async_with_context(context, shell));
    secure(router, state).with_state(state.clone())
}

/// Serves and runs jobs until the state's shutdown, then drains both.
pub async fn run(listener: TcpListener, state: AppState) -> std::io::Result<()> {
    state.background.spawn({
        let state = state.clone();
        async move {
            if let Err(error) = topics::finish_all(&state).await {
                tracing::warn!(%error, "labels could not be carried along with a change of the topics");
            }
        }
    });
    let runner = tokio::spawn(jobs::runner::run(state.clone(), None));
    tokio::spawn(anneal_server::watch::run(state.clone()));
    tokio::spawn(datasets::purge_while_running(state.clone()));
    tokio::spawn(uploads::sweep_while_running(state.clone()));
    let shutdown = state.shutdown.clone();
    let serving = axum::serve(listener, router(&state)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let result = tokio::select! {
        result = async { serving.await } => result,
        // Graceful shutdown waits for open requests; not for ever.
        () = async { shutdown.cancelled().await; tokio::time::sleep(DRAIN).await } => Ok(()),
    };
    shutdown.cancel();
    if tokio::time::timeout(DRAIN, runner).await.is_err() {
        tracing::warn!("a job did not stop in time; it will go on at the next start");
    }
    state.background.close();
    state.background.wait().await;
    state.db.close().await;
    result
}
