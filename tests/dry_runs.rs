//! Dry runs: figures worked out by hand, failures, staleness, cancel and resume, and a server that is killed.

use anneal_server::types::dataset::RecordPage;
use anneal_server::types::dry_run::{DryRunReport, DryRunStatistics, Quality, Verdict};
use anneal_server::types::job::JobState;
use anneal_server::types::pipeline::{PipelineStepId, PipelineStepStatus};
use serde_json::{Value, json};

use crate::support::app::{Door, TestApp, dry_run_config};
use crate::support::process::ServerProcess;
use crate::support::records::{chat, chats, rated};

/// Scores a response by its length in tenths.
const BY_LENGTH: &str = "function grade(input) { return input.response.length / 10; }";

/// Reads the score out of responses such as "rated 0.35", after 20 to 40 ms of computing.
const SLOW: &str = "function grade(input) {
    let x = 1;
    for (let i = 0; i < 250000; i++) { x = (x * 31 + i) % 1000003; }
    return x < 0 ? 1 : Number(input.response.split(' ')[1]);
}";

/// Reads the score out of responses such as "rated 0.35".
const RATED: &str = "function grade(input) { return Number(input.response.split(' ')[1]); }";

fn assert_near(got: f64, expected: f64, what: &str) {
    assert!((got - expected).abs() < 1e-9, "{what}: {got}, not {expected}");
}

async fn import_topics(app: &TestApp, dataset_id: &str, names: &[&str]) {
    let nodes: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let hierarchy = json!({ "nodes": nodes }).to_string();
    let _: Value =
        app.ask("topics/import", json!({ "dataset_id": dataset_id, "json": hierarchy, "confirm": false })).await;
}

/// Everything of a report that the clock has no part in.
fn timeless(report: &DryRunReport) -> Value {
    let mut report = serde_json::to_value(report).unwrap();
    let fields = report.as_object_mut().unwrap();
    assert!(fields.remove("timestamp").is_some() && fields.remove("duration_ms").is_some());
    report
}

