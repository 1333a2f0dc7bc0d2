//! Security: who may ask, what every answer carries, and what is never given away.

use anneal_server::config::Config;
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::app::TestApp;
use crate::support::records::chats;

const TOKEN: &str = "0123456789abcdef-secret";

async fn with_token() -> TestApp {
    TestApp::start_with(|config| Config { token: Some(TOKEN.to_owned()), ..config }).await
}

/// `POST datasets/list` with one more header.
async fn list(app: &TestApp, name: &str, value: &str) -> Response {
    let request = app.client.post(app.url("/api/datasets/list")).header(header::ACCEPT, "application/json");
    request.header(name, value).json(&json!({})).send().await.unwrap()
}

async fn get(app: &TestApp, path: &str, name: &str, value: &str) -> Response {
    app.client.get(app.url(path)).header(name, value).send().await.unwrap()
}

/// A request as it stands, so that no client tidies its path.
async fn raw(app: &TestApp, path: &str) -> String {
    let mut connection = tokio::net::TcpStream::connect(app.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", app.address);
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn only_our_own_host_names_are_answered() {
    let app = TestApp::start_with(|config| Config { allowed_hosts: vec!["anneal.example".to_owned()], ..config }).await;
    for host in ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", ""] {
        for path in ["/finetune", "/healthz", "/download/x/records.jsonl"] {
            let response = get(&app, path, "host", host).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{host} {path}");
            assert!(response.text().await.unwrap().contains("does not answer to the host name"));
        }
    }
    for host in ["localhost:4577", "LOCALHOST", "127.0.0.1", "[::1]:80", "anneal.example", "anneal.example:443"] {
        assert_eq!(get(&app, "/healthz", "host", host).await.status(), StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn foreign_pages_change_nothing() {
    let app = TestApp::start().await;
    let own = format!("http://{}", app.address);
    for origin in ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", ""] {
        assert_eq!(list(&app, "origin", origin).await.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(list(&app, "origin", &own).await.status(), StatusCode::OK);
    for site in ["cross-site", "same-site"] {
        assert_eq!(list(&app, "sec-fetch-site", site).await.status(), StatusCode::FORBIDDEN, "{site}");
    }
    for site in ["same-origin", "none"] {
        assert_eq!(list(&app, "sec-fetch-site", site).await.status(), StatusCode::OK, "{site}");
    }
    // Uploads and the sign-in form too.
    let form = reqwest::multipart::Form::new().text("text", chats(1, &[]));
    let request = app.client.post(app.url("/upload")).header("origin", "http://evil.example").multipart(form);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let datasets: Vec<Value> = app.ask("datasets/list", json!({})).await;
    assert!(datasets.is_empty());
    // Looking is no change.
    assert_eq!(get(&app, "/healthz", "origin", "http://evil.example").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(1, &[])).await;
    let page = format!("/finetune/{id}");
    let paths = ["/finetune", "/finetune/new", &page, "/healthz", "/nowhere", "/download/none/records.jsonl"];
    for path in paths {
        let response = app.client.get(app.url(path)).send().await.unwrap();
        let value = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(value("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(value("x-frame-options"), "DENY", "{path}");
        assert_eq!(value("referrer-policy"), "same-origin", "{path}");
        assert!(!value("x-request-id").is_empty(), "{path}");
        let policy = value("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.replace("style-src-attr 'unsafe-inline'", "").contains("unsafe-inline"), "{path}: {policy}");
        assert!(!policy.contains("'unsafe-eval'") && !policy.contains('*'), "{path}: {policy}");
    }
    // A page's scripts carry the nonce of its policy, a new one each time.
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let response = app.client.get(app.url("/finetune")).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let style = policy.split("style-src ").nth(1).unwrap().split(';').next().unwrap();
        assert_eq!(style, format!("'self' 'nonce-{nonce}'"), "the code editor's styles carry it too, no others may");
        let html = response.text().await.unwrap();
        let scripts: Vec<&str> = html.split("<script").skip(1).map(|tag| tag.split('>').next().unwrap()).collect();
        assert!(!scripts.is_empty());
        assert!(scripts.iter().all(|tag| tag.contains(&format!("nonce=\"{nonce}\""))), "{scripts:?}");
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn pages_keep_status_and_policy_while_files_are_fetched() {
    // The framework's own file handler took them from whatever page was being drawn on its thread.
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(40, &["a"])).await;
    let pkg = app.dir.path().join("site/pkg");
    std::fs::create_dir_all(&pkg).unwrap();
    std::fs::write(pkg.join("anneal.css"), "body {}").unwrap();
    let page = format!("/finetune/{id}?step=coverage");
    let (app, page) = (&app, page.as_str());
    let get = |path: &'static str| async move {
        let path = if path.is_empty() { page } else { path };
        let response = app.client.get(app.url(path)).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        (path, response.status(), policy, response.text().await.unwrap())
    };
    let asked = (0..120).map(|n| get(["", "/pkg/anneal.css", "/nowhere"][n % 3]));
    for (path, status, policy, text) in futures_util::future::join_all(asked).await {
        if path == "/pkg/anneal.css" {
            assert_eq!((status, text.as_str()), (StatusCode::OK, "body {}"));
            assert!(!policy.contains("nonce"), "{policy}");
            continue;
        }
        assert_eq!(status, if path == page { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{path}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect(&policy);
        assert!(text.contains(&format!("nonce=\"{nonce}\"")), "{path}: {policy}");
    }
}

#[tokio::test]
async fn where_a_token_is_set_it_is_demanded() {
    let app = with_token().await;
    // Programs.
    assert_eq!(list(&app, "x-nothing", "x").await.status(), StatusCode::UNAUTHORIZED);
    for wrong in ["Bearer wrong", &format!("Bearer {TOKEN}x"), &format!("Basic {TOKEN}"), TOKEN, "Bearer "] {
        assert_eq!(list(&app, "authorization", wrong).await.status(), StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(list(&app, "authorization", &format!("Bearer {TOKEN}")).await.status(), StatusCode::OK);
    for path in ["/download/x/records.jsonl", "/events/x", "/finetune"] {
        assert_eq!(app.get(path).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    let (status, _) = app.upload("a.jsonl", chats(1, &[]).into(), &[]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    app.assert_alive().await;

    // Browsers.
    let page = get(&app, "/finetune", "accept", "text/html").await;
    let to = page.headers()["location"].to_str().unwrap();
    assert_eq!((page.status(), to), (StatusCode::SEE_OTHER, "/login?next=/finetune"));
    let login = |token: &str| {
        let form = app.client.post(app.url("/login")).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        form.body(format!("token={token}")).send()
    };
    let refused = login("wrong").await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(!refused.headers().contains_key(header::SET_COOKIE));
    let signed_in = login(TOKEN).await.unwrap();
    assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
    let cookie = signed_in.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(get(&app, "/finetune", "cookie", pair).await.status(), StatusCode::OK);
    assert_eq!(get(&app, "/finetune", "cookie", &pair[..pair.len() - 2]).await.status(), StatusCode::UNAUTHORIZED);

    // The cookie does not tell the token, and is another one each time; another token's is none.
    let hex = TOKEN.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert!(!cookie.contains(TOKEN) && !cookie.contains(&hex), "{cookie}");
    let again = login(TOKEN).await.unwrap().headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert_ne!(cookie, again);
    for (token, expected) in [(TOKEN, StatusCode::OK), ("another token of some length", StatusCode::UNAUTHORIZED)] {
        // A restart with the same token, or with another.
        let restarted = TestApp::start_with(|config| Config { token: Some(token.to_owned()), ..config }).await;
        assert_eq!(get(&restarted, "/finetune", "cookie", pair).await.status(), expected, "{token}");
    }

    // The token stands on no page.
    for path in ["/login", "/finetune", "/finetune/new", "/nowhere"] {
        let html = get(&app, path, "cookie", pair).await.text().await.unwrap();
        assert!(!html.contains(TOKEN) && !html.contains(pair.split('=').nth(1).unwrap()), "{path}");
        assert!(html.contains("<!DOCTYPE html>"), "{path}: {html}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let app = TestApp::start().await;
    let (status, html) = app.get("/finetune/0197-not-there").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{html}");
    assert!(html.contains("<!DOCTYPE html>") && html.contains("not found"), "{html}");
    let (status, html) = app.get("/nowhere/at/all").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(html.contains("<!DOCTYPE html>"), "{html}");
    for endpoint in ["nothing/such", "datasets/overview/", ""] {
        let (status, body) = app.call(endpoint, json!({})).await;
        assert!([404, 400].contains(&status.as_u16()), "{endpoint}: {status} {body}");
    }
    let (status, body) = app.call("datasets/overview", json!({ "wrong": 1 })).await;
    assert_eq!(status.as_u16(), 422, "{body}");
    app.assert_alive().await;
}

#[tokio::test]
async fn an_oversized_body_is_refused() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(1, &[])).await;
    let record = app.rows(&id).await[0].id;
    let edit = json!({ "data": " ".repeat(33 << 20), "opened_at": 0 });
    let arguments = json!({ "dataset_id": id, "record_id": record, "edit": edit });
    let (status, body) = app.call("records/update", arguments).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (413, Some("too_large")), "{body}");
    app.assert_alive().await;
}

#[tokio::test]
async fn a_record_of_some_megabytes_can_be_edited() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(1, &[])).await;
    let record = app.rows(&id).await[0].id;
    let data =
        json!({ "input": { "messages": [{ "role": "user", "content": "word ".repeat(1 << 20) }] }, "output": {} });
    let edited = app.edit(&id, record, &data).await;
    assert_eq!(edited.data, data);
}

#[tokio::test]
async fn no_path_leads_out_of_its_folder() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(1, &[])).await;
    std::fs::create_dir_all(app.dir.path().join("site/pkg")).unwrap();
    std::fs::write(app.dir.path().join("site/pkg/anneal.css"), "body {}").unwrap();
    std::fs::write(app.dir.path().join("secret.txt"), "the secret").unwrap();
    let served = raw(&app, "/pkg/anneal.css").await;
    assert!(served.starts_with("HTTP/1.1 200") && served.contains("body {}"), "{served}");
    let absolute = app.dir.path().join("secret.txt").display().to_string();
    let paths = [
        "/../secret.txt".to_owned(),
        "/pkg/../../secret.txt".to_owned(),
        "/%2e%2e/secret.txt".to_owned(),
        "/..%2fsecret.txt".to_owned(),
        "/pkg/%2e%2e%2f%2e%2e%2fsecret.txt".to_owned(),
        "/pkg/..%5c..%5csecret.txt".to_owned(),
        format!("/{absolute}"),
        format!("//{absolute}"),
        "/pkg/../../data/anneal.sqlite".to_owned(),
        format!("/download/{id}/..%2f..%2fsecret.txt"),
        format!("/download/{id}/%2e%2e"),
        "/download/..%2f..%2fsecret.txt/records.jsonl".to_owned(),
        format!("/download/{id}/split/..%2f..%2f..%2fsecret.txt"),
    ];
    for path in paths {
        let answer = raw(&app, &path).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("the secret") && !answer.contains("SQLite format"), "{path}: {answer}");
    }
    app.assert_alive().await;
}

#[tokio::test]
async fn an_error_names_the_request_by_the_id_of_its_header() {
    let app = TestApp::start().await;
    // Our own failure: the folder for uploads is gone.
    std::fs::remove_dir_all(app.dir.path().join("data/uploads")).unwrap();
    let part = reqwest::multipart::Part::bytes(chats(1, &[]).into_bytes()).file_name("a.jsonl");
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = app.client.post(app.url("/upload")).header(header::ACCEPT, "application/json").multipart(form);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!((body["error"].as_str(), body["request_id"].as_str()), (Some("internal"), Some(id.as_str())), "{body}");
    assert!(body["message"].as_str().unwrap().contains(&id), "{body}");

    let (status, body) = app.get("/download/none/records.jsonl").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status.as_u16(), body["what"].as_str()), (404, Some("Dataset \"none\"")), "{body}");
    assert!(body["message"].as_str().unwrap().contains("was not found"), "{body}");
}

/// Signs in by the form as a browser does: through the page that was asked for and the page that comes instead.
#[tokio::test]
async fn signing_in_leads_back_to_what_was_asked_for_and_nowhere_else() {
    let app = with_token().await;
    let asked = "/finetune/0197-a?step=coverage&filter=%22x%22";
    let page = get(&app, asked, "accept", "text/html").await;
    let to_login = page.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(to_login, "/login?next=/finetune/0197-a%3Fstep%3Dcoverage%26filter%3D%2522x%2522");
    let (_, form) = app.get(&to_login).await;
    assert!(form.contains("name=\"next\" value=\"/finetune/0197-a?step=coverage&amp;filter=%22x%22\""), "{form}");

    let login = |token: &str, next: &str| {
        let body = reqwest::Url::parse_with_params("http://x", [("token", token), ("next", next)]).unwrap();
        let form = app.client.post(app.url("/login")).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        form.body(body.query().unwrap().to_owned()).send()
    };
    // A wrong token does not make it forget.
    let refused = login("wrong", asked).await.unwrap().text().await.unwrap();
    assert!(refused.contains("value=\"/finetune/0197-a?step=coverage"), "{refused}");
    let signed_in = login(TOKEN, asked).await.unwrap();
    assert_eq!((signed_in.status(), signed_in.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, asked));

    let elsewhere = [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "evil.example",
        "",
    ];
    for next in elsewhere {
        let signed_in = login(TOKEN, next).await.unwrap();
        assert_eq!(signed_in.headers()["location"], "/finetune", "{next:?}");
    }
    // What is no page is not gone to: it would show raw data, or an error.
    for next in ["/api/datasets/list", "/events/0197-a", "/upload", "/finetune/../upload"] {
        let signed_in = login(TOKEN, next).await.unwrap();
        assert_eq!(signed_in.headers()["location"], "/finetune", "{next:?}");
    }
    let signed_in = login(TOKEN, "/download/0197-a/records.jsonl").await.unwrap();
    assert_eq!(signed_in.headers()["location"], "/finetune/0197-a");
    // Encoded once, as a foreign link would have it, or twice.
    for (query, expected) in [
        ("%2F%2Fevil.example", "/finetune"),
        ("/%5Cevil.example", "/finetune"),
        ("/%252Fevil.example", "/finetune"),
        ("\"><script>", "/finetune"),
    ] {
        let (_, form) = app.get(&format!("/login?next={query}")).await;
        assert!(form.contains(&format!("name=\"next\" value=\"{expected}\"")), "{query}: {form}");
    }
    // A path that a browser would take for another server is not carried along either.
    let answer = raw(&app, "//evil.example/").await;
    assert!(!answer.contains("ocation: //"), "{answer}");
}
