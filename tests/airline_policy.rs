//! A script that looks for the steps of an airline's policy, on conversations worked out by hand and on the real ones.

use std::collections::BTreeMap;
use std::io::Read;

use anneal_server::types::dry_run::DryRunSample;
use serde_json::Value;

use crate::support::app::{TestApp, real_data};

const SCRIPT: &str = include_str!("fixtures/airline_policy.js");
/// Four conversations of our own in the shape of the real ones.
const EXCERPT: &str = include_str!("fixtures/airline_excerpt.jsonl");

/// By line: the score and what was said of every step.
type Graded = BTreeMap<i64, (f64, String)>;

/// Imports the conversations and has all of them graded in a dry run.
async fn graded(lines: &str) -> Graded {
    let app = TestApp::start().await;
    let id = app.imported("airline.jsonl", lines).await;
    app.set_grader(&id, SCRIPT).await;
    let report = app.dry_run(&id, 1_000).await;
    assert_eq!(report.failed, 0, "{report:?}");
    let run = app.overview(&id).await.dry_run.unwrap().summary.id;
    let lines: BTreeMap<i64, i64> = app.rows(&id).await.into_iter().map(|row| (row.id, row.line.unwrap())).collect();
    let by_line = |sample: DryRunSample| (lines[&sample.record_id], (sample.score.unwrap(), sample.reasoning.unwrap()));
    app.samples(&run).await.into_iter().map(by_line).collect()
}

/// Of every step over all conversations: how often it was kept, how often it came up.
fn totals(graded: &Graded) -> BTreeMap<&str, (u32, u32)> {
    let mut totals = BTreeMap::<&str, (u32, u32)>::new();
    for (_, said) in graded.values() {
        for step in said.split(", ") {
            let (name, shares) = step.split_once(' ').unwrap();
            let (kept, came_up) = shares.split_once('/').unwrap();
            let total = totals.entry(name).or_default();
            total.0 += kept.parse::<u32>().unwrap();
            total.1 += came_up.parse::<u32>().unwrap();
        }
    }
    totals
}

fn assert_graded(graded: &Graded, line: i64, score: f64, said: &str) {
    let (got, reasoning) = &graded[&line];
    assert!((got - score).abs() < 1e-9 && reasoning == said, "line {line}: {got}, {reasoning}");
}

/// By hand, with the weights 0.3, 0.4, 0.2 and 0.1; a step that never came up counts as kept.
#[tokio::test]
async fn conversations_worked_out_by_hand() {
    let graded = graded(EXCERPT).await;
    assert_eq!(graded.len(), 4);
    assert_graded(&graded, 1, 1.0, "identified 1/1, confirmed 1/1, one_at_a_time 2/2, transferred 0/0");
    // No id, no yes, speaks beside a call and then makes two at once: only the transfer, which never came up.
    assert_graded(&graded, 2, 0.1, "identified 0/2, confirmed 0/2, one_at_a_time 0/2, transferred 0/0");
    // Hands over without having looked, and goes on afterwards: 1 - 0.1.
    assert_graded(&graded, 3, 0.9, "identified 0/0, confirmed 0/0, one_at_a_time 2/2, transferred 0/2");
    // One of two changes confirmed, one of four calls beside words: 0.3 + 0.4 / 2 + 0.2 * 3 / 4 + 0.1.
    assert_graded(&graded, 4, 0.75, "identified 2/2, confirmed 1/2, one_at_a_time 3/4, transferred 1/1");
}

/// The real conversations end with the customer or a tool; what comes behind the agent's last turn is cut off, so that the
/// turn is the response. The totals and the mean are of the same rules written anew in Python
/// (`fixtures/airline_policy.py`); the lines below, but the first, were read and counted.
#[tokio::test]
async fn real_conversations_have_the_scores_that_were_counted() {
    let Some(bytes) = real_data("airline_chat.jsonl.gz") else { return };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    let cut = |line: &str| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        let messages = row["messages"].as_array_mut().unwrap();
        while messages.pop_if(|message| message["role"] != "assistant").is_some() {}
        row.to_string() + "\n"
    };
    let graded = graded(&text.lines().map(cut).collect::<String>()).await;

    // Two changes, each after a yes; eight calls, none beside words.
    assert_graded(&graded, 1, 1.0, "identified 2/2, confirmed 2/2, one_at_a_time 8/8, transferred 0/0");
    // Six attempts at one change, a yes before the last alone ("Yes, please use the credit card"); one search beside words.
    let said = "identified 6/6, confirmed 1/6, one_at_a_time 19/20, transferred 0/0";
    assert_graded(&graded, 4, 0.3 + 0.4 / 6.0 + 0.2 * 19.0 / 20.0 + 0.1, said);
    // Books on "It's just for me, and ... I'd like to use my smaller gift card first".
    assert_graded(&graded, 11, 0.6, "identified 1/1, confirmed 0/1, one_at_a_time 9/9, transferred 0/0");
    // Cancels four reservations on "I would like to cancel all of these" without listing them; hands over in the end.
    assert_graded(&graded, 29, 0.6, "identified 4/4, confirmed 0/4, one_at_a_time 13/13, transferred 1/1");
    // "I'll go with the first option" is no yes, and the booking was tried twice; the first of six calls beside words.
    let said = "identified 2/2, confirmed 0/2, one_at_a_time 5/6, transferred 0/0";
    assert_graded(&graded, 51, 0.3 + 0.2 * 5.0 / 6.0 + 0.1, said);
    // The customer does not know the id, so the agent reads it out to them: a breach that a reader overlooks.
    let said = "identified 0/5, confirmed 5/5, one_at_a_time 9/11, transferred 0/0";
    assert_graded(&graded, 74, 0.4 + 0.2 * 9.0 / 11.0 + 0.1, said);
    // Gives up without having looked at anything, in a sentence beside the call.
    assert_graded(&graded, 88, 0.7, "identified 0/0, confirmed 0/0, one_at_a_time 0/1, transferred 0/1");

    let missing: Vec<i64> = (1..=200).filter(|line| !graded.contains_key(line)).collect();
    // Their prompts have more than 8,000 tokens.
    assert_eq!(missing, [34, 53]);
    let expected = [
        ("confirmed", (182, 236)),
        ("identified", (226, 236)),
        ("one_at_a_time", (1_029, 1_114)),
        ("transferred", (42, 48)),
    ];
    assert_eq!(totals(&graded), BTreeMap::from(expected));
    let mean = graded.values().map(|(score, _)| score).sum::<f64>() / 198.0;
    assert!((mean - 0.934_862_508_910_598_3).abs() < 1e-9, "{mean}");
    assert_eq!(graded.values().filter(|(score, _)| *score > 1.0 - 1e-9).count(), 120);
}
