//! `anneal test-endpoint`.

use std::path::Path;
use std::process::ExitCode;

use anneal_server::test_endpoint::{Script, TestEndpoint};

use super::options::TestEndpointOptions;
use super::serve::told_to_stop;
use super::{CliError, output};

/// Listens, says where, and serves until it is told to stop.
pub async fn serve(port: u16, options: &TestEndpointOptions) -> Result<ExitCode, CliError> {
    let script = match &options.script {
        Some(path) => read(path)?,
        None => Script::default(),
    };
    let endpoint = TestEndpoint::start_at(port, script).await.map_err(|error| {
        CliError::Message(format!("port {port} cannot be listened on: {error}. Choose another with --port."))
    })?;
    output::line(&format!("The test endpoint is ready at {}", endpoint.base_url()));
    let ended = endpoint.serve_until(told_to_stop()).await;
    ended.map_err(|error| CliError::Message(format!("the test endpoint ended: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Script, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::Message(format!("{} cannot be read: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| CliError::Message(format!("{} is no script: {error}", path.display())))
}
