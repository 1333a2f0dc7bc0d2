//! Calibration: scores given by hand, and how far the grader agrees with them.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::calibration::{CalibrationReport, HandScore, HandScoreQueue, HandScoreSample, HandScoresGraded};
use crate::types::error::AppError;

/// The samples to score: the row that a record is in, or the first with one that has no score yet.
#[server(prefix = "/api", endpoint = "calibration/queue", input = Json)]
pub async fn hand_scores_to_give(dataset_id: String, around: Option<i64>) -> Result<HandScoreQueue, AppError> {
    super::boundary::answer(|state| async move { crate::grader::calibration::queue(&state, &dataset_id, around).await })
        .await
}

/// A sample to read, without an id the first that has no score yet; with what the grader says of it only once it has one.
#[server(prefix = "/api", endpoint = "calibration/sample", input = Json)]
pub async fn get_hand_score_sample(
    dataset_id: String,
    record_id: Option<i64>,
) -> Result<Option<HandScoreSample>, AppError> {
    super::boundary::answer(
        |state| async move { crate::grader::calibration::sample(&state, &dataset_id, record_id).await },
    )
    .await
}

/// Stores what a person says of the response that they read: one of 0, 0.25, 0.5, 0.75 and 1.
#[server(prefix = "/api", endpoint = "calibration/set", input = Json)]
pub async fn set_hand_score(
    dataset_id: String,
    record_id: i64,
    response_hash: String,
    score: f64,
    note: String,
) -> Result<HandScore, AppError> {
    super::boundary::answer(|state| async move {
        crate::grader::calibration::set(&state, &dataset_id, record_id, &response_hash, score, &note).await
    })
    .await
}

/// Takes a hand score away.
#[server(prefix = "/api", endpoint = "calibration/delete", input = Json)]
pub async fn delete_hand_score(dataset_id: String, record_id: i64, response_hash: String) -> Result<(), AppError> {
    super::boundary::answer(|state| async move {
        crate::grader::calibration::delete(&state, &dataset_id, record_id, &response_hash).await
    })
    .await
}

/// How far the current grader agrees with the hand scores. No model is asked.
#[server(prefix = "/api", endpoint = "calibration/report", input = Json)]
pub async fn get_calibration_report(dataset_id: String) -> Result<CalibrationReport, AppError> {
    super::boundary::answer(|state| async move { crate::grader::calibration::report(&state, &dataset_id).await }).await
}

/// Has a model grade the next few hand-scored responses that it has not graded, behind the first `skip`.
#[server(prefix = "/api", endpoint = "calibration/grade", input = Json)]
pub async fn grade_hand_scored(dataset_id: String, skip: i64) -> Result<HandScoresGraded, AppError> {
    super::boundary::answer(|state| async move {
        crate::grader::calibration::grade_missing(&state, &dataset_id, skip).await
    })
    .await
}
