//! Calibration through the application's door: samples to score, scores that stay, agreement with the grader; hostile input.

use anneal_server::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use anneal_server::types::calibration::{
    AgreementLevel, AgreementRemark, CalibrationReport, HandScore, HandScoreQueue, HandScoreSample, HandScoresGraded,
};
use anneal_server::types::endpoint::{CallPurpose, Endpoint, EndpointForm, LlmCall};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chats, rated};

/// The rating that stands in the response.
const RATED: &str =
    "function grade(input) { return { score: Number(input.response.match(/[0-9.]+/)[0]), reasoning: 'as rated' }; }";

async fn queue(app: &TestApp, id: &str, around: Option<i64>) -> HandScoreQueue {
    app.ask("calibration/queue", json!({ "dataset_id": id, "around": around })).await
}

async fn sample(app: &TestApp, id: &str, record_id: i64) -> HandScoreSample {
    let sample: Option<HandScoreSample> =
        app.ask("calibration/sample", json!({ "dataset_id": id, "record_id": record_id })).await;
    sample.unwrap()
}

fn score_of(id: &str, sample: &HandScoreSample, score: f64, note: &str) -> Value {
    json!({ "dataset_id": id, "record_id": sample.record.id, "response_hash": sample.response_hash, "score": score, "note": note })
}

async fn set(app: &TestApp, id: &str, record_id: i64, score: f64) -> HandScore {
    let shown = sample(app, id, record_id).await;
    app.ask("calibration/set", score_of(id, &shown, score, "")).await
}

async fn report(app: &TestApp, id: &str) -> CalibrationReport {
    app.ask("calibration/report", json!({ "dataset_id": id })).await
}

/// What was rated, to the nearest of the five levels.
fn nearest_level(sample: &HandScoreSample) -> f64 {
    let text = sample.record.data["output"].to_string();
    let digits = text.split("rated ").nth(1).unwrap();
    let rated: f64 = digits[..4].parse().unwrap();
    (rated * 4.0).round() / 4.0
}

#[tokio::test]
async fn samples_are_scored_blind_and_agreement_is_told() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(80)).await;
    let none = report(&app, &id).await;
    assert_eq!((none.grader_version, none.hand_scored, none.agreement), (None, 0, None));
    assert_eq!(queue(&app, &id, None).await.samples.len(), 20, "without a grader too");

    app.set_grader(&id, RATED).await;
    app.dry_run(&id, 300).await;
    let first = queue(&app, &id, None).await;
    assert_eq!(first, queue(&app, &id, None).await, "the same samples come each time");
    assert!(first.samples.iter().all(|sample| !sample.is_scored));
    let next: Option<HandScoreSample> =
        app.ask("calibration/sample", json!({ "dataset_id": id, "record_id": null })).await;
    assert_eq!(next.unwrap().record.id, first.samples[0].record_id);
    for (n, queued) in first.samples.iter().enumerate() {
        let blind = sample(&app, &id, queued.record_id).await;
        assert!(blind.grader.is_none() && blind.hand.is_none(), "the grader's score leaves only after a hand score");
        set(&app, &id, queued.record_id, nearest_level(&blind)).await;
        let seen = sample(&app, &id, queued.record_id).await;
        let grader = seen.grader.unwrap();
        assert_eq!((grader.version, grader.reasoning.as_deref()), (1, Some("as rated")));
        let told = report(&app, &id).await;
        assert_eq!(told.agreement.is_some(), n >= 4, "five are enough");
    }
    let scores: Vec<f64> = {
        let mut scores = Vec::new();
        for queued in &first.samples {
            scores.push(sample(&app, &id, queued.record_id).await.grader.unwrap().score.unwrap());
        }
        scores
    };
    for five in scores.chunks(5) {
        assert!(five.iter().any(|score| *score < 0.25) && five.iter().any(|score| *score > 0.6), "{scores:?}");
    }
    let told = report(&app, &id).await;
    assert_eq!((told.hand_scored, told.compared, told.ungraded, told.failed, told.outdated), (20, 20, 0, 0, 0));
    let agreement = told.agreement.unwrap();
    assert_eq!(agreement.level, Some(AgreementLevel::Well));
    let kappa = agreement.figures.kappa;
    let ends = kappa.ci95.unwrap();
    assert!(ends.low <= kappa.value.unwrap() && kappa.value.unwrap() <= ends.high && kappa.value.unwrap() > 0.8);
    assert_eq!(app.overview(&id).await.hand_scores.count, 20);

    // The next ones come, and the former ones where one asks for them.
    let next = queue(&app, &id, None).await;
    assert!(next.samples.iter().all(|queued| first.samples.iter().all(|other| other.record_id != queued.record_id)));
    let again = queue(&app, &id, Some(first.samples[3].record_id)).await;
    assert_eq!(again.samples[3].record_id, first.samples[3].record_id);
    assert!(again.samples.iter().all(|queued| queued.is_scored));
}

