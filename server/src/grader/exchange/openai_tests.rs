//! What OpenAI's documents become, and what ours become there.

use serde_json::{Value, json};

use super::{ExchangeError, export_openai, import_openai};
use crate::types::grader::{
    GraderConfig, GraderPart, LlmJudge, MultiGrader, ScoreModel, ScoreModelMessage, SimilarityMetric, StringCheck,
    StringOperation, TextSimilarity,
};

fn string_check() -> Value {
    json!({ "type": "string_check", "name": "exact", "operation": "ilike", "input": "{{sample.output_text}}", "reference": "{{item.answer}}" })
}

fn singles() -> Vec<Value> {
    vec![
        string_check(),
        json!({ "type": "text_similarity", "name": "near", "evaluation_metric": "rouge_l", "input": "{{sample.output_text}}", "reference": "{{item.answer}}" }),
        json!({ "type": "score_model", "name": "judge", "model": "gpt-4o", "input": [
            { "role": "developer", "content": "Score \"it\" {{item.question}}" }, { "role": "user", "content": "{{sample.output_text}}" } ],
            "range": [0.0, 10.0], "sampling_params": { "temperature": 0.0, "top_p": 1.0, "seed": 42, "max_completions_tokens": 300, "reasoning_effort": "low" } }),
        json!({ "type": "score_model", "name": "plain", "model": "o4-mini", "input": [{ "role": "user", "content": "x" }] }),
        json!({ "type": "python", "name": "py", "source": "def grade(sample, item):\n    return 1.0\n", "image_tag": "2025-05-08" }),
        json!({ "type": "python", "name": "bare", "source": "def grade(sample, item): return 0" }),
    ]
}

/// Document to config to document, and config to document to config.
#[test]
fn every_importable_kind_comes_back_exactly() {
    let parts: serde_json::Map<String, Value> =
        singles().into_iter().map(|part| (part["name"].as_str().unwrap().to_owned(), part)).collect();
    let multi = json!({ "type": "multi", "name": "all", "graders": parts,
        "calculate_output": "0.5 * exact + 0.25 * max(near, judge / 10) + 0.25 * min(plain, py) ^ 2 - 0 * bare" });
    for document in singles().into_iter().chain([multi]) {
        let imported = import_openai(&document.to_string()).unwrap();
        assert_eq!(imported.notes, Vec::<String>::new());
        let name = imported.name.unwrap();
        let exported = export_openai(&imported.config, &name).unwrap();
        assert_eq!(exported.json, document);
        assert_eq!(exported.notes, Vec::<String>::new());
        assert_eq!(import_openai(&exported.json.to_string()).unwrap().config, imported.config);
    }
}

#[test]
fn every_operation_and_metric_has_openai_s_name() {
    for (name, operation) in [
        ("eq", StringOperation::Eq),
        ("ne", StringOperation::Ne),
        ("like", StringOperation::Like),
        ("ilike", StringOperation::Ilike),
    ] {
        let mut document = string_check();
        document["operation"] = json!(name);
        let expected = StringCheck {
            operation,
            input: "{{sample.output_text}}".to_owned(),
            reference: "{{item.answer}}".to_owned(),
        };
        assert_eq!(import_openai(&document.to_string()).unwrap().config, GraderConfig::StringCheck(expected));
    }
    for name in [
        "fuzzy_match",
        "bleu",
        "gleu",
        "meteor",
        "cosine",
        "rouge_1",
        "rouge_2",
        "rouge_3",
        "rouge_4",
        "rouge_5",
        "rouge_l",
    ] {
        let document =
            json!({ "type": "text_similarity", "name": "n", "evaluation_metric": name, "input": "", "reference": "" });
        assert!(import_openai(&document.to_string()).is_ok(), "{name}");
    }
}

#[test]
fn message_contents_may_be_parts() {
    let document = json!({ "type": "score_model", "name": "j", "model": "m", "input": [
        { "role": "user", "content": { "type": "input_text", "text": "a" } },
        { "role": "user", "content": [{ "type": "input_text", "text": "b" }, { "type": "text", "text": "c" }, "d"] } ] });
    let GraderConfig::ScoreModel(model) = import_openai(&document.to_string()).unwrap().config else { panic!() };
    let contents: Vec<&str> = model.input.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(contents, ["a", "b\nc\nd"]);
}

