//! Graders: what cannot be saved, what a test says of scripts that misbehave, versions.

use anneal_server::types::grader::{GraderDiff, GraderTestReport, GraderVersion, LineChange};
use anneal_server::types::pipeline::{PipelineStepId, PipelineStepStatus};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chats;

const GOOD: &str =
    "function grade(input) { console.log('seen', input.response.length); return { score: 0.75, reasoning: 'fair' }; }";

async fn test_draft(app: &TestApp, dataset_id: &str, script: &str) -> GraderTestReport {
    let draft = json!({ "type": "script", "script": script });
    app.tested(dataset_id, draft).await
}

async fn test_saved(app: &TestApp, dataset_id: &str) -> GraderTestReport {
    app.tested(dataset_id, Value::Null).await
}

async fn save(app: &TestApp, dataset_id: &str, script: &str) -> GraderVersion {
    let config = json!({ "type": "script", "script": script });
    app.ask("grader/save", json!({ "dataset_id": dataset_id, "config": config })).await
}

async fn versions(app: &TestApp, dataset_id: &str) -> Vec<i64> {
    let versions: Vec<GraderVersion> = app.ask("grader/versions", json!({ "dataset_id": dataset_id })).await;
    versions.into_iter().map(|version| version.version).collect()
}

#[tokio::test]
async fn a_script_that_cannot_work_is_not_saved() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    let large = format!("// {}\n{GOOD}", "x".repeat(256 << 10));
    let cases = [
        ("", "The script is empty"),
        ("  \n ", "The script is empty"),
        (large.as_str(), "larger than 256 KiB"),
        ("// one\n// two\nfunction grade(input) { return ; ) }", "Line 3, column 34: the script does not compile"),
        ("function score(input) { return 1; }", "defines no function `grade`"),
        ("const grade = 5;", "defines no function `grade`"),
        ("throw new Error('at the top');", "at the top"),
        ("while (true) {}", "CPU time"),
    ];
    for (script, words) in cases {
        let arguments = json!({ "dataset_id": id, "config": { "type": "script", "script": script } });
        let (status, body) = app.call("grader/save", arguments).await;
        let shown = &script[..script.len().min(60)];
        assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some("script")), "{shown}: {body}");
        assert!(body["message"].as_str().unwrap().contains(words), "{shown}: {body}");
    }
    assert!(versions(&app, &id).await.is_empty());
    assert_eq!(app.overview(&id).await.grader, None);
    let unknown = json!({ "dataset_id": id, "config": { "type": "oracle" } });
    app.refused("grader/save", unknown, 422).await;
    app.refused("grader/save", json!({ "dataset_id": "none", "config": { "type": "script", "script": GOOD } }), 404)
        .await;
}

#[tokio::test]
async fn every_change_is_a_version_and_no_change_is_none() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    assert_eq!(app.step(&id, PipelineStepId::Grader).await.status, PipelineStepStatus::Ready);
    assert_eq!(save(&app, &id, GOOD).await.version, 1);
    assert_eq!(save(&app, &id, GOOD).await.version, 1);
    let other = format!("{GOOD}\n// changed");
    assert_eq!(save(&app, &id, &other).await.version, 2);
    // Going back is a new version too: the history stays in order.
    assert_eq!(save(&app, &id, GOOD).await.version, 3);
    assert_eq!(versions(&app, &id).await, [3, 2, 1]);
    assert_eq!(app.step(&id, PipelineStepId::Grader).await.status, PipelineStepStatus::Complete);
    // Each dataset counts for itself.
    let second = app.imported("b.jsonl", chats(3, &[])).await;
    assert_eq!(save(&app, &second, GOOD).await.version, 1);
}

