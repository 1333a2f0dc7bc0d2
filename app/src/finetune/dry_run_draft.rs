//! What is typed into the dry run's form, and the configuration that it becomes.

use anneal_server::types::dry_run::{
    DEFAULT_REGRADED_SHARE, DEFAULT_ROLLOUTS, DryRunConfig, MAX_ROLLOUTS, ResponseSource,
};
use anneal_server::types::error::AppError;
use leptos::prelude::*;

/// Most samples of a run.
pub const MOST_SAMPLES: i64 = 10_000;

/// The form.
#[derive(Clone, Copy)]
pub struct DryRunDraft {
    /// Recorded responses, or those of the base model.
    pub source: RwSignal<ResponseSource>,
    /// An endpoint's id; empty: that of the default base model.
    pub endpoint: RwSignal<String>,
    /// Empty: the default base model.
    pub model: RwSignal<String>,
    /// Responses per prompt.
    pub rollouts: RwSignal<String>,
    /// A number, or nothing.
    pub temperature: RwSignal<String>,
    /// A number, or nothing.
    pub max_tokens: RwSignal<String>,
    /// US dollars, or nothing.
    pub max_cost: RwSignal<String>,
    /// The run ends as soon as its verdict is settled.
    pub until_settled: RwSignal<bool>,
    /// Prompts.
    pub size: RwSignal<String>,
    /// A number.
    pub seed: RwSignal<String>,
    /// Every topic gets its share.
    pub stratify: RwSignal<bool>,
}

impl DryRunDraft {
    /// The last run's fields, but for the sample size: that starts from the recommended one.
    pub fn of(last: &DryRunConfig, size: String) -> Self {
        let number = |number: Option<String>| RwSignal::new(number.unwrap_or_default());
        let rollouts = match last.response_source {
            ResponseSource::Recorded => DEFAULT_ROLLOUTS,
            ResponseSource::Generated => last.rollouts_per_prompt,
        };
        Self {
            source: RwSignal::new(last.response_source),
            endpoint: number(last.base_endpoint.clone()),
            model: number(last.base_model.clone()),
            rollouts: RwSignal::new(rollouts.to_string()),
            temperature: number(last.temperature.map(|temperature| temperature.to_string())),
            max_tokens: number(last.max_response_tokens.map(|tokens| tokens.to_string())),
            max_cost: number(last.max_cost.map(|cost| cost.to_string())),
            until_settled: RwSignal::new(last.stop_when_settled),
            size: RwSignal::new(size),
            seed: RwSignal::new(last.seed.to_string()),
            stratify: RwSignal::new(last.stratify_by_topic),
        }
    }

    /// Whether a model is asked for new responses.
    pub fn is_generated(self) -> bool {
        self.source.get() == ResponseSource::Generated
    }

    /// The configuration; the server checks it again. Follows what is typed.
    pub fn config(self) -> Result<DryRunConfig, AppError> {
        let sample_size = whole(&self.size.get()).filter(|size| (1..=MOST_SAMPLES).contains(size));
        let sample_size = sample_size
            .ok_or_else(|| wrong("sample_size", "The sample size must be a whole number from 1 to 10,000."))?;
        let seed = plain(&self.seed.get()).parse::<u64>();
        let seed = seed.map_err(|_| wrong("seed", "The seed must be a whole number of 0 or more."))?;
        let max_cost = optional(&self.max_cost.get(), |text| text.trim_start_matches('$').parse::<f64>().ok())
            .map_err(|()| wrong("max_cost", "The limit must be an amount in US dollars, like 2.50, or empty."))?;
        let common = DryRunConfig {
            sample_size,
            seed,
            max_cost,
            stratify_by_topic: self.stratify.get(),
            ..DryRunConfig::default()
        };
        if !self.is_generated() {
            return Ok(common);
        }
        let rollouts = whole(&self.rollouts.get()).filter(|rollouts| (1..=MAX_ROLLOUTS).contains(rollouts));
        let named = |text: RwSignal<String>| Some(text.get().trim().to_owned()).filter(|text| !text.is_empty());
        Ok(DryRunConfig {
            response_source: ResponseSource::Generated,
            base_endpoint: named(self.endpoint),
            base_model: named(self.model),
            rollouts_per_prompt: rollouts.ok_or_else(|| {
                wrong("rollouts_per_prompt", "The responses per prompt must be a whole number from 1 to 64.")
            })?,
            temperature: optional(&self.temperature.get(), |text| text.parse().ok())
                .map_err(|()| wrong("temperature", "The temperature must be a number from 0 to 2, or empty."))?,
            max_response_tokens: optional(&self.max_tokens.get(), |text| text.parse().ok())
                .map_err(|()| wrong("max_response_tokens", "The tokens must be a whole number, or empty."))?,
            regraded_share: DEFAULT_REGRADED_SHARE,
            stop_when_settled: self.until_settled.get(),
            ..common
        })
    }
}

/// Without what only helps to read a number.
fn plain(text: &str) -> String {
    text.trim().replace(',', "")
}

fn whole(text: &str) -> Option<i64> {
    plain(text).parse().ok()
}

/// Nothing, or what it can be read as.
fn optional<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ()> {
    let text = plain(text);
    if text.is_empty() { Ok(None) } else { read(&text).map(Some).ok_or(()) }
}

fn wrong(field: &str, message: &str) -> AppError {
    AppError::invalid_field(field, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(size: &str, seed: &str) -> DryRunDraft {
        let draft = DryRunDraft::of(&DryRunConfig::default(), size.to_owned());
        draft.seed.set(seed.to_owned());
        draft
    }

    #[test]
    fn the_form_is_read_or_refused() {
        Owner::new().with(|| {
            let draft = typed(" 1,200 ", "7");
            draft.stratify.set(false);
            let config = draft.config().unwrap();
            assert_eq!((config.sample_size, config.seed, config.stratify_by_topic), (1200, 7, false));
            assert_eq!((config.response_source, config.rollouts_per_prompt), (ResponseSource::Recorded, 1));
            for (size, seed) in [("0", "1"), ("10001", "1"), ("x", "1"), ("5", "-1")] {
                assert!(typed(size, seed).config().is_err(), "{size} {seed}");
            }
        });
    }

    #[test]
    fn a_run_of_the_base_model_says_what_is_asked() {
        Owner::new().with(|| {
            let draft = typed("50", "1");
            draft.source.set(ResponseSource::Generated);
            draft.model.set(" gpt-x ".to_owned());
            draft.max_cost.set("$2.50".to_owned());
            draft.temperature.set("0.7".to_owned());
            let config = draft.config().unwrap();
            assert_eq!((config.rollouts_per_prompt, config.base_model.as_deref()), (4, Some("gpt-x")));
            assert_eq!((config.max_cost, config.temperature, config.base_endpoint), (Some(2.5), Some(0.7), None));
            let refused = |set: fn(DryRunDraft)| {
                let draft = typed("50", "1");
                draft.source.set(ResponseSource::Generated);
                set(draft);
                draft.config().unwrap_err().to_string()
            };
            assert!(refused(|draft| draft.rollouts.set("65".to_owned())).contains("1 to 64"));
            assert!(refused(|draft| draft.temperature.set("warm".to_owned())).contains("0 to 2"));
            assert!(refused(|draft| draft.max_tokens.set("1.5".to_owned())).contains("whole number"));
            assert!(refused(|draft| draft.max_cost.set("little".to_owned())).contains("US dollars"));
        });
    }
}
