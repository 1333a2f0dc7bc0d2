//! Where assertions stand in a document.

use serde_json::{Map, Value};

use super::super::ExchangeError;

/// An assertion and where it was found.
pub(super) struct Found<'a> {
    pub place: String,
    pub assertion: &'a Map<String, Value>,
}

/// All assertions that hold for every record, and notes on those that do not.
pub(super) fn assertions(document: &Value) -> Result<(Vec<Found<'_>>, Vec<String>), ExchangeError> {
    let mut notes = Vec::new();
    let mut found = Vec::new();
    match document {
        Value::Array(tests)
            if tests.first().is_some_and(|first| first.get("assert").is_some() && first.get("type").is_none()) =>
        {
            of_tests(tests, &mut found, &mut notes)?;
        }
        Value::Array(list) => of_list(list, "", &mut found)?,
        Value::Object(fields) if fields.contains_key("type") => {
            found.push(Found { place: "the assertion".to_owned(), assertion: fields });
        }
        Value::Object(fields) => {
            of_test(fields, "", &mut found)?;
            match fields.get("defaultTest") {
                Some(Value::Object(test)) => of_test(test, "defaultTest.", &mut found)?,
                Some(Value::String(_)) => notes.push("defaultTest was left out: it stands in another file.".to_owned()),
                None | Some(Value::Null) => {}
                Some(_) => return Err(malformed("defaultTest", "should be an object with `assert`")),
            }
            match fields.get("tests") {
                Some(Value::Array(tests)) => of_tests(tests, &mut found, &mut notes)?,
                Some(Value::Null) | None => {}
                Some(_) => notes.push("tests was left out: it stands in another file.".to_owned()),
            }
        }
        _ => return Err(malformed("the document", "should be a list of assertions, or a promptfoo config")),
    }
    if found.is_empty() {
        let why = if notes.is_empty() { String::new() } else { format!(" {}", notes.join(" ")) };
        return Err(ExchangeError::Unreadable(format!(
            "there is no assertion here; looked for were a list of them, `assert`, `defaultTest.assert` and `tests[].assert`.{why}"
        )));
    }
    Ok((found, notes))
}

/// Assertions that stand in every test hold for every record; the others belong to the variables of theirs.
fn of_tests<'a>(tests: &'a [Value], found: &mut Vec<Found<'a>>, notes: &mut Vec<String>) -> Result<(), ExchangeError> {
    let mut of_each: Vec<Vec<Found<'a>>> = Vec::new();
    for (index, test) in tests.iter().enumerate() {
        let place = format!("tests[{index}]");
        let Some(test) = test.as_object() else {
            notes.push(format!("{place} was left out: it is no object."));
            continue;
        };
        let mut here = Vec::new();
        of_test(test, &format!("{place}."), &mut here)?;
        of_each.push(here);
    }
    let written: Vec<Vec<String>> = of_each
        .iter()
        .map(|test| test.iter().map(|one| Value::Object(one.assertion.clone()).to_string()).collect())
        .collect();
    for (test, (assertions, texts)) in of_each.into_iter().zip(&written).enumerate() {
        for (one, text) in assertions.into_iter().zip(texts) {
            if !written.iter().all(|other| other.contains(text)) {
                let reason = "it stands in some tests only, and a grader is the same for every record";
                notes.push(format!("{} was left out: {reason}; `defaultTest.assert` is read whole.", one.place));
            } else if test == 0 {
                found.push(one);
            }
        }
    }
    Ok(())
}

fn of_test<'a>(test: &'a Map<String, Value>, prefix: &str, found: &mut Vec<Found<'a>>) -> Result<(), ExchangeError> {
    match test.get("assert") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(list)) => of_list(list, &format!("{prefix}assert"), found),
        Some(_) => Err(malformed(&format!("{prefix}assert"), "should be a list of assertions")),
    }
}

fn of_list<'a>(list: &'a [Value], place: &str, found: &mut Vec<Found<'a>>) -> Result<(), ExchangeError> {
    for (index, one) in list.iter().enumerate() {
        let place = format!("{place}[{index}]");
        match one.as_object() {
            Some(assertion) if assertion.get("type").is_some_and(Value::is_string) => {
                found.push(Found { place, assertion });
            }
            Some(assertion) if assertion.contains_key("$ref") => {
                return Err(malformed(&place, "is a `$ref`; write the assertion out"));
            }
            _ => return Err(malformed(&place, "should be an assertion: an object with a `type`")),
        }
    }
    Ok(())
}

fn malformed(place: &str, message: &str) -> ExchangeError {
    ExchangeError::Malformed { place: place.to_owned(), message: message.to_owned() }
}
