//! A grader's templates in the words of OpenAI's.

use super::super::ExchangeError;

/// The template with OpenAI's names for the variables that it has, `{{item.*}}` and `{{sample.*}}`. Anything
/// else that Mustache knows is refused: OpenAI would leave it standing, and its model would read braces.
pub fn as_openai(prompt: &str) -> Result<String, ExchangeError> {
    let mut written = String::with_capacity(prompt.len());
    let mut rest = prompt;
    while let Some((text, tag)) = rest.split_once("{{") {
        written.push_str(text);
        let (tag, close) = match tag.strip_prefix('{') {
            Some(tag) => (tag, "}}}"),
            None => (tag, "}}"),
        };
        let Some((inner, after)) = tag.split_once(close) else {
            return Err(ExchangeError::NoCounterpart("a template has a tag that is not closed".to_owned()));
        };
        rest = after;
        let inner = inner.trim();
        if inner.starts_with('!') {
            continue;
        }
        let inner = inner.strip_prefix('&').map_or(inner, str::trim);
        written.extend(["{{", &variable(inner)?, "}}"]);
    }
    written.push_str(rest);
    Ok(written)
}

fn variable(name: &str) -> Result<String, ExchangeError> {
    if name.starts_with("item.") || name.starts_with("sample.") {
        return Ok(name.to_owned());
    }
    match name {
        "response" => Ok("sample.output_text".to_owned()),
        "toolCalls" => Ok("sample.output_tools".to_owned()),
        "referenceAnswer" => Ok("item.reference_answer".to_owned()),
        section if section.starts_with(['#', '^', '/', '>', '=']) => Err(ExchangeError::NoCounterpart(format!(
            "a template uses `{{{{{}}}}}`; OpenAI's templates have variables only, no sections",
            section.chars().take(60).collect::<String>()
        ))),
        other => Err(ExchangeError::NoCounterpart(format!(
            "a template uses `{{{{{}}}}}`, which OpenAI does not know; it has item.* (fields of the record) and sample.* (the response)",
            other.chars().take(60).collect::<String>()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_get_openai_s_names() {
        let cases = [
            ("no tag", "no tag"),
            ("{{response}} and {{ referenceAnswer }}", "{{sample.output_text}} and {{item.reference_answer}}"),
            ("{{{response}}}{{&toolCalls}}", "{{sample.output_text}}{{sample.output_tools}}"),
            ("{{item.a.b}} {{sample.output_json}} {{! note }}", "{{item.a.b}} {{sample.output_json}} "),
            ("a } b { c", "a } b { c"),
        ];
        for (prompt, expected) in cases {
            assert_eq!(as_openai(prompt).unwrap(), expected);
        }
        for prompt in ["{{lastUserMessage}}", "{{#tools}}x{{/tools}}", "{{metadata.a}}", "{{open", "{{{a}}", "{{}}"] {
            assert!(as_openai(prompt).is_err(), "{prompt}");
        }
    }
}