#[tokio::test]
async fn a_test_grades_five_samples_and_keeps_the_saved_graders_report() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(20, &[])).await;
    let report = test_draft(&app, &id, GOOD).await;
    assert_eq!((report.results.len(), report.grader_version), (5, None));
    let stats = report.stats.unwrap();
    assert_eq!((stats.mean, stats.std, stats.min, stats.max), (0.75, 0.0, 0.75, 0.75));
    for result in &report.results {
        assert_eq!((result.score, result.reasoning.as_deref(), &result.error), (Some(0.75), Some("fair"), &None));
        assert_eq!(result.logs, [format!("seen {}", result.response_preview.len())]);
        assert!(result.prompt_preview.starts_with("Where is my order number "), "{}", result.prompt_preview);
    }
    assert_eq!(app.overview(&id).await.grader_test, None, "a draft's report is not kept");

    save(&app, &id, "function grade(input) { return Number(input.lastUserMessage.match(/[0-9]+/)[0]) / 20; }").await;
    let report = test_saved(&app, &id).await;
    assert_eq!(report.grader_version, Some(1));
    // Record n of the file asks about order n.
    let rows = app.rows(&id).await;
    for result in &report.results {
        let n = rows.iter().position(|row| row.id == result.record_id).unwrap();
        assert_eq!(result.score, Some(n as f64 / 20.0));
    }
    assert_eq!(app.overview(&id).await.grader_test, Some(report));

    for samples in [0, 21] {
        app.refused("grader/test", json!({ "dataset_id": id, "draft": null, "samples": samples }), 422).await;
    }
    let second = app.imported("b.jsonl", chats(3, &[])).await;
    let arguments = json!({ "dataset_id": second, "draft": null, "samples": 5 });
    let message = app.refused("grader/test", arguments, 409).await;
    assert!(message.contains("There is no grader to test"), "{message}");
    assert_eq!(test_draft(&app, &second, GOOD).await.results.len(), 3, "fewer records than asked for");
}

/// Who tests and then saves has tested what is saved.
#[tokio::test]
async fn a_drafts_test_becomes_that_of_the_version_it_is_saved_as() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(20, &[])).await;
    let tested = test_draft(&app, &id, GOOD).await;
    test_draft(&app, &id, "function grade() { return 0.1 }").await;
    save(&app, &id, "function grade() { return 0.2 }").await;
    assert_eq!(app.overview(&id).await.grader_test, None, "of another draft");
    let version = save(&app, &id, GOOD).await.version;
    let adopted = app.overview(&id).await.grader_test.unwrap();
    assert_eq!((adopted.grader_version, adopted.results), (Some(version), tested.results));
}

/// Two graders are compared on the same samples; who wants others gets others.
#[tokio::test]
async fn a_draw_names_the_samples_of_a_test() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(60, &[])).await;
    let script = |text: &str| json!({ "type": "script", "script": text });
    let records = |report: &GraderTestReport| report.results.iter().map(|result| result.record_id).collect::<Vec<_>>();
    let first = app.tested(&id, script(GOOD)).await;
    let again = app.tested(&id, script("function grade() { return 0; }")).await;
    assert_eq!((first.draw, records(&first)), (again.draw, records(&again)));
    let other = app.tested_on(&id, script(GOOD), 1).await;
    assert_eq!(other.draw, 1);
    assert_ne!(records(&other), records(&first));
    assert_eq!(records(&app.tested_on(&id, script(GOOD), 1).await), records(&other));
    app.tested_on(&id, script(GOOD), u32::MAX).await;
}

#[tokio::test]
async fn a_misbehaving_script_fails_its_samples_and_nothing_else() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(6, &[])).await;
    let cases = [
        ("throw new Error('no idea')", "the script threw at line 1: Error: no idea"),
        ("for (;;) {}", "used up its 100 ms of CPU time"),
        ("let all = 'x'; for (;;) all += all;", "more than its 64 MiB of memory"),
        ("return NaN", "`grade` returned NaN (not a number)"),
        ("return '0.7'", "`grade` returned the string \"0.7\""),
        ("return null", "`grade` returned null"),
        ("", "`grade` returned undefined (is a `return` missing?)"),
        ("return 1.5", "`grade` returned 1.5"),
        ("return -0.01", "`grade` returned -0.01"),
        ("return { score: '1' }", "`grade` returned an object whose `score` is the string \"1\""),
        ("return Promise.reject(new Error('late'))", "late"),
        ("return grade(input)", "too much recursion"),
    ];
    for (body, words) in cases {
        let report = test_draft(&app, &id, &format!("function grade(input) {{ {body} }}")).await;
        assert_eq!(report.results.len(), 5, "{body}");
        assert_eq!(report.stats, None, "{body}");
        for result in report.results {
            let error = result.error.unwrap();
            // On a busy machine an unoptimised build may meet the CPU's limit before the depth's.
            let is_deep = body == "return grade(input)" && error.contains("100 ms of CPU time");
            assert!(result.score.is_none() && (error.contains(words) || is_deep), "{body}: {error}");
        }
        app.assert_alive().await;
    }
    let report = test_draft(&app, &id, GOOD).await;
    assert!(report.results.iter().all(|result| result.score == Some(0.75)), "{:?}", report.results);
    assert_eq!(app.hygiene(&id).await.valid, 6);
}

