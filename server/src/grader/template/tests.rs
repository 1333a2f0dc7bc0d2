//! What templates write, what they refuse, and that no sample or template stops the server.

use serde_json::json;

use super::*;
use crate::grader::RecordedResponse;
use crate::grader::grade_input;
use crate::grader::test_support::record;

fn input() -> GradeInput {
    let data = json!({"input": {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Is <b>5 & 6</b> \"fine\"?"}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    }});
    let item = json!({"answer": "yes {{response}}", "scores": [1, 2.5], "deep": {"list": [{"x": "a"}, {"x": "b"}]}});
    let mut record = record(data, item);
    let metadata = json!({"plan": "pro", "vip": true, "empty": "", "none": null});
    record.metadata = metadata.as_object().cloned().unwrap();
    let call = json!({"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"q\":1}"}});
    grade_input(&record, &RecordedResponse { text: "A & <i>B</i>".to_owned(), tool_calls: vec![call] })
}

fn rendered(template: &str) -> String {
    Template::parse(template).unwrap_or_else(|error| panic!("{template}: {error}")).render(&input()).unwrap()
}

#[test]
fn variables_are_written_as_they_are() {
    for (template, expected) in [
        ("{{response}}", "A & <i>B</i>"),
        ("{{{response}}}|{{&response}}|{{ response }}", "A & <i>B</i>|A & <i>B</i>|A & <i>B</i>"),
        ("{{lastUserMessage}}", "Is <b>5 & 6</b> \"fine\"?"),
        ("{{systemPrompt}}", "Be kind."),
        ("{{sample.output_text}}", "A & <i>B</i>"),
        ("{{sample.output_tools[0].function.name}}", "look"),
        ("{{toolCalls[0].function.arguments}}", "{\"q\":1}"),
        ("{{toolCalls.0.function.name}} {{item.scores.1}}", "look 2.5"),
        ("{{metadata.plan}} {{metadata.vip}}", "pro true"),
        // What a value holds is no template.
        ("{{item.answer}}", "yes {{response}}"),
        ("{{item.scores}} {{item.scores[1]}}", "[1,2.5] 2.5"),
        ("{{item.deep.list[1].x}}", "b"),
        ("{\"score\": {{item.scores[0]}}}", "{\"score\": 1}"),
        ("{{#messages}}{{role}}: {{content}}\n{{/messages}}", "system: Be kind.\nuser: Is <b>5 & 6</b> \"fine\"?\n"),
        ("{{#item.scores}}<{{.}}>{{/item.scores}}", "<1><2.5>"),
        ("{{#item.deep.list}}{{x}}{{/item.deep.list}}", "ab"),
        ("{{#metadata.vip}}VIP{{/metadata.vip}}{{^metadata.vip}}no{{/metadata.vip}}", "VIP"),
        ("{{#metadata.empty}}x{{/metadata.empty}}{{^metadata.empty}}none{{/metadata.empty}}", "none"),
        ("{{#metadata.none}}x{{/metadata.none}}{{^metadata.gone}}none{{/metadata.gone}}", "none"),
        ("{{#metadata.plan}}plan {{metadata.plan}}={{.}}{{/metadata.plan}}", "plan pro=pro"),
        ("{{#referenceAnswer}}{{referenceAnswer}}{{/referenceAnswer}}", ""),
        ("a {{! a note\nof two lines }}b", "a b"),
        ("no tag } }} {", "no tag } }} {"),
        ("", ""),
    ] {
        assert_eq!(rendered(template), expected, "{template}");
    }
    let list: Value = serde_json::from_str(&rendered("{{messages}}")).unwrap();
    assert_eq!(list[0]["role"], "system");
    assert!(rendered("{{tools}}").contains("\"look\""));
}

#[test]
fn unknown_names_are_refused_with_their_place() {
    for (template, line, column, words) in [
        ("Rate: {{respnse}}", 1, 7, "no variable “respnse”"),
        ("\n {{last_user_message}}", 2, 2, "Did you mean {{lastUserMessage}}?"),
        ("{{sample.output}}", 1, 1, "sample.output_text"),
        ("{{sample}}", 1, 1, "sample.output_text"),
        ("{{response.text}}", 1, 1, "is a text"),
        ("{{role}}", 1, 1, "no variable “role”"),
        ("{{.}}", 1, 1, "item of a list"),
        ("{{#messages}}{{nme}}{{/messages}}", 1, 14, "no variable “nme”"),
        ("{{#nobody}}{{/nobody}}", 1, 1, "no variable"),
        ("{{constructor}}", 1, 1, "no variable"),
        ("{{__proto__}}", 1, 1, "no variable"),
    ] {
        let error = Template::parse(template).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{template}: {error}");
        assert!(error.message.contains(words), "{template}: {error}");
    }
}

