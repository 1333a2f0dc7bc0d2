//! JavaScript that says what an assertion says.

use serde_json::Value;

use super::templates::{Piece, pieces};

/// A script that scores 1 where the condition holds, else 0. The condition may use `text`, `helpers` and
/// what [`literal`] makes.
pub(super) fn of_condition(condition: &str, negated: bool) -> String {
    let field = if condition.contains("field(") { FIELD } else { "" };
    let condition = if negated { format!("!({condition})") } else { condition.to_owned() };
    format!("function grade(input) {{\n  const text = input.response;\n{field}  return {condition} ? 1 : 0;\n}}\n")
}

const FIELD: &str = r#"  const field = (path) => {
    const value = path.split(".").reduce((at, name) => (at === null || at === undefined ? at : at[name]), input.item);
    if (value === null || value === undefined) throw new Error("the record has no field " + path);
    return typeof value === "string" ? value : JSON.stringify(value);
  };
"#;

/// An expression whose value is the text, its variables filled in.
pub(super) fn literal(text: &str) -> Result<String, String> {
    let parts: Vec<String> = pieces(text)?
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => quoted(&text),
            Piece::Field(path) => format!("field({})", quoted(&path)),
            Piece::Output => "text".to_owned(),
        })
        .collect();
    Ok(match parts.as_slice() {
        [] => quoted(""),
        [one] => one.clone(),
        _ => format!("({})", parts.join(" + ")),
    })
}

/// An expression for a JSON value.
pub(super) fn json_literal(value: &Value) -> String {
    // Allowed in JSON texts, and in JavaScript's since 2019; older readers of the script take them for line ends.
    value.to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn quoted(text: &str) -> String {
    json_literal(&Value::String(text.to_owned()))
}

/// A `javascript` assertion: an expression, or the body of a function, over `output` and `context`.
pub(super) fn of_javascript(source: &str, negated: bool) -> String {
    let source = source.trim();
    let is_body = source.contains('\n')
        || ["return ", "return(", "const ", "let ", "var ", "if ", "if(", "for ", "for("]
            .iter()
            .any(|start| source.starts_with(start));
    let body = if is_body { source.to_owned() } else { format!("return ({});", source.trim_end_matches(';')) };
    let (score, object_score) =
        if negated { ("1 - Number(result)", "1 - Number(score)") } else { ("Number(result)", "Number(score)") };
    format!(
        r#"async function check(output, context) {{
{body}
}}

async function grade(input) {{
  const result = await check(input.response, {{ vars: input.item, prompt: input.lastUserMessage }});
  if (typeof result === "boolean" || typeof result === "number") return {score};
  if (result === null || typeof result !== "object") {{
    throw new Error("the assertion gave neither true or false, nor a number, nor {{ pass, score, reason }}");
  }}
  const score = result.score === undefined ? result.pass : result.score;
  return {{ score: {object_score}, reasoning: result.reason }};
}}
"#
    )
}
