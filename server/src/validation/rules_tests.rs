use serde_json::json;

use super::*;
use ValidationError as E;

fn findings(data: &Value) -> Findings {
    record_findings(data, None, &ValidationConfig::default(), &TokenCounter::new())
}

fn prompt(messages: Value) -> Value {
    json!({"input": {"messages": messages}, "output": {}})
}

#[test]
fn structural_errors_end_the_record() {
    let cases = [
        (json!(null), E::InvalidDataStructure, "the record's data is null, not an object"),
        (json!([1]), E::InvalidDataStructure, "the record's data is a list, not an object"),
        (json!("x"), E::InvalidDataStructure, "the record's data is a text, not an object"),
        (json!({}), E::MissingInput, "the record has no \"input\""),
        (json!({"input": null}), E::MissingInput, "the record has no \"input\""),
        (json!({"input": {}}), E::MissingMessages, "\"input\" has no \"messages\""),
        (json!({"input": 4}), E::MissingMessages, "\"input\" is a number, so it has no \"messages\""),
        (json!({"input": {"messages": null}}), E::MissingMessages, "\"input\" has no \"messages\""),
        (json!({"input": {"messages": []}}), E::EmptyMessages, "\"input.messages\" is an empty list"),
        (
            json!({"input": {"messages": {"role": "user"}}}),
            E::EmptyMessages,
            "\"input.messages\" is an object, not a list",
        ),
    ];
    for (data, error, details) in cases {
        let expected = Findings { errors: vec![error], details: Some(details.to_owned()) };
        assert_eq!(findings(&data), expected, "{data}");
    }
    let tokens = TokenCounter::new();
    let broken = record_findings(&json!(null), Some("no JSON at column 3"), &ValidationConfig::default(), &tokens);
    assert_eq!(broken.errors, vec![E::InvalidDataStructure]);
    assert_eq!(broken.details.as_deref(), Some("no JSON at column 3"));
}

#[test]
fn valid_records_have_no_findings() {
    let user = json!({"role": "user", "content": "Where is my order?"});
    let cases = [
        prompt(json!([user])),
        // Short earlier turns are normal in conversations; ten scalar values after trimming are enough.
        prompt(
            json!([{"role": "user", "content": "yes"}, {"role": "assistant", "content": null}, {"role": "user", "content": "  ÄÖÜäöüß東京🛫 \n"}]),
        ),
        prompt(
            json!([{"role": "developer", "content": ""}, {"role": "user", "content": [{"type": "text", "text": "What is shown here?"}, {"type": "image_url"}]}]),
        ),
        prompt(json!([{"role": "user", "content": [{"type": "image_url"}]}, user])),
        prompt(json!([user, {"role": "assistant", "tool_calls": [{"id": "a"}, {"id": "b"}]},
            {"role": "tool", "tool_call_id": "b", "content": 1}, {"role": "tool", "tool_call_id": "a"}])),
        prompt(json!([user, {"role": "assistant", "tool_calls": null}, {"role": "assistant", "tool_calls": []}])),
        // Output and unknown fields never count.
        json!({"input": {"messages": [user], "tools": 3}, "output": {"messages": "x", "tool_calls": {}}, "more": [1]}),
        json!({"input": {"messages": [user]}, "output": 7}),
        json!({"input": {"messages": [user]}}),
    ];
    for data in cases {
        assert_eq!(findings(&data), Findings::default(), "{data}");
    }
}

