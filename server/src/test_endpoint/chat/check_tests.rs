//! Every refusal, by the field and the code that it names.

use serde_json::{Value, json};

use super::{ChatRequest, Form, ToolChoice};

/// `param` and `code` of the refusal.
fn refusal(body: Value) -> Option<(Value, Value)> {
    let error = ChatRequest::of(body.as_object().unwrap()).err()?.body();
    Some((error["error"]["param"].clone(), error["error"]["code"].clone()))
}

/// A request that would be taken, with these fields besides or instead.
fn request(fields: Value) -> Value {
    let mut body = json!({"model": "test-small", "messages": [{"role": "user", "content": "hello"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn check(fields: Value, param: &str, code: &str) {
    assert_eq!(refusal(request(fields.clone())), Some((json!(param), json!(code))), "{fields}");
}

#[test]
fn refusals_name_the_field() {
    check(json!({"messages": "hello"}), "messages", "invalid_type");
    check(json!({"messages": null}), "messages", "missing_required_parameter");
    check(json!({"messages": []}), "messages", "empty_array");
    check(json!({"messages": ["hello"]}), "messages[0]", "invalid_type");
    check(json!({"messages": [{"role": "robot", "content": "a"}]}), "messages[0].role", "invalid_value");
    check(json!({"messages": [{"content": "a"}]}), "messages[0].role", "missing_required_parameter");
    check(json!({"messages": [{"role": "user"}]}), "messages[0].content", "missing_required_parameter");
    check(json!({"messages": [{"role": "user", "content": 1}]}), "messages[0].content", "invalid_type");
    check(json!({"temperature": 2.5}), "temperature", "decimal_above_max_value");
    check(json!({"temperature": "hot"}), "temperature", "invalid_type");
    check(json!({"n": 0}), "n", "integer_below_min_value");
    check(json!({"n": 129}), "n", "integer_above_max_value");
    check(json!({"max_tokens": "many"}), "max_tokens", "invalid_type");
    check(json!({"response_format": {"type": "xml"}}), "response_format.type", "invalid_value");
    check(json!({"tools": [{"type": "function"}]}), "tools[0].function.name", "missing_required_parameter");
    check(
        json!({"messages": [{"role": "user", "content": "a ".repeat(300_000)}]}),
        "messages",
        "context_length_exceeded",
    );
    assert_eq!(refusal(json!({"messages": []})), Some((Value::Null, Value::Null)));
    assert_eq!(refusal(request(json!({"response_format": {"type": "json_object"}}))).unwrap().0, "messages");
    assert_eq!(refusal(request(json!({}))), None);
}

#[test]
fn reasoning_models_refuse_what_others_take() {
    let reasoning = |fields: Value| {
        let mut body = request(fields);
        body["model"] = json!("test-reasoning");
        refusal(body)
    };
    assert_eq!(reasoning(json!({"max_tokens": 5})), Some((json!("max_tokens"), json!("unsupported_parameter"))));
    assert_eq!(reasoning(json!({"temperature": 1})), Some((json!("temperature"), json!("unsupported_parameter"))));
    assert_eq!(reasoning(json!({"max_completion_tokens": 5})), None);
    assert_eq!(refusal(request(json!({"max_tokens": 5, "temperature": 1}))), None);
}

#[test]
fn tool_messages_answer_calls() {
    let call = json!({"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "c", "content": "1"});
    let user = json!({"role": "user", "content": "a"});
    assert_eq!(refusal(request(json!({"messages": [user, call, result, result]}))), None);
    assert!(refusal(request(json!({"messages": [user, result]}))).is_some());
    let nameless = json!({"role": "tool", "content": "1"});
    check(json!({"messages": [user, call, nameless]}), "messages[2].tool_call_id", "missing_required_parameter");
}

#[test]
fn strict_schemas_must_be_closed() {
    let with = |schema: Value| {
        request(
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": true, "schema": schema}}}),
        )
    };
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    assert_eq!(refusal(with(open.clone())).unwrap().0, "response_format");
    let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
    assert_eq!(refusal(with(closed.clone())), None);
    let optional = json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false});
    assert_eq!(refusal(with(optional)).unwrap().0, "response_format");
    let nested = json!({"type": "object", "properties": {"a": {"type": "array", "items": open}}, "required": ["a"], "additionalProperties": false});
    assert_eq!(refusal(with(nested)).unwrap().0, "response_format");
    let body = with(closed.clone());
    assert_eq!(ChatRequest::of(body.as_object().unwrap()).unwrap().form, Form::Schema(closed));
}

#[test]
fn what_is_read_of_a_request() {
    let body = request(json!({
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "stream": true, "stream_options": {"include_usage": true}, "n": 2, "temperature": 0,
    }));
    let read = ChatRequest::of(body.as_object().unwrap()).unwrap();
    assert_eq!((read.prompt.as_str(), read.question.as_str()), ("Be brief.\none\ntwo", "one\ntwo"));
    assert_eq!((read.n, read.stream, read.include_usage, read.is_repeatable), (2, true, true, true));
    assert_eq!(read.tool_choice, ToolChoice::Named("f".to_owned()));
    assert_eq!(read.tools[0].name, "f");
}
