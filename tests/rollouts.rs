//! Dry runs in which a base model answers: what is asked, what is paid, what a stop leaves, what the report says.

use anneal_server::config::Config;
use anneal_server::test_endpoint::{Fault, Nth, Route, Rule, Script, TestEndpoint};
use anneal_server::types::dry_run::{
    DryRunConfig, DryRunEstimate, DryRunReport, DryRunSummary, SamplePage, SampleSelection, Verdict,
};
use anneal_server::types::endpoint::{Endpoint, EndpointForm, ModelPrice};
use anneal_server::types::job::{JobState, JobStatus};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::records::chats;

/// Scores a response by the number in it.
const NUMBER: &str = "function grade(input) { return Number(input.response) }";

/// One dollar a call: a million tokens cost so much that any call costs a multiple.
fn priced(model: &str) -> Vec<ModelPrice> {
    vec![ModelPrice { model: model.to_owned(), input: 1.0, cached_input: None, output: 1_000.0 }]
}

async fn with_base(script: Script, concurrency: u32) -> (TestApp, TestEndpoint) {
    let endpoint = TestEndpoint::start(script).await.unwrap();
    let app = TestApp::start_with(|config| Config { concurrent_jobs: 1, ..config }).await;
    let form = EndpointForm {
        name: "Base".to_owned(),
        base_url: endpoint.base_url(),
        concurrency,
        prices: priced("test-small"),
        ..EndpointForm::default()
    };
    let saved: Endpoint = app.ask("endpoints/save", json!({"id": null, "form": form})).await;
    let choice = json!({"endpoint_id": saved.id, "model": "test-small"});
    for role in ["base", "judge"] {
        app.ask::<()>("endpoints/default", json!({"role": role, "choice": choice})).await;
    }
    (app, endpoint)
}

/// The model answers these in turn.
fn in_turn(answers: &[&str]) -> Script {
    answers.iter().zip(1..).fold(Script::well(), |script, (answer, from)| {
        let every = answers.len() as u64;
        let rule = Rule::of([Fault::content(*answer)]).route(Route::Chat);
        script.rule(Rule { nth: Nth { from, until: None, every }, ..rule })
    })
}

fn config(sample_size: i64) -> DryRunConfig {
    DryRunConfig { sample_size, ..DryRunConfig::generated() }
}

async fn start(app: &TestApp, id: &str, config: &DryRunConfig) -> DryRunSummary {
    app.ask("dry-run/start", json!({"dataset_id": id, "config": config})).await
}

async fn run(app: &TestApp, id: &str, config: &DryRunConfig) -> (DryRunSummary, JobStatus, DryRunReport) {
    let run = start(app, id, config).await;
    let job = app.ended(&run.job_id).await;
    let report = report(app, &run).await;
    (run, job, report)
}

async fn report(app: &TestApp, run: &DryRunSummary) -> DryRunReport {
    anneal_server::db::dry_runs::report(&app.state.db, &run.id).await.unwrap().unwrap()
}

async fn samples(app: &TestApp, run: &DryRunSummary) -> SamplePage {
    app.ask("dry-run/samples", json!({"run_id": run.id, "selection": SampleSelection::All, "page": 1})).await
}

