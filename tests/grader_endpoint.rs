//! Grading over HTTP, as a trainer does it: every answer is checked against the description that the server gives.

use std::time::Duration;

use anneal_server::config::Config;
use anneal_server::types::grader::{GraderKey, NewGraderKey};
use anneal_server::types::job::JobState;
use reqwest::{Body, header};
use serde_json::{Value, json};

use crate::support::app::{Door, TestApp};
use crate::support::process::ServerProcess;
use crate::support::records::chats;

/// Scores a response by its length in tenths; longer than ten characters it fails.
pub const BY_LENGTH: &str =
    "function grade(input) { return { score: input.response.length / 10, reasoning: 'by length' }; }";

pub async fn with_grader(app: &TestApp, config: Value) -> (String, NewGraderKey) {
    let dataset = app.imported("rows.jsonl", chats(3, &[])).await;
    let _: Value = app.ask("grader/save", json!({ "dataset_id": dataset, "config": config })).await;
    let key = key(app, &dataset).await;
    (dataset, key)
}

async fn with_script(app: &TestApp, script: &str) -> (String, NewGraderKey) {
    with_grader(app, json!({ "type": "script", "script": script })).await
}

async fn key(door: &Door, dataset: &str) -> NewGraderKey {
    door.ask("grader/keys/create", json!({ "dataset_id": dataset, "name": "run" })).await
}

/// Posts and checks the answer against the description; answers status and body.
async fn post(door: &Door, address: &str, key: &str, body: impl Into<Body>) -> (u16, Value) {
    let request = door
        .client
        .post(door.url(&format!("/v1/graders/{address}/score")))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .bearer_auth(key);
    checked(door, request.body(body)).await
}

async fn checked(door: &Door, request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_described(door, status, &body).await;
    (status, body)
}

async fn assert_described(door: &Door, status: u16, body: &Value) {
    let (_, text) = door.get("/v1/openapi.json").await;
    let description: Value = serde_json::from_str(&text).unwrap();
    let answers = &description["paths"]["/v1/graders/{id}/score"]["post"]["responses"];
    let mut schema = answers[status.to_string()]["content"]["application/json"]["schema"].clone();
    assert!(schema.is_object(), "{status} is not described: {body}");
    schema["components"] = description["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{status} {body}: {errors:?}");
}

pub fn sample(text: &str) -> Value {
    json!({ "sample": { "output_text": text }, "item": {} })
}

pub async fn score(door: &Door, address: &str, key: &str, asked: &Value) -> (u16, Value) {
    post(door, address, key, asked.to_string()).await
}