#[tokio::test]
async fn the_report_has_the_numbers_worked_out_by_hand() {
    let app = TestApp::start().await;
    // Ten responses of 1 to 10 characters: 0.1 to 1.0; odd lengths in topic "odd", even ones in "even".
    let line = |n: usize| {
        let topic = json!({ "topic": if n % 2 == 1 { "odd" } else { "even" } });
        chat(&format!("Question number {n}, please."), &"a".repeat(n), topic) + "\n"
    };
    let id = app.imported("a.jsonl", (1..=10).map(line).collect::<String>()).await;
    import_topics(&app, &id, &["odd", "even"]).await;
    app.set_grader(&id, BY_LENGTH).await;
    // Fewer records than asked for: all of them.
    let report = app.dry_run(&id, 300).await;

    let counts = (report.eligible_records, report.samples_planned, report.samples_evaluated, report.failed);
    assert_eq!((counts, report.partial), ((10, 10, 10, 0), false));
    let DryRunStatistics { mean, std, median, min, max, percentiles, score_fractions, standard_error, .. } =
        report.statistics.unwrap();
    assert_near(mean, 0.55, "mean");
    // The squares of -4.5 .. 4.5 add up to 82.5; 82.5 / 9 = 9.1667, whose root is 3.0277.
    assert_near(std, (82.5_f64 / 9.0).sqrt() / 10.0, "std");
    assert_near(standard_error, (82.5_f64 / 9.0).sqrt() / 10.0 / 10.0_f64.sqrt(), "standard error");
    assert_near(median, 0.55, "median");
    assert_eq!((min, max), (0.1, 1.0));
    // Linear interpolation at 0.1 * 9 = 0.9, 2.25, 6.75 and 8.1.
    assert_near(percentiles.p10, 0.19, "p10");
    assert_near(percentiles.p25, 0.325, "p25");
    assert_near(percentiles.p75, 0.775, "p75");
    assert_near(percentiles.p90, 0.91, "p90");
    assert_near(score_fractions.gt0, 1.0, "gt0");
    assert_near(score_fractions.eq1, 0.1, "eq1");
    let buckets: Vec<i64> = report.distribution.iter().map(|bucket| bucket.count).collect();
    assert_eq!(buckets, [0, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    assert_near(report.distribution[9].share, 0.2, "share of the last bucket");

    let [even, odd] = report.by_topic.as_slice() else { panic!("{:?}", report.by_topic) };
    assert_eq!((even.topic.as_deref(), even.count, even.status), (Some("even"), 5, Quality::Good));
    assert_eq!((odd.topic.as_deref(), odd.count, odd.status), (Some("odd"), 5, Quality::Good));
    assert_near(even.mean, 0.6, "even");
    assert_near(odd.mean, 0.5, "odd");
    // 4 + 2 + 0 + 2 + 4 steps of two: the squares 16 + 4 + 0 + 4 + 16 = 40 over 4.
    assert_near(odd.std, 10.0_f64.sqrt() / 10.0, "std of odd");

    let diagnosis = report.diagnosis.unwrap();
    assert_eq!(diagnosis.verdict, Verdict::Caution);
    assert!(diagnosis.findings.iter().any(|finding| finding.message.contains("10")), "{:?}", diagnosis.findings);
}

#[tokio::test]
async fn the_sample_is_stratified_by_largest_remainder_and_repeatable() {
    let app = TestApp::start().await;
    // Lines 0, 4, 8, ... and 1, 5, ... are "a", then "b", then one without a topic of the hierarchy: 12, 6, 6.
    let id = app.imported("a.jsonl", chats(24, &["a", "a", "b", "no leaf"])).await;
    import_topics(&app, &id, &["a", "b"]).await;
    app.set_grader(&id, "function grade(input) { return 0.5; }").await;
    // 7 * 12/24 = 3.5, 1.75, 1.75: floors 3, 1, 1; the two left go to the two remainders of 0.75.
    let by_topic = |report: &DryRunReport| -> Vec<(Option<String>, i64)> {
        report.by_topic.iter().map(|score| (score.topic.clone(), score.count)).collect()
    };
    let report = app.dry_run(&id, 7).await;
    assert_eq!(by_topic(&report), [(Some("a".to_owned()), 3), (Some("b".to_owned()), 2), (None, 2)]);
    assert_eq!((report.eligible_records, report.samples_planned), (24, 7));

    let again = app.dry_run(&id, 7).await;
    assert_eq!(timeless(&again), timeless(&report));
    let history = app.overview(&id).await.dry_run_history;
    let ids = |samples: Vec<anneal_server::types::dry_run::DryRunSample>| -> Vec<i64> {
        samples.into_iter().map(|sample| sample.record_id).collect()
    };
    let (second, first) = (ids(app.samples(&history[0].id).await), ids(app.samples(&history[1].id).await));
    assert_eq!(second, first);
    let mut distinct = first.clone();
    distinct.dedup();
    assert_eq!(distinct.len(), 7);

    let mut config = dry_run_config(7);
    config.seed = 7;
    let run: anneal_server::types::dry_run::DryRunSummary =
        app.ask("dry-run/start", json!({ "dataset_id": id, "config": config })).await;
    app.ended(&run.job_id).await;
    assert_ne!(ids(app.samples(&run.id).await), first);
}

#[tokio::test]
async fn failures_are_counted_and_left_out() {
    let app = TestApp::start().await;
    let answers = ["aaaa", "aaaaaa", "boom", "aaaaaaaaaaaa"];
    let line = |(n, answer): (usize, &&str)| chat(&format!("Question number {n}, please."), answer, json!({})) + "\n";
    let id = app.imported("a.jsonl", answers.iter().enumerate().map(line).collect::<String>()).await;
    // The second fails by throwing, the last by 1.2, which is no score.
    app.set_grader(&id, "function grade(input) { if (input.response === 'boom') throw new Error('no idea'); return input.response.length / 10; }").await;
    let report = app.dry_run(&id, 10).await;
    assert_eq!((report.samples_planned, report.samples_evaluated, report.failed), (4, 2, 2));
    let statistics = report.statistics.unwrap();
    assert_eq!(statistics.count, 2);
    assert_near(statistics.mean, 0.5, "mean");

    let run_id = app.overview(&id).await.dry_run.unwrap().summary.id;
    let arguments = json!({ "run_id": run_id, "selection": { "selection": "failed" }, "page": 1 });
    let failed: anneal_server::types::dry_run::SamplePage = app.ask("dry-run/samples", arguments).await;
    let errors: Vec<String> = failed.samples.into_iter().map(|sample| sample.error.unwrap()).collect();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("no idea"), "{errors:?}");
    assert!(errors[1].contains("returned") && errors[1].contains("1.2"), "{errors:?}");

    // Not one score: no statistics rather than zeros, and a NO-GO that says why.
    app.set_grader(&id, "function grade(input) { throw new Error('never'); }").await;
    let report = app.dry_run(&id, 10).await;
    assert_eq!((report.samples_evaluated, report.failed), (0, 4));
    assert!(report.statistics.is_none() && report.distribution.is_empty() && report.by_topic.is_empty());
    let diagnosis = report.diagnosis.unwrap();
    assert_eq!((diagnosis.verdict, diagnosis.dataset_quality), (Verdict::NoGo, None));
    assert_eq!(diagnosis.findings[0].message, "4 of 4 samples failed: 100%, more than 50%.");
    let step = app.step(&id, PipelineStepId::DryRun).await;
    assert_eq!((step.status, step.status_text.as_str()), (PipelineStepStatus::Failed, "No sample scored • NO-GO"));
    let train = app.step(&id, PipelineStepId::Train).await;
    assert!(train.blocked_reason.unwrap().contains("NO-GO"));
    let (status, html) = app.get(&format!("/finetune/{id}?step=dryrun")).await;
    assert_eq!(status, 200);
    assert!(html.contains("4 of 4 samples failed") && html.contains("so there are no figures to show"), "{html}");
    for empty in ["Scores by topic", "Samples worth a look", "No sample of this run is like that"] {
        assert!(!html.contains(empty), "an empty card: {empty}");
    }
}

#[tokio::test]
async fn a_result_says_what_changed_since() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(80)).await;
    app.set_grader(&id, RATED).await;
    let report = app.dry_run(&id, 300).await;
    assert_eq!(report.diagnosis.as_ref().unwrap().verdict, Verdict::Go, "{report:#?}");
    let step = app.step(&id, PipelineStepId::DryRun).await;
    assert_eq!((step.status, step.stale_reason), (PipelineStepStatus::Complete, None));

    let record = app.rows(&id).await.remove(0);
    let mut data = app.record(&id, record.id).await.data;
    data["input"]["messages"][0]["content"] = json!("Where is my order? It is urgent.");
    app.edit(&id, record.id, &data).await;
    let step = app.step(&id, PipelineStepId::DryRun).await;
    assert_eq!(
        (step.status, step.stale_reason.as_deref()),
        (PipelineStepStatus::Attention, Some("records or their topics changed"))
    );
    assert!(step.status_text.contains("stale"), "{}", step.status_text);

    app.set_grader(&id, &format!("{RATED} // changed")).await;
    let reason = app.step(&id, PipelineStepId::DryRun).await.stale_reason.unwrap();
    assert_eq!(reason, "records or their topics changed; the grader is now version 2, not 1");

    app.dry_run(&id, 300).await;
    let step = app.step(&id, PipelineStepId::DryRun).await;
    assert_eq!((step.status, step.stale_reason), (PipelineStepStatus::Complete, None));
}