/// By hand: every prompt is answered 0.2, 0.4, 0.6 and 0.8, so that each one's best is 0.3 above its mean of 0.5.
#[tokio::test]
async fn the_base_model_answers_each_prompt_several_times_and_the_gain_is_measured() {
    let (app, endpoint) = with_base(in_turn(&["0.2", "0.4", "0.6", "0.8"]), 1).await;
    let id = app.imported("a.jsonl", chats(40, &[])).await;
    app.set_grader(&id, NUMBER).await;
    let (run, job, report) = run(&app, &id, &config(35)).await;
    assert_eq!(job.state, JobState::Succeeded, "{job:?}");
    assert_eq!((report.samples_planned, report.samples_evaluated, report.failed), (140, 140, 0));
    assert_eq!((report.config.base_model.as_deref(), report.config.rollouts_per_prompt), (Some("test-small"), 4));
    assert!(report.config.base_endpoint.is_some() && report.cost.calls == 140 && report.cost.amount > 0.0);
    let statistics = report.statistics.as_ref().unwrap();
    assert!((statistics.mean - 0.5).abs() < 1e-9 && statistics.prompts() == 35, "{statistics:?}");
    let headroom = statistics.headroom.unwrap();
    assert!((headroom - 0.3).abs() < 0.02, "{headroom}");
    assert_eq!(report.diagnosis.as_ref().unwrap().verdict, Verdict::Go, "{:?}", report.diagnosis);
    assert_eq!(report.signal.as_ref().unwrap().counts.learnable, 35);

    // Every prompt has four rows of its own, and its messages were sent as they are.
    let page = samples(&app, &run).await;
    assert_eq!(page.total, 140);
    for prompt in page.samples[..48].chunks(4) {
        assert!(prompt.iter().all(|sample| sample.record_id == prompt[0].record_id), "{prompt:?}");
        assert_eq!(prompt.iter().map(|sample| sample.rollout).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
    let asked = endpoint.requests_to(Route::Chat);
    assert_eq!(asked.len(), 140);
    assert!(asked[0].body.to_string().contains("Where is my order number"), "{:?}", asked[0].body);

    // The same run again is given the same answers for nothing; one with another seed asks anew.
    let (_, _, again) = self::run(&app, &id, &config(35)).await;
    assert_eq!((again.cost.calls, endpoint.requests_to(Route::Chat).len()), (0, 140));
    let other = DryRunConfig { seed: 7, ..config(5) };
    self::run(&app, &id, &other).await;
    assert_eq!(endpoint.requests_to(Route::Chat).len(), 160);
}

/// Prompts without a recorded answer can be asked; a refusal and silence are what the policy says.
#[tokio::test]
async fn whatever_the_model_says_is_graded_and_only_what_it_cannot_say_fails() {
    let script = Script::well()
        .rule(Rule::of([Fault::Refusal]).route(Route::Chat).text("number 0?"))
        .rule(Rule::of([Fault::content("")]).route(Route::Chat).text("number 1?"))
        .rule(Rule::of([Fault::status(400)]).route(Route::Chat).text("number 2?"));
    let (app, _endpoint) = with_base(script, 4).await;
    let prompts: String = (0..4)
        .map(|n| {
            json!({"messages": [{"role": "user", "content": format!("Where is order number {n}?")}]}).to_string() + "\n"
        })
        .collect();
    let id = app.imported("a.jsonl", prompts).await;
    app.set_grader(&id, "function grade(input) { return input.response ? 1 : 0 }").await;
    let (run, job, report) = run(&app, &id, &DryRunConfig { rollouts_per_prompt: 2, ..config(4) }).await;
    assert_eq!(job.state, JobState::Succeeded, "{job:?}");
    assert_eq!((report.samples_evaluated, report.failed), (6, 2));
    let page = samples(&app, &run).await;
    let of = |text: &str| page.samples.iter().filter(|sample| sample.prompt_preview.contains(text)).collect::<Vec<_>>();
    assert!(of("number 0?").iter().all(|sample| sample.score == Some(1.0) && !sample.response.is_empty()));
    assert!(of("number 1?").iter().all(|sample| sample.score == Some(0.0)));
    assert!(of("number 2?").iter().all(|sample| sample.error.as_ref().is_some_and(|error| error.contains("400"))));
}

/// A judge's noise is told apart: responses are graded twice, each grading by itself.
#[tokio::test]
async fn a_judges_gradings_are_repeated() {
    let judged = |score: f64| Fault::content(json!({"reasoning": "r", "score": score}).to_string());
    let script = Script::well().rule(Rule::of([judged(0.25)]).route(Route::Chat).text("json_schema")).rule(Rule {
        nth: Nth { from: 2, until: None, every: 2 },
        ..Rule::of([judged(0.75)]).route(Route::Chat).text("json_schema")
    });
    let (app, endpoint) = with_base(script, 8).await;
    let id = app.imported("a.jsonl", chats(40, &[])).await;
    let judge = json!({"type": "llm_judge", "prompt": "Rate: {{lastUserMessage}} {{response}}"});
    let _: serde_json::Value = app.ask("grader/save", json!({"dataset_id": id, "config": judge})).await;
    let asked = DryRunConfig { regraded_share: 1.0, rollouts_per_prompt: 2, ..config(30) };
    let (run, _, report) = run(&app, &id, &asked).await;
    // 60 responses, each judged twice, each time anew.
    assert_eq!((report.samples_evaluated, report.cost.calls, endpoint.requests_to(Route::Chat).len()), (60, 180, 180));
    assert!(samples(&app, &run).await.samples.iter().all(|sample| sample.regrade.is_some()));
    assert!(report.statistics.unwrap().variance.unwrap().judge_noise.is_some());

    // By default the best of each prompt alone is, and of some prompts all.
    let (second, _, _) = self::run(&app, &id, &DryRunConfig { seed: 5, rollouts_per_prompt: 2, ..config(20) }).await;
    let samples = samples(&app, &second).await.samples;
    assert!(samples.chunks(2).all(|prompt| {
        let regraded = prompt.iter().filter(|sample| sample.regrade.is_some()).count();
        let best = prompt.iter().filter_map(|sample| sample.score).fold(0.0, f64::max);
        regraded > 0 && prompt.iter().any(|sample| sample.regrade.is_some() && sample.score == Some(best))
    }));
}

#[tokio::test]
async fn a_run_pauses_before_its_limit_and_goes_on_with_a_higher_one() {
    let (app, endpoint) = with_base(in_turn(&["0.2", "0.8"]), 2).await;
    let id = app.imported("a.jsonl", chats(30, &[])).await;
    app.set_grader(&id, NUMBER).await;
    let whole = DryRunConfig { rollouts_per_prompt: 2, ..config(30) };
    let one = {
        let (_, _, report) = run(&app, &id, &DryRunConfig { seed: 1, sample_size: 4, ..whole.clone() }).await;
        report.cost.amount / report.cost.calls as f64
    };
    let before = endpoint.requests_to(Route::Chat).len();
    let (run, job, report) = run(&app, &id, &DryRunConfig { max_cost: Some(one * 20.5), ..whole.clone() }).await;
    assert_eq!(job.state, JobState::Cancelled, "{job:?}");
    assert!(job.message.contains("paused at its limit of $"), "{}", job.message);
    assert!(report.partial && report.cost.amount <= one * 20.5, "{:?}", report.cost);
    assert!(report.cost.calls >= 15, "{:?}", report.cost);
    let _: DryRunSummary = app.ask("dry-run/resume", json!({"run_id": run.id, "max_cost": one * 100.0})).await;
    assert_eq!(app.ended(&run.job_id).await.state, JobState::Succeeded);
    let whole_report = self::report(&app, &run).await;
    assert_eq!((whole_report.samples_evaluated, whole_report.partial), (60, false));
    assert_eq!(endpoint.requests_to(Route::Chat).len() - before, 60, "nothing is asked twice");
    app.refused("dry-run/resume", json!({"run_id": run.id, "max_cost": 0.0}), 422).await;
}

/// Half of the answers fail at first. Only those are asked for again.
#[tokio::test]
async fn a_resumed_run_asks_only_for_what_failed() {
    let bad = Rule { nth: Nth { from: 1, until: None, every: 2 }, ..Rule::of([Fault::status(400)]).route(Route::Chat) };
    let (app, endpoint) = with_base(in_turn(&["0.5"]).rule(bad), 1).await;
    let id = app.imported("a.jsonl", chats(10, &[])).await;
    app.set_grader(&id, NUMBER).await;
    app.ask::<()>("endpoints/cache", json!({"is_on": false})).await;
    let run = start(&app, &id, &DryRunConfig { rollouts_per_prompt: 2, ..config(10) }).await;
    assert_eq!(app.ended(&run.job_id).await.state, JobState::Succeeded);
    assert_eq!(report(&app, &run).await.failed, 10);
    endpoint.set_script(in_turn(&["0.5"]));
    let _: DryRunSummary = app.ask("dry-run/resume", json!({"run_id": run.id, "max_cost": null})).await;
    assert_eq!(app.ended(&run.job_id).await.state, JobState::Succeeded);
    let whole = report(&app, &run).await;
    assert_eq!((whole.samples_evaluated, whole.failed), (20, 0));
    assert_eq!(endpoint.requests_to(Route::Chat).len(), 30);
}

#[tokio::test]
async fn what_a_run_will_cost_is_said_before() {
    let (app, endpoint) = with_base(Script::well(), 4).await;
    let id = app.imported("a.jsonl", chats(50, &[])).await;
    let judge = json!({"type": "llm_judge", "prompt": "Rate: {{response}}"});
    let _: serde_json::Value = app.ask("grader/save", json!({"dataset_id": id, "config": judge})).await;
    let asked = json!({"dataset_id": id, "config": config(300)});
    let told: DryRunEstimate = app.ask("dry-run/estimate", asked.clone()).await;
    // All 50 prompts, four responses each; the best of each is judged twice, and the others too in a tenth of the prompts.
    assert_eq!((told.prompts, told.response_calls, told.judge_calls), (50, 200, 200 + 50 + 5 * 3));
    assert!(told.cost.is_some_and(|cost| cost > 0.0) && told.seconds.is_none(), "{told:?}");
    assert!(told.assumed.iter().any(|words| words.contains("has not judged yet")), "{told:?}");
    assert!(endpoint.requests_to(Route::Chat).is_empty(), "an estimate asks nobody");
    // Once the models have answered, it is within a quarter of what a run then costs.
    let (_, _, report) = run(&app, &id, &DryRunConfig { seed: 3, ..config(20) }).await;
    let asked = json!({"dataset_id": id, "config": DryRunConfig { seed: 4, ..config(20) }});
    let told: DryRunEstimate = app.ask("dry-run/estimate", asked).await;
    let ratio = told.cost.unwrap() / report.cost.amount;
    assert!((0.75..1.25).contains(&ratio), "{ratio}: {told:?} {:?}", report.cost);
    assert!(told.seconds.is_some() && told.assumed.is_empty(), "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    app.set_grader(&id, NUMBER).await;
    let refused = async |config: DryRunConfig, status: u16| {
        app.refused("dry-run/start", json!({"dataset_id": id, "config": config}), status).await
    };
    assert!(refused(config(3), 409).await.contains("No base model is chosen"));
    let endpoint = TestEndpoint::start(Script::well()).await.unwrap();
    let form = EndpointForm { name: "Base".to_owned(), base_url: endpoint.base_url(), ..EndpointForm::default() };
    let saved: Endpoint = app.ask("endpoints/save", json!({"id": null, "form": form})).await;
    let with = || DryRunConfig {
        base_endpoint: Some(saved.id.clone()),
        base_model: Some("test-small".to_owned()),
        ..config(3)
    };
    for (config, words) in [
        (DryRunConfig { rollouts_per_prompt: 0, ..with() }, "1 to 64"),
        (DryRunConfig { rollouts_per_prompt: 65, ..with() }, "1 to 64"),
        (DryRunConfig { sample_size: 10_000, rollouts_per_prompt: 8, ..with() }, "at most 40,000"),
        (DryRunConfig { temperature: Some(2.1), ..with() }, "from 0 to 2"),
        (DryRunConfig { max_response_tokens: Some(0), ..with() }, "1 to 1,000,000"),
        (DryRunConfig { regraded_share: 1.5, ..with() }, "from 0 to 1"),
        (DryRunConfig { max_cost: Some(-1.0), ..with() }, "more than 0"),
        (DryRunConfig { max_cost: Some(1.0), ..with() }, "what one of the models costs is not known"),
    ] {
        let message = refused(config, 422).await;
        assert!(message.contains(words), "{message}");
    }
    let started = start(&app, &id, &with()).await;
    assert_eq!(app.ended(&started.job_id).await.state, JobState::Succeeded);
}
