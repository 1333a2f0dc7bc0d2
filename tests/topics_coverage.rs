//! Topics and coverage: the hierarchy, labels by hand and by keyword, and the balance that follows at once.

use anneal_server::types::coverage::{CoverageReport, TopicStatus};
use anneal_server::types::job::{JobState, JobStatus};
use anneal_server::types::topics::{CategorizationMethod, TopicHierarchy};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats};

const QUESTIONS: [&str; 5] = [
    "Please refund my last purchase.",
    "Where is my parcel with the lamp?",
    "I forgot my password again.",
    "The weather is quite nice today.",
    "My parcel is late, its delivery too.",
];

fn hierarchy() -> Value {
    json!({ "nodes": [
        { "name": "refunds", "keywords": ["refund"] },
        { "name": "delivery", "keywords": ["parcel", "delivery"] },
        { "name": "account", "children": [
            { "name": "login", "keywords": ["password"] },
            { "name": "profile", "keywords": ["address"] },
        ] },
    ] })
}

/// The five questions under the hierarchy; answers the dataset and the records' ids.
async fn start(app: &TestApp) -> (String, Vec<i64>) {
    let lines: Vec<String> = QUESTIONS.iter().map(|question| chat(question, "Yes.", json!({}))).collect();
    let id = app.imported("a.jsonl", lines.join("\n")).await;
    let got: TopicHierarchy = import(app, &id, &hierarchy(), false).await;
    let leaves: Vec<String> = got.leaves().into_iter().map(|leaf| leaf.name.clone()).collect();
    assert_eq!((got.version, leaves.join(" ")), (1, "refunds delivery login profile".to_owned()));
    let records = app.rows(&id).await.into_iter().map(|row| row.id).collect();
    (id, records)
}

async fn import(app: &TestApp, dataset_id: &str, hierarchy: &Value, confirm: bool) -> TopicHierarchy {
    let arguments = json!({ "dataset_id": dataset_id, "json": hierarchy.to_string(), "confirm": confirm });
    app.ask("topics/import", arguments).await
}

async fn assign(app: &TestApp, dataset_id: &str, records: &[i64], topic: Option<&str>) -> i64 {
    app.ask("records/assign-topic", json!({ "dataset_id": dataset_id, "record_ids": records, "topic": topic })).await
}

fn edit(dataset_id: &str, edit: Value, confirm: bool) -> Value {
    json!({ "dataset_id": dataset_id, "edit": edit, "confirm": confirm })
}

async fn categorize(app: &TestApp, dataset_id: &str, mode: &str, include_manual: bool) {
    let arguments = json!({ "dataset_id": dataset_id, "mode": mode, "include_manual": include_manual });
    let job: JobStatus = app.ask("topics/categorize", arguments).await;
    assert_eq!(app.ended(&job.id).await.state, JobState::Succeeded);
}

async fn coverage(app: &TestApp, dataset_id: &str) -> CoverageReport {
    app.overview(dataset_id).await.coverage.unwrap()
}

/// The count of every leaf, in the hierarchy's order, and of the records without one.
async fn assert_counts(app: &TestApp, dataset_id: &str, expected: &[(&str, i64)], uncategorized: i64) {
    let coverage = coverage(app, dataset_id).await;
    let got: Vec<(&str, i64)> = coverage.distribution.iter().map(|topic| (topic.topic.as_str(), topic.count)).collect();
    assert_eq!((got.as_slice(), coverage.uncategorized_count), (expected, uncategorized));
}

async fn topics_of(app: &TestApp, dataset_id: &str) -> Vec<Option<String>> {
    app.rows(dataset_id).await.into_iter().map(|row| row.topic).collect()
}