#[tokio::test]
async fn a_test_with_errors_shows_on_the_card() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(5, &[])).await;
    save(&app, &id, "function grade(input) { if (input.lastUserMessage.includes('number 2')) throw 'two'; return input.lastUserMessage.includes('number 1') ? 0.2 : 0.8; }").await;
    let report = test_saved(&app, &id).await;
    assert_eq!(report.results.iter().filter(|result| result.error.is_some()).count(), 1);
    assert_eq!(app.step(&id, PipelineStepId::Grader).await.status, PipelineStepStatus::Attention);
    save(&app, &id, "function grade(input) { throw 'all'; }").await;
    test_saved(&app, &id).await;
    assert_eq!(app.step(&id, PipelineStepId::Grader).await.status, PipelineStepStatus::Failed);
}

#[tokio::test]
async fn scripts_see_the_record_and_nothing_of_the_machine() {
    let app = TestApp::start().await;
    let line = json!({
        "messages": [
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": "Where is my parcel today?" },
            { "role": "assistant", "content": "{\"city\": \"Kassel\"}" },
        ],
        "tools": [{ "type": "function", "function": { "name": "track" } }],
        "reference_answer": "Kassel", "metadata": { "tier": "gold" }, "difficulty": 3,
    });
    let id = app.imported("a.jsonl", line.to_string()).await;
    let script = "function grade(input) {
        const facts = [input.systemPrompt, input.lastUserMessage, input.messages.length, input.tools[0].function.name,
            input.referenceAnswer, input.metadata.tier, input.item.difficulty, input.item.reference_answer,
            input.sample.output_text === input.response, input.sample.output_json.city, input.toolCalls.length,
            typeof fetch, typeof require, typeof process];
        return { score: 1, reasoning: JSON.stringify(facts) };
    }";
    let result = test_draft(&app, &id, script).await.results.remove(0);
    let facts: Value = serde_json::from_str(&result.reasoning.unwrap_or_else(|| panic!("{:?}", result.error))).unwrap();
    let expected = json!([
        "Be kind.",
        "Where is my parcel today?",
        2,
        "track",
        "Kassel",
        "gold",
        3,
        "Kassel",
        true,
        "Kassel",
        0,
        "undefined",
        "undefined",
        "undefined"
    ]);
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn versions_are_compared_line_by_line() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    save(&app, &id, "function grade(input) {\n  return 0.5;\n}").await;
    save(&app, &id, "function grade(input) {\n  // better\n  return 0.75;\n}").await;
    let compare = async |from: i64, to: i64| -> GraderDiff {
        app.ask("grader/diff", json!({ "dataset_id": id, "from": from, "to": to })).await
    };
    let diff = compare(1, 2).await;
    assert_eq!((diff.from, diff.to, diff.added, diff.removed, diff.left_out), (1, 2, 2, 1, 0));
    let lines: Vec<(LineChange, &str)> =
        diff.hunks[0].lines.iter().map(|line| (line.change, line.text.as_str())).collect();
    assert_eq!(
        lines,
        [
            (LineChange::Same, "function grade(input) {"),
            (LineChange::Removed, "  return 0.5;"),
            (LineChange::Added, "  // better"),
            (LineChange::Added, "  return 0.75;"),
            (LineChange::Same, "}"),
        ]
    );
    let back = compare(2, 1).await;
    assert_eq!((back.added, back.removed), (1, 2), "the other way round");
    let same = compare(2, 2).await;
    assert_eq!((same.added, same.removed, same.hunks.len()), (0, 0, 0));

    // What is not there, and what is too large to be shown whole.
    for (from, to) in [(1, 3), (0, 1), (-1, 2)] {
        app.refused("grader/diff", json!({ "dataset_id": id, "from": from, "to": to }), 404).await;
    }
    app.refused("grader/diff", json!({ "dataset_id": "none", "from": 1, "to": 2 }), 404).await;
    let large = (0..20_000).map(|n| format!("//{n}")).collect::<Vec<_>>().join("\n");
    save(&app, &id, &format!("{large}\n{GOOD}")).await;
    let diff = compare(2, 3).await;
    assert_eq!(diff.added, 20_001);
    assert!(diff.left_out > 17_000 && diff.hunks.iter().map(|hunk| hunk.lines.len()).sum::<usize>() == 2_000);
    // The page is drawn with it, without JavaScript too.
    let page = app.client.get(app.url(&format!("/finetune/{id}?step=grader&versions=1-2"))).send().await.unwrap();
    let html = page.text().await.unwrap();
    assert!(html.contains("From version 1 to version 2") && html.contains("return 0.75;"), "{html}");
}
