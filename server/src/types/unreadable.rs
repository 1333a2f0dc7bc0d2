//! What a parser says of a request's arguments, in our words. A parser's own are for whoever wrote the types.

use super::error::AppError;

/// The refusal of arguments that could not be read; `reason` is the parser's.
pub(super) fn unreadable_arguments(reason: &str) -> AppError {
    let (reason, place) = split_place(reason);
    let (field, what) = in_words(reason);
    let message = format!(
        "{what}{place}. Send every argument of the function, each of its kind; if a page of Anneal did this, it is of another version than the server: reload it."
    );
    AppError::Invalid { field, message }
}

/// "… at line 1 column 20" without its end, and that in words. (Requests of programs stand on one line.)
fn split_place(reason: &str) -> (&str, String) {
    let Some((start, place)) = reason.rsplit_once(" at line ") else { return (reason, String::new()) };
    let place = match place.split_once(" column ") {
        Some(("1", column)) => format!(", at character {column} of the request"),
        Some((line, column)) => format!(", in line {line} of the request at character {column}"),
        None => String::new(),
    };
    (start, place)
}

/// The field concerned, and what is wrong.
fn in_words(reason: &str) -> (Option<String>, String) {
    let named = |start: &str| reason.split_once(start)?.1.split_once('`').map(|(name, _)| name.to_owned());
    if let Some(name) = named("missing field `") {
        let what = format!("The request lacks the field \"{name}\"");
        return (Some(name), what);
    }
    if let Some(name) = named("unknown field `") {
        let what = format!("The request has a field \"{name}\" that the function does not take");
        return (Some(name), what);
    }
    if let Some(name) = named("duplicate field `") {
        let what = format!("The request has the field \"{name}\" twice");
        return (Some(name), what);
    }
    if let Some(word) = named("unknown variant `") {
        let known: Vec<&str> = reason.split('`').skip(3).step_by(2).collect();
        return (None, format!("\"{}\" is no word that can stand there; there are {}", short(&word), known.join(", ")));
    }
    for start in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = reason.strip_prefix(start).and_then(|rest| rest.rsplit_once(", expected ")) {
            return (None, format!("{} stands where {} belongs", found_in_words(found), expected_in_words(expected)));
        }
    }
    if reason.starts_with("number out of range") {
        return (None, "The request has a number that is too large to be computed with".to_owned());
    }
    if reason.starts_with("invalid length") {
        return (None, "The request has a list of another length than the function takes".to_owned());
    }
    (None, "The request could not be read: it is no valid JSON, or not encoded as its Content-Type says".to_owned())
}

/// "integer `5`" and the like.
fn found_in_words(found: &str) -> String {
    let value = found.split_once(' ').map_or("", |(_, value)| value);
    let quoted = short(value.trim_matches(['`', '"']));
    match found.split([' ', ',']).next().unwrap_or_default() {
        "integer" | "floating" => format!("The number {}", quoted.trim_start_matches("point `")),
        "boolean" => format!("The word {quoted}"),
        "string" => format!("The text \"{quoted}\""),
        "null" | "unit" | "Option" => "Nothing (null)".to_owned(),
        "sequence" => "A list".to_owned(),
        "map" | "struct" => "An object".to_owned(),
        _ => "A value".to_owned(),
    }
}

/// "a string", "u32", "struct RecordFilter" and the like.
fn expected_in_words(expected: &str) -> &'static str {
    match expected.split(' ').next().unwrap_or_default() {
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more, not too large,",
        "f32" | "f64" => "a number",
        "struct" | "map" | "internally" => "an object",
        "sequence" | "tuple" => "a list",
        "enum" | "variant" => "one of its words",
        "a" | "an" => match expected.split(' ').nth(1).unwrap_or_default() {
            "string" | "str" | "borrowed" => "a text",
            "boolean" => "true or false",
            "map" => "an object",
            "sequence" => "a list",
            _ => "another kind of value",
        },
        _ => "another kind of value",
    }
}

fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    let start: String = text.chars().take(SHOWN).collect();
    let start = crate::format::visible(&start);
    if text.chars().nth(SHOWN).is_some() { format!("{start}…") } else { start.into_owned() }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Append,
        Replace,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        count: u32,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Arguments {
        dataset_id: String,
        mode: Option<Mode>,
        share: Option<f64>,
        page: Option<i64>,
        tick: Option<bool>,
        list: Option<Vec<String>>,
        inner: Option<Inner>,
    }

    fn refusal(json: &str) -> (Option<String>, String) {
        let error = serde_json::from_str::<Arguments>(json).unwrap_err();
        match unreadable_arguments(&error.to_string()) {
            AppError::Invalid { field, message } => (field, message.split(". Send").next().unwrap().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_refusal_is_in_our_words() {
        for (json, field, words) in [
            ("{}", Some("dataset_id"), "The request lacks the field \"dataset_id\", at character 2 of the request"),
            (r#"{"dataset_id":5}"#, None, "The number 5 stands where a text belongs, at character 15"),
            (r#"{"dataset_id":null}"#, None, "Nothing (null) stands where a text belongs"),
            (r#"{"dataset_id":[]}"#, None, "A list stands where a text belongs"),
            (r#"{"dataset_id":{}}"#, None, "An object stands where a text belongs"),
            (
                r#"{"dataset_id":"x","mode":"merge"}"#,
                None,
                "\"merge\" is no word that can stand there; there are append, replace",
            ),
            (r#"{"dataset_id":"x","page":1.5}"#, None, "The number 1.5 stands where a whole number belongs"),
            (r#"{"dataset_id":"x","page":"1"}"#, None, "The text \"1\" stands where a whole number belongs"),
            (r#"{"dataset_id":"x","share":true}"#, None, "The word true stands where a number belongs"),
            (r#"{"dataset_id":"x","share":1e999}"#, None, "a number that is too large"),
            (r#"{"dataset_id":"x","tick":1}"#, None, "stands where true or false belongs"),
            (r#"{"dataset_id":"x","list":"y"}"#, None, "stands where a list belongs"),
            (r#"{"dataset_id":"x","inner":7}"#, None, "stands where an object belongs"),
            (r#"{"dataset_id":"x","inner":{"count":-1}}"#, None, "stands where a whole number of 0 or more"),
            (
                r#"{"dataset_id":"x","inner":{"cuont":1}}"#,
                Some("cuont"),
                "a field \"cuont\" that the function does not take",
            ),
            (r#"{"dataset_id":"x","dataset_id":"x"}"#, Some("dataset_id"), "the field \"dataset_id\" twice"),
            (
                "{\"dataset_id\":\n\"x\"",
                None,
                "it is no valid JSON, or not encoded as its Content-Type says, in line 2",
            ),
            ("", None, "it is no valid JSON"),
        ] {
            let (named, message) = refusal(json);
            assert_eq!(named.as_deref(), field, "{json}: {message}");
            assert!(message.contains(words), "{json}: {message}");
            for raw in [" at line ", "invalid type", "invalid value", "expected", "variant", "missing field", "`"] {
                assert!(!message.contains(raw), "{json}: {message}");
            }
        }
        let (_, message) = refusal(&format!("{{\"dataset_id\":\"x\",\"page\":\"\u{202e}{}\"}}", "y".repeat(500)));
        assert!(message.contains("u{202e}y") && message.contains('…') && message.len() < 200, "{message}");
    }
}