#[tokio::test]
async fn labels_by_hand_and_keyword_give_the_balance_worked_out_by_hand() {
    let app = TestApp::start().await;
    let (id, records) = start(&app).await;
    assert_counts(&app, &id, &[("refunds", 0), ("delivery", 0), ("login", 0), ("profile", 0)], 5).await;
    assert_eq!(coverage(&app, &id).await.balance_score, None, "nothing labelled is not a balance of 0 or 1");

    assert_eq!(assign(&app, &id, &[records[3]], Some("refunds")).await, 1);
    assert_eq!(assign(&app, &id, &[records[1]], Some("profile")).await, 1);
    assert_counts(&app, &id, &[("refunds", 1), ("delivery", 0), ("login", 0), ("profile", 1)], 3).await;
    assert_eq!(coverage(&app, &id).await.balance_score, Some(0.0));

    categorize(&app, &id, "unlabelled_only", false).await;
    let expected = ["refunds", "profile", "login", "refunds", "delivery"].map(|topic| Some(topic.to_owned()));
    assert_eq!(topics_of(&app, &id).await, expected);
    let methods = [CategorizationMethod::Keyword, CategorizationMethod::Manual];
    for (record, method) in records.iter().zip(methods) {
        assert_eq!(app.record(&id, *record).await.categorization.unwrap().method, method);
    }
    assert_counts(&app, &id, &[("refunds", 2), ("delivery", 1), ("login", 1), ("profile", 1)], 0).await;
    let report = coverage(&app, &id).await;
    // Shares 40, 20, 20, 20 against targets of 25; the smallest count over the largest is 1/2.
    let refunds = &report.distribution[0];
    assert_eq!((refunds.percentage, refunds.target_percentage, refunds.gap), (40.0, 25.0, -15.0));
    assert_eq!((refunds.tolerance, refunds.status), (5.0, TopicStatus::Over));
    assert_eq!((report.distribution[1].gap, report.distribution[1].status), (5.0, TopicStatus::Ok));
    assert_eq!(report.balance_score, Some(0.5));
    // exp(-(0.4 ln 0.4 + 3 * 0.2 ln 0.2)) = exp(1.332179)
    assert!((report.effective_topics.unwrap() - 3.789_291).abs() < 1e-5, "{:?}", report.effective_topics);

    // What a file brought is told apart from what a person said.
    let from_file = app.imported("labelled.jsonl", crate::support::records::chats(2, &["login"])).await;
    let _: TopicHierarchy = app
        .ask(
            "topics/import",
            json!({ "dataset_id": from_file, "json": r#"{"nodes": [{"name": "login"}]}"#, "confirm": true }),
        )
        .await;
    let rows = app.rows(&from_file).await;
    assert_eq!(rows[0].topic_method, Some(CategorizationMethod::File));
    assign(&app, &from_file, &[rows[0].id], Some("login")).await;
    let methods = app.rows(&from_file).await.into_iter().map(|row| row.topic_method);
    assert!(methods.eq([CategorizationMethod::Manual, CategorizationMethod::File].map(Some)));
    categorize(&app, &from_file, "recategorize_all", false).await;
    let methods = app.rows(&from_file).await.into_iter().map(|row| row.topic_method);
    assert!(methods.eq([CategorizationMethod::Manual, CategorizationMethod::File].map(Some)), "both stay");

    // Recategorizing all leaves what a person said, unless asked otherwise.
    categorize(&app, &id, "recategorize_all", false).await;
    assert_eq!(topics_of(&app, &id).await[1].as_deref(), Some("profile"));
    categorize(&app, &id, "recategorize_all", true).await;
    assert_eq!(topics_of(&app, &id).await[1].as_deref(), Some("delivery"));

    assert_eq!(assign(&app, &id, &records, None).await, 5);
    assert_counts(&app, &id, &[("refunds", 0), ("delivery", 0), ("login", 0), ("profile", 0)], 5).await;
}

#[tokio::test]
async fn changes_of_the_hierarchy_carry_records_along_or_ask_first() {
    let app = TestApp::start().await;
    let (id, _) = start(&app).await;
    categorize(&app, &id, "unlabelled_only", false).await;
    assert_counts(&app, &id, &[("refunds", 1), ("delivery", 2), ("login", 1), ("profile", 0)], 1).await;

    let rename =
        json!({ "edit": "update", "name": "delivery", "new_name": "shipping", "description": "", "keywords": [] });
    let _: TopicHierarchy = app.ask("topics/edit", edit(&id, rename, false)).await;
    assert_counts(&app, &id, &[("refunds", 1), ("shipping", 2), ("login", 1), ("profile", 0)], 1).await;

    let add = json!({ "edit": "add", "parent": null, "node": { "name": "returns" } });
    let _: TopicHierarchy = app.ask("topics/edit", edit(&id, add.clone(), false)).await;
    let message = app.refused("topics/edit", edit(&id, add, false), 422).await;
    assert!(message.contains("unique"), "{message}");

    // Below a leaf: the leaf becomes a parent, and parents label nothing.
    let below = json!({ "edit": "add", "parent": "shipping", "node": { "name": "express" } });
    for change in [below, json!({ "edit": "delete", "name": "shipping" })] {
        let message = app.refused("topics/edit", edit(&id, change, false), 422).await;
        assert!(message.contains("2 records would lose their topic"), "{message}");
    }
    let message = app
        .refused(
            "topics/import",
            json!({ "dataset_id": id, "json": "{\"nodes\": [{\"name\": \"login\"}]}", "confirm": false }),
            422,
        )
        .await;
    assert!(message.contains("3 records would lose their topic"), "{message}");
    assert_counts(&app, &id, &[("refunds", 1), ("shipping", 2), ("login", 1), ("profile", 0), ("returns", 0)], 1).await;

    let delete = json!({ "edit": "delete", "name": "shipping" });
    let after: TopicHierarchy = app.ask("topics/edit", edit(&id, delete.clone(), true)).await;
    assert_eq!(after.version, 4);
    assert_counts(&app, &id, &[("refunds", 1), ("login", 1), ("profile", 0), ("returns", 0)], 3).await;
    assert_eq!(topics_of(&app, &id).await.iter().filter(|topic| topic.is_none()).count(), 3);
    let message = app.refused("topics/edit", edit(&id, delete, true), 422).await;
    assert!(message.contains("There is no topic named \"shipping\""), "{message}");
}

#[tokio::test]
async fn only_own_records_and_leaves_can_be_assigned() {
    let app = TestApp::start().await;
    let (id, records) = start(&app).await;
    let other = app.imported("b.jsonl", chats(2, &[])).await;
    let foreign = app.rows(&other).await[0].id;
    let call = |records: Vec<i64>, topic: &str| json!({ "dataset_id": id, "record_ids": records, "topic": topic });
    app.refused("records/assign-topic", call(vec![records[0], foreign], "refunds"), 404).await;
    assert_eq!(app.rows(&other).await[0].topic, None);
    assert_eq!(topics_of(&app, &id).await, [const { None }; 5], "all or none");
    for topic in ["account", "nowhere", ""] {
        let message = app.refused("records/assign-topic", call(vec![records[0]], topic), 422).await;
        assert!(message.contains("is no topic that can label records"), "{message}");
    }
    app.refused("records/get", json!({ "dataset_id": id, "record_id": foreign }), 404).await;
    let arguments = json!({ "dataset_id": id, "record_id": foreign, "edit": { "data": "{}", "opened_at": 0 } });
    app.refused("records/update", arguments, 404).await;
}

#[tokio::test]
async fn bad_topic_files_are_refused_with_their_place() {
    let app = TestApp::start().await;
    let (id, _) = start(&app).await;
    let six = (1..=6)
        .rev()
        .fold(json!([]), |children, level| json!([{ "name": format!("level {level}"), "children": children }]));
    let six = json!({ "nodes": six }).to_string();
    let cases = [
        ("{\"nodes\": [", "not valid JSON"),
        ("{\"nodes\": []}", "The hierarchy has no topics"),
        ("{\"nodes\": 5}", "is expected there"),
        ("5", "is expected there"),
        ("{\"nodes\": [{\"name\": \"a\"}, {\"name\": \"A\"}]}", "must be unique"),
        ("{\"nodes\": [{\"name\": \" \"}]}", "Topic 1: the name is empty"),
        (six.as_str(), "is on level 6"),
    ];
    for (text, words) in cases {
        let arguments = json!({ "dataset_id": id, "json": text, "confirm": true });
        let message = app.refused("topics/import", arguments, 422).await;
        assert!(message.contains(words), "{text}: {message}");
    }
    assert_eq!(app.overview(&id).await.hierarchy.unwrap().version, 1);
    let empty = app.imported("b.jsonl", chats(2, &[])).await;
    let arguments = json!({ "dataset_id": empty, "mode": "unlabelled_only", "include_manual": false });
    let message = app.refused("topics/categorize", arguments, 409).await;
    assert!(message.contains("There are no topics yet"), "{message}");
}

#[tokio::test]
async fn targets_name_every_leaf_and_add_up() {
    let app = TestApp::start().await;
    let (id, records) = start(&app).await;
    assign(&app, &id, &records[..2], Some("refunds")).await;
    assign(&app, &id, &records[2..], Some("login")).await;
    let set = |targets: Value| json!({ "dataset_id": id, "targets": targets });
    let cases = [
        (json!({ "refunds": 50, "delivery": 20, "login": 20, "profile": 20 }), "add up to 110.00%"),
        (json!({ "refunds": 50, "delivery": 50 }), "has no target share"),
        (json!({ "refunds": 25, "delivery": 25, "login": 25, "profile": 25, "account": 0 }), "is not a topic"),
        (
            json!({ "refunds": 125, "delivery": -25, "login": 0, "profile": 0 }),
            "is -25. It must be a number from 0 to 100",
        ),
        (json!({ "refunds": 1e308, "delivery": 0, "login": 0, "profile": 0 }), "is 1e308. It must be"),
        (json!({ "refunds": 100.5, "delivery": 0, "login": 0, "profile": 0 }), "is 100.5. It must be"),
    ];
    for (targets, words) in cases {
        let message = app.refused("topics/targets", set(targets), 422).await;
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(coverage(&app, &id).await.balance_score, Some(0.0), "two of four topics are empty");

    // 2 and 3 of 5 are 40% and 60%: just what is wanted.
    let _: () =
        app.ask("topics/targets", set(json!({ "refunds": 40, "delivery": 0, "login": 60, "profile": 0 }))).await;
    let report = coverage(&app, &id).await;
    assert_eq!((report.balance_score, report.distribution[0].gap), (Some(1.0), 0.0));
    let _: () = app.ask("topics/targets", set(Value::Null)).await;
    assert_eq!(coverage(&app, &id).await.balance_score, Some(0.0));
}

#[tokio::test]
async fn a_label_that_no_topic_has_counts_as_none_when_records_are_categorized() {
    let app = TestApp::start().await;
    let lines = [
        chat("Where is my parcel with the lamp?", "Here.", json!({ "topic": "from elsewhere" })),
        chat("Where is my parcel with the table?", "Here.", json!({ "topic": "refunds" })),
        chat("The weather is quite nice today.", "Yes.", json!({ "topic": "from elsewhere" })),
    ];
    let id = app.imported("a.jsonl", lines.join("\n")).await;
    import(&app, &id, &hierarchy(), false).await;
    let named = |names: [&str; 3]| names.map(|name| Some(name.to_owned())).to_vec();
    for mode in ["unlabelled_only", "recategorize_all"] {
        categorize(&app, &id, mode, false).await;
        assert_eq!(topics_of(&app, &id).await, named(["delivery", "refunds", "from elsewhere"]), "{mode}");
    }
    assert_counts(&app, &id, &[("refunds", 1), ("delivery", 1), ("login", 0), ("profile", 0)], 1).await;
}

#[tokio::test]
async fn records_count_as_changed_only_where_a_change_of_the_topics_reaches_them() {
    let app = TestApp::start().await;
    let (id, records) = start(&app).await;
    assign(&app, &id, &records[..1], Some("refunds")).await;
    let revision = async || app.overview(&id).await.dataset.records_revision;
    let rename = |from: &str, to: &str| {
        let update = json!({ "edit": "update", "name": from, "new_name": to, "description": "", "keywords": [] });
        edit(&id, update, true)
    };
    let before = revision().await;
    let _: TopicHierarchy = app.ask("topics/edit", rename("profile", "address")).await;
    assert_eq!(revision().await, before, "no record carries it");
    let _: TopicHierarchy = app.ask("topics/edit", rename("refunds", "money back")).await;
    assert_eq!(revision().await, before + 1);
}