#[test]
fn what_a_record_lacks_is_its_error_unless_it_is_guarded() {
    for template in [
        "{{item.gone}}",
        "{{metadata.none}}",
        "{{referenceAnswer}}",
        "{{item.deep.list[7].x}}",
        "{{sample.output_json.a}}",
    ] {
        let error = Template::parse(template).unwrap().render(&input()).unwrap_err();
        assert!(matches!(error, RenderError::Missing { .. }), "{template}: {error}");
    }
    assert_eq!(rendered("{{#item.gone}}{{item.gone}}{{/item.gone}}"), "");
    assert_eq!(rendered("{{#item.deep.other}}{{item.deep.other}}{{/item.deep.other}}"), "");
}

/// A section around only says that its own value is there.
#[test]
fn what_a_section_shows_must_be_there_wherever_it_is_rendered() {
    let mut input = input();
    input.item = json!({ "rows": [{ "a": 1, "b": "x" }, { "a": 2 }], "deep": { "list": [1] }, "flag": false })
        .as_object()
        .cloned()
        .unwrap();
    input.metadata = json!({ "lang": "de" }).as_object().cloned().unwrap();
    let render = |template: &str| Template::parse(template).unwrap().render(&input);
    for template in [
        "{{#metadata}}{{metadata.expected}}{{/metadata}}",
        "{{#item.deep}}{{item.deep.other}}{{/item.deep}}",
        "{{#item.rows}}{{typo}}{{/item.rows}}",
        "{{#item.rows}}{{b}}{{/item.rows}}",
        "{{^item.flag}}{{item.gone}}{{/item.flag}}",
        "{{^item.gone}}{{item.gone}}{{/item.gone}}",
        "{{#messages}}{{item.gone}}{{/messages}}",
    ] {
        assert!(matches!(render(template), Err(RenderError::Missing { .. })), "{template}: {:?}", render(template));
    }
    for (template, text) in [
        ("{{#item.rows}}{{a}}{{#b}}{{b}}{{/b}};{{/item.rows}}", "1x;2;"),
        ("{{#item.gone}}{{item.gone.more}}{{/item.gone}}", ""),
        ("{{#item.flag}}{{item.gone}}{{/item.flag}}", ""),
        ("{{^metadata.lang}}{{item.gone}}{{/metadata.lang}}", ""),
        ("{{#item.rows}}{{metadata.lang}}{{/item.rows}}", "dede"),
        ("{{#metadata}}{{lang}}{{/metadata}}", "de"),
    ] {
        assert_eq!(render(template).as_deref(), Ok(text), "{template}");
    }
}

fn rendered_of(template: &str, input: &GradeInput) -> Result<String, RenderError> {
    Template::parse(template).unwrap().render(input)
}

/// None of these may take the server's time or memory, or stop it.
#[test]
fn hostile_templates_end() {
    let nested = |depth: usize| format!("{}x{}", "{{#messages}}".repeat(depth), "{{/messages}}".repeat(depth));
    assert!(Template::parse(&nested(7)).unwrap_err().message.contains("six deep"));
    assert!(Template::parse(&"x".repeat(MAX_TEMPLATE_BYTES + 1)).is_err());
    assert!(Template::parse(&"{{#messages}}".repeat(10_000)).is_err());
    assert_eq!(Template::parse(&"{".repeat(100_000)).unwrap_err().line, 1);
    let mut many = input();
    many.messages = vec![json!({"role": "user", "content": "x"}); 2_000];
    let error = Template::parse(&nested(2)).unwrap().render(&many).unwrap_err();
    assert_eq!(error, RenderError::TooManyItems);
    let large = "{{messages}}".repeat(1_000);
    assert_eq!(Template::parse(&large).unwrap().render(&many).unwrap_err(), RenderError::TooLarge);
    // A tree of lists: by its section and by its places, and with names that come again at every level.
    let mut tree = json!({ "x": "leaf", "children": [] });
    for _ in 0..30 {
        tree = json!({ "x": 1, "children": [tree.clone(), { "x": 2, "children": [] }] });
    }
    let mut deep = input();
    deep.item = tree.as_object().cloned().unwrap();
    assert!(rendered_of("{{item.children}}", &deep).unwrap().starts_with("[{"));
    assert_eq!(rendered_of("{{item.children[0].children[1].x}}", &deep).as_deref(), Ok("2"));
    let sections = format!(
        "{}{{{{x}}}}{}",
        "{{#item.children}}{{#children}}{{#children}}", "{{/children}}{{/children}}{{/item.children}}"
    );
    assert_eq!(rendered_of(&sections, &deep).as_deref(), Ok("12"));
    let mut wide = input();
    wide.item = json!({ "rows": vec![json!({ "a": 1 }); 200_000] }).as_object().cloned().unwrap();
    assert_eq!(rendered_of("{{#item.rows}}{{a}}{{/item.rows}}", &wide).unwrap_err(), RenderError::TooMuchData);
    // Names that the preparation itself uses.
    for template in ["{{item:text}}", "{{messages:at.0}}"] {
        assert!(Template::parse(template).is_err(), "{template}");
    }
}
