//! What is compared with: the samples of the newest dry run, else those of the newest test.

use std::collections::HashMap;

use super::super::service::PREVIEW_CHARS;
use crate::db::dry_runs::{DryRunRow, GradedSample};
use crate::db::{self, Of};
use crate::dry_run::rollouts::first_repeat;
use crate::error::ServiceResult;
use crate::grader::RecordedResponse;
use crate::state::AppState;
use crate::types::TimestampMs;
use crate::types::dry_run::{DryRunConfig, Verdict};
use crate::types::grader::{ComparedWith, GraderConfig, GraderTestReport, GraderTestResult, PartScore};

/// Characters of a response that are shown.
const SHOWN_CHARS: usize = 300;

/// Graded responses.
pub(super) struct Source {
    pub(super) compared_with: ComparedWith,
    /// What they were graded with.
    pub(super) config: GraderConfig,
    /// Of the scripts' `Math.random`.
    pub(super) seed: u64,
    pub(super) samples: Vec<StoredSample>,
    /// The run, if it is one.
    pub(super) run: Option<DryRunRow>,
    /// Of a test, whose texts are all here: prompt and response by sample.
    texts: Vec<(String, String)>,
}

/// What is stored of a graded response.
pub(super) struct StoredSample {
    pub(super) position: i64,
    /// The position of its prompt's first response.
    pub(super) prompt: i64,
    /// See [`Sample::repeat`](crate::grader::Sample::repeat).
    pub(super) repeat: u32,
    pub(super) record_id: i64,
    pub(super) topic: Option<String>,
    pub(super) response: StoredResponse,
    pub(super) score: Option<f64>,
    pub(super) error: Option<String>,
    /// Without their explanations.
    pub(super) parts: Vec<PartScore>,
    pub(super) finished_at: TimestampMs,
}

/// What tells whether a record's response is still the one that was graded, beside the time of its last edit.
pub(super) enum StoredResponse {
    /// How long it was.
    Chars(usize),
    /// How it began.
    Start(String),
    /// A model's, kept with the sample.
    Generated(RecordedResponse),
}

impl StoredResponse {
    pub(super) fn is(&self, shown: &str) -> bool {
        match self {
            Self::Chars(chars) => count(shown) == *chars,
            Self::Start(start) => shown.starts_with(start) && (count(start) >= PREVIEW_CHARS || shown == start),
            Self::Generated(response) => response.as_shown() == shown,
        }
    }

    pub(super) fn chars(&self) -> usize {
        match self {
            Self::Chars(chars) => *chars,
            Self::Start(start) => count(start),
            Self::Generated(response) => count(&response.as_shown()),
        }
    }
}

fn count(text: &str) -> usize {
    text.chars().count()
}

fn count_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The newest finished dry run; without one the newest test of the saved grader, else of a draft; `None` without any.
pub(super) async fn newest(state: &AppState, dataset_id: &str) -> ServiceResult<Option<Source>> {
    let run = db::dry_runs::newest_finished(&state.db, Of::One(dataset_id)).await?.remove(dataset_id);
    if let Some(run) = run {
        return Ok(Some(of_run(state, dataset_id, &run.id).await?));
    }
    let test = match db::graders::last_tests(&state.db, Of::One(dataset_id)).await?.remove(dataset_id) {
        Some(test) => Some(test),
        None => db::graders::newest_draft_test(&state.db, dataset_id).await?,
    };
    Ok(test.map(of_test))
}

async fn of_run(state: &AppState, dataset_id: &str, run_id: &str) -> ServiceResult<Source> {
    let run = db::dry_runs::get(&state.db, run_id).await?;
    let version = run.summary.computed_from.grader_version;
    let config = db::graders::get(&state.db, dataset_id, version).await?.config;
    let samples = db::dry_runs::graded(&state.db, run_id).await?;
    let stored = |sample: GradedSample| StoredSample {
        position: sample.ordinal,
        prompt: sample.ordinal - sample.rollout,
        repeat: first_repeat(sample.rollout),
        record_id: sample.record_id,
        topic: sample.topic,
        response: match sample.generated {
            Some(response) => StoredResponse::Generated(response),
            None => StoredResponse::Chars(sample.response_chars),
        },
        score: sample.score,
        error: sample.error,
        parts: sample.parts,
        finished_at: sample.finished_at,
    };
    let at = run.summary.result.as_ref().map_or(run.summary.created_at, |result| result.timestamp);
    Ok(Source {
        compared_with: ComparedWith::DryRun { run_id: run_id.to_owned(), version, at },
        config,
        seed: run.summary.config.seed,
        samples: samples.into_iter().map(stored).collect(),
        run: Some(run),
        texts: Vec::new(),
    })
}

fn of_test(test: GraderTestReport) -> Source {
    let at = test.timestamp;
    let texts = test.results.iter().map(|result| (result.prompt_preview.clone(), result.response_preview.clone()));
    let texts = texts.map(|(prompt, response)| (prompt, start_of(&response))).collect();
    let stored = |(position, result): (usize, GraderTestResult)| StoredSample {
        position: count_of(position),
        prompt: count_of(position),
        repeat: 0,
        record_id: result.record_id,
        topic: None,
        response: StoredResponse::Start(result.response_preview),
        score: result.score,
        error: result.error,
        parts: result.parts,
        finished_at: at,
    };
    Source {
        compared_with: ComparedWith::Test { version: test.grader_version, at },
        config: test.grader_config,
        seed: DryRunConfig::default().seed,
        samples: test.results.into_iter().enumerate().map(stored).collect(),
        run: None,
        texts,
    }
}

fn start_of(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

impl Source {
    /// The run's verdict.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.run.as_ref()?.summary.result.as_ref()?.verdict
    }

    /// Prompt and response of some samples, by their places.
    pub(super) async fn texts(
        &self,
        state: &AppState,
        places: &[usize],
    ) -> ServiceResult<HashMap<usize, (String, String)>> {
        let ComparedWith::DryRun { run_id, .. } = &self.compared_with else {
            return Ok(places.iter().filter_map(|place| Some((*place, self.texts.get(*place)?.clone()))).collect());
        };
        let of_position: HashMap<i64, usize> =
            places.iter().filter_map(|place| Some((self.samples.get(*place)?.position, *place))).collect();
        let ordinals: Vec<i64> = of_position.keys().copied().collect();
        let samples = db::dry_runs::samples_at(&state.db, run_id, &ordinals).await?;
        let text = |sample: crate::types::dry_run::DryRunSample| {
            Some((*of_position.get(&sample.ordinal)?, (sample.prompt_preview, start_of(&sample.response))))
        };
        Ok(samples.into_iter().filter_map(text).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_response_is_not_taken_for_the_graded_one() {
        let long = "é".repeat(PREVIEW_CHARS);
        let start = |text: &str| StoredResponse::Start(text.to_owned());
        assert!(start("short").is("short") && !start("short").is("shorter") && !start("short").is("shor"));
        assert!(start(&long).is(&format!("{long} and more")) && !start(&long).is("é"));
        assert!(StoredResponse::Chars(2).is("éé") && !StoredResponse::Chars(2).is("é"));
    }
}