#[tokio::test]
async fn scores_change_go_and_fall_away_with_their_response() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(12)).await;
    app.set_grader(&id, RATED).await;
    let rows = app.rows(&id).await;
    for row in &rows {
        set(&app, &id, row.id, 1.0).await;
    }
    // Not by a run or a test: graded for the report. All hand scores are alike, which is said.
    let told = report(&app, &id).await;
    assert_eq!((told.compared, told.disagreements.len()), (12, 5));
    let agreement = told.agreement.unwrap();
    assert_eq!((agreement.level, agreement.figures.pearson.value), (None, None));
    assert!(agreement.figures.pearson.why.unwrap().contains("All hand scores are alike"));
    assert!(agreement.remarks.contains(&AgreementRemark::TooStrict));
    let worst = &told.disagreements[0];
    assert_eq!((worst.hand.score, worst.grader.score), (1.0, Some(0.05)));
    assert!(worst.prompt_preview.starts_with("Where is my order number"));

    // Changed, with a note; then taken away.
    let shown = sample(&app, &id, rows[0].id).await;
    let changed: HandScore = app.ask("calibration/set", score_of(&id, &shown, 0.0, "  not an answer ")).await;
    assert_eq!((changed.score, changed.note.as_str()), (0.0, "not an answer"));
    let one = json!({ "dataset_id": id, "record_id": rows[0].id, "response_hash": shown.response_hash });
    app.ask::<()>("calibration/delete", one.clone()).await;
    app.ask::<()>("calibration/delete", one).await;
    assert!(sample(&app, &id, rows[0].id).await.grader.is_none());
    assert_eq!(report(&app, &id).await.hand_scored, 11);

    // Another response is another judgement; the one that was read is refused.
    let before = sample(&app, &id, rows[1].id).await;
    let mut data = before.record.data.clone();
    data["output"]["messages"][0]["content"] = json!("rated 0.90, now that it was rewritten");
    app.edit(&id, rows[1].id, &data).await;
    let told = report(&app, &id).await;
    assert_eq!((told.hand_scored, told.outdated), (10, 1));
    let message = app.refused("calibration/set", score_of(&id, &before, 0.5, ""), 409).await;
    assert!(message.contains("was changed since you read it"), "{message}");
    assert!(sample(&app, &id, rows[1].id).await.hand.is_none());

    // Another version is another grader: it is asked anew.
    app.set_grader(&id, "function grade(input) { throw new Error('never'); }").await;
    let told = report(&app, &id).await;
    assert_eq!((told.grader_version, told.compared, told.failed), (Some(2), 0, 10));
}

#[tokio::test]
async fn what_is_no_score_is_refused() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    let other = app.imported("b.jsonl", chats(3, &[])).await;
    let rows = app.rows(&id).await;
    let shown = sample(&app, &id, rows[0].id).await;
    let good = score_of(&id, &shown, 0.5, "");
    let with = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed[key] = value;
        changed
    };
    for score in [json!(0.3), json!(-0.25), json!(1.25), json!(5), json!(null), json!("0.5"), json!(1e300)] {
        app.refused("calibration/set", with("score", score), 422).await;
    }
    app.refused("calibration/set", with("note", json!("x".repeat(2_001))), 422).await;
    for hash in [String::new(), "0".repeat(63), "g".repeat(64), "é".repeat(32)] {
        app.refused("calibration/set", with("response_hash", json!(hash)), 422).await;
        app.refused("calibration/delete", with("response_hash", json!(hash)), 422).await;
    }
    app.refused("calibration/set", with("response_hash", json!("0".repeat(64))), 409).await;
    for record in [0, -1, i64::MAX, rows[0].id + 1_000] {
        app.refused("calibration/set", with("record_id", json!(record)), 404).await;
        app.refused("calibration/sample", json!({ "dataset_id": id, "record_id": record }), 404).await;
        assert_eq!(queue(&app, &id, Some(record)).await.samples.len(), 3, "the others come");
    }
    app.refused("calibration/set", with("dataset_id", json!(other)), 404).await;
    app.refused("calibration/sample", json!({ "dataset_id": other, "record_id": rows[0].id }), 404).await;
    for endpoint in ["calibration/queue", "calibration/report", "calibration/grade"] {
        app.refused(endpoint, json!({ "dataset_id": "nobody", "around": null, "skip": 0 }), 404).await;
    }
    let graded: HandScoresGraded = app.ask("calibration/grade", json!({ "dataset_id": id, "skip": i64::MIN })).await;
    assert_eq!((graded.report.hand_scored, graded.failed), (0, 0));

    // A deleted record takes its score along, and brings it back.
    app.ask::<Value>("calibration/set", good.clone()).await;
    let deletion: Value = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [rows[0].id] })).await;
    assert_eq!(report(&app, &id).await.hand_scored, 0, "{deletion}");
    app.refused("calibration/set", good, 404).await;
    assert_eq!(app.overview(&id).await.hand_scores.count, 0);
    // An invalid line has nothing to score.
    let mixed = app.imported("c.jsonl", chats(2, &[]) + "{broken\n").await;
    let broken = app.rows(&mixed).await.into_iter().find(|row| row.validation.status.as_str() == "invalid").unwrap();
    app.refused("calibration/sample", json!({ "dataset_id": mixed, "record_id": broken.id }), 409).await;
}

