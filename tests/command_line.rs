//! The command line: what it prints, what it leaves, and its exit codes.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::gzip;
use crate::support::process::{Ran, anneal, anneal_fed, anneal_unread};
use crate::support::records::{chats, rated};

/// A folder with a file; answers the folder, which is the data folder's parent, and the file's path.
fn with_file(name: &str, bytes: impl AsRef<[u8]>) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path.display().to_string())
}

/// Runs a command that must end well; answers what it printed.
async fn works(dir: &Path, arguments: &[&str]) -> String {
    let ran = anneal(dir, arguments).await;
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
    ran.stdout
}

/// The same, as JSON.
async fn works_json(dir: &Path, arguments: &[&str]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    serde_json::from_str(&works(dir, &arguments).await).unwrap()
}

/// Of the only dataset.
async fn records_revision(dir: &Path) -> i64 {
    let db = anneal_server::db::Db::open(&dir.join("anneal.sqlite")).await.unwrap();
    let revision = anneal_server::db::datasets::list(&db).await.unwrap()[0].records_revision;
    db.close().await;
    revision
}

fn assert_refused(ran: &Ran, words: &str) {
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("anneal: ") && ran.stderr.contains(words), "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
}

#[tokio::test]
async fn a_file_is_imported_validated_and_exported() {
    let text = chats(5, &["a"]) + &chats(1, &[]) + "{broken\n";
    let (dir, file) = with_file("support.jsonl.gz", gzip(text.as_bytes()));
    let imported = works_json(dir.path(), &["import", &file]).await;
    assert_eq!(imported["hygiene"]["total"], 7);
    assert_eq!(
        (&imported["imports"][0]["records"], &imported["imports"][0]["file_name"]),
        (&json!(7), &json!("support.jsonl.gz"))
    );
    assert!(Path::new(&file).exists(), "the user's own file stays");

    // By the name that was suggested, and by id.
    let said = works(dir.path(), &["validate", "support"]).await;
    assert!(said.contains("7 records validated, 5 valid, 1 invalid, 1 duplicates (28.6% not usable)"), "{said}");
    let id = imported["dataset_id"].as_str().unwrap();
    let report = works_json(dir.path(), &["validate", id]).await;
    assert_eq!((&report["valid"], &report["errors_by_type"]["invalid_data_structure"]), (&json!(5), &json!(1)));

    // Asking changes nothing; asking for a new validation does.
    let revision = async || records_revision(dir.path()).await;
    let before = revision().await;
    works(dir.path(), &["validate", "support"]).await;
    assert_eq!(revision().await, before);
    let again = works(dir.path(), &["validate", "support", "--again"]).await;
    assert_eq!(again, said);
    assert!(revision().await > before);

    let exported = works(dir.path(), &["export", "support"]).await;
    assert_eq!(exported.lines().count(), 7);
    assert!(exported.ends_with("{broken\n"), "{exported}");
    let out = dir.path().join("out.jsonl");
    let written = works_json(dir.path(), &["export", "support", "--out", &out.display().to_string()]).await;
    assert_eq!(std::fs::read_to_string(&out).unwrap(), exported);
    assert_eq!(written["bytes"].as_u64(), Some(exported.len() as u64));
    let train = works(dir.path(), &["export", "support", "--what", "train"]).await;
    let valid = works(dir.path(), &["export", "support", "--what", "valid"]).await;
    assert_eq!((train.lines().count(), valid.lines().count()), (4, 1));
    assert_refused(
        &anneal(dir.path(), &["export", "support", "--what", "coverage"]).await,
        "has no coverage report yet",
    );

    // Into the same dataset, in place of its records.
    let other = dir.path().join("other.jsonl");
    std::fs::write(&other, chats(2, &[])).unwrap();
    let other = other.display().to_string();
    let replaced = works_json(dir.path(), &["import", &other, "--into", "support", "--replace"]).await;
    assert_eq!((&replaced["dataset_id"], &replaced["hygiene"]["total"]), (&json!(id), &json!(2)));
    let appended = works_json(dir.path(), &["import", &file, "--into", id]).await;
    assert_eq!(appended["hygiene"]["total"], 9);
}

