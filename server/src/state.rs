//! What every handler and job shares.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::db::{self, Db};
use crate::error::ServiceResult;
use crate::grader::remote::Scoring;
use crate::grader::what_if::Questions;
use crate::grader::{ScriptPool, WorkerCommand};
use crate::jobs::Jobs;
use crate::llm::{Llm, first_start};
use crate::types::event::DatasetEvent;
use crate::validation::tokens::TokenCounter;

/// Handles only; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Read once at start.
    pub config: Arc<Config>,
    /// The store.
    pub db: Db,
    /// Changes, to whoever listens.
    pub events: Events,
    /// Wakes the runner and reaches running jobs.
    pub jobs: Jobs,
    /// The script workers.
    pub scripts: ScriptPool,
    /// How many requests of trainers are under way.
    pub scoring: Scoring,
    /// What-if questions under way: the newest of a dataset wins.
    pub what_ifs: Questions,
    /// The model endpoints' client with what opens their keys.
    pub llm: Llm,
    /// The tokenizers with their cache.
    pub tokens: Arc<TokenCounter>,
    /// Where Leptos finds the browser's files.
    pub leptos_options: LeptosOptions,
    /// Work that nobody waits for but the end of the process: the rows of deleted datasets.
    pub background: TaskTracker,
    /// Cancelled once, when the server stops.
    pub shutdown: CancellationToken,
}

impl AppState {
    /// Opens the store and makes the pools; starts nothing. `worker` is how a script worker is started:
    /// this very program, called as one.
    pub async fn open(config: Config, worker: WorkerCommand) -> ServiceResult<Self> {
        let db = Db::open(&config.database_path()).await?;
        crate::datasets::search::catch_up(&db).await?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let leptos_options = LeptosOptions::builder()
            .output_name("anneal")
            .site_root(config.site_dir.to_string_lossy().into_owned())
            .site_pkg_dir("pkg")
            .site_addr(config.address)
            .build();
        let scripts = ScriptPool::new(config.script_limits, worker, cores);
        let cache_is_on = db::settings::get(&db, db::settings::RESPONSE_CACHE).await?.is_none_or(|word| word != "off");
        let llm = Llm::new(&config, cache_is_on)?;
        let scoring = Scoring::new(config.score_bodies_bytes);
        let state = Self {
            config: Arc::new(config),
            db,
            events: Events::default(),
            jobs: Jobs::default(),
            scripts,
            scoring,
            what_ifs: Questions::default(),
            llm,
            tokens: Arc::new(TokenCounter::default()),
            leptos_options,
            background: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        };
        first_start::read_environment(&state).await?;
        Ok(state)
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options.clone()
    }
}

/// One channel for all datasets; a page's stream picks its own. Nobody listening is fine: what happened is
/// stored before it is told.
#[derive(Clone)]
pub struct Events {
    sender: broadcast::Sender<(Arc<str>, DatasetEvent)>,
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: broadcast::channel(1024).0 }
    }
}

impl Events {
    /// Tells whoever watches the dataset.
    pub fn send(&self, dataset_id: &str, event: DatasetEvent) {
        let _nobody_listens = self.sender.send((Arc::from(dataset_id), event));
    }

    /// Something stored of the dataset changed.
    pub fn changed(&self, dataset_id: &str) {
        self.send(dataset_id, DatasetEvent::Changed);
    }

    /// Whether any page is open.
    pub fn anyone_listens(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Everything from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<(Arc<str>, DatasetEvent)> {
        self.sender.subscribe()
    }
}
