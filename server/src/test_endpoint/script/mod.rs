//! What is to go wrong, when, and for whom. Plain data: built in Rust, or sent as JSON to `/_script`.
//!
//! Enums are tagged from outside (`"refusal"`, `{"status": {"status": 503}}`), and a name that is unknown is refused, so
//! that a misspelt fault is an error and not a test that passes.

mod fault;
mod plan;

use serde::{Deserialize, Serialize};

pub use fault::Fault;
pub(super) use fault::unauthorized;
pub(super) use plan::{Plan, Progress, RequestFacts};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// `/chat/completions`
    Chat,
    /// `/embeddings`
    Embeddings,
    /// `/models` and one of them
    Models,
    /// `/files` and everything below
    Files,
    /// `/fine_tuning/jobs` and everything below
    FineTuning,
}

impl Route {
    /// Of an address, if it is one that is served.
    pub(super) fn of(path: &str) -> Option<Self> {
        let below = path.strip_prefix("/openai").unwrap_or(path).strip_prefix("/v1/")?;
        let first = below.split('/').next().unwrap_or(below);
        match first {
            "chat" => Some(Self::Chat),
            "embeddings" => Some(Self::Embeddings),
            "models" => Some(Self::Models),
            "files" => Some(Self::Files),
            "fine_tuning" => Some(Self::FineTuning),
            _ => None,
        }
    }
}

/// How the endpoint behaves. The default answers everything as it should be.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Answers and chances follow from it.
    pub seed: u64,
    /// One for each of the next requests, before any rule is looked at.
    pub queue: Vec<Step>,
    /// All that match a request count; their faults are put together in this order.
    pub rules: Vec<Rule>,
    /// How much is answered at a time.
    pub limits: Limits,
    /// The one key that is accepted; any, or none at all, if not set.
    pub api_key: Option<String>,
    /// The models that exist besides the fine-tuned ones; any do if empty.
    pub models: Vec<String>,
    /// How fine-tuning jobs go.
    pub fine_tuning: FineTuning,
}

/// What the next request (to this route) meets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// Only a request of this kind takes it; any does if not set.
    pub route: Option<Route>,
    /// None means that this one goes well.
    pub faults: Vec<Fault>,
}

/// Faults for all requests that match.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// The kind of request; any if not set.
    pub route: Option<Route>,
    /// The model's name, perhaps with a `*` at either end.
    pub model: Option<String>,
    /// What the body must contain.
    pub text: Option<String>,
    /// Which of the requests that match otherwise.
    pub nth: Nth,
    /// How likely it strikes, from 0 to 1; drawn from the script's seed.
    pub probability: f64,
    /// After so many strikes it is over.
    pub times: Option<u64>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// Some of a row of requests that are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nth {
    /// The first.
    pub from: u64,
    /// The last, if there is one.
    pub until: Option<u64>,
    /// Every so manieth, beginning with the first.
    pub every: u64,
}

/// What is answered with a 429 beyond, for chat and embeddings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests at a time.
    pub concurrency: Option<usize>,
    /// Requests within the window.
    pub requests: Option<usize>,
    /// The window.
    pub per_ms: u64,
}

/// How fine-tuning jobs go. A job moves on each time it is retrieved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FineTuning {
    /// Training steps that a job reports.
    pub total_steps: u64,
    /// Training steps that it makes each time it is asked for.
    pub steps_per_look: u64,
    /// How metrics are spelt.
    pub metrics: Metrics,
    /// How it ends.
    pub end: JobEnd,
    /// It pauses by itself at this step, as a provider does at its spending limit.
    pub pause_at_step: Option<u64>,
}

/// How metrics of a training step are spelt by providers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metrics {
    /// `train_mean_reward`, `full_valid_mean_reward`
    #[default]
    Flat,
    /// `scores.train_reward_mean`, `scores.valid_reward_mean`
    Nested,
    /// `critic_rewards_mean`
    Bedrock,
}

/// How a job ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEnd {
    /// With a model.
    #[default]
    Succeeds,
    /// After half of its steps.
    Fails {
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
    /// With a status that no client knows yet, and goes on so.
    UnknownStatus,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            route: None,
            model: None,
            text: None,
            nth: Nth::default(),
            probability: 1.0,
            times: None,
            faults: Vec::new(),
        }
    }
}

impl Default for Nth {
    fn default() -> Self {
        Self { from: 1, until: None, every: 1 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: None, requests: None, per_ms: 60_000 }
    }
}

impl Default for FineTuning {
    fn default() -> Self {
        Self { total_steps: 10, steps_per_look: 5, metrics: Metrics::Flat, end: JobEnd::Succeeds, pause_at_step: None }
    }
}

impl Script {
    /// Nothing goes wrong.
    pub fn well() -> Self {
        Self::default()
    }

    /// Another seed, other answers.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What the next request that has no step yet meets; no faults mean that it goes well.
    #[must_use]
    pub fn then(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.queue.push(Step { route: None, faults: faults.into_iter().collect() });
        self
    }

    /// As [`Script::then`], for the next request of this kind.
    #[must_use]
    pub fn then_to(mut self, route: Route, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.queue.push(Step { route: Some(route), faults: faults.into_iter().collect() });
        self
    }

    /// One more rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// A 429 for whatever is more at a time.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.limits.concurrency = Some(most);
        self
    }

    /// A 429 for whatever is more within the window.
    #[must_use]
    pub fn rate(mut self, requests: usize, per_ms: u64) -> Self {
        self.limits.requests = Some(requests);
        self.limits.per_ms = per_ms;
        self
    }

    /// A 401 for every other key.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// A 404 for every other model.
    #[must_use]
    pub fn models<T: Into<String>>(mut self, models: impl IntoIterator<Item = T>) -> Self {
        self.models = models.into_iter().map(Into::into).collect();
        self
    }
}

impl Rule {
    /// These faults, for every request.
    pub fn of(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { faults: faults.into_iter().collect(), ..Self::default() }
    }

    /// Only for this kind.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }

    /// Only for this model; a `*` at either end stands for anything.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Only for bodies that contain this.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Only from this one on, of those that match otherwise; the first is 1.
    #[must_use]
    pub fn from(mut self, from: u64) -> Self {
        self.nth.from = from;
        self
    }

    /// Only up to this one.
    #[must_use]
    pub fn until(mut self, until: u64) -> Self {
        self.nth.until = Some(until);
        self
    }

    /// Only every so manieth.
    #[must_use]
    pub fn every(mut self, every: u64) -> Self {
        self.nth.every = every;
        self
    }

    /// Only so likely.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }
}

impl Nth {
    /// Whether this one is among them.
    fn includes(self, number: u64) -> bool {
        number >= self.from
            && self.until.is_none_or(|until| number <= until)
            && (number - self.from).is_multiple_of(self.every.max(1))
    }
}
