//! Near-duplicates: found, listed, kept together by the split, deleted only when asked to, and given back.

use std::collections::BTreeSet;

use anneal_server::config::Config;
use anneal_server::types::dataset::RecordDeletion;
use anneal_server::types::job::{JobKind, JobState, JobStatus};
use anneal_server::types::near_duplicates::{NearDuplicatePage, NearDuplicates};
use anneal_server::types::training::{NearDuplicatesKnown, SplitPreview};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::process::{ServerProcess, anneal};
use crate::support::records::{chat, chats};

/// A question of eighteen words about an order; `end` is its last word.
fn question(order: usize, end: &str) -> String {
    format!("Where is my parcel with the order number {order}? It should have come to my office last {end}.")
}

fn line(text: &str) -> String {
    chat(text, "On its way.", json!({})) + "\n"
}

/// Orders 0 and 1, each asked after three and two times in nearly the same words, order 2 once, an exact copy of the second record,
/// and five strangers.
fn lines() -> String {
    let asked = [
        question(0, "Monday"),
        question(0, "Tuesday"),
        question(1, "Monday"),
        question(0, "Monday").to_uppercase(),
        question(2, "Monday"),
        question(1, "week"),
        question(0, "Tuesday"),
    ];
    asked.iter().map(|text| line(text)).collect::<String>() + &chats(5, &["a"])
}

async fn look(app: &TestApp, id: &str, threshold: Option<f64>) -> JobStatus {
    let job: JobStatus = app.ask("near-duplicates/start", json!({ "dataset_id": id, "threshold": threshold })).await;
    let job = app.ended(&job.id).await;
    assert_eq!(job.state, JobState::Succeeded, "{job:?}");
    job
}

async fn page(app: &TestApp, id: &str, cluster: Option<i64>, page: i64) -> NearDuplicatePage {
    app.ask("near-duplicates/list", json!({ "dataset_id": id, "cluster": cluster, "page": page })).await
}

async fn found(app: &TestApp, id: &str) -> NearDuplicates {
    app.overview(id).await.near_duplicates.unwrap()
}

/// The kept record, all records with their similarity, and how many would be deleted.
type Cluster = (i64, Vec<(i64, String)>, i64);

/// Clusters, records in them, records to delete, clusters set aside.
fn counts(found: &NearDuplicates) -> (i64, i64, i64, i64) {
    (found.clusters, found.members, found.deletable, found.set_aside)
}

#[tokio::test]
async fn clusters_are_found_kept_to_one_each_and_given_back() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", lines()).await;
    assert_eq!(app.hygiene(&id).await.valid, 11);
    assert_eq!(app.overview(&id).await.near_duplicates, None);
    assert_eq!(page(&app, &id, None, 1).await.clusters, []);
    assert_eq!(look(&app, &id, None).await.message, "5 records in 2 clusters");

    let ids: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    let listed = page(&app, &id, None, 1).await;
    let clusters: Vec<Cluster> = listed
        .clusters
        .iter()
        .map(|cluster| {
            let records =
                cluster.records.iter().map(|record| (record.id, format!("{:.3}", record.similarity))).collect();
            (cluster.kept, records, cluster.deletable)
        })
        .collect();
    // Eighteen words, sixteen shingles; the last word changed: 15 of 17. The exact copy of "Tuesday" goes with it.
    let of = |records: &[(usize, &str)]| records.iter().map(|(at, alike)| (ids[*at], (*alike).to_owned())).collect();
    let expected: Vec<Cluster> = vec![
        (ids[0], of(&[(0, "1.000"), (1, "0.882"), (3, "1.000")]), 3),
        (ids[2], of(&[(2, "1.000"), (5, "0.882")]), 1),
    ];
    assert_eq!(clusters, expected);
    assert_eq!(listed.found, Some(found(&app, &id).await));
    assert_eq!(counts(&listed.found.unwrap()), (2, 5, 4, 0));
    assert_eq!(page(&app, &id, None, 2).await.clusters, []);

    // The number that was confirmed must be the number that goes.
    let keep = |cluster: Option<i64>, records: i64| json!({ "dataset_id": id, "cluster": cluster, "records": records });
    let message = app.refused("near-duplicates/keep-one", keep(None, 3), 409).await;
    assert!(message.starts_with("4 records would be deleted now, not 3"), "{message}");
    let second: RecordDeletion = app.ask("near-duplicates/keep-one", keep(Some(ids[2]), 1)).await;
    assert_eq!(second.records, 1);
    let now = found(&app, &id).await;
    assert!(!now.is_stale && counts(&now) == (1, 3, 3, 0), "fewer records are no other pairs: {now:?}");
    let first: RecordDeletion = app.ask("near-duplicates/keep-one", keep(None, 3)).await;
    assert_eq!((first.records, app.hygiene(&id).await.total), (3, 8));
    assert_eq!(counts(&found(&app, &id).await), (0, 0, 0, 0));
    app.refused("near-duplicates/keep-one", keep(None, 0), 409).await;

    for deletion in [first, second] {
        let _: i64 = app.ask("records/restore", json!({ "dataset_id": id, "deletion_id": deletion.id })).await;
    }
    let back = found(&app, &id).await;
    assert!(back.is_stale && counts(&back) == (2, 5, 4, 0), "{back:?}");
    assert_eq!(app.rows(&id).await.iter().map(|row| row.id).collect::<Vec<_>>(), ids);
    let message = app.refused("near-duplicates/keep-one", keep(None, 4), 409).await;
    assert!(message.contains("have changed since") && message.contains("Look again"), "{message}");
}

