//! Serving: pages and everything else in one router, and one function that runs it until told to stop.

use std::time::Duration;

use anneal_app::{App, shell};
use anneal_server::http::{routes, secure};
use anneal_server::jobs;
use anneal_server::state::AppState;
use anneal_server::uploads;
use axum::Router;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, file_and_error_handler_with_context, generate_route_list};
use tokio::net::TcpListener;

/// How long running requests and jobs may take to end once the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// The whole application as one router.
pub fn router(state: &AppState) -> Router {
    let pages = generate_route_list(App);
    let options = state.leptos_options.clone();
    let context = {
        let state = state.clone();
        move || provide_context(state.clone())
    };
    let router = routes()
        .leptos_routes_with_context(state, pages, context.clone(), move || shell(options.clone()))
        // Files of the site folder; for anything else the application's own "not found" page.
        .fallback(file_and_error_handler_with_context::<AppState, _>(context, shell));
    secure(router, state).with_state(state.clone())
}

/// Serves and runs jobs until the state's shutdown, then drains both.
pub async fn run(listener: TcpListener, state: AppState) -> std::io::Result<()> {
    if let Err(error) = uploads::sweep_at_start(&state).await {
        tracing::warn!(%error, "uploads that no import needs could not be deleted");
    }
    tokio::spawn(uploads::sweep_while_running(state.clone()));
    let runner = tokio::spawn(jobs::runner::run(state.clone(), None));
    tokio::spawn(anneal_server::watch::run(state.clone()));
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
    state.db.close().await;
    result
}
