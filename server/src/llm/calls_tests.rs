//! Calls as the application makes them, against the built-in endpoint: what is kept, what is stored, what it is said to cost.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::calls::{CacheUse, CallContext, Called, ChatError, Keeping, Model, chat};
use super::endpoints::{save, target_of, test_within};
use super::wire::ChatRequest;
use crate::config::Config;
use crate::db;
use crate::grader::WorkerCommand;
use crate::state::AppState;
use crate::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use crate::types::endpoint::{CallFigures, CallPurpose, EndpointForm, ModelPrice};

struct Setting {
    state: AppState,
    endpoint: TestEndpoint,
    model: Model,
    _dir: tempfile::TempDir,
}

/// An application with one endpoint that does this with every chat. Its model costs one dollar a token of the answer.
async fn with(faults: impl IntoIterator<Item = Fault>) -> Setting {
    let dir = tempfile::tempdir().unwrap();
    let config = Config { data_dir: dir.path().into(), ..Config::default() };
    let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new() };
    let state = AppState::open(config, worker).await.unwrap();
    let endpoint = TestEndpoint::start(Script::well().rule(Rule::of(faults).route(Route::Chat))).await.unwrap();
    let price = ModelPrice { model: "*".to_owned(), input: 0.0, cached_input: None, output: 1e5 };
    let form = EndpointForm {
        name: "Test".to_owned(),
        base_url: endpoint.base_url(),
        prices: vec![price],
        ..EndpointForm::default()
    };
    let saved = save(&state, None, form).await.unwrap();
    let row = db::endpoints::get(&state.db, &saved.id).await.unwrap();
    let model = Model::new(target_of(&state, &row).unwrap(), "test-small".to_owned(), &row.prices);
    Setting { state, endpoint, model, _dir: dir }
}

fn question() -> ChatRequest {
    let messages = vec![json!({"role": "user", "content": "Rate it."})];
    ChatRequest { model: "test-small".to_owned(), messages, ..ChatRequest::default() }
}

fn context(cache: CacheUse) -> CallContext<'static> {
    CallContext { purpose: CallPurpose::Judge, dataset_id: None, record_id: None, sample_index: 0, cache }
}

impl Setting {
    async fn ask(&self, cache: CacheUse, accepts: bool, cancel: &CancellationToken) -> Result<Called, ChatError> {
        let question = question();
        let keeping = Keeping { question: &question, accepts: Arc::new(move |_| accepts) };
        chat(&self.state, &self.model, &question, context(cache), Some(&keeping), cancel).await
    }

    async fn figures(&self) -> CallFigures {
        db::llm_calls::figures(&self.state.db).await.unwrap()
    }

    fn asked(&self) -> usize {
        self.endpoint.requests_to(Route::Chat).len()
    }

