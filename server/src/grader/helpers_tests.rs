//! `helpers.*` as scripts call them: every example of `docs/graders.md`, and what is thrown at wrong arguments.

use serde_json::json;

use super::test_support::{input, pool};
use crate::types::grader::GRADER_HELPERS;

#[tokio::test]
async fn the_examples_of_the_documentation_hold() {
    let mut sample = input("hello");
    sample.tool_calls = vec![json!({ "function": { "name": "find_order", "arguments": "{\"order_id\": 7}" } })];
    let checks = [
        "helpers.isJson('{\"a\": 1}') === true && helpers.isJson('see: {}') === false",
        "helpers.parseJson('Here: {\"a\": 1}.').a === 1 && helpers.parseJson('none') === null",
        "helpers.wordCount('two words') === 2",
        "Math.abs(helpers.similarity('hello', 'help') - 2 / 3) < 1e-12",
        "helpers.matchesSchema({ n: '1' }, { properties: { n: { type: 'number' } } }).errors[0] === '/n: \"1\" is not of type \"number\"'",
        "helpers.matchesSchema({ n: 1 }, { properties: { n: { type: 'number' } } }).valid === true",
        "helpers.containsAll('a red fox', ['red', 'fox']) === true",
        "helpers.containsAny('a red fox', ['cat', 'fox']) === true",
        "helpers.count('banana', 'an') === 2",
        "helpers.jaccard('a red fox', 'the red fox') === 0.5",
        "helpers.editDistance('kitten', 'sitting') === 3",
        "helpers.calls(input, 'find_order')[0].order_id === 7 && helpers.calls(input.toolCalls, 'none').length === 0",
        // Texts are texts of any script; numbers and booleans are taken for their texts.
        "helpers.wordCount(12) === 1 && helpers.count(true, 't') === 1 && helpers.editDistance('😀', '') === 1",
        "helpers.wordCount('\\ud800') === 1",
        "helpers.parseJson('[0.1, 1e21, null]')[1] === 1e21",
    ];
    let pool = pool(1);
    for check in checks {
        let graded = pool.grade(&format!("function grade(input) {{ return {check} ? 1 : 0 }}"), &sample, 0).await;
        assert_eq!(graded.map(|graded| graded.score), Ok(1.0), "{check}");
    }
}

/// What the page lists is what there is.
#[tokio::test]
async fn every_helper_is_listed() {
    let mut names = GRADER_HELPERS.map(|helper| helper.name);
    names.sort_unstable();
    let script = format!(
        "function grade(input) {{ return Object.getOwnPropertyNames(helpers).sort().join() === '{}' ? 1 : 0 }}",
        names.join(",")
    );
    assert_eq!(pool(1).grade(&script, &input("r"), 0).await.map(|graded| graded.score), Ok(1.0));
    let documentation = include_str!("../../../docs/graders.md");
    for helper in GRADER_HELPERS {
        assert!(documentation.contains(&format!("| `{}{}` |", helper.name, helper.arguments)), "{}", helper.name);
    }
}

#[tokio::test]
async fn wrong_arguments_are_told() {
    let pool = pool(1);
    let cases = [
        ("isJson()", "helpers.isJson: the first argument must be a text, but is missing"),
        ("isJson(null)", "must be a text, but is null"),
        ("wordCount(undefined)", "must be a text, but is undefined"),
        ("wordCount({})", "must be a text, but is object"),
        ("similarity('a')", "the second argument must be a text, but is missing"),
        ("containsAll('a', 'b')", "the second argument must be a list of texts, but is string"),
        ("containsAny('a', [1, null])", "must be a text, but is null"),
        ("matchesSchema(undefined, {})", "the first argument must be a value, but is undefined"),
        ("matchesSchema(1)", "the second argument must be a value, but is missing"),
        ("matchesSchema(1, { type: 'x' })", "the schema cannot be used"),
        ("calls(null, 'a')", "the first argument must be the grader's input, but is null"),
        ("calls(input)", "the second argument must be a text, but is missing"),
        ("editDistance(Symbol('a'), 'b')", "must be a text, but is symbol"),
        ("count(1n, 'b')", "must be a text, but is bigint"),
    ];
    for (call, expected) in cases {
        let script = format!("function grade(input) {{ helpers.{call}; return 1 }}");
        let error = pool.grade(&script, &input("r"), 0).await.unwrap_err().to_string();
        assert!(error.contains("TypeError: helpers.") && error.contains(expected), "{call}: {error}");
    }
}
