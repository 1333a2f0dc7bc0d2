//! Model endpoints: where models answer, what that costs, and what was asked of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::TimestampMs;

/// What one model costs, in US dollars a million tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelPrice {
    /// As the endpoint calls it; `*` at the end stands for any rest ("gpt-5*", or "*" for every model).
    pub model: String,
    /// Of input; not negative.
    pub input: f64,
    /// Of input that the endpoint had seen before; `None`: the same.
    pub cached_input: Option<f64>,
    /// Of output, reasoning among it.
    pub output: f64,
}

/// A model that an endpoint offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointModel {
    /// What a call names.
    pub id: String,
    /// Whose it is, where the endpoint says so.
    pub owned_by: Option<String>,
    /// The day of its end ("2026-10-23"), where it has one.
    pub shutdown_date: Option<String>,
    /// Days from today to that one, negative once it is over; filled in when it is read.
    #[serde(default)]
    pub ends_in_days: Option<i64>,
}

/// A model that ends within so many days is warned of: six months.
pub const SHUTDOWN_WARNING_DAYS: i64 = 183;

impl EndpointModel {
    /// What is said of a model that ends soon, or has ended; nothing of the others.
    pub fn shutdown_warning(&self) -> Option<String> {
        let (date, days) = (self.shutdown_date.as_ref()?, self.ends_in_days?);
        match days {
            ..=0 => {
                Some(format!("{} was shut down on {date} and is not called any more. Choose another model.", self.id))
            }
            1..=SHUTDOWN_WARNING_DAYS => Some(format!(
                "{} is shut down on {date}, in {days} days. What is trained or judged with it ends then.",
                self.id
            )),
            _ => None,
        }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.ends_in_days.is_some_and(|days| days <= 0)
    }
}

/// Where an endpoint's key comes from; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum EndpointKey {
    /// It needs none (Ollama, vLLM, llama.cpp, LM Studio).
    None,
    /// The server's environment.
    Environment {
        /// The variable's name.
        variable: String,
        /// Whether it is set by now.
        is_set: bool,
    },
    /// The store, encrypted.
    Stored {
        /// How it ends: "…4f2a".
        hint: String,
    },
}

/// A model endpoint as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// By which graders and runs name it.
    pub id: String,
    /// What people call it; no two have the same.
    pub name: String,
    /// Up to and with `/v1` or what stands in its place.
    pub base_url: String,
    /// Where its key comes from.
    pub key: EndpointKey,
    /// Calls at once, 1 to 1,024.
    pub concurrency: u32,
    /// Calls a minute; `None`: no limit.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, of requests and answers together; `None`: no limit.
    pub tokens_per_minute: Option<u32>,
    /// An attempt takes no longer, in seconds; 1 to 3,600.
    pub timeout_s: u32,
    /// What its models cost; a model that is not here costs an unknown amount.
    pub prices: Vec<ModelPrice>,
    /// What it offered when it was last asked.
    pub models: Vec<EndpointModel>,
    /// When it was last asked.
    pub models_at: Option<TimestampMs>,
}

/// What to do about an endpoint's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum KeyChoice {
    /// As it is stored; of a new endpoint: none.
    Keep,
    /// None is sent.
    None,
    /// Of the server's environment.
    Environment {
        /// The variable's name.
        variable: String,
    },
    /// This one, to be stored encrypted.
    Stored {
        /// The key.
        key: String,
    },
}

impl fmt::Debug for KeyChoice {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::None => f.write_str("None"),
            Self::Environment { variable } => f.debug_struct("Environment").field("variable", variable).finish(),
            Self::Stored { .. } => f.debug_struct("Stored").finish_non_exhaustive(),
        }
    }
}

/// An endpoint as it is entered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointForm {
    /// What people call it.
    pub name: String,
    /// `http` or `https`.
    pub base_url: String,
    /// Its key.
    pub key: KeyChoice,
    /// Calls at once.
    pub concurrency: u32,
    /// Calls a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute.
    pub tokens_per_minute: Option<u32>,
    /// Seconds an attempt may take.
    pub timeout_s: u32,
    /// What its models cost.
    pub prices: Vec<ModelPrice>,
}

/// Calls at once that a new endpoint starts with.
pub const DEFAULT_CONCURRENCY: u32 = 16;
/// Seconds an attempt may take at a new endpoint.
pub const DEFAULT_TIMEOUT_S: u32 = 120;

impl Default for EndpointForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            base_url: String::new(),
            key: KeyChoice::None,
            concurrency: DEFAULT_CONCURRENCY,
            requests_per_minute: None,
            tokens_per_minute: None,
            timeout_s: DEFAULT_TIMEOUT_S,
            prices: Vec::new(),
        }
    }
}

/// What a model is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// What is trained, and answers prompts in a dry run.
    Base,
    /// What scores responses.
    Judge,
    /// What writes records and topics.
    Generator,
}

impl ModelRole {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Base, Self::Judge, Self::Generator];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Judge => "judge",
            Self::Generator => "generator",
        }
    }
}

/// One model of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelChoice {
    /// The endpoint's id.
    pub endpoint_id: String,
    /// As the endpoint calls it.
    pub model: String,
}

