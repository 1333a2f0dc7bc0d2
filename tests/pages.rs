//! Pages as the server sends them: the real numbers stand in them, and forms work, without any script.

use anneal_server::types::pipeline::PipelineStepId;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chats;

/// What a browser without scripts shows: no scripts, no templates that wait for one, no tags; blanks collapsed.
fn visible(html: &str) -> String {
    let without = |html: String, open: &str, close: &str| {
        let mut parts = html.split(open);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(close).map_or("", |(_, rest)| rest))
    };
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let mut text = format!("<body{body}");
    for (open, close) in [
        ("<!--", "-->"),
        ("<script", "</script>"),
        ("<template", "</template>"),
        ("<noscript", "</noscript>"),
        ("<!>", ""),
    ] {
        text = without(text, open, close);
    }
    let text = without(text, "<", ">");
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Asserts that a page is there and shows all of these words.
async fn assert_shows(app: &TestApp, path: &str, words: &[&str]) {
    let (status, html) = app.get(path).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    let text = visible(&html);
    for word in words {
        assert!(text.contains(word), "{path} does not show \"{word}\": {text}");
    }
}

#[tokio::test]
async fn the_empty_list_offers_the_two_ways_in() {
    let app = TestApp::start().await;
    let (status, html) = app.get("/finetune").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("href=\"/finetune/new\"") && html.contains("action=\"/api/datasets/sample\""), "{html}");
    assert_shows(&app, "/finetune", &["sample dataset"]).await;
    let (_, form) = app.get("/finetune/new").await;
    for part in ["action=\"/upload\"", "multipart/form-data", "name=\"file\"", "name=\"text\"", "name=\"name\""] {
        assert!(form.contains(part), "{part}: {form}");
    }
}

#[tokio::test]
async fn every_step_shows_its_numbers() {
    let app = TestApp::start().await;
    // 1,234 valid ones, a duplicate, a broken one; "billing" gets 823, "delivery" 411.
    let text = chats(1234, &["billing", "delivery", "billing"]) + &chats(1, &[]) + "{broken\n";
    let id = app.imported("march <b>traces.jsonl", text).await;
    let page = format!("/finetune/{id}");
    assert_shows(&app, &page, &["march <b>traces", "1,236", "1,234 valid"]).await;

    let hierarchy = json!({ "nodes": [{ "name": "billing" }, { "name": "delivery" }] }).to_string();
    let _: Value = app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": false })).await;
    app.set_grader(&id, "function grade(input) { return input.response.length % 7 / 10; }").await;
    app.dry_run(&id, 200).await;
    let overview = app.overview(&id).await;
    let coverage = overview.coverage.unwrap();
    assert_eq!(coverage.distribution.iter().map(|topic| topic.count).collect::<Vec<_>>(), [823, 411]);

    let pipeline = anneal_server::pipeline::compute_pipeline_state(&overview.pipeline_inputs);
    let cards: Vec<&str> =
        pipeline.steps.iter().map(|step| step.status_text.as_str()).filter(|text| !text.is_empty()).collect();
    let mean = format!("{:.2}", overview.dry_run.unwrap().report.unwrap().statistics.unwrap().mean);
    let panels: [(PipelineStepId, &[&str]); 7] = [
        (PipelineStepId::Extract, &["march <b>traces.jsonl", "1,236"]),
        (PipelineStepId::Topics, &["billing", "delivery", "823", "411"]),
        (PipelineStepId::Coverage, &["billing", "66.7%", "33.3%", "0.50"]),
        (PipelineStepId::Grader, &["Script", "input.response.length % 7"]),
        (PipelineStepId::DryRun, &["200", &mean]),
        (PipelineStepId::Train, &["1,111", "123"]),
        (PipelineStepId::Deploy, &["Deploy"]),
    ];
    for (step, words) in panels {
        let path = format!("{page}?step={}", step.as_str());
        assert_shows(&app, &path, &cards).await;
        assert_shows(&app, &path, words).await;
    }
    assert_shows(&app, "/finetune", &["march <b>traces", "1,234 of 1,236 valid", "0.50"]).await;
}

