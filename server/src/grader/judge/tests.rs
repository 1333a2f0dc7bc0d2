//! Answers of judges, and configs.

use super::*;
use crate::types::grader::config::default_output_schema;
use crate::types::grader::{SamplingParams, ScoreModelMessage};

fn judge() -> Judge {
    Judge::of(&LlmJudge { prompt: "Rate {{response}}".to_owned(), ..LlmJudge::default() }).unwrap()
}

fn says(text: &str) -> ChatAnswer {
    ChatAnswer {
        text: Some(text.to_owned()),
        refusal: None,
        tool_calls: Vec::new(),
        finish_reason: Some("stop".to_owned()),
        usage: None,
        model: None,
    }
}

#[test]
fn one_object_is_a_score_however_it_is_wrapped() {
    for text in [
        r#"{"reasoning": "fine", "score": 0.5}"#,
        "```json\n{\"reasoning\": \"fine\", \"score\": 0.5}\n```",
        "My verdict is {\"reasoning\": \"fine\", \"score\": 0.5}, all in all.",
        "Of the set {a, b}: {\"reasoning\": \"fine\", \"score\": 0.5}",
    ] {
        let judged = judge().read(&says(text)).unwrap();
        assert_eq!((judged.score, judged.reasoning.as_deref()), (0.5, Some("fine")), "{text}");
    }
}

