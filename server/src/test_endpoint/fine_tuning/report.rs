//! How a job, its events, its checkpoints and its results are written.

use std::fmt::Write;

use serde_json::{Value, json};

use super::super::script::Metrics;
use super::job::{Job, Status};

/// A checkpoint is kept each so many steps.
const CHECKPOINT_EVERY: u64 = 5;
/// A training row has about so many tokens.
const TOKENS_PER_ROW: u64 = 120;

/// `fine_tuning.job`.
pub(super) fn job_json(job: &Job) -> Value {
    let request = &job.request;
    let is_running = matches!(job.status, Status::Queued | Status::Running);
    let error =
        job.error.as_ref().map(|error| json!({"code": error.code, "message": error.message, "param": error.param}));
    json!({
        "id": job.id, "object": "fine_tuning.job", "model": request.model, "created_at": job.created_at,
        "finished_at": job.finished_at, "fine_tuned_model": job.fine_tuned_model(),
        "organization_id": "org-test", "result_files": job.result_file.iter().collect::<Vec<_>>(),
        "status": job.status.as_str(), "validation_file": request.validation_file,
        "training_file": request.training_file, "hyperparameters": hyperparameters(&request.method),
        "trained_tokens": job.status.is_end().then(|| trained_tokens(job)), "error": error.unwrap_or(json!({})),
        "user_provided_suffix": request.suffix, "seed": request.seed, "integrations": [],
        "estimated_finish": is_running.then_some(job.created_at + 600),
        "metadata": request.metadata, "method": request.method,
    })
}

fn hyperparameters(method: &Value) -> Value {
    let kind = method.get("type").and_then(Value::as_str).unwrap_or("supervised");
    let given = method.get(kind).and_then(|settings| settings.get("hyperparameters"));
    let or_auto = |name: &str| given.and_then(|given| given.get(name)).cloned().unwrap_or(json!("auto"));
    json!({
        "n_epochs": or_auto("n_epochs"), "batch_size": or_auto("batch_size"),
        "learning_rate_multiplier": or_auto("learning_rate_multiplier"),
    })
}

fn trained_tokens(job: &Job) -> u64 {
    job.request.rows * TOKENS_PER_ROW * job.steps / job.total_steps.max(1)
}

/// All events, the newest first: what was said, with the metrics of each step where they came.
pub(super) fn events(job: &Job, metrics: Metrics) -> Vec<Value> {
    let said = |message: &super::job::Message| (message.text.clone(), message.level, "message", json!({}));
    let mut told = Vec::new();
    let mut messages = job.messages.iter().peekable();
    for step in 0..=job.steps {
        if step > 0 {
            let text = format!("Step {step}/{}: train mean reward={:.2}", job.total_steps, job.reward(step, false));
            told.push((text, "info", "metrics", metrics_of(job, step, metrics)));
        }
        while let Some(message) = messages.next_if(|message| message.after_step <= step) {
            told.push(said(message));
        }
    }
    let numbered = told.into_iter().enumerate().map(|(index, (message, level, kind, data))| {
        json!({
            "object": "fine_tuning.job.event", "id": format!("ftevent-{}-{index:04}", job.id),
            "created_at": job.created_at.saturating_add_unsigned(index as u64), "level": level, "message": message,
            "type": kind, "data": data,
        })
    });
    let mut events: Vec<Value> = numbered.collect();
    events.reverse();
    events
}

/// The numbers of a step. The full validation is made only at checkpoints.
fn metrics_of(job: &Job, step: u64, metrics: Metrics) -> Value {
    let (train, valid) = (job.reward(step, false), job.reward(step, true));
    let is_full = is_checkpoint(job, step);
    let mut data = json!({"step": step, "total_steps": job.total_steps});
    match metrics {
        Metrics::Flat => {
            data["train_mean_reward"] = json!(train);
            data["train_reasoning_tokens_mean"] = json!(200 + step);
            if is_full {
                data["full_valid_mean_reward"] = json!(valid);
            }
        }
        Metrics::Nested => {
            data["scores"] = json!({"train_reward_mean": train});
            if is_full {
                data["scores"]["valid_reward_mean"] = json!(valid);
            }
        }
        Metrics::Bedrock => data["critic_rewards_mean"] = json!(train),
    }
    data
}

fn is_checkpoint(job: &Job, step: u64) -> bool {
    step > 0 && (step.is_multiple_of(CHECKPOINT_EVERY) || step == job.total_steps)
}

/// All checkpoints, the newest first.
pub(super) fn checkpoints(job: &Job) -> Vec<Value> {
    let number = job.id.trim_start_matches("ftjob-");
    let steps = (1..=job.steps).rev().filter(|step| is_checkpoint(job, *step));
    steps
        .map(|step| {
            json!({
                "object": "fine_tuning.job.checkpoint", "id": format!("ftckpt-{number}-{step}"),
                "created_at": job.created_at.saturating_add_unsigned(step), "fine_tuning_job_id": job.id,
                "fine_tuned_model_checkpoint": format!("ft:{}:anneal-test::{number}:ckpt-step-{step}", job.request.model),
                "step_number": step,
                "metrics": {"step": step, "train_mean_reward": job.reward(step, false), "full_valid_mean_reward": job.reward(step, true)},
            })
        })
        .collect()
}

/// The table of results, as it is downloaded once a job has succeeded.
pub(super) fn results(job: &Job) -> String {
    let mut table = String::from("step,train_mean_reward,full_valid_mean_reward\n");
    for step in 1..=job.steps {
        // (Writing to a string cannot fail.)
        let _ = writeln!(table, "{step},{:.2},{:.2}", job.reward(step, false), job.reward(step, true));
    }
    table
}
