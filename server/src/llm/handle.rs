//! What the application holds of its models: the client, the secrets that open stored keys, the environment, a switch.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client::LlmClient;
use super::retry::RetryPolicy;
use crate::config::Config;
use crate::error::{ServiceError, ServiceResult};
use crate::secrets::Secrets;

/// Handles only; cheap to clone.
#[derive(Clone)]
pub struct Llm {
    client: LlmClient,
    secrets: Secrets,
    environment: Environment,
    /// As stored; kept here because every call asks for it.
    cache_is_on: Arc<AtomicBool>,
}

impl Llm {
    /// Calls nothing. `cache_is_on` is what the store says.
    pub fn new(config: &Config, cache_is_on: bool) -> ServiceResult<Self> {
        let client = LlmClient::new(RetryPolicy::default())
            .map_err(|error| ServiceError::internal("preparing calls of model endpoints", error))?;
        Ok(Self {
            client,
            secrets: Secrets::new(&config.data_dir, config.secret_key.as_deref()),
            environment: config.environment.clone(),
            cache_is_on: Arc::new(AtomicBool::new(cache_is_on)),
        })
    }

    /// The way to endpoints.
    pub fn client(&self) -> &LlmClient {
        &self.client
    }

    /// Opens stored keys.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Where keys may be.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Whether kept answers are used.
    pub fn cache_is_on(&self) -> bool {
        self.cache_is_on.load(Ordering::Relaxed)
    }

    /// Told by whoever stored it.
    pub fn set_cache(&self, is_on: bool) {
        self.cache_is_on.store(is_on, Ordering::Relaxed);
    }
}

/// The variables that the program was started with.
#[derive(Clone)]
pub struct Environment(Arc<Variables>);

type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    /// One without any variable.
    pub fn empty() -> Self {
        Self::of(|_| None)
    }

    /// What `read` knows.
    pub fn of(read: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// A variable's value without the space around it; one that is empty is not set.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    /// Without its values: keys are among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}
