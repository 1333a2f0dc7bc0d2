//! The test endpoint that the demo runs in this process, as an endpoint among the others.

use super::endpoints;
use crate::db;
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::test_endpoint::USUAL_MODEL;
use crate::types::endpoint::{EndpointForm, KeyChoice, ModelChoice, ModelPrice, ModelRole};
use crate::types::error::AppError;

/// Its name, by which the next start finds it.
pub const NAME: &str = "Built-in test endpoint";

/// Saves the endpoint that answers at `base_url` now, with its models, and makes its model the default judge and base
/// model where there is no default yet. One of an earlier start keeps its id, so that graders which name it go on working.
pub async fn adopt(state: &AppState, base_url: &str) -> ServiceResult<()> {
    let known = db::endpoints::list(&state.db).await?.into_iter().find(|row| row.name == NAME);
    let form = EndpointForm { name: NAME.to_owned(), base_url: base_url.to_owned(), ..EndpointForm::default() };
    let (id, form) = match known {
        Some(row) => {
            let limits = EndpointForm {
                key: KeyChoice::None,
                concurrency: row.concurrency,
                requests_per_minute: row.requests_per_minute,
                tokens_per_minute: row.tokens_per_minute,
                timeout_s: row.timeout_s,
                prices: row.prices,
                ..form
            };
            (Some(row.id), limits)
        }
        None => (None, EndpointForm { prices: vec![free()], ..form }),
    };
    let saved = endpoints::save(state, id, form).await?;
    let test = endpoints::test(state, Some(saved.id.clone()), None, None).await?;
    test.models.map_err(|error| AppError::Unavailable { message: error.message })?;
    let defaults = db::endpoints::defaults(&state.db).await?;
    for role in [ModelRole::Judge, ModelRole::Base] {
        if defaults.get(role).is_none() {
            let choice = ModelChoice { endpoint_id: saved.id.clone(), model: USUAL_MODEL.to_owned() };
            endpoints::set_default(state, role, Some(choice)).await?;
        }
    }
    Ok(())
}

/// Nobody is paid for it.
fn free() -> ModelPrice {
    ModelPrice { model: "*".to_owned(), input: 0.0, cached_input: None, output: 0.0 }
}