/// Starts a slow run of 100 samples, one at a time; answers run and job.
async fn start_slow(door: &Door, dataset_id: &str) -> (String, String) {
    let mut config = dry_run_config(100);
    config.concurrency = 1;
    let run: anneal_server::types::dry_run::DryRunSummary =
        door.ask("dry-run/start", json!({ "dataset_id": dataset_id, "config": config })).await;
    (run.id, run.job_id)
}

#[tokio::test]
async fn cancelling_keeps_what_is_done_and_resuming_completes_it() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(120)).await;
    app.set_grader(&id, SLOW).await;
    let (run, job) = start_slow(&app, &id).await;
    app.job_until(&id, &job, |job| job.done >= 5).await;
    let message = app.refused("dry-run/start", json!({ "dataset_id": id, "config": dry_run_config(10) }), 409).await;
    assert!(message.contains("A dry run is going on already"), "{message}");

    let _: Value = app.ask("jobs/cancel", json!({ "job_id": job })).await;
    let ended = app.ended(&job).await;
    assert_eq!(ended.state, JobState::Cancelled);
    let partial = app.overview(&id).await.dry_run.unwrap().report.unwrap();
    assert!(partial.partial);
    assert!((5..100).contains(&partial.samples_evaluated), "{}", partial.samples_evaluated);
    assert_eq!((partial.samples_planned, partial.statistics.unwrap().count), (100, partial.samples_evaluated));
    assert_eq!(ended.done, partial.samples_evaluated);

    let _: Value = app.ask("dry-run/resume", json!({ "run_id": run })).await;
    assert_eq!(app.ended(&job).await.state, JobState::Succeeded);
    let overview = app.overview(&id).await;
    assert_eq!(overview.dry_run_history.len(), 1);
    let whole = overview.dry_run.unwrap().report.unwrap();
    assert!(!whole.partial);
    assert_eq!((whole.samples_evaluated, whole.failed), (100, 0));
    assert!(app.samples(&run).await.iter().all(|sample| sample.score.is_some()));
}

