//! What is kept between requests.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::clock::now_ms;

use super::files::Files;
use super::fine_tuning::Jobs;
use super::limits::Window;
use super::log::Log;
use super::script::{Progress, Script};

/// What every request shares.
#[derive(Debug)]
pub(super) struct Shared {
    /// Held for moments only, never across a wait.
    inner: Mutex<Inner>,
    /// The recorded times count from here.
    pub(super) started: Instant,
    /// Ends waits when the endpoint stops.
    pub(super) stop: CancellationToken,
}

/// What changes.
#[derive(Debug)]
pub(super) struct Inner {
    /// What is to go wrong.
    pub(super) script: Script,
    /// How far the script was followed.
    pub(super) progress: Progress,
    /// What was asked.
    pub(super) log: Log,
    /// The rate limit's window.
    pub(super) window: Window,
    /// How often the same chat request came: a repeated one is another sample.
    pub(super) repeats: HashMap<u64, u64>,
    /// Beginnings of prompts that were sent before, which a provider would have cached.
    pub(super) prefixes: HashSet<u64>,
    /// Uploaded and made files.
    pub(super) files: Files,
    /// Fine-tuning jobs.
    pub(super) jobs: Jobs,
}

impl Shared {
    /// Nothing was asked yet.
    pub(super) fn new(script: Script, stop: CancellationToken) -> Self {
        Self { inner: Mutex::new(Inner::new(script)), started: Instant::now(), stop }
    }

    /// The changing part. A panic elsewhere leaves counts behind that are still true.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn new(script: Script) -> Self {
        Self {
            progress: Progress::of(&script),
            script,
            log: Log::default(),
            window: Window::default(),
            repeats: HashMap::new(),
            prefixes: HashSet::new(),
            files: Files::default(),
            jobs: Jobs::default(),
        }
    }

    /// Another script, from its beginning.
    pub(super) fn set_script(&mut self, script: Script) {
        self.progress = Progress::of(&script);
        self.window = Window::default();
        self.script = script;
    }

    /// As at the start, with the same script.
    pub(super) fn reset(&mut self) {
        let mut log = std::mem::take(&mut self.log);
        log.reset();
        *self = Self { log, ..Self::new(std::mem::take(&mut self.script)) };
    }
}

/// Counts a request as under way until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    shared: Arc<Shared>,
    /// How many there were when it came, itself included.
    pub(super) concurrent: usize,
}

impl UnderWay {
    /// One more.
    pub(super) fn begin(shared: Arc<Shared>) -> Self {
        let concurrent = shared.lock().log.begin();
        Self { shared, concurrent }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.shared.lock().log.end();
    }
}

/// Seconds since 1970, as the provider's times are.
pub(super) fn now() -> i64 {
    now_ms() / 1000
}
