//! What the current grader says of responses: as a run or a test has it, else graded now.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::super::grading::{GradingContext, Sample};
use super::super::input::{RecordedResponse, grade_input, recorded_response};
use super::super::prepare::{Grader, prepare};
use super::super::service::{PREVIEW_CHARS, sample_seed};
use super::Grade;
use crate::db::hand_scores::ResponseHash;
use crate::db::{self, Of};
use crate::error::{ServiceError, ServiceResult};
use crate::llm::CacheUse;
use crate::state::AppState;
use crate::types::calibration::GraderSays;
use crate::types::dataset::DatasetRecord;
use crate::types::dry_run::DryRunConfig;
use crate::types::grader::GraderVersion;

/// A record with its response, and the name of that.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) record: DatasetRecord,
    pub(super) response: RecordedResponse,
    /// The response as people are shown it.
    pub(super) shown: String,
    /// Its SHA-256.
    pub(super) hash: ResponseHash,
}

impl Answered {
    /// `None` if the record has no response.
    pub(super) fn of(record: DatasetRecord) -> Option<Self> {
        let response = recorded_response(&record)?;
        let shown = response.as_shown();
        let hash = Sha256::digest(shown.as_bytes()).into();
        Some(Self { record, response, shown, hash })
    }
}

/// What a grader's version says of each; `None` where a model would have to be asked, which `cache` forbids.
pub(super) async fn grader_says(
    state: &AppState,
    dataset_id: &str,
    version: &GraderVersion,
    answered: &[Answered],
    cache: CacheUse,
) -> ServiceResult<Vec<Option<GraderSays>>> {
    let mut known = known(state, dataset_id, version.version, answered).await?;
    let mut said: Vec<Option<GraderSays>> = answered.iter().map(|answered| known.remove(&answered.record.id)).collect();
    let open: Vec<usize> = (0..said.len()).filter(|index| said[*index].is_none()).collect();
    if open.is_empty() {
        return Ok(said);
    }
    match prepare(state, &version.config).await {
        Ok(grader) => {
            let wanted: Vec<&Answered> = open.iter().map(|index| &answered[*index]).collect();
            let grades = grade(state, dataset_id, &grader, &wanted, cache).await?;
            for (index, grade) in open.into_iter().zip(grades) {
                said[index] = says(version.version, grade);
            }
        }
        // A grader that cannot run (its endpoint is gone) says so at each sample; what is known stays.
        Err(ServiceError::App(error)) => {
            for index in open {
                said[index] = Some(GraderSays { error: Some(error.to_string()), ..nothing(version.version) });
            }
        }
        Err(error) => return Err(error),
    }
    Ok(said)
}

const fn nothing(version: i64) -> GraderSays {
    GraderSays { version, score: None, reasoning: None, error: None, parts: Vec::new() }
}

fn says(version: i64, grade: Grade) -> Option<GraderSays> {
    (!grade.needs_call && !grade.is_cancelled).then_some(GraderSays {
        version,
        score: grade.score,
        reasoning: grade.reasoning,
        error: grade.error,
        parts: grade.parts,
    })
}

/// By record: what the newest run of this version, or its newest test, says of exactly these responses, where the record is as it
/// was then.
async fn known(
    state: &AppState,
    dataset_id: &str,
    version: i64,
    answered: &[Answered],
) -> ServiceResult<HashMap<i64, GraderSays>> {
    let by_id: HashMap<i64, &Answered> = answered.iter().map(|answered| (answered.record.id, answered)).collect();
    let ids: Vec<i64> = by_id.keys().copied().collect();
    let is_of = |record_id: i64, response: &str| by_id.get(&record_id).is_some_and(|known| known.shown == response);
    let mut known = HashMap::new();
    let test = db::graders::last_tests(&state.db, Of::One(dataset_id)).await?.remove(dataset_id);
    let test = test.filter(|test| test.grader_version == Some(version));
    // Graders see more of a record than its response.
    let tested_at = test.as_ref().map_or(0, |test| test.timestamp);
    let is_as_tested = |id: i64| by_id.get(&id).is_some_and(|known| known.record.updated_at <= tested_at);
    for result in test.into_iter().flat_map(|test| test.results) {
        // A preview that may be cut does not name a response.
        let is_whole = result.response_preview.chars().count() < PREVIEW_CHARS;
        if result.score.is_some()
            && is_whole
            && is_as_tested(result.record_id)
            && is_of(result.record_id, &result.response_preview)
        {
            let says = GraderSays {
                score: result.score,
                reasoning: result.reasoning,
                parts: result.parts,
                ..nothing(version)
            };
            known.insert(result.record_id, says);
        }
    }
    for sample in db::hand_scores::graded_in_run(&state.db, dataset_id, version, &ids).await? {
        if is_of(sample.record_id, &sample.response) {
            let says = GraderSays {
                score: sample.score,
                reasoning: sample.reasoning,
                parts: sample.parts,
                ..nothing(version)
            };
            known.insert(sample.record_id, says);
        }
    }
    Ok(known)
}

async fn grade(
    state: &AppState,
    dataset_id: &str,
    grader: &Grader,
    answered: &[&Answered],
    cache: CacheUse,
) -> ServiceResult<Vec<Grade>> {
    // Ends the calls that are under way when whoever asked has gone.
    let cancel = CancellationToken::new();
    let _stops = cancel.clone().drop_guard();
    let context = GradingContext { state, dataset_id, cache, cancel: &cancel };
    let sample = |answered: &&Answered| Sample {
        record_id: Some(answered.record.id),
        seed: sample_seed(DryRunConfig::default().seed, answered.record.id),
        input: grade_input(&answered.record, &answered.response),
        repeat: 0,
    };
    let samples: Vec<Sample> = answered.iter().map(sample).collect();
    let at_once = grader.call_concurrency().and_then(|calls| usize::try_from(calls).ok()).unwrap_or(2).max(1);
    let batches: Vec<Vec<Sample>> = samples.chunks(grader.batch_size()).map(<[_]>::to_vec).collect();
    let graded: Vec<Vec<Grade>> = stream::iter(batches)
        .map(|batch| async move { grader.grade(context, &batch).await })
        .buffered(at_once)
        .try_collect()
        .await?;
    Ok(graded.into_iter().flatten().collect())
}