#[tokio::test]
async fn a_dry_runs_exit_code_is_its_verdict() {
    let (dir, file) = with_file("rated.jsonl", rated(80));
    works(dir.path(), &["import", &file, "--name", "rated ones"]).await;
    assert_refused(&anneal(dir.path(), &["dry-run", "rated ones"]).await, "There is no grader yet");

    let grader = dir.path().join("grader.js");
    let path = grader.display().to_string();
    std::fs::write(&grader, "function grade(input) { return Number(input.response.split(' ')[1]); }").unwrap();
    let go = anneal(dir.path(), &["dry-run", "rated ones", "--grader", &path, "--json"]).await;
    let report: Value = serde_json::from_str(&go.stdout).unwrap_or_else(|_| panic!("{}", go.stderr));
    assert_eq!((go.code, &report["diagnosis"]["verdict"]), (Some(0), &json!("GO")), "{report:#}");
    assert_eq!((&report["samples_evaluated"], &report["computed_from"]["grader_version"]), (&json!(80), &json!(1)));
    assert_eq!((report["samples"].as_array().unwrap().len(), &report["cost"]["amount"]), (80, &json!(0.0)));

    // Everybody gets the same: nothing to learn from.
    std::fs::write(&grader, "function grade(input) { return 0.5; }").unwrap();
    let no_go = anneal(dir.path(), &["dry-run", "rated ones", "--grader", &path]).await;
    assert_eq!(no_go.code, Some(100), "{}", no_go.stderr);
    assert!(no_go.stdout.starts_with("NO-GO"), "{}", no_go.stdout);
    let stored = works(dir.path(), &["export", "rated ones", "--what", "dry-run"]).await;
    assert_eq!(serde_json::from_str::<Value>(&stored).unwrap()["diagnosis"]["verdict"], "NO-GO");

    std::fs::write(&grader, "function grade(input) { return ; ) }").unwrap();
    assert_refused(&anneal(dir.path(), &["dry-run", "rated ones", "--grader", &path]).await, "Line 1, column");
    assert_refused(&anneal(dir.path(), &["dry-run", "rated ones", "--grader", "/nowhere.js"]).await, "cannot be read");
    assert_refused(&anneal(dir.path(), &["dry-run", "rated ones", "--samples", "0"]).await, "between 1 and 10,000");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_and_leaves_nothing() {
    let (dir, file) = with_file("image.jsonl", b"\x89PNG\r\n\x1A\n\0\0");
    assert_refused(
        &anneal(dir.path(), &["validate", "airline"]).await,
        "no dataset has the id or name \"airline\": there are none yet",
    );
    assert_refused(&anneal(dir.path(), &["import", &file]).await, "a PNG image");
    assert_refused(&anneal(dir.path(), &["import", "/nowhere.jsonl"]).await, "/nowhere.jsonl cannot be read");
    assert_refused(&anneal(dir.path(), &["import", &dir.path().display().to_string()]).await, "is not a file");
    let empty = dir.path().join("empty.jsonl");
    std::fs::write(&empty, "").unwrap();
    assert_refused(&anneal(dir.path(), &["import", &empty.display().to_string()]).await, "it has 0 bytes");
    // None of them left an empty dataset behind.
    assert_refused(&anneal(dir.path(), &["validate", "image"]).await, "there are none yet");

    std::fs::write(&empty, chats(2, &[])).unwrap();
    for _ in 0..2 {
        works(dir.path(), &["import", &empty.display().to_string(), "--name", "twice"]).await;
    }
    assert_refused(&anneal(dir.path(), &["validate", "twice"]).await, "2 datasets are called \"twice\"");
    assert_refused(&anneal(dir.path(), &["validate", "once"]).await, "there are \"twice\", \"twice\"");
    assert_eq!(anneal(dir.path(), &["frobnicate"]).await.code, Some(2));
    assert_refused(&anneal(dir.path(), &["serve", "--host", "0.0.0.0", "--port", "0"]).await, "ANNEAL_TOKEN");
}

#[tokio::test]
async fn the_demo_is_made_and_judged() {
    let dir = tempfile::tempdir().unwrap();
    let overview = works_json(dir.path(), &["demo"]).await;
    assert_eq!(overview["hygiene"]["total"], 1200);
    let report = &overview["dry_run"]["report"];
    assert_eq!(report["samples_planned"], 300);
    assert!(["GO", "CAUTION", "NO-GO"].contains(&report["diagnosis"]["verdict"].as_str().unwrap()));
}

#[tokio::test]
async fn the_demo_leaves_other_jobs_alone() {
    use anneal_server::types::job::{JobKind, JobState};
    use anneal_server::{config::Config, db};
    let dir = tempfile::tempdir().unwrap();
    let config = Config { data_dir: dir.path().to_owned(), ..Config::default() }.check().unwrap();
    let db = db::Db::open(&config.database_path()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    db::datasets::insert(&mut tx, "other", "other", "").await.unwrap();
    db::jobs::insert(&mut tx, "waiting", JobKind::Validate, "other", "{}").await.unwrap();
    tx.commit().await.unwrap();
    works(dir.path(), &["demo"]).await;
    assert_eq!(db::jobs::get(&db, "waiting").await.unwrap().state, JobState::Queued);
}

#[tokio::test]
async fn several_files_are_looked_at_and_imported() {
    let (dir, chat_file) = with_file("a.jsonl", chats(3, &[]).as_bytes());
    let csv = dir.path().join("b.csv");
    std::fs::write(&csv, "Nr;Frage;Antwort=x\n1;Wo ist mein Paket heute?;In Kassel.\n2;zu wenige\n").unwrap();
    let csv = csv.display().to_string();

    let shown = works(dir.path(), &["import", &chat_file, &csv, "--dry-run"]).await;
    assert!(shown.contains("a.jsonl: JSON Lines\n  3 records (3 chat), 3 valid"), "{shown}");
    assert!(shown.contains("columns: Nr=item,Frage=item,Antwort=x=item"), "{shown}");
    assert!(shown.contains("Say it with --csv-map"), "{shown}");
    assert_refused(&anneal(dir.path(), &["validate", "a"]).await, "there are none yet");

    let map = ["--csv-map", "Frage=prompt,Antwort=x=completion"];
    let preview = works_json(dir.path(), &["import", &csv, "--dry-run", map[0], map[1]]).await;
    assert_eq!(
        (&preview[0]["preview"]["valid"], &preview[0]["preview"]["problems"][0]["line"]),
        (&json!(1), &json!(3))
    );
    let imported = works_json(dir.path(), &["import", &chat_file, &csv, "--name", "both", map[0], map[1]]).await;
    assert_eq!(imported["imports"][0]["formats"], json!({ "chat": 3 }));
    assert_eq!(imported["imports"][1]["formats"], json!({ "csv": 1, "unreadable": 1 }));
    assert_eq!(imported["hygiene"]["valid"], 4);

    let refused = anneal(dir.path(), &["import", &csv, "--csv-map", "Frage=frage"]).await;
    assert!(refused.stderr.contains("\"frage\" is no field; there are prompt, context"), "{}", refused.stderr);
    assert_refused(
        &anneal(dir.path(), &["import", &chat_file, &csv, "--csv-map", "Fragen=prompt"]).await,
        "b.csv: The columns cannot be read as asked: The file has no column \"Fragen\"",
    );
}

#[tokio::test]
async fn a_reader_that_has_enough_is_no_error() {
    let (dir, file) = with_file("a.jsonl", rated(300));
    works(dir.path(), &["import", &file, "--name", "a"]).await;
    for arguments in [
        &["demo"][..],
        &["demo", "--json"],
        &["validate", "a"],
        &["import", &file, "--into", "a"],
        &["export", "a"],
        &["export", "a", "--what", "hygiene"],
        &["export", "a", "--out", "/dev/stdout"],
        &["import", &file, "--dry-run"],
    ] {
        let ran = anneal_unread(dir.path(), arguments).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
    // What it was asked to do is done all the same.
    assert_eq!(works_json(dir.path(), &["validate", "a"]).await["total"], 600);
    // Any other trouble with the output is said, once.
    let full = anneal(dir.path(), &["export", "a", "--out", "/dev/full"]).await;
    assert_refused(&full, "the output could not be written");
}

#[tokio::test]
async fn traces_come_through_a_pipe_too() {
    let dir = tempfile::tempdir().unwrap();
    let lines = chats(3, &[]);
    for (path, bytes) in [("-", lines.clone().into_bytes()), ("/dev/stdin", gzip(lines.as_bytes()))] {
        let ran = anneal_fed(dir.path(), &["import", path, "--json"], &bytes).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let result: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&result["hygiene"]["total"], &result["imports"][0]["file_name"]), (&json!(3), &json!("stdin")));
        let exported = works(dir.path(), &["export", result["dataset_id"].as_str().unwrap(), "--what", "chat"]).await;
        assert_eq!(exported.lines().count(), 3);
    }
    let named = anneal_fed(dir.path(), &["import", "-", "--name", "piped"], lines.as_bytes()).await;
    assert!(named.stdout.contains("stdin: 3 records"), "{}{}", named.stdout, named.stderr);
    assert_eq!(works_json(dir.path(), &["validate", "piped"]).await["total"], 3);
    let preview = anneal_fed(dir.path(), &["import", "-", "--dry-run"], lines.as_bytes()).await;
    assert!(preview.stdout.starts_with("stdin: "), "{}{}", preview.stdout, preview.stderr);
    assert_refused(&anneal_fed(dir.path(), &["import", "-"], b"").await, "stdin is empty");
    assert_refused(&anneal(dir.path(), &["import", dir.path().to_str().unwrap()]).await, "is not a file but a folder");
    assert_eq!(std::fs::read_dir(dir.path().join("uploads")).unwrap().count(), 0, "nothing is left of them");
}

#[tokio::test]
async fn foreign_text_is_shown_and_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let hostile = "{\"messages\": [{\"role\": \"user\", \"content\": \"Turn \\u001b[31m\\u202e around, please.\"}]}\n";
    std::fs::write(dir.path().join("red\u{1b}[31m\u{202e}.jsonl"), hostile).unwrap();
    let path = dir.path().join("red\u{1b}[31m\u{202e}.jsonl");
    for n in 0..12 {
        let name = format!("dataset {n}");
        works(dir.path(), &["import", path.to_str().unwrap(), "--name", &name]).await;
    }
    let preview = works(dir.path(), &["import", path.to_str().unwrap(), "--dry-run"]).await;
    assert!(
        preview.contains("red[U+001B][31m[U+202E].jsonl") && preview.contains("Turn [U+001B][31m[U+202E]"),
        "{preview}"
    );
    let unknown = anneal(dir.path(), &["validate", "no\u{1b}[2Jsuch"]).await;
    assert_refused(
        &unknown,
        "no dataset has the id or name \"no[U+001B][2Jsuch\": there are \"dataset 11\", \"dataset 10\"",
    );
    assert!(
        unknown.stderr.contains("\"dataset 2\" and 2 more.") && !unknown.stderr.contains("dataset 1\""),
        "{}",
        unknown.stderr
    );
    for text in [preview, unknown.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}

#[tokio::test]
async fn why_an_import_failed_is_said_once() {
    let whole = gzip(chats(400, &[]).as_bytes());
    let (dir, file) = with_file("a.jsonl.gz", &whole[..whole.len() / 2]);
    let ran = anneal(dir.path(), &["import", &file]).await;
    assert_refused(&ran, "cut off after line");
    assert_eq!(ran.stderr.matches("cut off").count(), 1, "{}", ran.stderr);
}

#[tokio::test]
async fn a_share_of_invalid_records_is_an_exit_code() {
    // Of eight records one is broken and one a duplicate: 12.5% invalid.
    let (dir, file) = with_file("mixed.jsonl", chats(6, &[]) + &chats(1, &[]) + "{broken\n");
    works(dir.path(), &["import", &file]).await;
    for (most, code) in [("12.5", 0), ("12.4%", 100), ("0", 100), ("100", 0)] {
        let ran = anneal(dir.path(), &["validate", "mixed", "--max-invalid", most]).await;
        assert_eq!(ran.code, Some(code), "{most}: {}", ran.stderr);
        assert!(ran.stdout.contains("8 records validated, 6 valid, 1 invalid, 1 duplicates"), "{}", ran.stdout);
    }
    let json = anneal(dir.path(), &["validate", "mixed", "--max-invalid", "1", "--json"]).await;
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, &report["rejected"], &report["pii"]["records"]), (Some(100), &json!(1), &json!(0)));
    for nonsense in ["-1", "101", "NaN", "x"] {
        let ran = anneal(dir.path(), &["validate", "mixed", &format!("--max-invalid={nonsense}")]).await;
        assert_eq!(ran.code, Some(2), "{nonsense}");
    }
}