#[tokio::test]
async fn one_sample_several_and_a_fixed_version() {
    let app = TestApp::start().await;
    let (dataset, key) = with_script(&app, BY_LENGTH).await;
    let asked = json!({ "sample": { "output_text": "abcd", "extra": 1 }, "trace_id": "t-1", "later": true });
    let expected = json!({ "score": 0.4, "reasoning": "by length", "grader_version": 1, "trace_id": "t-1" });
    assert_eq!(score(&app, &dataset, &key.secret, &asked).await, (200, expected));

    let long = json!({ "sample": "x".repeat(11), "trace_id": "t-2" });
    let (status, body) = score(&app, &dataset, &key.secret, &long).await;
    assert_eq!((status, &body["error"]["type"], &body["trace_id"]), (422, &json!("grader_error"), &json!("t-2")));
    assert!(body.get("score").is_none());

    let batch = json!({ "samples": [sample("ab"), long, { "sample": 5, "trace_id": "t-3" }, sample("abc")] });
    let (status, body) = score(&app, &dataset, &key.secret, &batch).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["results"][0]["score"], &body["results"][3]["score"]), (&json!(0.2), &json!(0.3)));
    assert_eq!(body["results"][1]["error"]["type"], "grader_error");
    assert_eq!(body["results"][2]["error"]["type"], "invalid_request_error");
    assert_eq!(body["results"][2]["trace_id"], "t-3");

    app.set_grader(&dataset, "function grade(input) { return input.item.level === 3 && input.referenceAnswer === 'r' && input.metadata.m === 1 && input.lastUserMessage === 'U' ? 1 : 0; }").await;
    let row = json!({ "messages": [{ "role": "user", "content": "U" }], "reference_answer": "r", "metadata": { "m": 1 }, "level": 3 });
    let (_, now) = score(&app, &dataset, &key.secret, &json!({ "sample": "abcd", "item": row })).await;
    assert_eq!(now, json!({ "score": 1.0, "grader_version": 2 }));
    let (_, fixed) = score(&app, &format!("{dataset}@1"), &key.secret, &asked).await;
    assert_eq!((&fixed["score"], &fixed["grader_version"]), (&json!(0.4), &json!(1)));
    for unknown in ["@3", "@0", "@-1", "@x", "@", "@+1", "@01", "%FF"] {
        assert_eq!(score(&app, &format!("{dataset}{unknown}"), &key.secret, &asked).await.0, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_key_opens_its_own_grader_and_nothing_else() {
    let app = TestApp::start().await;
    let (dataset, key) = with_script(&app, BY_LENGTH).await;
    let (other, other_key) = with_script(&app, BY_LENGTH).await;
    assert!(key.secret.starts_with("ank_") && key.secret.len() == 47 && key.secret.ends_with(&key.key.hint[3..]));
    let listed: Vec<GraderKey> = app.ask("grader/keys", json!({ "dataset_id": dataset })).await;
    assert_eq!(listed, std::slice::from_ref(&key.key));

    // Another's grader and none at all cannot be told apart.
    let foreign = score(&app, &other, &key.secret, &sample("a")).await;
    assert_eq!(foreign, score(&app, "nobody", &key.secret, &sample("a")).await);
    assert_eq!(foreign.0, 404);
    for wrong in ["", "ank_", "x", &format!("{}x", key.secret)] {
        assert_eq!(score(&app, &dataset, wrong, &sample("a")).await, score(&app, "nobody", wrong, &sample("a")).await);
        assert_eq!(score(&app, &dataset, wrong, &sample("a")).await.0, 401);
    }
    let url = app.url(&format!("/v1/graders/{dataset}/score"));
    let bare = app.client.post(&url).json(&sample("a"));
    assert_eq!(checked(&app, bare).await.0, 401);
    for name in ["api-key", "x-api-key"] {
        let request = app.client.post(&url).header(name, &key.secret).json(&sample("a"));
        assert_eq!(checked(&app, request).await.0, 200);
    }
    let listed: Vec<GraderKey> = app.ask("grader/keys", json!({ "dataset_id": dataset })).await;
    let used = listed[0].last_used_at.unwrap();
    score(&app, &dataset, &key.secret, &sample("a")).await;
    let listed: Vec<GraderKey> = app.ask("grader/keys", json!({ "dataset_id": dataset })).await;
    assert_eq!(listed[0].last_used_at, Some(used), "noted at most once a minute");

    let of_another = json!({ "dataset_id": other, "key_id": key.key.id });
    app.refused("grader/keys/delete", of_another, 404).await;
    app.refused("grader/keys/create", json!({ "dataset_id": dataset, "name": " " }), 422).await;
    app.ask::<()>("grader/keys/delete", json!({ "dataset_id": dataset, "key_id": key.key.id })).await;
    assert_eq!(score(&app, &dataset, &key.secret, &sample("a")).await.0, 401);
    assert_eq!(score(&app, &other, &other_key.secret, &sample("a")).await.0, 200);

    app.state.db.close().await;
    for entry in std::fs::read_dir(&app.state.config.data_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let (bytes, secret) = (std::fs::read(&path).unwrap(), other_key.secret.as_bytes());
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", path.display());
        }
    }
}

/// The server's access token is another matter: it opens no grader, and a key no page.
#[tokio::test]
async fn keys_stand_beside_the_access_token() {
    const TOKEN: &str = "0123456789abcdef-token";
    let app = TestApp::start_with(|config| Config { token: Some(TOKEN.to_owned()), ..config }).await;
    let described = app.client.get(app.url("/v1/openapi.json")).send().await.unwrap();
    assert_eq!(described.status(), 200);
    let (status, _) = post(&app, "any", TOKEN, sample("a").to_string()).await;
    assert_eq!(status, 401);
    let keys = app.client.post(app.url("/api/grader/keys")).json(&json!({ "dataset_id": "any" })).send().await.unwrap();
    assert_eq!(keys.status(), 401);
    let unknown = app.client.get(app.url("/v1/other")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert!(unknown.text().await.unwrap().contains("not_found_error"));
    let get = app.client.get(app.url("/v1/graders/any/score"));
    assert_eq!(checked(&app, get).await.0, 405);
    let foreign = app.client.post(app.url("/v1/graders/any/score")).header(header::HOST, "evil.example");
    assert_eq!(checked(&app, foreign).await.0, 403);
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_the_server_goes_on() {
    let app = TestApp::start_with(|config| Config { score_body_timeout: Duration::from_millis(300), ..config }).await;
    let (dataset, key) = with_script(&app, BY_LENGTH).await;
    let deep = |levels: usize| {
        format!("{{\"sample\":\"a\",\"item\":{{\"x\":{}1{}}}}}", "[".repeat(levels), "]".repeat(levels))
    };
    let many = json!({ "samples": vec![sample("a"); 10_000] }).to_string();
    let long = |bytes: usize| sample(&"a".repeat(bytes)).to_string();
    for (body, expected) in [
        (String::new(), 400),
        ("not JSON".to_owned(), 400),
        ("[]".to_owned(), 400),
        ("null".to_owned(), 400),
        ("{}".to_owned(), 400),
        ("{\"sample\":\"a\",\"item\":{\"x\":NaN}}".to_owned(), 400),
        ("{\"sample\":\"a\",\"sample\":\"b\"}".to_owned(), 400),
        ("{\"samples\":[]}".to_owned(), 400),
        ("{\"samples\":{}}".to_owned(), 400),
        ("{\"sample\":{\"output_text\":1}}".to_owned(), 400),
        ("{\"sample\":\"a\",\"item\":[]}".to_owned(), 400),
        (deep(70), 400),
        (deep(100_000), 400),
        (many, 413),
        (long((1 << 20) + 1), 413),
        (long((16 << 20) + 1), 413),
        (deep(50), 200),
        ("{\"sample\":\"a\",\"item\":{\"x\":1e400}}".to_owned(), 422), // No number that a script could read.
    ] {
        let shown: String = body.chars().take(60).collect();
        let (status, answer) = post(&app, &dataset, &key.secret, body).await;
        assert_eq!(status, expected, "{shown}: {answer}");
    }
    assert_eq!(post(&app, &dataset, &key.secret, vec![b'"', 0xff, b'"']).await.0, 400);
    let url = app.url(&format!("/v1/graders/{dataset}/score"));
    let form = app.client.post(&url).bearer_auth(&key.secret).header(header::CONTENT_TYPE, "text/plain").body("{}");
    assert_eq!(checked(&app, form).await.0, 415);
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    assert_eq!(post(&app, &dataset, &key.secret, Body::wrap_stream(never)).await.0, 408);
    app.assert_alive().await;
}

#[tokio::test]
async fn two_hundred_at_once_are_all_graded() {
    let app = TestApp::start().await;
    let (dataset, key) = with_script(&app, BY_LENGTH).await;
    let asked = (0..200).map(|n| {
        let (app, dataset, key) = (&app, &dataset, &key.secret);
        async move {
            let (status, body) = score(app, dataset, key, &sample(&"a".repeat(n % 10))).await;
            assert_eq!(status, 200, "{body}");
            assert!((body["score"].as_f64().unwrap() - (n % 10) as f64 / 10.0).abs() < 1e-9);
        }
    });
    futures_util::future::join_all(asked).await;
}

/// A full queue says so at once.
#[tokio::test]
async fn too_many_are_told_to_come_again() {
    let app = TestApp::start().await;
    let (dataset, key) = with_script(&app, BY_LENGTH).await;
    let places: Vec<_> = std::iter::from_fn(|| app.state.scoring.place()).collect();
    let url = app.url(&format!("/v1/graders/{dataset}/score"));
    let refused = app.client.post(&url).bearer_auth(&key.secret).json(&sample("a")).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()[header::RETRY_AFTER].to_str().unwrap()), (429, "1"));
    drop(places);
    assert_eq!(score(&app, &dataset, &key.secret, &sample("a")).await.0, 200);
}

/// A request whose body has so many KiB and a little more.
fn padded(kib: usize) -> String {
    json!({ "sample": "abcd", "item": { "padding": "a".repeat(kib << 10) } }).to_string()
}

/// All bodies together have a budget: who finds no room waits a moment, and is then told to come again.
#[tokio::test]
async fn bodies_share_the_memory_that_there_is_for_them() {
    const ALL: usize = 64 << 10;
    let app = TestApp::start_with(|config| Config { score_bodies_bytes: ALL, ..config }).await;
    let (dataset, key) = with_script(&app, BY_LENGTH).await;
    let url = app.url(&format!("/v1/graders/{dataset}/score"));
    let in_pieces = || {
        let text = padded(40);
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            text.as_bytes().chunks(5_000).map(|piece| Ok(piece.to_vec())).collect();
        Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    let most = app.state.scoring.room(ALL - (30 << 10)).await.unwrap();
    for body in [Body::from(padded(40)), in_pieces()] {
        let request = app.client.post(&url).bearer_auth(&key.secret).header(header::CONTENT_TYPE, "application/json");
        let refused = request.body(body).send().await.unwrap();
        assert_eq!((refused.status().as_u16(), refused.headers()[header::RETRY_AFTER].to_str().unwrap()), (503, "1"));
        let body: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_described(&app, 503, &body).await;
        assert_eq!(body["error"]["type"], "unavailable_error");
        assert!(body["error"]["message"].as_str().unwrap().contains("64.0 KiB"), "{body}");
    }
    assert_eq!(post(&app, &dataset, &key.secret, padded(20)).await.0, 200, "a smaller one has room");
    let (waited, ()) = tokio::join!(post(&app, &dataset, &key.secret, padded(40)), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(most);
    });
    assert_eq!(waited.0, 200);
    assert_eq!(post(&app, &dataset, &key.secret, in_pieces()).await.0, 200);
    assert_eq!(post(&app, &dataset, &key.secret, "not JSON").await.0, 400);
    assert!(app.state.scoring.room(ALL).await.is_some(), "all of it was given back");
}

/// A stop waits for what is being graded.
#[tokio::test]
async fn what_is_under_way_is_finished_when_the_server_stops() {
    const SLOW: &str = "function grade(input) { let x = 1; for (let i = 0; i < 200000; i++) { x = (x * 31 + i) % 1000003; } return x < 0 ? 1 : 0.5; }";
    let app = TestApp::start().await;
    let (dataset, key) = with_script(&app, SLOW).await;
    let url = app.url(&format!("/v1/graders/{dataset}/score"));
    let batch = json!({ "samples": vec![sample("a"); 30] });
    let asked = tokio::spawn(app.client.post(&url).bearer_auth(&key.secret).json(&batch).send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!asked.is_finished(), "it is still being graded");
    app.state.shutdown.cancel();
    let answered = asked.await.unwrap().unwrap();
    assert_eq!(answered.status(), 200);
    let body: Value = serde_json::from_str(&answered.text().await.unwrap()).unwrap();
    let results = body["results"].as_array().unwrap();
    assert!(results.len() == 30 && results.iter().all(|result| result["score"] == 0.5), "{body}");
    assert!(
        app.client
            .post(&url)
            .bearer_auth(&key.secret)
            .json(&batch)
            .send()
            .await
            .map_or(true, |late| late.status() == 503)
    );
}

#[tokio::test]
async fn keys_outlive_a_server_that_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path()).await;
    let (_, body) = server.door.upload("rows.jsonl", chats(3, &[]).into(), &[]).await;
    let dataset = body["dataset_id"].as_str().unwrap().to_owned();
    let job = body["job_id"].as_str().unwrap();
    server.door.job_until(&dataset, job, |job| job.state == JobState::Succeeded).await;
    let config = json!({ "type": "script", "script": BY_LENGTH });
    let _: Value = server.door.ask("grader/save", json!({ "dataset_id": dataset, "config": config })).await;
    let key = key(&server.door, &dataset).await;
    server.kill().await;
    let server = ServerProcess::start(dir.path()).await;
    let (status, body) = score(&server.door, &dataset, &key.secret, &sample("abcd")).await;
    assert_eq!((status, &body["score"]), (200, &json!(0.4)));
}

