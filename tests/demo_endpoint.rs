//! `anneal demo --endpoint`: the sample with a model endpoint that needs no key.

use anneal_server::types::endpoint::{ModelRole, ModelSettings};
use anneal_server::types::grader::GraderTestReport;
use anneal_server::types::job::{JobState, JobStatus};
use serde_json::{Value, json};

use crate::support::process::{ServerProcess, anneal};

/// The dataset of the demo, its only endpoint (with the defaults), and what a test of the judge `draft` gave.
async fn tried(server: &ServerProcess, draft: &Value) -> (String, ModelSettings, GraderTestReport) {
    let door = &server.door;
    let mut datasets = door.datasets().await;
    assert_eq!(datasets.len(), 1, "{datasets:?}");
    let id = datasets.remove(0).dataset.id;
    let settings: ModelSettings = door.ask("endpoints/list", json!({})).await;
    assert_eq!(settings.endpoints.len(), 1, "{settings:?}");
    let asked = json!({ "dataset_id": id, "draft": draft, "samples": 5 });
    let job: JobStatus = door.ask("grader/test", asked).await;
    let ended = door.job_until(&id, &job.id, |job| !job.state.is_active()).await;
    assert_eq!(ended.state, JobState::Succeeded, "{ended:?}");
    let report: Option<GraderTestReport> =
        door.ask("grader/tested", json!({ "dataset_id": id, "job_id": job.id })).await;
    (id, settings, report.unwrap())
}

#[tokio::test]
async fn the_demo_serves_with_a_model_endpoint_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start_as(dir.path(), &["demo", "--endpoint"]).await;
    let (id, settings, report) = tried(&server, &json!({ "type": "llm_judge", "prompt": "Rate {{response}}" })).await;
    let endpoint = settings.endpoints[0].clone();
    assert_eq!(endpoint.name, "Built-in test endpoint");
    assert!(endpoint.models.iter().any(|model| model.id == "test-small"), "{endpoint:?}");
    for role in [ModelRole::Judge, ModelRole::Base] {
        let choice = settings.defaults.get(role).unwrap();
        assert_eq!((&choice.endpoint_id, choice.model.as_str()), (&endpoint.id, "test-small"));
    }
    assert_eq!((report.results.len(), report.calls, report.cost), (5, 5, Some(0.0)));
    for result in &report.results {
        assert!(result.score.is_some(), "{result:?}");
        assert!(result.reasoning.as_ref().unwrap().contains("no real judge"), "{result:?}");
    }
    // What people changed is theirs; a saved judge names the endpoint by its id.
    let judge = json!({ "type": "llm_judge", "prompt": "Rate {{response}}", "endpoint_id": endpoint.id, "model": "test-large" });
    let _: Value = server.door.ask("grader/save", json!({ "dataset_id": id, "config": judge })).await;
    let choice = json!({ "endpoint_id": endpoint.id, "model": "test-strict-judge" });
    server.door.ask::<()>("endpoints/default", json!({ "role": "judge", "choice": choice })).await;
    server.kill().await;

    let server = ServerProcess::start_as(dir.path(), &["demo", "--endpoint"]).await;
    let (again, settings, report) = tried(&server, &Value::Null).await;
    let moved = &settings.endpoints[0];
    assert_eq!((&again, &moved.id, moved.models.len()), (&id, &endpoint.id, endpoint.models.len()));
    assert_ne!(moved.base_url, endpoint.base_url);
    assert_eq!(settings.defaults.get(ModelRole::Judge).unwrap().model, "test-strict-judge");
    assert!(report.results.iter().all(|result| result.score.is_some()), "{report:?}");
    server.kill().await;

    // Without it the endpoint is gone, which every sample says.
    let server = ServerProcess::start(dir.path()).await;
    let draft = json!({ "type": "llm_judge", "prompt": "Rate it: {{response}}" });
    let (_, _, report) = tried(&server, &draft).await;
    for result in &report.results {
        let error = result.error.as_ref().unwrap();
        assert!(result.score.is_none() && error.contains("Built-in test endpoint"), "{result:?}");
    }
    assert_eq!(anneal(dir.path(), &["demo", "--endpoint", "--json"]).await.code, Some(2));
}