#[test]
fn what_cannot_be_read_says_where_and_why() {
    let multi = |graders: Value, formula: &str| {
        json!({ "type": "multi", "graders": graders, "calculate_output": formula }).to_string()
    };
    let with = |field: &str, value: Value| {
        let mut document = string_check();
        document[field] = value;
        document.to_string()
    };
    let cases = [
        ("not json".to_owned(), "no JSON"),
        ("[]".to_owned(), "the document: should be an object"),
        ("{}".to_owned(), "type: is missing"),
        (json!({ "type": 1 }).to_string(), "type: should be a text"),
        (json!({ "type": "label_model" }).to_string(), "label_model sorts into labels"),
        (json!({ "type": "endpoint" }).to_string(), "endpoint graders are called over the network"),
        (json!({ "type": "wizard" }).to_string(), "no grader type `wizard`"),
        (with("operation", json!("equals")), "operation: should be eq, ne, like or ilike"),
        (with("operation", json!(null)), "operation: should be a text"),
        (with("input", json!(["a"])), "input: should be a text"),
        ("{\"type\": \"python\", \"type\": \"multi\"}".to_owned(), "twice"),
        (json!({ "type": "score_model", "model": "m", "input": [] }).to_string(), "input: should be a list"),
        (json!({ "type": "score_model", "model": "m", "input": [{ "role": "robot", "content": "" }] }).to_string(), "input[0].role"),
        (json!({ "type": "score_model", "model": "m", "input": [{ "role": "user", "content": { "type": "input_image" } }] }).to_string(), "input[0].content: input_image cannot be graded"),
        (json!({ "type": "score_model", "model": "m", "input": [{ "role": "user", "content": "" }], "range": [1, 0] }).to_string(), "range: should be two numbers"),
        (json!({ "type": "score_model", "model": "m", "input": [{ "role": "user", "content": "" }], "sampling_params": { "seed": "x" } }).to_string(), "sampling_params: "),
        (json!({ "type": "score_model", "input": [{ "role": "user", "content": "" }] }).to_string(), "model: is missing"),
        (multi(json!({}), "1"), "graders: has 0 graders"),
        (multi(json!([string_check()]), "1"), "graders: should be an object"),
        (multi(json!({ "a": string_check() }), "a + b"), "calculate_output: column 5: no part is called `b`"),
        (multi(json!({ "a": string_check() }), ""), "calculate_output: column 1: the formula is empty"),
        (multi(json!({ "a": { "type": "multi", "graders": {}, "calculate_output": "1" } }), "a"), "graders.a: a combination within"),
        (multi(json!({ "a": { "type": "label_model" } }), "a"), "graders.a: label_model"),
        (multi(json!({ "a": 1 }), "a"), "graders.a: should be an object"),
        ("{\"a\":".repeat(100_000), "no JSON"),
    ];
    for (text, expected) in cases {
        let error = import_openai(&text).unwrap_err().to_string();
        let shown: String = text.chars().take(120).collect();
        assert!(error.contains(expected), "{shown}: {error}");
    }
}

#[test]
fn names_and_unknown_fields_are_told() {
    let mut first = string_check();
    first["temperature"] = json!(1);
    let document = json!({ "type": "multi", "name": "m", "extra": 1, "calculate_output": "a_b + a_b_2",
        "graders": { "a b": first, "a_b": { "type": "python", "name": "other", "source": "x" } } });
    let imported = import_openai(&document.to_string()).unwrap();
    let GraderConfig::Multi(multi) = imported.config else { panic!() };
    let names: Vec<&str> = multi.graders.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["a_b_2", "a_b"]);
    let notes = imported.notes.join("\n");
    for told in ["`temperature`", "`a b` is called `a_b_2`", "own name `other`", "`extra`"] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
}