/// The function that the documentation gives to trainers.
#[tokio::test]
async fn the_documented_reward_function_runs() {
    let app = TestApp::start().await;
    let (dataset, key) = with_script(&app, "function grade(i) { return i.item.level / i.response.length; }").await;
    let function = include_str!("../docs/examples/anneal_reward.py");
    let call = "anneal_reward(['p'] * 300, [[{'role': 'assistant', 'content': 'abcd'}]] * 299 + [''], level=[1] * 300, step=7)";
    let run = async |settings: &str| {
        tokio::process::Command::new("python3")
            .args(["-c", &format!("{function}\n{settings}\nprint(json.dumps({call}))\n")])
            .env("ANNEAL_GRADER_URL", app.url(&format!("/v1/graders/{dataset}@1/score")))
            .env("ANNEAL_GRADER_KEY", &key.secret)
            .output()
            .await
    };
    let ran = run("SKIP_UNGRADED = True").await;
    let Ok(ran) = ran else {
        eprintln!("skipped: there is no python3");
        return;
    };
    let scores: Vec<Option<f64>> = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!(scores.len(), 300);
    assert!(scores[..299].iter().all(|score| *score == Some(0.25)));
    assert_eq!(scores[299], None, "a failure is no score");
    let stopped = run("").await.unwrap();
    assert!(!stopped.status.success() && String::from_utf8_lossy(&stopped.stderr).contains("a sample has no score"));
}