#[tokio::test]
async fn the_import_form_works_without_scripts() {
    let app = TestApp::start().await;
    let form = || {
        let form = reqwest::multipart::Form::new().text("name", "By hand").text("objective", "");
        let no_file = reqwest::multipart::Part::bytes(Vec::new()).file_name("");
        form.part("file", no_file)
    };
    let post = |form| app.client.post(app.url("/upload")).header(header::ACCEPT, "text/html").multipart(form).send();
    let response = post(form().text("text", chats(2, &[]))).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let location = response.headers()[header::LOCATION].to_str().unwrap();
    assert_shows(&app, location, &["By hand"]).await;

    let refused = post(form().text("text", "")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SEE_OTHER);
    let location = refused.headers()[header::LOCATION].to_str().unwrap();
    assert!(location.starts_with("/finetune/new?"), "{location}");
    let (_, html) = app.get(location).await;
    assert!(html.contains("role=\"alert\"") && html.contains("Choose a file, or paste"), "{html}");
    assert!(html.contains("action=\"/upload\"") && html.contains("value=\"By hand\""), "{html}");
}

#[tokio::test]
async fn settings_are_saved_and_records_searched_without_scripts() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    let settings = format!("/finetune/{id}/settings");
    let about = [("dataset_id", id.as_str()), ("name", "Late fees & more"), ("objective", "Fewer refunds")];
    let to = app.submit("datasets/update", &settings, &about).await;
    assert_eq!(to, format!("{settings}?saved=about"));
    assert_shows(&app, &to, &["Late fees & more", "Fewer refunds", "Saved."]).await;

    let rules = [
        ("dataset_id", id.as_str()),
        ("min_user_message_length", "1,000"),
        ("max_tokens", "8000"),
        ("tokenizer", "cl100k_base"),
        ("allowed_roles[]", "user"),
        ("allowed_roles[]", "assistant"),
    ];
    let to = app.submit("datasets/rules", &settings, &rules).await;
    assert_eq!(to, format!("{settings}?saved=rules"));
    let config = app.overview(&id).await.dataset.validation_config;
    assert_eq!((config.min_user_message_length, config.max_tokens), (1_000, 8_000));
    assert_eq!(config.allowed_roles, ["user", "assistant"]);

    // What cannot be read is said at its field, on the page the form was on.
    let wrong = rules.map(|(name, value)| (name, if name == "max_tokens" { "many" } else { value }));
    let to = app.submit("datasets/rules", &settings, &wrong).await;
    assert!(to.starts_with(&format!("{settings}?__path=")), "{to}");
    assert_shows(&app, &to, &["“many” is no whole number"]).await;
    // Where the former one was saved, that is not said again.
    let saved = "Saved. Every record is being checked again.";
    let again = format!("{settings}?saved=rules");
    assert_shows(&app, &again, &[saved]).await;
    let to = app.submit("datasets/rules", &again, &wrong).await;
    let (_, html) = app.get(&to).await;
    assert!(to.starts_with(&settings) && !visible(&html).contains(saved), "{to}: {html}");

    let (_, page) = app.get(&format!("/finetune/{id}?step=topics&records=valid")).await;
    let form = page.split("role=\"search\"").nth(1).and_then(|rest| rest.split("</form>").next()).unwrap_or_default();
    for part in [
        "method=\"get\"",
        &format!("action=\"/finetune/{id}\""),
        "name=\"step\" value=\"topics\"",
        "name=\"records\" value=\"valid\"",
        "name=\"q\"",
        "type=\"submit\"",
    ] {
        assert!(form.contains(part), "{part}: {form}");
    }

    let to = app.submit("datasets/delete", &settings, &[("dataset_id", &id), ("confirm_name", "no")]).await;
    assert_shows(&app, &to, &["to confirm that it shall be deleted"]).await;
    let to =
        app.submit("datasets/delete", &settings, &[("dataset_id", &id), ("confirm_name", "Late fees & more")]).await;
    assert_eq!(to, "/finetune");
    assert_eq!(app.get(&settings).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_asked_for_at_once_all_come() {
    // The server draws a page more than once while its data arrives; what it gives up must not be missed.
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(40, &["a"])).await;
    app.set_grader(&id, "function grade(input) { return 0.5; }").await;
    app.dry_run(&id, 40).await;
    let steps = ["extract", "topics", "coverage", "grader", "dryrun", "train", "deploy"];
    let page = |n: usize| {
        let (app, url) = (&app, format!("/finetune/{id}?step={}", steps[n % steps.len()]));
        async move { (app.get(&url).await, url) }
    };
    for ((status, html), url) in futures_util::future::join_all((0..84).map(page)).await {
        assert_eq!(status, 200, "{url}: {html}");
        let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
        assert_eq!(title, Some("a · Anneal"), "{url}");
        assert!(!html.contains("Something went wrong"), "{url}: {html}");
    }
}