#[test]
fn every_broken_rule_is_named_with_its_place() {
    let user = json!({"role": "user", "content": "Where is my order?"});
    let allowed = "(allowed: system, developer, user, assistant, tool)";
    let cases = [
        (json!([user, {"role": "bot"}, {"content": "x"}, {"role": {}}, 5]), vec![E::InvalidRole],
            format!("message 2 has role \"bot\"; message 3 has no role; message 4 has an object as role; message 5 is a number, so it has no role {allowed}")),
        (json!([{"role": "system", "content": "x"}, {"role": "assistant"}]), vec![E::NoUserMessage],
            "none of the 2 messages has role \"user\"".to_owned()),
        (json!([{"role": "user", "content": " \n"}, {"role": "user"}, user]), vec![E::EmptyUserMessage],
            "message 1 (user) is empty; message 2 (user) is empty".to_owned()),
        (json!([{"role": "user", "content": 42}, user]), vec![E::EmptyUserMessage], "message 1 (user) is empty".to_owned()),
        (json!([{"role": "user", "content": [{"type": "text", "text": ""}, "x", null]}, user]), vec![E::EmptyUserMessage],
            "message 1 (user) is empty".to_owned()),
        (json!([user, {"role": "user", "content": " nine char "}]), vec![E::UserMessageTooShort],
            "message 2, the last user message, has 9 characters, fewer than 10".to_owned()),
        (json!([{"role": "user", "content": ""}]), vec![E::EmptyUserMessage, E::UserMessageTooShort],
            "message 1 (user) is empty\nmessage 1, the last user message, has 0 characters, fewer than 10".to_owned()),
        (json!([user, {"role": "assistant", "tool_calls": [{"id": "a"}, {"id": ""}, {"id": 3}, "x"]}, {"role": "tool"}]), vec![E::MissingToolCallId],
            "tool call 2 of message 2 has no id; tool call 3 of message 2 has no id; tool call 4 of message 2 has no id; message 3 (tool) has no tool_call_id".to_owned()),
        (json!([user, {"role": "assistant", "tool_calls": "x"}]), vec![E::MissingToolCallId],
            "the tool_calls of message 2 are not a list, so they have no id".to_owned()),
        // A result before its call, and a call by someone who cannot call.
        (json!([{"role": "tool", "tool_call_id": "a"}, {"role": "assistant", "tool_calls": [{"id": "a"}]},
            {"role": "user", "content": "Where is my order?", "tool_calls": [{"id": "b"}]}, {"role": "tool", "tool_call_id": "b"}]), vec![E::OrphanToolResult],
            "message 1 (tool) answers \"a\", which no earlier message called; message 4 (tool) answers \"b\", which no earlier message called".to_owned()),
        (json!([{"role": "tool"}, {"role": "bot"}]), vec![E::InvalidRole, E::NoUserMessage, E::MissingToolCallId],
            format!("message 2 has role \"bot\" {allowed}\nnone of the 2 messages has role \"user\"\nmessage 1 (tool) has no tool_call_id")),
    ];
    for (messages, errors, details) in cases {
        let data = prompt(messages);
        let tokens = TokenCounter::new();
        assert_eq!(findings(&data), Findings { errors: errors.clone(), details: Some(details.clone()) }, "{data}");
        let first = validate_record(&data, None, &ValidationConfig::default(), &tokens);
        assert_eq!((first.valid, first.error), (false, Some(errors[0])));
        assert_eq!(first.details.as_deref(), details.lines().next());
    }
}

#[test]
fn long_lists_of_places_are_cut_short() {
    let data = prompt(Value::Array(vec![json!({"role": "user", "content": null}); 1000]));
    let details = findings(&data).details.unwrap();
    assert!(details.starts_with("message 1 (user) is empty; "), "{details}");
    assert!(details.contains("message 5 (user) is empty; and 995 more\n"), "{details}");
    let long_role = prompt(json!([{"role": "b\n".repeat(90), "content": ""}]));
    assert!(findings(&long_role).details.unwrap().lines().next().unwrap().len() < 220);
}

#[test]
fn tokens_are_counted_against_the_limit() {
    // "hello world" repeated with blanks: "hello", " world", then " hello", " world", ...: 2 tokens each.
    let text = vec!["hello world"; 50].join(" ");
    let data = prompt(json!([{"role": "user", "content": text}]));
    let with = |max_tokens| {
        let config = ValidationConfig { max_tokens, ..ValidationConfig::default() };
        record_findings(&data, None, &config, &TokenCounter::new())
    };
    assert_eq!(with(100), Findings::default());
    let over = Findings {
        errors: vec![E::ExceedsMaxTokens],
        details: Some("the prompt has 100 tokens, more than 99".to_owned()),
    };
    assert_eq!(with(99), over);
}

#[test]
fn the_configuration_is_obeyed() {
    let tokens = TokenCounter::new();
    let config = ValidationConfig {
        min_user_message_length: 3,
        allowed_roles: vec!["user".to_owned(), "bot".to_owned()],
        ..ValidationConfig::default()
    };
    let data = prompt(json!([{"role": "bot", "content": "x"}, {"role": "user", "content": "yes"}]));
    assert!(validate_record(&data, None, &config, &tokens).valid);
    let data = prompt(json!([{"role": "system", "content": "x"}, {"role": "user", "content": "no"}]));
    assert_eq!(record_findings(&data, None, &config, &tokens).errors, vec![E::InvalidRole, E::UserMessageTooShort]);
}

#[test]
fn the_tool_chain_alone() {
    use crate::validation::validate_tool_chain;
    let chain = |messages: Value| validate_tool_chain(messages.as_array().unwrap()).error;
    assert_eq!(chain(json!([])), None);
    assert_eq!(chain(json!([{"role": "tool", "tool_call_id": "a"}])), Some(E::OrphanToolResult));
    assert_eq!(chain(json!([{"role": "tool", "tool_call_id": "a"}, {"role": "tool"}])), Some(E::MissingToolCallId));
}
