//! A job's way through every status, and what is refused.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::super::files::Files;
use super::super::script::{FineTuning, JobEnd, Metrics};
use super::check::JobRequest;
use super::job::{Job, Status};
use super::{Page, part, report};

fn files() -> Files {
    let mut files = Files::default();
    let user_last = r#"{"messages": [{"role": "user", "content": "a"}]}"#;
    let assistant_last = r#"{"messages": [{"role": "assistant", "content": "a"}]}"#;
    for (id, text) in [("good", user_last), ("bad", assistant_last)] {
        files.add(id.to_owned(), "a.jsonl".to_owned(), "fine-tune", Bytes::from(text));
    }
    files
}

fn body(fields: Value) -> Value {
    let mut body = json!({
        "model": "test-small", "training_file": "good", "validation_file": "good",
        "method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "string_check"}, "hyperparameters": {"n_epochs": 2, "batch_size": "auto"}}},
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn job(fields: Value) -> Job {
    Job::new(1, JobRequest::of(body(fields).as_object().unwrap(), &files()).unwrap())
}

fn statuses(job: &mut Job, script: &FineTuning, looks: usize) -> Vec<&'static str> {
    (0..looks)
        .map(|_| {
            job.advance(script);
            job.status.as_str()
        })
        .collect()
}

#[test]
fn a_job_goes_through_every_status() {
    let mut job = job(json!({"suffix": "mine"}));
    assert_eq!(job.status, Status::ValidatingFiles);
    let way = statuses(&mut job, &FineTuning::default(), 5);
    assert_eq!(way, ["queued", "running", "running", "succeeded", "succeeded"]);
    assert_eq!(job.fine_tuned_model().as_deref(), Some("ft:test-small:anneal-test:mine:00000001"));
    assert_eq!(report::checkpoints(&job).len(), 2);
    assert_eq!(report::results(&job).lines().count(), 11);
    assert!(job.cancel().is_err() && job.resume().is_err());
}

#[test]
fn a_bad_file_is_found_while_files_are_validated() {
    let mut job = job(json!({"validation_file": "bad"}));
    assert_eq!(statuses(&mut job, &FineTuning::default(), 2), ["failed", "failed"]);
    assert_eq!(report::job_json(&job)["error"]["code"], "invalid_training_file");
}

#[test]
fn jobs_pause_resume_and_end_as_scripted() {
    let pausing = FineTuning { pause_at_step: Some(3), ..FineTuning::default() };
    let mut paused = job(json!({}));
    assert_eq!(statuses(&mut paused, &pausing, 4), ["queued", "running", "paused", "paused"]);
    assert_eq!(paused.steps, 3);
    paused.resume().unwrap();
    assert_eq!(statuses(&mut paused, &pausing, 3), ["running", "running", "succeeded"]);

    let end = JobEnd::Fails { code: "server_error".to_owned(), message: "out of memory".to_owned() };
    let failing = FineTuning { end, ..FineTuning::default() };
    assert_eq!(statuses(&mut job(json!({})), &failing, 3), ["queued", "running", "failed"]);
    let unknown = FineTuning { end: JobEnd::UnknownStatus, ..FineTuning::default() };
    assert_eq!(statuses(&mut job(json!({})), &unknown, 3)[2], "rebalancing");

    let mut cancelled = job(json!({}));
    cancelled.cancel().unwrap();
    assert_eq!(statuses(&mut cancelled, &FineTuning::default(), 1), ["cancelled"]);
}

#[test]
fn events_carry_metrics_in_the_spelling_that_was_asked_for() {
    let mut job = job(json!({}));
    statuses(&mut job, &FineTuning::default(), 4);
    let steps = |metrics| -> Vec<Value> {
        let events = report::events(&job, metrics).into_iter();
        events.filter(|event| event["type"] == "metrics").map(|event| event["data"].clone()).collect()
    };
    let flat = steps(Metrics::Flat);
    assert_eq!((flat.len(), &flat[0]["step"], &flat[0]["total_steps"]), (10, &json!(10), &json!(10)));
    assert!(flat[0]["full_valid_mean_reward"].is_number() && flat[1].get("full_valid_mean_reward").is_none());
    assert!(flat[0]["train_mean_reward"].as_f64() > flat[9]["train_mean_reward"].as_f64());
    assert!(steps(Metrics::Nested)[0]["scores"]["valid_reward_mean"].is_number());
    assert!(steps(Metrics::Bedrock)[0]["critic_rewards_mean"].is_number());
    assert_eq!(report::events(&job, Metrics::Flat)[0]["message"], "The job has successfully completed");
}

#[test]
fn lists_go_on_after_an_id() {
    let items: Vec<Value> = (0..5).map(|id| json!({"id": id.to_string()})).collect();
    let page = |after: Option<&str>, limit| part(items.clone(), &Page { after: after.map(str::to_owned), limit });
    assert_eq!(page(None, Some(2)), json!({"object": "list", "data": [{"id": "0"}, {"id": "1"}], "has_more": true}));
    assert_eq!(page(Some("1"), Some(3))["has_more"], false);
    assert_eq!(page(Some("4"), None)["data"], json!([]));
}

#[test]
fn refusals_name_the_field() {
    let param = |fields: Value| {
        let refused = JobRequest::of(body(fields).as_object().unwrap(), &files());
        refused.err().map(|error| error.body()["error"]["param"].clone())
    };
    assert_eq!(param(json!({})), None);
    assert_eq!(param(json!({"model": null})), Some(json!("model")));
    assert_eq!(param(json!({"training_file": "none"})), Some(json!("training_file")));
    assert_eq!(param(json!({"validation_file": null})), Some(json!("validation_file")));
    assert_eq!(param(json!({"suffix": "a".repeat(65)})), Some(json!("suffix")));
    assert_eq!(param(json!({"method": {"type": "magic"}})), Some(json!("method.type")));
    assert_eq!(
        param(json!({"method": {"type": "reinforcement", "reinforcement": {}}})),
        Some(json!("method.reinforcement.grader"))
    );
    let epochs = json!({"method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "python"}, "hyperparameters": {"n_epochs": 51}}}});
    assert_eq!(param(epochs), Some(json!("method.reinforcement.hyperparameters.n_epochs")));
}