#[tokio::test]
async fn an_edit_makes_it_stale_and_labels_do_not() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", lines()).await;
    look(&app, &id, None).await;
    let import =
        json!({ "dataset_id": id, "json": json!({ "nodes": [{ "name": "a" }] }).to_string(), "confirm": true });
    let _: Value = app.ask("topics/import", import).await;
    let ids: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    let _: i64 = app.ask("records/assign-topic", json!({ "dataset_id": id, "record_ids": ids, "topic": "a" })).await;
    assert!(!found(&app, &id).await.is_stale, "what is said is the same");

    // The second question about order 1 becomes another one.
    let mut data = app.record(&id, ids[5]).await.data;
    data["input"]["messages"][0]["content"] = json!("Something else entirely, please.");
    app.edit(&id, ids[5], &data).await;
    let stale = found(&app, &id).await;
    assert!(stale.is_stale && counts(&stale) == (2, 5, 4, 0), "{stale:?}");
    let listed = page(&app, &id, None, 1).await;
    assert!(listed.clusters[1].records[1].similarity < 0.01, "of the texts as they are now: {listed:?}");
    look(&app, &id, None).await;
    let now = found(&app, &id).await;
    assert!(!now.is_stale && now.run_id > stale.run_id && counts(&now) == (1, 3, 3, 0), "{now:?}");
    // A stricter look: upper case only. The next one is as strict unless told otherwise.
    look(&app, &id, Some(0.9)).await;
    look(&app, &id, None).await;
    let strict = found(&app, &id).await;
    assert_eq!((counts(&strict), strict.threshold.to_string()), ((1, 2, 1, 0), "0.9".to_owned()));
    for threshold in [0.69, 1.01, -1.0] {
        let message =
            app.refused("near-duplicates/start", json!({ "dataset_id": id, "threshold": threshold }), 422).await;
        assert!(message.contains("between 0.7 and 1"), "{message}");
    }
    app.refused("near-duplicates/start", json!({ "dataset_id": "none", "threshold": null }), 404).await;
}