#[tokio::test]
async fn a_judge_is_asked_once_and_every_call_is_told() {
    let answer = r#"{"score": 0.6, "reasoning": "fair"}"#;
    let judged = Rule::of([Fault::content(answer)]).route(Route::Chat);
    let endpoint = TestEndpoint::start(Script::well().rule(judged)).await.unwrap();
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(12, &[])).await;
    let form = EndpointForm { name: "Test".to_owned(), base_url: endpoint.base_url(), ..EndpointForm::default() };
    let saved: Endpoint = app.ask("endpoints/save", json!({ "id": null, "form": form })).await;
    let judge = json!({ "type": "llm_judge", "prompt": "How good is this? {{response}}", "endpoint_id": saved.id, "model": "test-small" });
    let _: Value = app.ask("grader/save", json!({ "dataset_id": id, "config": judge })).await;
    let asked = || endpoint.requests_to(Route::Chat).len();

    let rows = app.rows(&id).await;
    for (n, row) in rows.iter().enumerate() {
        set(&app, &id, row.id, [0.0, 0.5, 1.0][n % 3]).await;
    }
    let told = report(&app, &id).await;
    assert_eq!((told.ungraded, told.compared, asked()), (12, 0, 0), "looking at the agreement costs nothing");
    // The reveal asks, once.
    assert_eq!(sample(&app, &id, rows[0].id).await.grader.unwrap().score, Some(0.6));
    assert_eq!(sample(&app, &id, rows[0].id).await.grader.unwrap().score, Some(0.6));
    assert_eq!((report(&app, &id).await.ungraded, asked()), (11, 1));
    let round: HandScoresGraded = app.ask("calibration/grade", json!({ "dataset_id": id, "skip": 0 })).await;
    assert_eq!((round.failed, round.report.ungraded), (0, 3), "eight a round");
    let round: HandScoresGraded = app.ask("calibration/grade", json!({ "dataset_id": id, "skip": 0 })).await;
    assert_eq!((round.report.ungraded, round.report.compared, asked()), (0, 12, 12));
    let agreement = round.report.agreement.unwrap();
    assert!(agreement.figures.pearson.why.unwrap().contains("All of the grader's scores are alike"));

    // A run and a test by many calls at once: each call is stored while results are.
    let run = app.dry_run(&id, 300).await;
    assert_eq!((run.samples_evaluated, run.failed, asked()), (12, 0, 12), "kept answers are used");
    let test: anneal_server::types::job::JobStatus =
        app.ask("grader/test", json!({ "dataset_id": id, "draft": null, "samples": 12 })).await;
    assert_eq!(app.ended(&test.id).await.state, anneal_server::types::job::JobState::Succeeded);

    let calls: Vec<LlmCall> = app.ask("records/calls", json!({ "dataset_id": id, "record_id": rows[0].id })).await;
    assert_eq!(calls.iter().map(|call| call.from_cache).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!((calls[2].purpose, calls[2].model.as_str(), calls[2].cost), (CallPurpose::Judge, "test-small", None));

    // An endpoint that fails is told, and the next round goes on behind what failed.
    let _: Value = app.ask("grader/save", json!({ "dataset_id": id, "config": { "type": "llm_judge", "prompt": "Anew: {{response}}", "endpoint_id": saved.id, "model": "test-small" } })).await;
    endpoint.set_script(Script::well().rule(Rule::of([Fault::Unauthorized]).route(Route::Chat)));
    let round: HandScoresGraded = app.ask("calibration/grade", json!({ "dataset_id": id, "skip": 0 })).await;
    assert_eq!((round.failed, round.report.ungraded), (8, 12));
    assert!(round.error.unwrap().contains("key"), "the reason is told");
    let round: HandScoresGraded = app.ask("calibration/grade", json!({ "dataset_id": id, "skip": 8 })).await;
    assert_eq!(round.failed, 4);
    // With an endpoint that answers again, a run that has to ask for every sample ends, too.
    endpoint.set_script(Script::well().rule(Rule::of([Fault::latency(20)]).route(Route::Chat)));
    assert_eq!(app.dry_run(&id, 300).await.samples_evaluated, 12);
    let told = report(&app, &id).await;
    assert_eq!((told.ungraded, told.compared), (0, 12), "what the run has is not asked again");
}