#[test]
fn our_own_kinds_leave_where_they_map() {
    let judge = LlmJudge {
        prompt: "Is {{response}} right? {{item.answer}}".to_owned(),
        model: "gpt-4o".to_owned(),
        ..LlmJudge::default()
    };
    let exported = export_openai(&GraderConfig::LlmJudge(judge.clone()), "").unwrap();
    let expected = json!({ "type": "score_model", "name": "grader", "model": "gpt-4o", "range": [0.0, 1.0],
        "input": [{ "role": "user", "content": "Is {{sample.output_text}} right? {{item.answer}}" }],
        "sampling_params": { "temperature": 0.0, "max_completions_tokens": 256 } });
    assert_eq!(exported.json, expected);
    assert!(exported.notes[0].contains("output schema"), "{:?}", exported.notes);

    let asked = LlmJudge { prompt: "{{lastUserMessage}}".to_owned(), ..judge.clone() };
    let refused = export_openai(&GraderConfig::LlmJudge(asked), "j").unwrap_err();
    assert!(refused.to_string().contains("`{{lastUserMessage}}`, which OpenAI does not know"), "{refused}");
    let script = GraderConfig::Script { script: "function grade() { return 1 }".to_owned() };
    let refused = export_openai(&script, "s").unwrap_err();
    assert!(refused.to_string().contains("JavaScript runs on no provider"), "{refused}");

    // Texts that are compared are templates like a prompt.
    let check = StringCheck {
        input: "{{response}}".to_owned(),
        reference: "{{referenceAnswer}}".to_owned(),
        operation: StringOperation::default(),
    };
    let exported = export_openai(&GraderConfig::StringCheck(check.clone()), "c").unwrap().json;
    assert_eq!(
        (&exported["input"], &exported["reference"]),
        (&json!("{{sample.output_text}}"), &json!("{{item.reference_answer}}"))
    );
    let asked = StringCheck { input: "{{lastUserMessage}}".to_owned(), ..check };
    assert!(export_openai(&GraderConfig::StringCheck(asked), "c").is_err());

    let part = |name: &str, grader, threshold| GraderPart { name: name.to_owned(), grader, threshold };
    let near = GraderConfig::TextSimilarity(TextSimilarity {
        evaluation_metric: SimilarityMetric::FuzzyMatch,
        input: "{{sample.output_text}}".to_owned(),
        reference: "x".to_owned(),
    });
    let multi = MultiGrader {
        graders: vec![
            part("judge", GraderConfig::LlmJudge(judge), None),
            part("near", near.clone(), Some(0.8)),
            part("any", near, Some(0.0)),
        ],
        weights: vec![0.5, 0.3, 0.2],
        calculate_output: None,
    };
    let exported = export_openai(&GraderConfig::Multi(multi.clone()), "all").unwrap();
    assert_eq!(exported.json["calculate_output"], "0.5 * judge + 0.3 * max(0, min(1, floor(near / 0.8))) + 0.2 * 1");
    assert_eq!(exported.json["graders"].as_object().unwrap().len(), 3);
    assert!(import_openai(&exported.json.to_string()).is_ok());

    let mixed = MultiGrader { graders: vec![part("js", script, None)], weights: vec![1.0], calculate_output: None };
    let refused = export_openai(&GraderConfig::Multi(mixed), "m").unwrap_err();
    assert!(matches!(&refused, ExchangeError::NoCounterpart(why) if why.starts_with("js: a script")), "{refused}");
    let nested = MultiGrader {
        graders: vec![part("m", GraderConfig::Multi(multi), None)],
        weights: vec![1.0],
        calculate_output: None,
    };
    assert!(export_openai(&GraderConfig::Multi(nested), "m").is_err());
}

#[test]
fn an_endpoint_of_ours_does_not_leave() {
    let model = ScoreModel {
        model: String::new(),
        endpoint_id: Some("secret".to_owned()),
        input: vec![ScoreModelMessage { role: "user".to_owned(), content: "x".to_owned() }],
        range: None,
        sampling_params: None,
    };
    let exported = export_openai(&GraderConfig::ScoreModel(model), "j").unwrap();
    assert!(!exported.json.to_string().contains("secret"));
    assert_eq!(exported.notes.len(), 2);
}

/// A sentence begins with a capital, a name of the document stays as it is written there.
#[test]
fn errors_are_sentences() {
    for (text, expected) in [
        (r#"{"type": "label_model"}"#, "label_model sorts"),
        (r#"{"type": "score_model", "model": "m", "input": []}"#, "input: should be a list"),
        (r#"{"type": "endpoint"}"#, "Endpoint graders"),
    ] {
        let error = super::import(text).unwrap_err().to_string();
        assert!(error.starts_with(expected) && error.ends_with('.'), "{error}");
    }
}