#[tokio::test]
async fn what_was_set_aside_stays_away_until_it_is_brought_back_or_grows() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", lines()).await;
    look(&app, &id, None).await;
    let kept = page(&app, &id, None, 1).await.clusters[0].kept;
    let dismiss =
        |cluster: Option<i64>, dismissed: bool| json!({ "dataset_id": id, "cluster": cluster, "dismissed": dismissed });
    let () = app.ask("near-duplicates/dismiss", dismiss(Some(kept), true)).await;
    assert_eq!(counts(&found(&app, &id).await), (1, 2, 1, 1));
    look(&app, &id, None).await;
    assert_eq!(counts(&found(&app, &id).await), (1, 2, 1, 1), "the next look respects it");
    // Keeping one of each leaves it alone.
    let keep = json!({ "dataset_id": id, "cluster": null, "records": 1 });
    let _: RecordDeletion = app.ask("near-duplicates/keep-one", keep).await;
    // Another record that says the same: the question is asked again.
    let more = line(&question(0, "Friday"));
    let (status, body) = app.upload("b.jsonl", more.into(), &[("dataset_id", &id)]).await;
    assert_eq!(status, 201, "{body}");
    app.ended(body["job_id"].as_str().unwrap()).await;
    look(&app, &id, None).await;
    assert_eq!(counts(&found(&app, &id).await), (1, 4, 4, 0));
    let () = app.ask("near-duplicates/dismiss", dismiss(Some(kept), true)).await;
    assert_eq!(counts(&found(&app, &id).await), (0, 0, 0, 1));
    let () = app.ask("near-duplicates/dismiss", dismiss(None, false)).await;
    assert_eq!(counts(&found(&app, &id).await), (1, 4, 4, 0));
    app.refused("near-duplicates/dismiss", dismiss(Some(99_999), true), 404).await;
    app.refused("near-duplicates/dismiss", dismiss(None, true), 422).await;
}

#[tokio::test]
async fn the_split_keeps_clusters_together_and_says_so() {
    let app = TestApp::start().await;
    let asked: String = (0..40)
        .flat_map(|order| ["Monday", "Tuesday", "week"].map(|end| line(&question(order, end))))
        .chain((100..180).map(|order| line(&question(order, "Monday"))))
        .collect();
    let id = app.imported("a.jsonl", asked).await;
    let config =
        json!({ "train_ratio": 0.8, "stratify_by_topic": true, "include_generated_in_valid": false, "seed": 42 });
    let preview =
        async || -> SplitPreview { app.ask("training/split", json!({ "dataset_id": id, "config": config })).await };
    let before = preview().await;
    assert_eq!((before.near_duplicates, before.kept_together), (NearDuplicatesKnown::Never, 0));
    look(&app, &id, None).await;
    let split = preview().await;
    assert_eq!((split.near_duplicates, split.kept_together), (NearDuplicatesKnown::Current, 40));
    assert_eq!((split.train, split.valid), (160, 40));
    assert!(split.basis.near_duplicates > before.basis.near_duplicates);

    let link = |part: &str, near_duplicates: i64| {
        let (records, topics) = (split.basis.records_revision, split.basis.topics_revision);
        format!(
            "/download/{id}/split/{part}.jsonl?train_ratio=0.8&records_revision={records}&topics_revision={topics}&near_duplicates={near_duplicates}"
        )
    };
    let orders = |text: &str| -> Vec<String> {
        let order = |line: &str| {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = row["messages"][0]["content"].as_str().unwrap().to_owned();
            text.split("number ").nth(1).unwrap().split('?').next().unwrap().to_owned()
        };
        text.lines().map(order).collect()
    };
    let (status, train) = app.get(&link("train", split.basis.near_duplicates)).await;
    assert_eq!(status, 200, "{train}");
    let (train, valid) = (orders(&train), orders(&app.get(&link("valid", split.basis.near_duplicates)).await.1));
    assert_eq!((train.len(), valid.len()), (160, 40));
    let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (train.into_iter().collect(), valid.into_iter().collect());
    assert!(ours.is_disjoint(&theirs), "no order is asked after on both sides");
    assert!(theirs.iter().any(|order| order.len() < 3), "clusters validate too: {theirs:?}");
    let (status, body) = app.get(&link("train", before.basis.near_duplicates)).await;
    assert_eq!(status, 409, "{body}");

    let first = app.rows(&id).await[0].id;
    app.edit(&id, first, &json!({ "input": { "messages": [{ "role": "user", "content": "Something else." }] } })).await;
    let stale = preview().await;
    assert_eq!((stale.near_duplicates, stale.kept_together), (NearDuplicatesKnown::Stale, 40));
}

#[tokio::test]
async fn an_import_is_followed_by_a_look_where_that_is_quick() {
    let app = TestApp::start_with(|config| Config { near_duplicates_up_to: 11, ..config }).await;
    let id = app.imported("a.jsonl", lines()).await;
    let job = app.overview(&id).await.jobs.into_iter().find(|job| job.kind == JobKind::NearDuplicates).unwrap();
    assert_eq!(app.ended(&job.id).await.state, JobState::Succeeded);
    assert_eq!(counts(&found(&app, &id).await), (2, 5, 4, 0));
    // One too many for a look unasked.
    let (_, body) = app.upload("b.jsonl", line("Something else entirely.").into(), &[("dataset_id", &id)]).await;
    app.ended(body["job_id"].as_str().unwrap()).await;
    assert!(found(&app, &id).await.is_stale);
    let jobs = app.overview(&id).await.jobs;
    assert!(!jobs.iter().any(|other| other.kind == JobKind::NearDuplicates && other.id != job.id), "{jobs:?}");
}

