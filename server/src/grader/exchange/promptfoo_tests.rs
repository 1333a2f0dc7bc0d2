//! What promptfoo's assertions become. The generated scripts are run.

use serde_json::{Value, json};

use super::{Imported, import_promptfoo};
use crate::grader::native::{string_check, text_similarity};
use crate::grader::test_support::{pool, record};
use crate::grader::{GradeInput, RecordedResponse, grade_input};
use crate::types::grader::{GraderConfig, MultiGrader};

fn imported(document: &Value) -> (MultiGrader, Vec<String>) {
    let Imported { config, notes, .. } = import_promptfoo(&document.to_string()).unwrap();
    let GraderConfig::Multi(multi) = config else { panic!("{config:?}") };
    (multi, notes)
}

fn input(response: &str) -> GradeInput {
    let response = RecordedResponse { text: response.to_owned(), tool_calls: Vec::new() };
    grade_input(&record(json!({}), json!({ "city": "Paris", "n": 7, "deep": { "er": "x" } })), &response)
}

/// Each row: the assertion, a response that passes, one that does not.
#[tokio::test]
async fn assertions_pass_and_fail_as_at_promptfoo() {
    let pool = pool(1);
    let schema = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "number" } } });
    let rows = [
        (json!({ "type": "not-contains", "value": "no \"way\"\n" }), "yes", "no \"way\"\n!"),
        (json!({ "type": "not-icontains", "value": "NO" }), "yes", "Oh no"),
        (json!({ "type": "equals", "value": { "a": [1, "x"] } }), "{ \"a\": [1, \"x\"] }", "{\"a\": [1]}"),
        (json!({ "type": "not-equals", "value": [1] }), "text", "[1]"),
        (json!({ "type": "contains-any", "value": ["cat", "dog"] }), "a dog", "a cow"),
        (json!({ "type": "contains-any", "value": "cat, dog" }), "a dog", "a cow"),
        (json!({ "type": "contains-all", "value": ["cat", "{{city}}"] }), "a cat in Paris", "a cat in Rome"),
        (json!({ "type": "not-contains-all", "value": ["cat", "dog"] }), "a cat", "cat and dog"),
        (json!({ "type": "icontains-any", "value": ["CAT"] }), "a Cat", "a cow"),
        (json!({ "type": "icontains-all", "value": ["CAT", "a"] }), "A Cat", "A cow"),
        (json!({ "type": "starts-with", "value": "{{n}}-{{deep.er}}" }), "7-x and more", "8"),
        (json!({ "type": "not-starts-with", "value": "Sorry" }), "Yes", "Sorry, no"),
        (json!({ "type": "regex", "value": "^\\d{3}-\\w+$" }), "123-ab", "12-ab"),
        (json!({ "type": "not-regex", "value": "\\bAI\\b" }), "as a person", "as an AI I"),
        (json!({ "type": "is-json" }), "{\"a\":1}", "{a:1}"),
        (json!({ "type": "is-json", "value": schema }), "{\"a\":1}", "{\"a\":\"1\"}"),
        (json!({ "type": "is-json", "value": schema.to_string() }), "{\"a\":1}", "[]"),
        (json!({ "type": "not-is-json" }), "prose", "{}"),
        (json!({ "type": "contains-json" }), "see ```json\n{\"b\":1}\n```", "none {here}"),
        (json!({ "type": "contains-json", "value": schema }), "it is {\"a\": 2}.", "it is {\"b\": 2}."),
        (json!({ "type": "levenshtein", "value": "kitten", "threshold": 3 }), "sitting", "unrelated"),
        (json!({ "type": "levenshtein", "value": "kitten" }), "sitting", "something quite unrelated"),
        (json!({ "type": "word-count", "value": { "min": 2, "max": 3 } }), "one two", "one"),
        (json!({ "type": "word-count", "value": 2 }), "one two", "one two three"),
        (json!({ "type": "javascript", "value": "output.length > 3 && context.vars.n === 7" }), "long", "no"),
        (json!({ "type": "javascript", "value": "output.includes('x');" }), "x", "y"),
        (
            json!({ "type": "javascript", "value": "const n = output.length;\nreturn { pass: n > 2, score: n > 2 ? 1 : 0, reason: 'n' }" }),
            "abc",
            "ab",
        ),
        (json!({ "type": "javascript", "value": "return output === 'a'" }), "a", "b"),
        (json!({ "type": "javascript", "value": "({ pass: output === 'a' })" }), "a", "b"),
        (json!({ "type": "javascript", "value": "await Promise.resolve(output === 'a' ? 1 : 0)" }), "a", "b"),
        (json!({ "type": "not-javascript", "value": "output === 'b'" }), "a", "b"),
    ];
    for (assertion, good, bad) in rows {
        let (multi, _) = imported(&json!([assertion]));
        let GraderConfig::Script { script } = &multi.graders[0].grader else { panic!("{assertion}: {multi:?}") };
        for (response, expected) in [(good, 1.0), (bad, 0.0)] {
            let graded = pool.grade(script, &input(response), 0).await;
            assert_eq!(graded.map(|graded| graded.score), Ok(expected), "{assertion} {response:?}\n{script}");
        }
    }
    let (multi, _) = imported(&json!([{ "type": "starts-with", "value": "{{absent.x}}" }]));
    let GraderConfig::Script { script } = &multi.graders[0].grader else { panic!() };
    let missing = pool.grade(script, &input("x"), 0).await.unwrap_err().to_string();
    assert!(missing.contains("the record has no field absent.x"), "{missing}");
}

