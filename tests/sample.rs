//! The sample dataset: made by one call, with everything computed by the real code.

use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::pipeline::PipelineStepId;
use anneal_server::types::validation::ValidationError;
use reqwest::header;
use serde_json::json;

use crate::support::app::TestApp;

#[tokio::test]
async fn the_sample_opens_with_everything_computed() {
    let app = TestApp::start().await;
    // As the start page's button does without scripts: a plain form.
    let request = app.client.post(app.url("/api/datasets/sample")).header(header::ACCEPT, "text/html");
    let response = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").send().await.unwrap();
    assert!(response.status().is_redirection(), "{}", response.status());
    let location = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let datasets: Vec<DatasetSummary> = app.ask("datasets/list", json!({})).await;
    let [summary] = datasets.as_slice() else { panic!("{datasets:?}") };
    let id = summary.dataset.id.clone();
    assert!(location.ends_with(&format!("/finetune/{id}?step=dryrun#step-panel")), "{location}");

    let hygiene = app.hygiene(&id).await;
    assert_eq!((hygiene.total, hygiene.pending), (1200, 0));
    assert!(hygiene.duplicates_removed > 0);
    for error in ValidationError::ALL {
        assert!(hygiene.errors_by_type.get(&error).is_some_and(|count| *count > 0), "{error:?}: {hygiene:?}");
    }
    assert!((24..=96).contains(&hygiene.rejected), "about 4 in 100: {}", hygiene.rejected);

    let overview = app.overview(&id).await;
    assert_eq!(overview.hierarchy.unwrap().leaves().len(), 6);
    let coverage = overview.coverage.unwrap();
    assert!(coverage.distribution.iter().all(|topic| topic.count > 0), "{coverage:?}");
    assert!(coverage.balance_score.is_some_and(|score| score > 0.0 && score < 1.0));
    let test = overview.grader_test.unwrap();
    assert_eq!(test.results.len(), 5);
    assert!(test.results.iter().all(|result| result.score.is_some()), "{test:?}");
    let report = overview.dry_run.unwrap().report.unwrap();
    assert_eq!((report.samples_planned, report.partial), (300, false));
    assert!(report.statistics.as_ref().unwrap().std > 0.1, "answers of varied quality");
    let step = app.step(&id, PipelineStepId::DryRun).await;
    assert_eq!(step.stale_reason, None);
    assert!(step.status_text.contains(report.diagnosis.as_ref().unwrap().verdict.as_str()), "{}", step.status_text);

    // Computed, not stored: the same run gives the same, another grader something else.
    let again = app.dry_run(&id, 300).await;
    assert_eq!(
        (&again.statistics, &again.by_topic, &again.diagnosis),
        (&report.statistics, &report.by_topic, &report.diagnosis)
    );
    app.set_grader(&id, "function grade(input) { return input.response.length % 2; }").await;
    let other = app.dry_run(&id, 300).await;
    assert_ne!(other.statistics, report.statistics);
    let scores = |report: &anneal_server::types::dry_run::DryRunReport| -> Vec<i64> {
        report.distribution.iter().map(|bucket| bucket.count).collect()
    };
    assert_eq!(scores(&other)[1..9], [0; 8], "only zeros and ones: {:?}", scores(&other));
    assert!(scores(&report)[1..9].iter().sum::<i64>() > 0);
}