/// The models that are used where nothing else is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultModels {
    /// Base model.
    pub base: Option<ModelChoice>,
    /// Judge.
    pub judge: Option<ModelChoice>,
    /// Generator.
    pub generator: Option<ModelChoice>,
}

impl DefaultModels {
    /// Of one role.
    pub const fn get(&self, role: ModelRole) -> Option<&ModelChoice> {
        match role {
            ModelRole::Base => self.base.as_ref(),
            ModelRole::Judge => self.judge.as_ref(),
            ModelRole::Generator => self.generator.as_ref(),
        }
    }

    /// Sets that of one role.
    pub fn set(&mut self, role: ModelRole, choice: Option<ModelChoice>) {
        match role {
            ModelRole::Base => self.base = choice,
            ModelRole::Judge => self.judge = choice,
            ModelRole::Generator => self.generator = choice,
        }
    }
}

/// What the calls made so far came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CallFigures {
    /// Whether kept answers are used.
    pub cache_is_on: bool,
    /// Calls that went out, failed ones among them.
    pub calls: i64,
    /// Those that brought no answer.
    pub failed: i64,
    /// Answers that are kept.
    pub kept: i64,
    /// Times that a kept answer was used in place of a call.
    pub hits: i64,
    /// US dollars spent on calls whose cost is known.
    pub cost: f64,
    /// Calls whose cost is unknown.
    pub unknown_cost: i64,
    /// US dollars that hits saved, as far as known.
    pub saved: f64,
}

/// What the page of settings shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelSettings {
    /// Every endpoint, by name.
    pub endpoints: Vec<Endpoint>,
    /// What is used where nothing else is said.
    pub defaults: DefaultModels,
    /// What calls came to.
    pub calls: CallFigures,
}

/// What a connection test found. Each part is told by itself: an endpoint without a list of models may still answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionTest {
    /// Its models, or why it told none.
    pub models: Result<Vec<EndpointModel>, CallError>,
    /// Models that it named besides, and that are not listed: they are too many, or their names too long.
    #[serde(default)]
    pub left_out: i64,
    /// What a model said to a short question; `None` if none was asked.
    pub answer: Option<Result<TestAnswer, CallError>>,
}

/// A call that failed, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// What happened, why, what to do.
    pub message: String,
    /// What the endpoint sent, as it sent it.
    pub raw: Option<String>,
}

/// What a model said in a connection test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestAnswer {
    /// Who answered.
    pub model: String,
    /// Its words.
    pub text: String,
    /// From the request to the answer.
    pub latency_ms: i64,
    /// Tokens of both, where the endpoint says so.
    pub tokens: Option<i64>,
    /// US dollars, if known.
    pub cost: Option<f64>,
}

/// Why a model was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPurpose {
    /// To score a response.
    Judge,
    /// To answer a record's prompt.
    Response,
    /// To write records or topics.
    Generation,
    /// To see whether the endpoint answers.
    ConnectionTest,
}

impl CallPurpose {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Judge => "judge",
            Self::Response => "response",
            Self::Generation => "generation",
            Self::ConnectionTest => "connection_test",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Judge => "Judge",
            Self::Response => "Response",
            Self::Generation => "Generation",
            Self::ConnectionTest => "Connection test",
        }
    }
}

/// One call of a model, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LlmCall {
    /// Its number.
    pub id: i64,
    /// The record it served.
    pub record_id: Option<i64>,
    /// Why it was made.
    pub purpose: CallPurpose,
    /// The endpoint's name then.
    pub endpoint_name: String,
    /// The model that was asked.
    pub model: String,
    /// The body that was sent, as indented JSON.
    pub request: String,
    /// What was said, as indented JSON; `None` if the call failed.
    pub answer: Option<String>,
    /// Why there is no answer.
    pub error: Option<String>,
    /// What the endpoint sent in its place.
    pub raw_error: Option<String>,
    /// Whether a kept answer was used: no call was made, and nothing paid.
    pub from_cache: bool,
    /// Requests that went out.
    pub attempts: i64,
    /// From the first request to the end, in milliseconds.
    pub latency_ms: i64,
    /// Of the request; `None`: the endpoint did not say.
    pub prompt_tokens: Option<i64>,
    /// Of the answer.
    pub completion_tokens: Option<i64>,
    /// Of those, what was thought and not said.
    pub reasoning_tokens: Option<i64>,
    /// US dollars; `None`: unknown.
    pub cost: Option<f64>,
    /// When it ended.
    pub created_at: TimestampMs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_s_end_is_warned_of() {
        let model = |days: Option<i64>| EndpointModel {
            id: "o4-mini".to_owned(),
            owned_by: None,
            shutdown_date: Some("2026-10-23".to_owned()),
            ends_in_days: days,
        };
        let words = |days: i64| model(Some(days)).shutdown_warning();
        assert!(words(-31).unwrap().contains("was shut down on 2026-10-23"));
        assert!(model(Some(0)).is_over() && !model(Some(1)).is_over() && !model(None).is_over());
        assert!(words(183).unwrap().contains("in 183 days"));
        assert_eq!((words(184), model(None).shutdown_warning()), (None, None));
    }
}
