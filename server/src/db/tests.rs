//! The schema: which index the walks use, and what migrations make of stored rows.

use sqlx::{Row, SqlitePool};

use super::Db;
use crate::types::dry_run::{DryRunConfig, DryRunResult, Verdict};
use crate::types::job::JobKind;

async fn open() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&dir.path().join("test.sqlite")).await.unwrap();
    (dir, db)
}

/// On a full disk SQLite ends a transaction by itself, as it does for this conflict. The next one begins as if nothing had been.
#[tokio::test]
async fn a_transaction_that_sqlite_ended_is_over() {
    let (_dir, db) = open().await;
    let mut tx = db.begin().await.unwrap();
    sqlx::raw_sql("CREATE TABLE filling (n INTEGER UNIQUE) STRICT; INSERT INTO filling VALUES (1)")
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::raw_sql("INSERT OR ROLLBACK INTO filling VALUES (1)").execute(&mut *tx).await.unwrap_err();
    drop(tx);
    let mut tx = db.begin().await.unwrap();
    sqlx::raw_sql("CREATE TABLE filling (n INTEGER UNIQUE) STRICT").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// A record of the first version comes through the change of the table with every column.
#[tokio::test]
async fn records_of_the_first_version_keep_every_column() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("old.sqlite").display());
    let old = SqlitePool::connect(&url).await.unwrap();
    sqlx::raw_sql(include_str!("../../../migrations/0001_initial.sql")).execute(&old).await.unwrap();
    let setup = r#"INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES ('d', 'd', '{}', 1, 1);
        INSERT INTO records VALUES (7, 'd', '{"a":1}', '{"m":1}', '{"i":1}', 'raw', 'why', 'span', 'topic', 'before', 0.5,
            'keyword', 1, '["x"]', 1, 3, '{"score":1}', NULL, 9, 'preview', 4, 1, 1, x'000102030405060708090a0b0c0d0e0f', 'invalid',
            'invalid_role', '["invalid_role"]', 'details', 2, 11, 12);"#;
    sqlx::raw_sql(setup).execute(&old).await.unwrap();
    let read = "SELECT json_array(id, dataset_id, data, metadata, item, raw, span_id, topic, previous_topic, topic_confidence,
        topic_method, needs_review, secondary_topics, is_generated, source_record_id, evaluation, import_id, line, preview,
        message_count, has_output, ends_with_user, hex(prompt_hash), status, first_error, errors, details, duplicate_of,
        created_at, updated_at) AS all_columns FROM records";
    let before: String = sqlx::query(read).fetch_one(&old).await.unwrap().try_get("all_columns").unwrap();
    sqlx::raw_sql(include_str!("../../../migrations/0002_records_payload_last.sql")).execute(&old).await.unwrap();
    let after: String = sqlx::query(read).fetch_one(&old).await.unwrap().try_get("all_columns").unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn stored_reports_get_their_few_numbers_for_lists() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("old.sqlite").display());
    let old = SqlitePool::connect(&url).await.unwrap();
    sqlx::raw_sql(include_str!("../../../migrations/0001_initial.sql")).execute(&old).await.unwrap();
    let config = serde_json::to_string(&DryRunConfig::default()).unwrap();
    let setup = "INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES ('d', 'd', '{}', 1, 1);
        INSERT INTO jobs (id, kind, dataset_id, args, state, created_at) VALUES ('j', 'dry_run', 'd', '', 'succeeded', 1);";
    sqlx::raw_sql(setup).execute(&old).await.unwrap();
    // As the first version stored them: with a verdict, without one score, and without a report.
    let scored = r#"{"timestamp":7,"samples_planned":3,"samples_evaluated":2,"failed":1,"partial":true,
        "statistics":{"mean":0.30000000000000004},"diagnosis":{"verdict":"NO-GO"}}"#;
    let failed = r#"{"timestamp":8,"samples_planned":4,"samples_evaluated":0,"failed":4,"partial":false,
        "statistics":null,"diagnosis":null}"#;
    for (id, report) in [("a", Some(scored)), ("b", Some(failed)), ("c", None)] {
        let insert = "INSERT INTO dry_runs (id, dataset_id, job_id, config, grader_version, records_revision, topics_revision, report, created_at)
            VALUES (?, 'd', 'j', ?, 1, 2, 3, ?, 1)";
        sqlx::query(insert).bind(id).bind(&config).bind(report).execute(&old).await.unwrap();
    }
    for migration in [
        include_str!("../../../migrations/0002_records_payload_last.sql"),
        include_str!("../../../migrations/0003_dry_run_results.sql"),
    ] {
        sqlx::raw_sql(migration).execute(&old).await.unwrap();
    }
    let mut results = Vec::new();
    for row in sqlx::query("SELECT result FROM dry_runs ORDER BY id").fetch_all(&old).await.unwrap() {
        let result: Option<String> = row.try_get("result").unwrap();
        results.push(result.map(|text| serde_json::from_str::<DryRunResult>(&text).unwrap()));
    }
    let scored = DryRunResult {
        headroom: None,
        timestamp: 7,
        verdict: Some(Verdict::NoGo),
        mean: Some(0.300_000_000_000_000_04),
        samples_planned: 3,
        samples_evaluated: 2,
        failed: 1,
        partial: true,
    };
    let failed = DryRunResult {
        headroom: None,
        timestamp: 8,
        verdict: None,
        mean: None,
        samples_planned: 4,
        samples_evaluated: 0,
        failed: 4,
        partial: false,
    };
    assert_eq!(results, [Some(scored), Some(failed), None]);
}