#[tokio::test]
async fn records_are_searched_and_shown() {
    let person = json!({ "messages": [
        { "role": "user", "content": "I am ann@example.com,\u{1b}[31m call +49 30 1234567." },
        { "role": "assistant", "content": "Thank you." },
    ], "topic": "contact", "metadata": { "n": 1.50 } });
    let (dir, file) = with_file("people.jsonl", chats(30, &["a"]) + &person.to_string() + "\n{broken\n");
    works(dir.path(), &["import", &file]).await;
    let report = works(dir.path(), &["validate", "people"]).await;
    assert!(report.contains("Personal data: 1 record with e-mail addresses, 1 with phone numbers"), "{report}");

    let found = works_json(dir.path(), &["records", "search", "people", "--pii", "email"]).await;
    assert_eq!((&found["total"], &found["rows"][0]["topic"]), (&json!(1), &json!("contact")));
    let id = found["rows"][0]["id"].to_string();
    let said = works(
        dir.path(),
        &["records", "search", "people", "ann@example.com", "--status", "valid", "--topic", "contact"],
    )
    .await;
    assert!(said.contains(&id) && said.contains("valid [contact]  I am ann@example.com,[U+001B][31m call"), "{said}");
    assert!(said.contains("1 record found") && !said.contains('\u{1b}'), "{said}");
    let broken = works(dir.path(), &["records", "search", "people", "--error", "invalid_data_structure"]).await;
    assert!(broken.contains("invalid invalid_data_structure  {broken"), "{broken}");
    let some = works(dir.path(), &["records", "search", "people", "--limit", "3"]).await;
    assert!(some.contains("32 records found, the first 3 shown"), "{some}");
    assert_eq!(works(dir.path(), &["records", "search", "people", "--pii", "iban"]).await, "0 records found\n");

    let shown = works(dir.path(), &["records", "show", "people", &id]).await;
    for part in [
        "people.jsonl, line 31",
        "topic contact",
        "holds e-mail addresses, phone numbers",
        "user:\n  I am ann@",
        "recorded answer:",
        "\"n\":1.5",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let record = works_json(dir.path(), &["records", "show", "people", &id]).await;
    assert_eq!(record["data"]["output"]["messages"][0]["content"], "Thank you.");
    assert_refused(&anneal(dir.path(), &["records", "show", "people", "999"]).await, "Record 999");
    for wrong in [["--status", "good"], ["--pii", "name"], ["--limit", "0"], ["--error", "odd"]] {
        assert_eq!(
            anneal(dir.path(), &["records", "search", "people", wrong[0], wrong[1]]).await.code,
            Some(2),
            "{wrong:?}"
        );
    }

    let masked = works(dir.path(), &["export", "people", "--mask-pii=numbered"]).await;
    assert!(masked.contains("I am [EMAIL_1]") && masked.contains("call [PHONE_1]."), "{masked}");
    let chat = works(dir.path(), &["export", "people", "--what", "chat", "--mask-pii"]).await;
    assert!(chat.contains("I am [EMAIL],"), "{chat}");
    let out = dir.path().join("masked.jsonl").display().to_string();
    assert!(works(dir.path(), &["export", "people", "--out", &out, "--mask-pii"]).await.contains(", masked"));
    assert_refused(
        &anneal(dir.path(), &["export", "people", "--what", "hygiene", "--mask-pii"]).await,
        "has no records in it",
    );
}

#[tokio::test]
async fn an_import_is_undone_at_a_terminal() {
    let (dir, file) = with_file("first.jsonl", chats(3, &[]));
    works(dir.path(), &["import", &file, "--name", "s"]).await;
    let second = dir.path().join("second.jsonl");
    std::fs::write(&second, rated(5)).unwrap();
    works(dir.path(), &["import", &second.display().to_string(), "--into", "s", "--replace"]).await;
    let undone = works_json(dir.path(), &["imports", "s", "--undo", "last"]).await;
    assert_eq!((&undone[0]["undo"], &undone[0]["file_name"]), (&json!("can_bring_back"), &json!("second.jsonl")));
    assert_eq!(works_json(dir.path(), &["validate", "s"]).await["total"], 3);
    let printed = works(dir.path(), &["imports", "s", "--bring-back", "last"]).await;
    assert!(printed.contains("second.jsonl  read whole, can be undone"), "{printed}");
    assert_eq!(works_json(dir.path(), &["validate", "s"]).await["total"], 5);
    assert_refused(&anneal(dir.path(), &["imports", "s", "--undo", "nonsense"]).await, "was not found");
    assert_refused(&anneal(dir.path(), &["imports", "s", "--bring-back", "last"]).await, "no such import");
}