    async fn until_asked(&self) {
        while self.asked() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// An answer that could not be read is not the answer for ever; nor is one that an older version kept.
#[tokio::test]
async fn only_answers_that_can_be_used_are_kept() {
    let app = with([]).await;
    let never = CancellationToken::new();
    for times in 1..=2 {
        assert!(!app.ask(CacheUse::AsSet, false, &never).await.unwrap().from_cache);
        assert_eq!((app.asked(), app.figures().await.kept), (times, 0));
    }
    assert!(matches!(app.ask(CacheUse::Only, true, &never).await, Err(ChatError::NotKept)));
    let first = app.ask(CacheUse::AsSet, true, &never).await.unwrap();
    let again = app.ask(CacheUse::AsSet, true, &never).await.unwrap();
    assert!(!first.from_cache && again.from_cache && first.answer == again.answer);
    // It is kept, and cannot be used any more.
    assert!(matches!(app.ask(CacheUse::Only, false, &never).await, Err(ChatError::NotKept)));
    assert_eq!(app.figures().await.kept, 1, "a look changes nothing");
    assert!(!app.ask(CacheUse::AsSet, false, &never).await.unwrap().from_cache);
    let figures = app.figures().await;
    assert_eq!((figures.kept, figures.calls, figures.hits), (0, 4, 1));
}

/// Work that goes on after a stop is not paid for twice though nothing else is answered from what is kept.
#[tokio::test]
async fn answers_of_the_same_work_are_used_whatever_the_cache_is_set_to() {
    let app = with([]).await;
    let never = CancellationToken::new();
    crate::llm::endpoints::set_cache(&app.state, false).await.unwrap();
    assert!(!app.ask(CacheUse::AsSet, true, &never).await.unwrap().from_cache);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let start = crate::clock::now_ms();
    assert!(!app.ask(CacheUse::Since(start), true, &never).await.unwrap().from_cache, "older than the work");
    assert!(app.ask(CacheUse::Since(start), true, &never).await.unwrap().from_cache);
    assert!(!app.ask(CacheUse::AsSet, true, &never).await.unwrap().from_cache);
    crate::llm::endpoints::set_cache(&app.state, true).await.unwrap();
    assert!(app.ask(CacheUse::Since(i64::MAX), true, &never).await.unwrap().from_cache);
}

#[tokio::test]
async fn an_answer_is_stored_though_nobody_waits_for_it() {
    let app = with([Fault::latency(300)]).await;
    let never = CancellationToken::new();
    tokio::select! {
        _ = app.ask(CacheUse::AsSet, true, &never) => panic!("it answers later"),
        () = app.until_asked() => {}
    }
    app.state.background.close();
    tokio::time::timeout(Duration::from_secs(20), app.state.background.wait()).await.unwrap();
    let figures = app.figures().await;
    assert_eq!((figures.calls, figures.failed, figures.kept), (1, 0, 1));
    assert!(figures.cost > 0.0);
}

#[tokio::test]
async fn a_call_that_is_cancelled_may_have_cost_something() {
    let app = with([Fault::latency(60_000)]).await;
    let cancel = CancellationToken::new();
    let (called, ()) = tokio::join!(app.ask(CacheUse::AsSet, true, &cancel), async {
        app.until_asked().await;
        cancel.cancel();
    });
    let Err(ChatError::Failed(failed)) = called else { panic!("it was cancelled") };
    assert_eq!((failed.attempts, failed.cost), (1, None));
    let figures = app.figures().await;
    assert_eq!((figures.calls, figures.failed, figures.unknown_cost), (1, 1, 1));
    // One that was never sent is none.
    let Err(ChatError::Failed(failed)) = app.ask(CacheUse::AsSet, true, &cancel).await else { panic!("cancelled") };
    assert_eq!((failed.attempts, failed.cost, app.figures().await.calls), (0, Some(0.0), 1));
}

/// The stop of the server ends what nobody waits for, and keeps a trace of it.
#[tokio::test]
async fn a_stop_does_not_wait_for_calls_that_nobody_wants() {
    let app = with([Fault::latency(60_000)]).await;
    let never = CancellationToken::new();
    tokio::select! {
        _ = app.ask(CacheUse::AsSet, true, &never) => panic!("it does not answer"),
        () = app.until_asked() => {}
    }
    app.state.shutdown.cancel();
    app.state.background.close();
    tokio::time::timeout(Duration::from_secs(5), app.state.background.wait()).await.unwrap();
    assert_eq!(app.figures().await.unknown_cost, 1);
}

#[tokio::test]
async fn failures_cost_nothing_or_an_unknown_amount() {
    for (fault, unknown) in [(Fault::BrokenJson, 1), (Fault::TruncatedBody, 1), (Fault::status(400), 0)] {
        let app = with([fault.clone()]).await;
        let Err(ChatError::Failed(failed)) = app.ask(CacheUse::AsSet, true, &CancellationToken::new()).await else {
            panic!("{fault:?}")
        };
        assert_eq!(failed.cost, if unknown == 0 { Some(0.0) } else { None }, "{fault:?}");
        let figures = app.figures().await;
        assert_eq!((figures.failed, figures.unknown_cost), (1, unknown), "{fault:?}");
    }
}

#[tokio::test]
async fn a_connection_test_does_not_wait_long() {
    let app = with([Fault::latency(60_000)]).await;
    let limit = Duration::from_millis(400);
    let id = Some(app.model.target.id.clone());
    let found = test_within(&app.state, id, None, Some("test-small".to_owned()), limit).await.unwrap();
    assert!(found.models.is_ok());
    let error = found.answer.unwrap().unwrap_err();
    assert!(error.message.contains("that a test waits"), "{}", error.message);
    assert_eq!(app.figures().await.unknown_cost, 1);
}

/// Of three calls that served no record the newest keeps what was sent; a kept answer stays, and the figures do.
#[tokio::test]
async fn old_calls_of_no_record_lose_their_bodies() {
    let app = with([]).await;
    let never = CancellationToken::new();
    let first = app.ask(CacheUse::AsSet, true, &never).await.unwrap();
    for _ in 0..2 {
        app.ask(CacheUse::Never, false, &never).await.unwrap();
    }
    let before = app.figures().await;
    let mut tx = app.state.db.begin().await.unwrap();
    assert_eq!(db::llm_calls::prune(&mut tx, 1).await.unwrap(), 2);
    assert_eq!(db::llm_calls::prune(&mut tx, 1).await.unwrap(), 0);
    let rows = sqlx::query_as::<_, (bool, bool)>("SELECT request <> '', answer IS NOT NULL FROM llm_calls ORDER BY id")
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(rows, [(false, true), (false, false), (true, true)]);
    assert_eq!(app.figures().await, before);
    assert_eq!(app.ask(CacheUse::AsSet, true, &never).await.unwrap().answer, first.answer);
}