/// None of these may become a score.
#[test]
fn what_is_no_certain_score_is_an_error() {
    for (text, words) in [
        ("I would say 0.8 out of 1.", "“I would say 0.8"),
        ("0.8", "a number alone"),
        ("[{\"score\": 1}]", "a list"),
        ("", "answered nothing"),
        ("   \n", "answered nothing"),
        ("{\"reasoning\": \"a\", \"score\": 0.1} {\"reasoning\": \"b\", \"score\": 0.9}", "several objects"),
        (
            "```json\n{\"reasoning\": \"a\", \"score\": 0.1}\n```\n```json\n{\"reasoning\": \"b\", \"score\": 0.9}\n```",
            "several",
        ),
        (r#"{"reasoning": "a", "score": 7}"#, "score is 7"),
        (r#"{"reasoning": "a", "score": -0.1}"#, "score is -0.1"),
        (r#"{"reasoning": "a", "score": "0.8"}"#, "/score"),
        (r#"{"reasoning": "a", "score": null}"#, "/score"),
        (r#"{"reasoning": "a", "score": true}"#, "/score"),
        (r#"{"reasoning": "a", "score": [1]}"#, "/score"),
        (r#"{"reasoning": "a"}"#, "score"),
        (r#"{"score": 0.8}"#, "reasoning"),
        (r#"{"reasoning": "a", "score": 0.8, "more": 1}"#, "more"),
        (r#"{"reasoning": "a", "score": 1e400}"#, ""),
        (r#"{"reasoning": "a", "score": NaN}"#, "“{"),
        (r#"{"reasoning": "a", "score": 0.8"#, "cut off"),
        ("A brace { and then {\"reasoning\": \"fine\", \"score\": 0.5}", "cut off"),
        (r#"{"reasoning": "a", "criteria": {"reasoning": "b", "score": 0.9}, "score": 0."#, "cut off"),
        (r#"{"reasoning": "a", "criteria": {"reasoning": "b", "score": 0.9}, score: 0.1}"#, "“{"),
        (r#"{"reasoning": "a", "score": 0.1, "score": 0.9}"#, "“score” twice"),
        ("{}", "required"),
    ] {
        let error = judge().read(&says(text)).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    let cut = ChatAnswer { finish_reason: Some("length".to_owned()), ..says("{\"reasoning\": \"a") };
    assert_eq!(judge().read(&cut), Err(AnswerError::CutOff));
    // Cut off, yet with an object in it; whole, though the limit was reached.
    for text in
        ["```json\n{\"reasoning\": \"a\", \"score\": 1}\n```\nBut", "{\"a\": {\"reasoning\": \"a\", \"score\": 1}, "]
    {
        let cut = ChatAnswer { finish_reason: Some("length".to_owned()), ..says(text) };
        assert_eq!(judge().read(&cut), Err(AnswerError::CutOff), "{text}");
    }
    let whole = ChatAnswer { finish_reason: Some("length".to_owned()), ..says(r#"{"reasoning": "a", "score": 1}"#) };
    assert_eq!(judge().read(&whole).map(|judged| judged.score), Ok(1.0));
    let refused = ChatAnswer { text: None, refusal: Some("I cannot.".to_owned()), ..says("") };
    assert_eq!(judge().read(&refused), Err(AnswerError::Refused("I cannot.".to_owned())));
    let filtered = ChatAnswer { text: None, finish_reason: Some("content_filter".to_owned()), ..says("") };
    assert!(judge().read(&filtered).unwrap_err().to_string().contains("content filter"));
    // 20,000 levels do not stop the server.
    assert!(judge().read(&says(&"{\"a\":".repeat(20_000))).is_err());
}

#[test]
fn other_numbers_are_sub_scores() {
    let mut schema = default_output_schema();
    schema["properties"]["accuracy"] = json!({"type": "number"});
    let config = LlmJudge { prompt: "x {{response}}".to_owned(), output_schema: schema, ..LlmJudge::default() };
    let judged =
        Judge::of(&config).unwrap().read(&says(r#"{"reasoning": "r", "score": 1, "accuracy": 0.25}"#)).unwrap();
    assert_eq!(judged.sub_scores, [("accuracy".to_owned(), 0.25)]);
}

#[test]
fn configs_that_cannot_score_are_refused() {
    let with = |prompt: &str, schema: Value| LlmJudge {
        prompt: prompt.to_owned(),
        output_schema: schema,
        ..LlmJudge::default()
    };
    let object =
        |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required});
    for (config, words) in [
        (with(" ", default_output_schema()), "empty"),
        (with("{{nobody}}", default_output_schema()), "line 1, column 1"),
        (with("How good is {{referenceAnswer}}?", default_output_schema()), "never shows the response"),
        (
            with(
                "{{response}}",
                object(json!({"score": {"type": "number", "minimum": 1, "maximum": 10}}), json!(["score"])),
            ),
            "from 0 to 1",
        ),
        (with("x", json!({"type": "string"})), "object"),
        (with("x", json!("no")), "schema"),
        (with("x", json!({"type": "object"})), "no property \"score\""),
        (with("x", object(json!({"score": {"type": "string"}}), json!(["score"]))), "type number"),
        (with("x", object(json!({"score": {"type": "number"}}), json!([]))), "require"),
        (
            with(
                "x",
                json!({"type": "object", "properties": {"score": {"type": "number", "minimum": "x"}}, "required": ["score"]}),
            ),
            "schema",
        ),
        (LlmJudge { temperature: Some(3.0), ..with("x", default_output_schema()) }, "temperature"),
        (LlmJudge { max_tokens: 0, ..with("x", default_output_schema()) }, "max_tokens"),
    ] {
        let error = Judge::of(&config).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// By hand: 4 on a scale of 1 to 5 is three quarters of the way.
#[test]
fn a_score_model_has_its_own_range() {
    let config = ScoreModel {
        model: "m".to_owned(),
        endpoint_id: None,
        input: vec![ScoreModelMessage { role: "user".to_owned(), content: "{{sample.output_text}}".to_owned() }],
        range: Some([1.0, 5.0]),
        sampling_params: Some(SamplingParams { temperature: Some(0.5), ..SamplingParams::default() }),
    };
    let judge = Judge::of_score_model(&config).unwrap();
    let judged = judge.read(&says(r#"{"reasoning": "r", "score": 4}"#)).unwrap();
    assert_eq!((judged.score, judge.normalized(judged.score)), (4.0, 0.75));
    assert!(judge.read(&says(r#"{"reasoning": "r", "score": 0.5}"#)).is_err());
    let backwards = ScoreModel { range: Some([1.0, 1.0]), ..config };
    assert!(Judge::of_score_model(&backwards).is_err());
}