#[test]
fn what_needs_no_script_is_none() {
    let (multi, notes) = imported(&json!([
        { "type": "equals", "value": 42 },
        { "type": "not-equals", "value": "no" },
        { "type": "contains", "value": "{{city}}" },
        { "type": "icontains", "value": "Yes" },
        { "type": "rouge-n", "value": "the {{city}}", "threshold": 0.6, "weight": 4, "metric": "near it" },
        { "type": "meteor", "value": "a", "weight": 0 },
        { "type": "bleu", "value": "a" },
        { "type": "gleu", "value": "a" },
        { "type": "llm-rubric", "value": "Is polite about {{city}}", "threshold": 0.5, "provider": "openai:gpt-4o" },
    ]));
    let names: Vec<&str> = multi.graders.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(
        names,
        ["equals", "not_equals", "contains", "icontains", "near_it", "meteor", "bleu", "gleu", "llm_rubric"]
    );
    // Seven of weight 1, one of 4, one of 0: eleven.
    let expected = [1.0, 1.0, 1.0, 1.0, 4.0, 0.0, 1.0, 1.0, 1.0].map(|weight: f64| weight / 11.0);
    assert!(multi.weights.iter().zip(expected).all(|(weight, expected)| (weight - expected).abs() < 1e-12));
    assert_eq!(
        (multi.graders[4].threshold, multi.graders[8].threshold, multi.graders[0].threshold),
        (Some(0.6), Some(0.5), None)
    );
    let GraderConfig::StringCheck(check) = &multi.graders[2].grader else { panic!() };
    assert_eq!((check.input.as_str(), check.reference.as_str()), ("{{response}}", "{{item.city}}"));
    assert!(string_check(check.operation, "in Paris", "Paris") > 0.5);
    let GraderConfig::TextSimilarity(near) = &multi.graders[4].grader else { panic!() };
    assert!(
        text_similarity(near.evaluation_metric, "the Paris", &near.reference.replace("{{item.city}}", "Paris"))
            .unwrap()
            > 0.99
    );
    let GraderConfig::LlmJudge(judge) = &multi.graders[8].grader else { panic!() };
    assert!(judge.prompt.contains("Is polite about {{item.city}}") && judge.prompt.contains("{{response}}"));
    assert!(notes.iter().any(|note| note.contains("`provider`")) && notes.len() == 5, "{notes:?}");
    assert_eq!(notes.iter().filter(|note| note.contains("its measure counts as it is")).count(), 3);
}

#[test]
fn a_config_is_read_where_it_holds_for_every_record() {
    let yaml = "
description: My eval
prompts: [a]
defaultTest:
  assert:
    - &short
      type: javascript
      value: output.length < 100
    - type: latency
      threshold: 500
tests:
  - vars: {q: 1}
    assert:
      - type: contains
        value: yes it is
      - type: equals
        value: only here
  - vars: {q: 2}
    assert:
      - type: contains
        value: yes it is
      - *short
";
    let Imported { config, name, notes } = import_promptfoo(yaml).unwrap();
    let GraderConfig::Multi(multi) = config else { panic!() };
    let names: Vec<&str> = multi.graders.iter().map(|part| part.name.as_str()).collect();
    assert_eq!((names, name.as_deref()), (vec!["javascript", "contains"], Some("My eval")));
    let notes = notes.join("\n");
    for told in [
        "defaultTest.assert[1] (latency)",
        "measures the model's call",
        "tests[0].assert[1]",
        "tests[1].assert[1]",
        "some tests only",
    ] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
    // A file of tests, and one assertion alone.
    assert_eq!(imported(&json!([{ "assert": [{ "type": "is-json" }] }])).0.graders.len(), 1);
    assert_eq!(imported(&json!({ "type": "is-json" })).0.graders.len(), 1);
}

