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

/// Reads the list; the error says what is wrong with it.
pub fn read_models(body: &[u8]) -> Result<Vec<EndpointModel>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("it is no whole JSON ({error})."))?;
    let list = value.get("data").and_then(Value::as_array).ok_or("it has no list \"data\".")?;
    let model = |item: &Value| {
        let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let shutdown_date = item.get("shutdown_date").and_then(shutdown_day);
        Some(EndpointModel { id: text("id")?, owned_by: text("owned_by"), shutdown_date, ends_in_days: None })
    };
    Ok(list.iter().filter_map(model).collect())
}