/// A batch of samples that each use up their CPU time does not keep others waiting until it is through.
#[tokio::test]
async fn a_slow_batch_lets_others_have_their_turn() {
    let app = TestApp::start().await;
    let (dataset, key) =
        with_script(&app, "function grade(input) { if (input.response === 'slow') for (;;); return 0.5 }").await;
    let slow = json!({ "samples": vec![json!({ "sample": "slow" }); 256] });
    let quick = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        score(&app, &dataset, &key.secret, &json!({ "sample": "quick" })).await
    };
    tokio::select! {
        biased;
        _ = score(&app, &dataset, &key.secret, &slow) => panic!("256 samples of 100 ms each came before one good one"),
        (status, body) = quick => assert_eq!((status, &body["score"]), (200, &json!(0.5)), "{body}"),
    }
}

/// Python writes half a character where a model was cut off within one.
#[tokio::test]
async fn half_a_character_refuses_nothing_and_two_forms_at_once_are_refused() {
    let app = TestApp::start().await;
    let (dataset, key) =
        with_script(&app, "function grade(input) { return input.response === 'cut \\ufffd' ? 0.5 : 0 }").await;
    let (status, body) = post(&app, &dataset, &key.secret, r#"{"sample": "cut \ud83d"}"#).await;
    assert_eq!((status, &body["score"]), (200, &json!(0.5)), "{body}");
    let (status, body) = post(&app, &dataset, &key.secret, r#"{"sample": "a", "samples": []}"#).await;
    assert!(status == 400 && body.to_string().contains("not both"), "{status} {body}");
}
