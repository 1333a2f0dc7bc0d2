//! The list of an endpoint's models as it goes over the wire.

use serde_json::Value;

use crate::format;
use crate::types::endpoint::EndpointModel;

/// The day that an endpoint writes as a date, a time, or seconds since 1970.
fn shutdown_day(value: &Value) -> Option<String> {
    if let Some(seconds) = value.as_i64() {
        return format::utc(seconds.checked_mul(1_000)?).get(..10).map(str::to_owned);
    }
    let day = value.as_str()?.get(..10)?;
    format::days_of_date(day).map(|_| day.to_owned())
}

/// Most models that are kept of one endpoint.
const MAX_MODELS: usize = 2_000;
/// The longest name of a model or its owner, in characters: as long as one may be where a model is chosen.
const MAX_NAME_CHARS: usize = super::endpoints::MAX_MODEL_CHARS;

/// The models that an endpoint offers.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedModels {
    /// In its order.
    pub models: Vec<EndpointModel>,
    /// How many more it named: too many, or names that are too long.
    pub left_out: usize,
}

/// Reads the list; the error says what is wrong with it.
pub fn read_models(body: &[u8]) -> Result<ListedModels, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("it is no whole JSON ({error})."))?;
    let list = value.get("data").and_then(Value::as_array).ok_or("it has no list \"data\".")?;
    let model = |item: &Value| {
        let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let shutdown_date = item.get("shutdown_date").and_then(shutdown_day);
        Some(EndpointModel { id: text("id")?, owned_by: text("owned_by"), shutdown_date, ends_in_days: None })
    };
    let is_short = |text: &str| text.chars().nth(MAX_NAME_CHARS).is_none();
    let named: Vec<EndpointModel> = list.iter().filter_map(model).collect();
    let count = named.len();
    let models: Vec<EndpointModel> = named
        .into_iter()
        .filter(|model| is_short(&model.id))
        .map(|model| EndpointModel { owned_by: model.owned_by.filter(|owner| is_short(owner)), ..model })
        .take(MAX_MODELS)
        .collect();
    Ok(ListedModels { left_out: count - models.len(), models })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// 2,003 named, one of them by 201 characters: 2,000 are kept.
    #[test]
    fn no_more_is_kept_than_can_be_chosen_from() {
        let mut list: Vec<Value> = (0..2_002).map(|n| json!({"id": format!("m{n}")})).collect();
        list.insert(0, json!({"id": "x".repeat(201)}));
        let listed = read_models(json!({"data": list}).to_string().as_bytes()).unwrap();
        assert_eq!((listed.models.len(), listed.left_out), (2_000, 3));
        assert_eq!(listed.models[0].id, "m0");
        let small = json!({"data": [{"id": "x".repeat(200), "owned_by": "y".repeat(201)}]}).to_string();
        let listed = read_models(small.as_bytes()).unwrap();
        assert_eq!((listed.models.len(), listed.left_out, &listed.models[0].owned_by), (1, 0, &None));
    }
}
