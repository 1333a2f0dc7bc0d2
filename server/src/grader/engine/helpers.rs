//! The engine's side of [`crate::grader::helpers`]: arguments in, results out.

use boa_engine::object::ObjectInitializer;
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string};
use serde_json::{Value, json};

use crate::grader::helpers;

type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

/// Name, number of arguments, function.
const FUNCTIONS: [(&str, usize, Native); 11] = [
    ("isJson", 1, |_, given, context| Ok(helpers::is_json(&text(given, 0, "isJson", context)?).into())),
    ("parseJson", 1, |_, given, context| {
        let found = helpers::parse_json(&text(given, 0, "parseJson", context)?);
        JsValue::from_json(&found.unwrap_or_default(), context)
    }),
    ("wordCount", 1, |_, given, context| Ok(number(helpers::word_count(&text(given, 0, "wordCount", context)?)))),
    ("similarity", 2, |_, given, context| {
        let (left, right) = two_texts(given, "similarity", context)?;
        Ok(helpers::similarity(&left, &right).into())
    }),
    ("matchesSchema", 2, matches_schema),
    ("containsAll", 2, |_, given, context| {
        let (text, list) = text_and_list(given, "containsAll", context)?;
        Ok(helpers::contains_all(&text, &list).into())
    }),
    ("containsAny", 2, |_, given, context| {
        let (text, list) = text_and_list(given, "containsAny", context)?;
        Ok(helpers::contains_any(&text, &list).into())
    }),
    ("count", 2, |_, given, context| {
        let (text, needle) = two_texts(given, "count", context)?;
        Ok(number(helpers::count(&text, &needle)))
    }),
    ("jaccard", 2, |_, given, context| {
        let (left, right) = two_texts(given, "jaccard", context)?;
        Ok(helpers::jaccard(&left, &right).into())
    }),
    ("editDistance", 2, |_, given, context| {
        let (left, right) = two_texts(given, "editDistance", context)?;
        Ok(number(helpers::edit_distance(&left, &right)))
    }),
    ("calls", 2, calls),
];

/// The object that scripts know as `helpers`.
pub(super) fn object(context: &mut Context) -> JsObject {
    let mut object = ObjectInitializer::new(context);
    for (name, arguments, function) in FUNCTIONS {
        object.function(NativeFunction::from_fn_ptr(function), JsString::from(name), arguments);
    }
    object.build()
}

fn matches_schema(_this: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let value = json_of(given, 0, "matchesSchema", context)?;
    let schema = json_of(given, 1, "matchesSchema", context)?;
    let findings = helpers::matches_schema(&value, &schema)
        .map_err(|error| type_error(format!("helpers.matchesSchema: {error}")))?;
    JsValue::from_json(&json!({ "valid": findings.valid, "errors": findings.errors }), context)
}

/// `calls(input, name)`; a list of tool calls will do for the input.
fn calls(_this: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let name = text(given, 1, "calls", context)?;
    let made = match given.first().and_then(JsValue::as_object) {
        Some(list) if list.is_array() => list.into(),
        Some(input) => input.get(js_string!("toolCalls"), context)?,
        None => return Err(unfit(given, 0, "calls", "the grader's input")),
    };
    let made = made.to_json(context)?.unwrap_or_default();
    JsValue::from_json(&Value::Array(helpers::calls(&made, &name)), context)
}

/// Texts, numbers and booleans are texts; null and the like are more likely a mistake than meant.
fn text(given: &[JsValue], index: usize, function: &str, context: &mut Context) -> JsResult<String> {
    match given.get(index) {
        Some(value) if value.is_string() || value.is_number() || value.is_boolean() => {
            Ok(value.to_string(context)?.to_std_string_lossy())
        }
        _ => Err(unfit(given, index, function, "a text")),
    }
}

fn two_texts(given: &[JsValue], function: &str, context: &mut Context) -> JsResult<(String, String)> {
    Ok((text(given, 0, function, context)?, text(given, 1, function, context)?))
}

fn text_and_list(given: &[JsValue], function: &str, context: &mut Context) -> JsResult<(String, Vec<String>)> {
    let text_argument = text(given, 0, function, context)?;
    let list = given.get(1).and_then(JsValue::as_object).filter(JsObject::is_array);
    let Some(list) = list else { return Err(unfit(given, 1, function, "a list of texts")) };
    let list = JsArray::from_object(list)?;
    let length = list.length(context)?;
    let mut texts = Vec::new();
    for index in 0..length {
        let entry = list.get(index, context)?;
        texts.push(text(&[entry], 0, function, context)?);
    }
    Ok((text_argument, texts))
}

fn json_of(given: &[JsValue], index: usize, function: &str, context: &mut Context) -> JsResult<Value> {
    let value = given.get(index).cloned().unwrap_or_default();
    value.to_json(context)?.ok_or_else(|| unfit(given, index, function, "a value"))
}

fn number(count: usize) -> JsValue {
    JsValue::from(count as f64)
}

fn unfit(given: &[JsValue], index: usize, function: &str, wanted: &str) -> JsError {
    let got = match given.get(index) {
        None => "missing".to_owned(),
        Some(value) if value.is_null() => "null".to_owned(),
        Some(value) => value.type_of().to_owned(),
    };
    let place = ["first", "second"].get(index).copied().unwrap_or("last");
    type_error(format!("helpers.{function}: the {place} argument must be {wanted}, but is {got}"))
}

fn type_error(message: String) -> JsError {
    JsNativeError::typ().with_message(message).into()
}
