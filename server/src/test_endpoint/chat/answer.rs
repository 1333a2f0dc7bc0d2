//! What the model says: a tool call, an instance of a schema, or a little text. It follows from the request and the seed.

use serde_json::{Value, json};

use super::super::models;
use super::super::schema::{Subject, instance};
use super::super::text::{Draw, answer_to, score_of, words};
use super::Choice;
use super::check::{ChatRequest, Form, Tool, ToolChoice};

/// One answer.
pub(super) fn answer(request: &ChatRequest, seed: u64) -> Choice {
    let mut draw = Draw::new(seed);
    let score = score_of(&request.question, models::leaning(&request.model), &mut draw);
    let subject = Subject { text: &request.question, score };
    if let Some(tool) = tool_to_call(request) {
        let arguments = instance(&tool.parameters, subject, &mut draw);
        // (A tool without parameters is called with none.)
        let arguments = if arguments.is_object() { arguments } else { json!({}) };
        return Choice::calling(&tool.name, arguments.to_string());
    }
    let content = match &request.form {
        Form::Schema(schema) => instance(schema, subject, &mut draw).to_string(),
        Form::JsonObject => match described_schema(&request.prompt) {
            Some(schema) => instance(&schema, subject, &mut draw).to_string(),
            None => json!({"answer": answer_to(&request.question, &mut draw), "score": score}).to_string(),
        },
        // An endpoint without schemas is asked in words: then the schema stands in the prompt.
        Form::Text => match described_schema(&request.prompt) {
            Some(schema) => instance(&schema, subject, &mut draw).to_string(),
            None => answer_to(&request.question, &mut draw),
        },
    };
    Choice::saying(content)
}

/// The tool that is called: the one that must be; else, unless a tool has just answered, the first that what was said
/// has a word in common with.
fn tool_to_call(request: &ChatRequest) -> Option<&Tool> {
    match &request.tool_choice {
        ToolChoice::None => None,
        ToolChoice::Named(name) => request.tools.iter().find(|tool| tool.name == *name),
        ToolChoice::Required => fitting(request).or(request.tools.first()),
        ToolChoice::Auto if request.answers_tool => None,
        ToolChoice::Auto => fitting(request),
    }
}

fn fitting(request: &ChatRequest) -> Option<&Tool> {
    let said: Vec<String> = words(&request.question).filter(|word| word.chars().count() > 3).collect();
    request.tools.iter().find(|tool| {
        let mut known = words(&tool.name).chain(words(&tool.description));
        known.any(|word| said.contains(&word))
    })
}

/// The first JSON schema of an object that a prompt quotes.
fn described_schema(prompt: &str) -> Option<Value> {
    prompt.match_indices('{').find_map(|(start, _)| {
        let mut values = serde_json::Deserializer::from_str(&prompt[start..]).into_iter::<Value>();
        let value = values.next()?.ok()?;
        value.get("properties").is_some_and(Value::is_object).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_of(body: Value, seed: u64) -> Choice {
        answer(&ChatRequest::of(body.as_object().unwrap()).unwrap(), seed)
    }

    fn asking(text: &str) -> Value {
        json!({"model": "m", "messages": [{"role": "user", "content": text}]})
    }

    #[test]
    fn the_same_seed_gives_the_same_answer() {
        let body = asking("Where is my refund for the booking?");
        assert_eq!(answer_of(body.clone(), 1), answer_of(body.clone(), 1));
        let texts: Vec<Choice> = (0..20).map(|seed| answer_of(body.clone(), seed)).collect();
        assert!(texts.iter().any(|text| *text != texts[0]));
    }

    #[test]
    fn tools_are_called_when_they_fit_or_must_be() {
        let tools = json!([
            {"type": "function", "function": {"name": "get_weather", "description": "Weather of a city", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
            {"type": "function", "function": {"name": "stop"}},
        ]);
        let with = |text: &str, choice: Value| {
            let mut body = asking(text);
            body["tools"] = tools.clone();
            body["tool_choice"] = choice;
            answer_of(body, 1)
        };
        let called = with("What is the weather in Lisbon?", json!("auto"));
        assert_eq!((called.tool_calls[0].name.as_str(), called.finish_reason), ("get_weather", "tool_calls"));
        let arguments: Value = serde_json::from_str(&called.tool_calls[0].arguments).unwrap();
        assert!(arguments["city"].is_string());
        assert!(with("Tell me a joke", json!("auto")).tool_calls.is_empty());
        assert!(with("What is the weather?", json!("none")).tool_calls.is_empty());
        assert_eq!(with("Tell me a joke", json!("required")).tool_calls.len(), 1);
        let named = with("a", json!({"type": "function", "function": {"name": "stop"}}));
        assert_eq!((named.tool_calls[0].name.as_str(), named.tool_calls[0].arguments.as_str()), ("stop", "{}"));
    }

    #[test]
    fn a_schema_in_the_prompt_is_followed() {
        let text = "Answer {as JSON} by this schema: {\"type\": \"object\", \"properties\": {\"score\": {\"type\": \"number\"}}}. Response: all is well.";
        let content = answer_of(asking(text), 1).content.unwrap();
        let value: Value = serde_json::from_str(&content).unwrap();
        assert!((0.0..=1.0).contains(&value["score"].as_f64().unwrap()), "{content}");
    }
}
