//! `anneal serve`.

use std::process::ExitCode;

use anneal_server::state::AppState;
use tokio::net::TcpListener;

use super::{CliError, output};

/// Listens, says where, and serves until it is told to stop.
pub async fn serve(state: AppState) -> Result<ExitCode, CliError> {
    let listener = listen(&state).await?;
    serve_at(listener, state).await
}

/// Takes the address; nothing is answered yet.
pub async fn listen(state: &AppState) -> Result<TcpListener, CliError> {
    let address = state.config.address;
    TcpListener::bind(address).await.map_err(|error| {
        CliError::Message(format!("{address} cannot be listened on: {error}. Is another server running there? Choose a port with --port or ANNEAL_PORT."))
    })
}

/// Says where, and serves until it is told to stop.
pub async fn serve_at(listener: TcpListener, state: AppState) -> Result<ExitCode, CliError> {
    let address = listener.local_addr().map_err(|error| CliError::Message(error.to_string()))?;
    if !state.config.site_dir.join("pkg").is_dir() {
        output::complain(&format!(
            "{} has no browser files; the pages will look bare and stay still. Build them with `make build`.",
            state.config.site_dir.display()
        ));
    }
    output::line(&format!("Anneal is ready at http://{address}"));
    output::line(&format!("data folder: {}", state.config.data_dir.display()));
    tokio::spawn(stop_on_signal(state.clone()));
    anneal::serve::run(listener, state)
        .await
        .map_err(|error| CliError::Message(format!("the server ended: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

async fn stop_on_signal(state: AppState) {
    told_to_stop().await;
    tracing::info!("stopping: open requests and jobs may end");
    state.shutdown.cancel();
}

/// Waits for the signal of a terminal or of a supervisor.
pub async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = interrupted => {}
        () = terminated => {}
    }
}