#[tokio::test]
async fn a_look_that_waits_can_be_cancelled_and_is_asked_for_once() {
    let (app, busy) = TestApp::busy().await;
    let id = app.imported_beside(&busy, lines()).await;
    let _busy = busy.again(&app).await;
    let start = json!({ "dataset_id": id, "threshold": null });
    let job: JobStatus = app.ask("near-duplicates/start", start.clone()).await;
    let same: JobStatus = app.ask("near-duplicates/start", start).await;
    assert_eq!(job.id, same.id);
    let _: Value = app.ask("jobs/cancel", json!({ "job_id": job.id })).await;
    assert_eq!(app.ended(&job.id).await.state, JobState::Cancelled);
    assert_eq!(app.overview(&id).await.near_duplicates, None);
}

#[tokio::test]
async fn a_killed_server_finds_the_same_clusters_after_all() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path()).await;
    let text: String = (0..1_500).flat_map(|order| ["Monday", "week"].map(|end| line(&question(order, end)))).collect();
    let (status, body) = server.door.upload("a.jsonl", text.into(), &[]).await;
    assert_eq!(status.as_u16(), 201, "{body}");
    let id = body["dataset_id"].as_str().unwrap().to_owned();
    server.door.job_until(&id, body["job_id"].as_str().unwrap(), |job| job.state == JobState::Succeeded).await;
    // The look that follows by itself.
    let jobs = server.door.overview(&id).await.jobs;
    let job = jobs.into_iter().find(|job| job.kind == JobKind::NearDuplicates).unwrap();
    server.door.job_until(&id, &job.id, |job| job.done > 0 || !job.state.is_active()).await;
    server.kill().await;

    let server = ServerProcess::start(dir.path()).await;
    let ended = server.door.job_until(&id, &job.id, |job| !job.state.is_active()).await;
    assert_eq!(ended.state, JobState::Succeeded, "{ended:?}");
    let found = server.door.overview(&id).await.near_duplicates.unwrap();
    assert!(!found.is_stale, "{found:?}");
    // 15 of 17: found with a probability of 0.9985 each.
    assert!((1_480..=1_500).contains(&found.clusters) && found.members == 2 * found.clusters, "{found:?}");
}

#[tokio::test]
async fn the_command_line_lists_clusters_and_deletes_only_if_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    std::fs::write(&path, lines()).unwrap();
    let imported = anneal(dir.path(), &["import", path.to_str().unwrap(), "--name", "orders"]).await;
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let listed = anneal(dir.path(), &["near-duplicates", "orders"]).await;
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let said = &listed.stdout;
    assert!(
        said.contains("3 records\n") && said.contains("kept  Where is my parcel with the order number 0"),
        "{said}"
    );
    assert!(said.contains(" 88%  Where is my parcel with the order number 0"), "{said}");
    assert!(said.ends_with("5 records in 2 clusters at 80% or more; 11 valid records compared\n"), "{said}");
    let json = anneal(dir.path(), &["near-duplicates", "orders", "--threshold", "0.9", "--json"]).await;
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&value["found"]["clusters"], &value["clusters"][0]["total"]), (&json!(1), &json!(2)), "{value}");
    let refused = anneal(dir.path(), &["near-duplicates", "orders", "--threshold", "0.5"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("between 0.7 and 1"), "{}", refused.stderr);
    let kept = anneal(dir.path(), &["near-duplicates", "orders", "--threshold", "0.8", "--keep-one"]).await;
    assert!(kept.stdout.contains("4 records deleted, one of each cluster kept"), "{}", kept.stdout);
    let after = anneal(dir.path(), &["near-duplicates", "orders"]).await;
    assert_eq!(after.stdout, "0 records in 0 clusters at 80% or more; 8 valid records compared\n");
}
