//! `/fine_tuning/jobs`. A job moves on each time it is retrieved, so that a test sees every status and never waits.
//!
//! `check` says what a provider would refuse, `job` is the job's way, `report` how it and its events are written.

mod check;
mod job;
mod report;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::gate::Admitted;
use super::models;
use super::state::{Inner, Shared};
use job::{Job, Status};

/// All jobs, in the order of their making.
#[derive(Debug, Default)]
pub(super) struct Jobs(Vec<Job>);

impl Jobs {
    /// What the jobs made.
    pub(super) fn fine_tuned_models(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().filter_map(Job::fine_tuned_model)
    }

    fn find(&mut self, id: &str) -> Result<&mut Job, ApiError> {
        self.0.iter_mut().find(|job| job.id == id).ok_or_else(|| {
            ApiError::not_found(format!("Could not find fine tune: {id}"))
                .param("fine_tune_id")
                .code("fine_tune_not_found")
        })
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    after: Option<String>,
    limit: Option<usize>,
}

type PageQuery = Result<Query<Page>, QueryRejection>;

/// The provider's own error for a query that cannot be read.
fn read(page: PageQuery) -> Result<Page, ApiError> {
    page.map(|Query(page)| page).map_err(|error| ApiError::bad_request(error.body_text()))
}

/// `POST /fine_tuning/jobs`.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(admitted): Extension<Admitted>,
) -> Result<Json<Value>, ApiError> {
    let body = admitted.object()?;
    let mut inner = shared.lock();
    let request = check::JobRequest::of(body, &inner.files)?;
    models::check(&inner, &request.model)?;
    let job = Job::new(admitted.number, request);
    let answer = report::job_json(&job);
    inner.jobs.0.push(job);
    Ok(Json(answer))
}

/// `GET /fine_tuning/jobs`. Looking at the list moves nothing.
pub(super) async fn list(State(shared): State<Arc<Shared>>, page: PageQuery) -> Result<Json<Value>, ApiError> {
    let page = read(page)?;
    let jobs: Vec<Value> = shared.lock().jobs.0.iter().rev().map(report::job_json).collect();
    Ok(Json(part(jobs, &page)))
}

/// `GET /fine_tuning/jobs/{id}`: moves the job on, then shows it.
pub(super) async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let mut inner = shared.lock();
    let Inner { jobs, script, files, .. } = &mut *inner;
    let job = jobs.find(&id)?;
    job.advance(&script.fine_tuning);
    if job.status == Status::Succeeded && job.result_file.is_none() {
        let name = format!("step_metrics_{}.csv", job.id);
        let results = Bytes::from(report::results(job));
        let file = files.add(format!("file-results-{}", job.id), name, "fine-tune-results", results);
        job.result_file = Some(file.id);
    }
    Ok(Json(report::job_json(job)))
}

/// `GET /fine_tuning/jobs/{id}/events`: the newest first.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    page: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let page = read(page)?;
    let mut inner = shared.lock();
    let Inner { jobs, script, .. } = &mut *inner;
    Ok(Json(part(report::events(jobs.find(&id)?, script.fine_tuning.metrics), &page)))
}

/// `GET /fine_tuning/jobs/{id}/checkpoints`: the newest first.
pub(super) async fn checkpoints(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    page: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let page = read(page)?;
    Ok(Json(part(report::checkpoints(shared.lock().jobs.find(&id)?), &page)))
}

/// `POST /fine_tuning/jobs/{id}/cancel`.
pub(super) async fn cancel(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    change(&shared, &id, Job::cancel)
}

/// `POST /fine_tuning/jobs/{id}/pause`.
pub(super) async fn pause(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    change(&shared, &id, Job::pause)
}

/// `POST /fine_tuning/jobs/{id}/resume`.
pub(super) async fn resume(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    change(&shared, &id, Job::resume)
}

fn change(
    shared: &Shared,
    id: &str,
    how: impl FnOnce(&mut Job) -> Result<(), ApiError>,
) -> Result<Json<Value>, ApiError> {
    let mut inner = shared.lock();
    let job = inner.jobs.find(id)?;
    how(job)?;
    Ok(Json(report::job_json(job)))
}

/// So many of a list, after the one of this id; twenty if nothing is said.
fn part(items: Vec<Value>, page: &Page) -> Value {
    let after = page.after.as_ref().and_then(|after| items.iter().position(|item| item["id"] == **after));
    let rest = &items[after.map_or(0, |place| place + 1)..];
    let limit = page.limit.unwrap_or(20).clamp(1, 100);
    let data = &rest[..rest.len().min(limit)];
    json!({"object": "list", "data": data, "has_more": rest.len() > limit})
}

#[cfg(test)]
mod tests;
