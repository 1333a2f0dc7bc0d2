//! Every hostile script and template, in tables: a name, the source, how it must end. The runner is here; between any two
//! scripts an honest sample must score what it always scores.
//!
//! | table | what is in it |
//! |---|---|
//! | `limits` | what loops, allocates, recurses |
//! | `tricks` | syntax, microtasks, thenables, proxies, regular expressions |
//! | `helpers` | the helpers, abused |
//! | `results` | values that are no score; every form of one |
//! | `thrown` | what is thrown; what would be left behind |
//! | `templates` | broken, enormous and reaching templates |

mod helpers;
mod limits;
mod results;
mod templates;
mod thrown;
mod tricks;

use futures_util::future::join_all;
use serde_json::json;

use super::error::GradeError;
use super::template::{RenderError, Template};
use super::test_support::{input, pool};
use super::{GradeInput, Graded, ScriptPool};

/// A name, what is run, and how it ends: the beginnings that its outcome may have, divided by `|` (which limit stops a script
/// that breaks two of them depends on the machine's speed).
type Case = (&'static str, Source, &'static str);

/// What is run.
enum Source {
    Script(String),
    Template(String),
}

/// A whole script for `grade` with this body.
fn body(body: &str) -> Source {
    Source::Script(format!("function grade(input) {{ {body} }}"))
}

/// A script as it is.
fn whole(script: &str) -> Source {
    Source::Script(script.to_owned())
}

fn template(text: impl Into<String>) -> Source {
    Source::Template(text.into())
}

/// Needs whatever the scripts of the tables overwrite.
const HONEST: &str = "function grade(input) {
    const s = JSON.parse(JSON.stringify({ s: input.response.length / 8 })).s;
    const clean = typeof leaked === 'undefined' && ({}).valid === undefined && helpers.wordCount(input.response) === 3;
    return clean ? s : 0 }";

/// What came out, as a table can say it: the kind, a colon, and the part that is worth comparing.
fn outcome(result: &Result<Graded, GradeError>) -> String {
    match result {
        Ok(graded) => format!("score:{}", graded.score),
        Err(GradeError::Compile { message, line, .. }) => format!("compile:{line} {message}"),
        Err(GradeError::NoGradeFunction) => "no grade".to_owned(),
        Err(GradeError::Threw { message, line }) => format!("threw:{} {message}", line.unwrap_or(0)),
        Err(GradeError::BadScore { got }) => format!("bad:{got}"),
        Err(GradeError::CpuLimit { .. }) => "cpu".to_owned(),
        Err(GradeError::MemoryLimit { .. }) => "memory".to_owned(),
        Err(GradeError::Deadline { .. }) => "deadline".to_owned(),
        Err(GradeError::Crashed { detail }) => format!("crashed:{detail}"),
        Err(other) => format!("other:{other}"),
    }
}

fn rendered(text: &str, sample: &GradeInput) -> String {
    match Template::parse(text).map(|template| template.render(sample)) {
        Err(error) => format!("refused:{}:{} {}", error.line, error.column, error.message),
        Ok(Ok(text)) => format!("text:{text}"),
        Ok(Err(RenderError::Missing { name })) => format!("missing:{name}"),
        Ok(Err(RenderError::TooManyItems)) => "too many".to_owned(),
        Ok(Err(RenderError::TooMuchData)) => "too much".to_owned(),
        Ok(Err(RenderError::TooLarge)) => "too large".to_owned(),
        Ok(Err(other)) => format!("other:{other}"),
    }
}

/// What templates are given: two thousand messages, and a row that looks like code.
fn large_sample() -> GradeInput {
    let mut sample = input("It is on");
    sample.messages = vec![json!({ "role": "user", "content": "x" }); 2_000];
    sample.item.insert("run".to_owned(), json!("function () { return 1 }"));
    sample.item.insert("template".to_owned(), json!("{{#messages}}{{response}}"));
    sample
}

fn is_expected(seen: &str, expected: &str) -> bool {
    expected.split('|').any(|beginning| seen.starts_with(beginning))
}

/// What is wrong, in words; all cases of one table go through one pool.
async fn check(pool: ScriptPool, cases: Vec<Case>) -> Vec<String> {
    let (honest, large) = (input("It is on"), large_sample());
    let mut failures = Vec::new();
    for (name, source, expected) in cases {
        let seen = match source {
            Source::Script(script) => outcome(&pool.grade(&script, &honest, 7).await),
            Source::Template(text) => rendered(&text, &large),
        };
        let shown: String = seen.chars().take(200).collect();
        if !is_expected(&seen, expected) {
            failures.push(format!("{name}: expected {expected}, got {shown}"));
        }
        let after = outcome(&pool.grade(HONEST, &honest, 7).await);
        if after != "score:1" {
            failures.push(format!("the honest sample after {name}: {after}"));
        }
    }
    failures
}

fn tables() -> Vec<Vec<Case>> {
    vec![
        limits::cases(),
        tricks::cases(),
        helpers::cases(),
        results::no_scores(),
        results::scores(),
        thrown::thrown(),
        thrown::left_behind(),
        templates::cases(),
    ]
}

#[tokio::test]
async fn every_hostile_script_and_template_ends_as_its_table_says() {
    let failures: Vec<String> =
        join_all(tables().into_iter().map(|cases| check(pool(1), cases))).await.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// A row that would take anything proves nothing: each names its one score or text, if it may have any, in full or by its
/// beginning.
#[test]
fn every_case_can_fail() {
    let cases: Vec<Case> = tables().into_iter().flatten().collect();
    let templates = cases.iter().filter(|(_, source, _)| matches!(source, Source::Template(_))).count();
    assert!(cases.len() - templates >= 200 && templates >= 40, "{} cases, {templates} of templates", cases.len());
    let mut names: Vec<&str> = cases.iter().map(|(name, ..)| *name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "two cases have one name: {names:?}");
    let is_good = |beginning: &str| beginning.starts_with("score:") || beginning.starts_with("text:");
    for (name, _, expected) in &cases {
        assert!(expected.split('|').all(|beginning| !beginning.is_empty() && "score:text:" != beginning), "{name}");
        let good = expected.split('|').filter(|beginning| is_good(beginning)).count();
        assert!(good <= 1 && !expected.split('|').any(|beginning| beginning == "score"), "{name}: {expected}");
    }
    assert!(
        is_expected("cpu", "memory|cpu") && !is_expected("score:1", "cpu|memory") && !is_expected("score:0", "score:1")
    );
}