#[tokio::test]
async fn nothing_starts_without_grader_responses_or_sense() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    let start = |config: Value| json!({ "dataset_id": id, "config": config });
    let config = serde_json::to_value(dry_run_config(10)).unwrap();
    let message = app.refused("dry-run/start", start(config.clone()), 409).await;
    assert!(message.contains("There is no grader yet"), "{message}");

    app.set_grader(&id, BY_LENGTH).await;
    for (field, value) in [("sample_size", json!(0)), ("sample_size", json!(10_001)), ("rollouts_per_prompt", json!(4))]
    {
        let mut config = config.clone();
        config[field] = value;
        let (status, body) = app.call("dry-run/start", start(config)).await;
        assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some(field)), "{body}");
    }
    app.refused("dry-run/start", json!({ "dataset_id": "none", "config": config }), 404).await;
    app.refused("dry-run/get", json!({ "run_id": "none" }), 404).await;

    let prompts = json!({ "messages": [{ "role": "user", "content": "Where is my parcel today?" }] });
    let silent = app.imported("b.jsonl", prompts.to_string()).await;
    app.set_grader(&silent, BY_LENGTH).await;
    let message = app.refused("dry-run/start", json!({ "dataset_id": silent, "config": config }), 409).await;
    assert!(message.contains("No valid record carries a recorded response"), "{message}");
    assert!(app.overview(&id).await.dry_run_history.is_empty());
}

#[tokio::test]
async fn a_killed_server_goes_on_and_reports_as_if_undisturbed() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path()).await;
    let (status, body) = server.door.upload("a.jsonl", rated(150).into(), &[]).await;
    assert_eq!(status.as_u16(), 201, "{body}");
    let id = body["dataset_id"].as_str().unwrap().to_owned();
    server.door.job_until(&id, body["job_id"].as_str().unwrap(), |job| job.state == JobState::Succeeded).await;
    let _: Value = server
        .door
        .ask("grader/save", json!({ "dataset_id": id, "config": { "type": "script", "script": SLOW } }))
        .await;
    let (run, job) = start_slow(&server.door, &id).await;
    let seen = server.door.job_until(&id, &job, |job| job.done >= 20).await;
    assert!(seen.done <= 80 && seen.state == JobState::Running, "{seen:?}");
    server.kill().await;

    let server = ServerProcess::start(dir.path()).await;
    let ended = server.door.job_until(&id, &job, |job| !job.state.is_active()).await;
    assert_eq!((ended.state, ended.done), (JobState::Succeeded, 100), "{ended:?}");
    let killed = server.door.overview(&id).await.dry_run.unwrap();
    assert_eq!(killed.summary.id, run);
    let killed = killed.report.unwrap();
    assert_eq!((killed.samples_planned, killed.samples_evaluated, killed.failed), (100, 100, 0));
    let samples = server.door.samples(&run).await;
    assert!(samples.iter().map(|sample| sample.ordinal).eq(0..100));
    assert!(samples.iter().all(|sample| sample.score.is_some()));
    assert!(samples.windows(2).all(|pair| pair[0].record_id < pair[1].record_id), "each record once");

    let (undisturbed, job) = start_slow(&server.door, &id).await;
    server.door.job_until(&id, &job, |job| job.state == JobState::Succeeded).await;
    assert_eq!(server.door.samples(&undisturbed).await, samples);
    let report = server.door.overview(&id).await.dry_run.unwrap().report.unwrap();
    assert_eq!(timeless(&report), timeless(&killed));
}

#[tokio::test]
async fn a_run_that_finds_no_record_left_fails_with_the_reason() {
    let (app, busy) = TestApp::busy().await;
    let id = app.imported_beside(&busy, chats(1, &[])).await;
    app.set_grader(&id, BY_LENGTH).await;
    let busy = busy.again(&app).await;
    let run = app.start_dry_run(&id, 10).await;
    let record = app.rows(&id).await[0].id;
    app.edit(&id, record, &json!({ "input": { "messages": [] } })).await;
    busy.free(&app).await;
    let ended = app.ended(&run.job_id).await;
    let error = ended.error.unwrap_or_default();
    assert!(ended.state == JobState::Failed && error.contains("No valid record with a recorded response"), "{error}");
}

#[tokio::test]
async fn records_are_found_by_their_score_in_the_newest_run() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(80)).await;
    let found = async |score: Value| {
        let filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": null, "score": score });
        let arguments = json!({ "dataset_id": id, "filter": filter, "page": 1, "page_size": 200 });
        let page: RecordPage = app.ask("records/list", arguments).await;
        page.total
    };
    assert_eq!(found(json!({ "from": 0, "to": 100 })).await, 0, "nothing was scored yet");
    app.set_grader(&id, RATED).await;
    app.dry_run(&id, 300).await;
    // 0.05, 0.07, ... 0.83, each twice.
    for (from, to, expected) in [(0, 20, 16), (20, 40, 20), (5, 7, 2), (83, 100, 2), (84, 100, 0), (0, 100, 80)] {
        assert_eq!(found(json!({ "from": from, "to": to })).await, expected, "{from} to {to}");
    }
    app.set_grader(&id, "function grade(input) { return 1; }").await;
    app.dry_run(&id, 300).await;
    assert_eq!(found(json!({ "from": 99, "to": 100 })).await, 80, "a score of 1 is in the last range");
    assert_eq!(found(json!({ "from": 0, "to": 99 })).await, 0, "former runs do not count");
}
