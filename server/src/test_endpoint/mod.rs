//! A model endpoint in OpenAI's shape that needs no model: for tests, for browser journeys, for the demo.
//!
//! It answers what a provider would (chat, embeddings, models, files, fine-tuning jobs) with small answers that follow
//! from the request and a seed, and it fails as a [`Script`] tells it to: everything that goes wrong with real endpoints
//! can be had here on purpose. It keeps every request for assertions. What it checks and how its errors read follows the
//! provider's own documents; the provider's official client is run against it in `end2end/`.
//!
//! | module | what lives there |
//! |---|---|
//! | [`script`] | what is to go wrong, when, and for whom; `script/plan.rs` decides for one request |
//! | `router`, `gate` | the addresses, and what every request goes through: limits, faults, the log |
//! | `delivery`, `connection` | bodies that come slowly, break off, or not at all |
//! | `chat`, `embeddings`, `models`, `files`, `fine_tuning` | the answers, one place per kind |
//! | `schema` | an instance of a JSON schema |
//! | `text` | words, seeded draws, the score a judge would give |
//! | `control` | `/_script`, `/_requests`, `/_reset`: the same over HTTP |
//! | `state`, `log`, `limits` | what is kept between requests |
//!
//! Deliberately absent: a disk (all is gone when it stops), any address but this machine's, and models.

mod chat;
mod connection;
mod control;
mod delivery;
mod embeddings;
mod error;
mod files;
mod fine_tuning;
mod gate;
mod limits;
mod log;
mod models;
mod router;
mod schema;
pub mod script;
mod state;
mod text;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use log::RecordedRequest;
pub use models::USUAL_MODEL;
pub use script::{Fault, FineTuning, JobEnd, Limits, Metrics, Nth, Route, Rule, Script, Step};
use state::Shared;

/// A running test endpoint. It stops when it is dropped.
#[derive(Debug)]
pub struct TestEndpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<io::Result<()>>,
}

impl TestEndpoint {
    /// Listens on a free port of this machine.
    pub async fn start(script: Script) -> io::Result<Self> {
        Self::start_at(0, script).await
    }

    /// Listens on this port of this machine.
    pub async fn start_at(port: u16, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared::new(script, stop.clone()));
        let serving = tokio::spawn(router::serve(listener, Arc::clone(&shared), stop.clone()));
        Ok(Self { address, shared, stop, serving })
    }

    /// Serves until `stop`; for a program that does nothing else.
    pub async fn serve_until(mut self, stop: impl Future<Output = ()>) -> io::Result<()> {
        tokio::select! {
            () = stop => Ok(()),
            ended = &mut self.serving => ended.unwrap_or_else(|error| Err(io::Error::other(error))),
        }
    }

    /// What a client calls its base URL, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// Scheme, host and port alone.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, in the order of arrival (the last ten thousand of them).
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.lock().log.requests()
    }

    /// The requests of one kind.
    pub fn requests_to(&self, route: Route) -> Vec<RecordedRequest> {
        self.requests().into_iter().filter(|request| request.route == Some(route)).collect()
    }

    /// The most requests that were under way at one time, those included that a limit refused.
    pub fn highest_concurrency(&self) -> usize {
        self.shared.lock().log.highest_concurrency()
    }

    /// Follows another script from the next request on; its rules and queue begin anew.
    pub fn set_script(&self, script: Script) {
        self.shared.lock().set_script(script);
    }

    /// Forgets requests, files and jobs, and begins the script anew.
    pub fn reset(&self) {
        self.shared.lock().reset();
    }
}

impl Drop for TestEndpoint {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