/// Runs a later migration on rows as earlier versions stored them, and reads them back.
async fn migrated(setup: &'static str, migration: &'static str, read: &'static str) -> Vec<Option<String>> {
    let (_dir, db) = open().await;
    let mut tx = db.begin().await.unwrap();
    let dataset = "INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES ('d', 'd', '{}', 1, 1);
        INSERT INTO jobs (id, kind, dataset_id, args, state, created_at) VALUES ('j', 'dry_run', 'd', '', 'succeeded', 1);";
    for sql in [dataset, setup, migration] {
        sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
    }
    let rows = sqlx::query(read).fetch_all(&mut *tx).await.unwrap();
    rows.iter().map(|row| row.try_get(0).unwrap()).collect()
}

/// The counts of two forms become those of all formats.
#[tokio::test]
async fn imports_of_earlier_versions_keep_their_counts() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("old.sqlite").display());
    let old = SqlitePool::connect(&url).await.unwrap();
    for migration in [
        include_str!("../../../migrations/0001_initial.sql"),
        include_str!("../../../migrations/0002_records_payload_last.sql"),
        include_str!("../../../migrations/0003_dry_run_results.sql"),
        include_str!("../../../migrations/0004_deleted_datasets.sql"),
        include_str!("../../../migrations/0005_previews_of_bad_lines.sql"),
        include_str!("../../../migrations/0006_no_model_was_called.sql"),
        include_str!("../../../migrations/0007_topic_changes.sql"),
        "INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES ('d', 'd', '{}', 1, 1);
        INSERT INTO jobs (id, kind, dataset_id, args, state, created_at) VALUES ('j', 'import', 'd', '', 'succeeded', 1);
        INSERT INTO imports (id, dataset_id, job_id, file_name, mode, bytes, created_at, records, chat_lines, native_lines, last_line) VALUES
            ('a', 'd', 'j', 'a.jsonl', 'append', 9, 1, 10, 6, 3, 12), ('b', 'd', 'j', 'b.jsonl', 'replace', 8, 2, 4, 4, 0, 4),
            ('c', 'd', 'j', 'c.jsonl', 'append', 0, 3, 0, 0, 0, 0);",
        include_str!("../../../migrations/0008_import_formats.sql"),
    ] {
        sqlx::raw_sql(migration).execute(&old).await.unwrap();
    }
    let read = "SELECT json_array(id, file_name, mode, records, last_line, formats, skipped) FROM imports ORDER BY id";
    let rows: Vec<String> = sqlx::query_scalar(read).fetch_all(&old).await.unwrap();
    let expected = [
        r#"["a","a.jsonl","append",10,12,"{\"chat\":6,\"native\":3,\"unreadable\":1}","{}"]"#,
        r#"["b","b.jsonl","replace",4,4,"{\"chat\":4}","{}"]"#,
        r#"["c","c.jsonl","append",0,0,"{}","{}"]"#,
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn bad_lines_of_the_first_version_get_their_preview() {
    let insert =
        "INSERT INTO records (id, dataset_id, status, first_error, preview, raw, data, created_at, updated_at) VALUES
        (1, 'd', 'invalid', 'invalid_data_structure', '', '  {oops' || CHAR(9) || 'x' || CHAR(10), 'null', 1, 1),
        (2, 'd', 'pending', 'invalid_data_structure', '', REPLACE(HEX(ZEROBLOB(500)), '0', 'ä'), 'null', 1, 1),
        (3, 'd', 'invalid', 'invalid_data_structure', 'kept', 'other', 'null', 1, 1),
        (4, 'd', 'valid', NULL, '', NULL, '{}', 1, 1);";
    let previews = migrated(
        insert,
        include_str!("../../../migrations/0005_previews_of_bad_lines.sql"),
        "SELECT preview FROM records ORDER BY id",
    )
    .await;
    let expected = ["{oops x".to_owned(), "ä".repeat(240), "kept".to_owned(), String::new()].map(Some);
    assert_eq!(previews, expected);
}

#[tokio::test]
async fn stored_runs_name_no_model_that_was_not_called() {
    let insert = r#"INSERT INTO dry_runs (id, dataset_id, job_id, config, report, grader_version, records_revision, topics_revision, created_at) VALUES
        ('a', 'd', 'j', '{"base_model":"o4-mini","response_source":"recorded","seed":18446744073709551615}',
            '{"config":{"base_model":"o4-mini","seed":7},"mean":0.30000000000000004,"text":"a \"ä\" b"}', 1, 1, 1, 1),
        ('b', 'd', 'j', '{"base_model":"o4-mini","response_source":"recorded"}', NULL, 1, 1, 1, 1);"#;
    let migration = include_str!("../../../migrations/0006_no_model_was_called.sql");
    let configs = migrated(insert, migration, "SELECT config FROM dry_runs ORDER BY id").await;
    let expected =
        [r#"{"response_source":"recorded","seed":18446744073709551615}"#, r#"{"response_source":"recorded"}"#];
    assert_eq!(configs, expected.map(|text| Some(text.to_owned())));
    let reports = migrated(insert, migration, "SELECT report FROM dry_runs ORDER BY id").await;
    let report = r#"{"config":{"seed":7},"mean":0.30000000000000004,"text":"a \"ä\" b"}"#;
    assert_eq!(reports, [Some(report.to_owned()), None]);
}

#[tokio::test]
async fn walks_and_counts_go_by_their_index() {
    use super::records::scan::{Scan, keys_query};
    use crate::types::validation::RecordStatus;
    let (_dir, db) = open().await;
    let recorded = Scan { with_output: true, ..Scan::valid() };
    let leaves = ["a".to_owned()];
    let to_label = Scan { without_topics: Some(&leaves), ..Scan::valid() };
    let to_label_again = Scan { not_by_hand: Some(&leaves), ..Scan::valid() };
    let pending = Scan { status: Some(RecordStatus::Pending), ..Scan::default() };
    for (scan, index) in [
        (Scan::default(), "records_by_id"),
        (Scan::valid(), "records_by_status_id"),
        (recorded, "records_by_status_id"),
        (to_label, "records_by_status_id"),
        (to_label_again, "records_by_status_id"),
        (pending, "records_by_status_id"),
    ] {
        let plan = plan_of(&db, keys_query("d", scan, 5, 100).sql().as_ref()).await;
        assert!(plan.contains(&format!("USING INDEX {index} (")), "{scan:?}: {plan}");
        assert!(plan.contains("id>?"), "the walk goes on where it stopped: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{scan:?}: {plan}");
    }
}

/// Whatever is listed is found, counted and skipped in an index; only a search in another order than the import's gathers
/// and sorts.
#[tokio::test]
async fn lists_read_no_record_that_they_do_not_show() {
    use super::records::page::Matching;
    use crate::types::dataset::{RecordFilter, RecordSort};
    use crate::types::validation::{RecordStatus, ValidationError};
    let (_dir, db) = open().await;
    let status = RecordFilter { status: Some(RecordStatus::Invalid), ..RecordFilter::default() };
    let topic = RecordFilter { topic: Some("t".to_owned()), ..RecordFilter::default() };
    let both = RecordFilter { status: Some(RecordStatus::Valid), ..topic.clone() };
    let error = RecordFilter { error: Some(ValidationError::Duplicate), ..RecordFilter::default() };
    let review = RecordFilter { needs_review: true, ..both.clone() };
    let generated = RecordFilter { generated: true, ..both.clone() };
    for (filter, sort, index) in [
        (&RecordFilter::default(), RecordSort::Oldest, "records_by_id"),
        (&RecordFilter::default(), RecordSort::Newest, "records_by_id"),
        (&RecordFilter::default(), RecordSort::MostMessages, "records_by_messages"),
        (&RecordFilter::default(), RecordSort::FewestMessages, "records_by_messages"),
        (&RecordFilter::default(), RecordSort::LastChanged, "records_by_change"),
        (&status, RecordSort::Oldest, "records_by_status_id"),
        (&status, RecordSort::LastChanged, "records_by_change"),
        (&topic, RecordSort::Oldest, "records_by_topic_id"),
        (&both, RecordSort::Newest, "records_by_topic_id"),
        (&both, RecordSort::MostMessages, "records_by_messages"),
        (&review, RecordSort::Oldest, "records_to_review"),
        (&generated, RecordSort::Oldest, "records_generated"),
    ] {
        let matching = Matching::resolve(&db, "d", filter, sort).await.unwrap();
        let plan = plan_of(&db, matching.ids_query(50, 100).sql().as_ref()).await;
        assert!(plan.contains(&format!("USING COVERING INDEX {index} (")), "{filter:?} {sort:?}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{filter:?} {sort:?}: {plan}");
        let plan = plan_of(&db, matching.count_query().sql().as_ref()).await;
        assert!(plan.contains("record_tallies"), "{filter:?}: {plan}");
    }
    for filter in [&RecordFilter::default(), &status] {
        let matching = Matching::resolve(&db, "d", filter, RecordSort::Oldest).await.unwrap();
        let plan = plan_of(&db, matching.groups_query().sql().as_ref()).await;
        assert!(plan.contains("USING COVERING INDEX records_by_topic_id ("), "{filter:?}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
    }
    let matching = Matching::resolve(&db, "d", &error, RecordSort::Oldest).await.unwrap();
    let plan = plan_of(&db, matching.ids_query(50, 100).sql().as_ref()).await;
    assert!(plan.contains("USING COVERING INDEX records_by_errors (dataset_id=? AND errors=?)"), "{plan}");
    let search = RecordFilter { text: Some("order".to_owned()), ..RecordFilter::default() };
    for (search, index) in
        [(&search, "records_by_id"), (&RecordFilter { topic: both.topic, ..search.clone() }, "records_by_topic_id")]
    {
        for sort in [RecordSort::Oldest, RecordSort::Newest] {
            let matching = Matching::resolve(&db, "d", search, sort).await.unwrap();
            for query in [matching.ids_query(50, 100), matching.count_query()] {
                let plan = plan_of(&db, query.sql().as_ref()).await;
                assert!(plan.contains(&format!("COVERING INDEX {index} (dataset_id=?")), "{sort:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE FOR ORDER"), "{sort:?}: {plan}");
            }
        }
    }
}

async fn plan_of(db: &Db, sql: &str) -> String {
    let explained = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(db.read()).await.unwrap();
    rows.iter().map(|row| row.try_get::<String, _>("detail").unwrap()).collect::<Vec<_>>().join("; ")
}

/// A process that slept takes its own jobs for dead ones; the run that had one before must learn that it lost it.
#[tokio::test]
async fn a_job_that_is_claimed_again_is_its_new_claims_alone() {
    let (_dir, db) = open().await;
    let mut tx = db.begin().await.unwrap();
    for id in ["d", "e"] {
        sqlx::query(
            "INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES (?, 'd', '{}', 1, 1)",
        )
        .bind(id)
        .execute(&mut *tx)
        .await
        .unwrap();
    }
    for (id, dataset) in [("1", "d"), ("2", "d"), ("3", "e")] {
        super::jobs::insert(&mut tx, id, JobKind::Import, dataset, "{}").await.unwrap();
    }
    tx.commit().await.unwrap();
    let first = super::jobs::claim(&db, "one", None).await.unwrap().unwrap();
    assert_eq!((first.status.id.as_str(), first.attempts), ("1", 1));
    // Imports of one dataset take turns, those of another do not wait for it.
    assert_eq!(super::jobs::claim(&db, "other", None).await.unwrap().unwrap().status.id, "3");
    assert_eq!(super::jobs::next_claimable(&db, None).await.unwrap(), None);
    assert_eq!(super::jobs::next_claimable(&db, Some("2")).await.unwrap(), None);
    assert!(super::jobs::claim(&db, "other", None).await.unwrap().is_none());

    assert_eq!(super::jobs::requeue_dead(&db, i64::MAX).await.unwrap(), 2);
    let again = super::jobs::claim(&db, "two", Some("1")).await.unwrap().unwrap();
    assert_eq!(again.attempts, 2);
    let mut tx = db.begin().await.unwrap();
    assert!(!super::jobs::is_owned(&mut tx, "1", "one").await.unwrap());
    assert!(super::jobs::is_owned(&mut tx, "1", "two").await.unwrap());
    drop(tx);
    assert_eq!(super::jobs::heartbeat(&db, "1", "one").await.unwrap(), super::jobs::Heartbeat::Lost);

    // A stop of the server is not the job's fault: it counts as no attempt.
    super::jobs::release(&db, "1", "two").await.unwrap();
    assert_eq!(super::jobs::claim(&db, "two", Some("1")).await.unwrap().unwrap().attempts, 2);
}

/// Personal data is counted as records come, change, move and go; what an earlier version stored is counted as not looked at,
/// and lists narrowed to it are walks of its index.
#[tokio::test]
async fn personal_data_is_counted_as_records_come_and_go() {
    use super::Of;
    use super::records::page::{Matching, ids};
    use super::records::pii;
    use crate::types::dataset::{RecordFilter, RecordSort};
    use crate::types::pii::{PiiFilter, PiiKind};
    use crate::types::validation::RecordStatus;
    let (_dir, db) = open().await;
    let counted = async |of: &str| {
        let counts = pii::counts(&db, Of::One(of)).await.unwrap().remove(of).unwrap_or_default();
        (counts.records, counts.by_kind.into_iter().collect::<Vec<_>>(), counts.not_looked_at)
    };
    let run = async |sql: &'static str| {
        let mut tx = db.begin().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    run("INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES ('d', 'd', '{}', 1, 1), ('e', 'e', '{}', 1, 1);
        INSERT INTO records (id, dataset_id, status, data, created_at, updated_at, pii) VALUES (1, 'd', 'valid', '{}', 1, 1, 1),
        (2, 'd', 'valid', '{}', 1, 1, 3), (3, 'd', 'invalid', '{}', 1, 1, 0), (4, 'd', 'valid', '{}', 1, 1, NULL), (5, 'e', 'valid', '{}', 1, 1, 32);").await;
    let (email, phone) = (PiiKind::Email, PiiKind::Phone);
    assert_eq!(counted("d").await, (2, vec![(email, 2), (phone, 1)], 1));
    assert_eq!(counted("e").await, (1, vec![(PiiKind::ApiKey, 1)], 0));
    assert_eq!(pii::counts(&db, Of::All).await.unwrap().len(), 2);

    let filter = |pii| RecordFilter { pii: Some(pii), ..RecordFilter::default() };
    assert_eq!(ids(&db, "d", &filter(PiiFilter::Any), 9).await.unwrap(), [1, 2]);
    assert_eq!(ids(&db, "d", &filter(PiiFilter::Of(phone)), 9).await.unwrap(), [2]);

    // Another kind, none, looked at, moved and gone.
    run("UPDATE records SET pii = 2 WHERE id = 1; UPDATE records SET pii = 0 WHERE id = 2; UPDATE records SET pii = 1 WHERE id = 4;").await;
    assert_eq!(counted("d").await, (2, vec![(email, 1), (phone, 1)], 0));
    run("UPDATE records SET dataset_id = 'd' WHERE id = 5; DELETE FROM records WHERE id = 1; UPDATE records SET topic = 'x';").await;
    assert_eq!(counted("d").await, (2, vec![(email, 1), (PiiKind::ApiKey, 1)], 0));
    assert_eq!(counted("e").await, (0, vec![], 0));

    let plan = plan_of(&db, pii::counts_query(Of::One("d")).sql().as_ref()).await;
    assert!(plan.contains("COVERING INDEX records_without_pii") && !plan.contains("SCAN records"), "{plan}");
    // Alone, with what the index holds too, and with a search: nothing of a record is read.
    let mut narrowed = filter(PiiFilter::Of(email));
    narrowed.status = Some(RecordStatus::Valid);
    narrowed.topic = Some("x".to_owned());
    let searched = RecordFilter { text: Some("x".to_owned()), ..filter(PiiFilter::Any) };
    for filter in [filter(PiiFilter::Any), narrowed, searched] {
        let matching = Matching::resolve(&db, "d", &filter, RecordSort::Oldest).await.unwrap();
        for query in [matching.count_query(), matching.ids_query(50, 100)] {
            let plan = plan_of(&db, query.sql().as_ref()).await;
            assert!(plan.contains("USING COVERING INDEX records_by_pii (") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}

/// What an earlier version stored is looked through when it is validated again, which the rules' form does then although
/// they are the same.
#[tokio::test]
async fn records_that_nobody_looked_through_are_looked_through_when_validated() {
    use crate::datasets;
    use crate::jobs::{RunBy, finish};
    use crate::types::job::JobState;
    use crate::types::pii::PiiKind;
    let dir = tempfile::tempdir().unwrap();
    let config = crate::config::Config { data_dir: dir.path().to_owned(), ..Default::default() }.check().unwrap();
    let worker = crate::grader::WorkerCommand { program: "/nowhere".into(), arguments: Vec::new() };
    let state = crate::state::AppState::open(config, worker).await.unwrap();
    let id = datasets::create(&state, "d", "").await.unwrap();
    let said = |text: &str| format!(r#"{{"input":{{"messages":[{{"role":"user","content":"{text}"}}]}}}}"#);
    for (data, metadata) in [(said("I am ann@example.com."), "{}"), (said("Where is it?"), r#"{"ip":"203.0.113.9"}"#)] {
        let mut tx = state.db.begin().await.unwrap();
        sqlx::query("INSERT INTO records (dataset_id, status, data, metadata, created_at, updated_at) VALUES (?, 'valid', ?, ?, 1, 1)")
            .bind(&id)
            .bind(data)
            .bind(metadata)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    let before = datasets::hygiene(&state, &id).await.unwrap();
    assert_eq!((before.pending, before.pii.records, before.pii.not_looked_at), (0, 0, 2));

    let rules = super::datasets::get(&state.db, &id).await.unwrap().validation_config;
    datasets::update_validation_config(&state, &id, rules).await.unwrap();
    let job = super::jobs::of_dataset(&state.db, &id).await.unwrap().remove(0);
    let job = finish(&state, &job.id, RunBy::Waiter, |_| {}).await.unwrap();
    assert_eq!(job.state, JobState::Succeeded);
    let after = datasets::hygiene(&state, &id).await.unwrap();
    let kinds: Vec<_> = after.pii.by_kind.into_iter().collect();
    assert_eq!((after.valid, after.pii.not_looked_at, kinds), (2, 0, vec![(PiiKind::Email, 1), (PiiKind::Ip, 1)]));
}