#[test]
fn what_does_not_map_is_named_with_its_reason() {
    let cases = [
        (json!({ "type": "similar", "value": "x" }), "embeddings"),
        (json!({ "type": "python", "value": "True" }), "runs code elsewhere"),
        (json!({ "type": "model-graded-closedqa", "value": "x" }), "write it as an llm-rubric"),
        (json!({ "type": "moderation" }), "asks a service"),
        (json!({ "type": "is-sql" }), "a script can make it"),
        (json!({ "type": "assert-set", "assert": [] }), "on their own"),
        (json!({ "type": "wizardry" }), "no such type"),
        (json!({ "type": "not-llm-rubric", "value": "x" }), "reword"),
        (json!({ "type": "not-bleu", "value": "x" }), "contrary"),
        (json!({ "type": "contains" }), "no value"),
        (json!({ "type": "contains", "value": {} }), "should be a text"),
        (json!({ "type": "contains-any", "value": 1 }), "list of texts"),
        (json!({ "type": "javascript", "value": "file://check.js" }), "another file"),
        (json!({ "type": "javascript", "value": 1 }), "should be JavaScript"),
        (json!({ "type": "equals", "value": "{{ a | upper }}" }), "more than a variable"),
        (json!({ "type": "is-json", "value": { "type": "nonsense" } }), "the schema cannot be used"),
        (json!({ "type": "is-json", "value": { "$ref": "http://x.example/s.json" } }), "the schema cannot be used"),
        (json!({ "type": "equals", "value": "x", "weight": -1 }), "weight should be a number"),
        (json!({ "type": "bleu", "value": "x", "threshold": 5 }), "above 1"),
        (json!({ "type": "equals", "value": "x", "transform": "output.trim()" }), "transforms"),
        (json!({ "type": "word-count", "value": {} }), "{ min, max }"),
    ];
    let list: Vec<Value> =
        cases.iter().map(|(assertion, _)| assertion.clone()).chain([json!({ "type": "is-json" })]).collect();
    let (multi, notes) = imported(&Value::Array(list));
    assert_eq!((multi.graders.len(), notes.len()), (1, cases.len()));
    for ((assertion, reason), note) in cases.iter().zip(&notes) {
        assert!(note.contains(reason), "{assertion}: {note}");
        let alone = import_promptfoo(&json!([assertion]).to_string()).unwrap_err().to_string();
        assert!(alone.starts_with("none of the assertions can be used") && alone.contains(reason), "{alone}");
    }
}

#[test]
fn hostile_documents_are_errors() {
    let cases = [
        ("", "nothing to read"),
        ("[]", "no assertion"),
        ("{}", "no assertion"),
        ("just text", "should be a list"),
        ("42", "should be a list"),
        ("[1, 2]", "[0]: should be an assertion"),
        ("[{\"value\": 1}]", "[0]: should be an assertion"),
        ("[{\"type\": 1}]", "[0]: should be an assertion"),
        ("[{\"$ref\": \"#/x\"}]", "write the assertion out"),
        ("[{\"type\": \"equals\", \"type\": \"equals\"}]", "twice"),
        ("assert: text", "assert: should be a list"),
        ("defaultTest: [1]", "defaultTest: should be an object"),
        ("defaultTest: file://x.yaml", "another file"),
        ("tests: file://x.csv", "another file"),
        ("tests: [1, {assert: {}}]", "tests[1].assert: should be a list"),
    ];
    for (text, expected) in cases {
        let error = import_promptfoo(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let many: Vec<Value> = (0..30).map(|number| json!({ "type": "equals", "value": number })).collect();
    let (multi, notes) = imported(&Value::Array(many));
    assert_eq!((multi.graders.len(), notes.len()), (20, 10));
    assert!((multi.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let (multi, notes) = imported(&json!([{ "type": "is-json", "weight": 0 }, { "type": "is-json", "weight": 0 }]));
    assert!((multi.weights[0] - 0.5).abs() < 1e-12 && notes.len() == 1 && multi.graders[1].name == "is_json_2");
}
