//! Model endpoints: where models answer, and what that costs.

use serde::{Deserialize, Serialize};

/// What one model costs, in US dollars a million tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelPrice {
    /// As the endpoint calls it.
    pub model: String,
    /// Of input; not negative.
    pub input: f64,
    /// Of input that the endpoint had seen before; `None`: the same.
    pub cached_input: Option<f64>,
    /// Of output, reasoning among it.
    pub output: f64,
}

/// A model that an endpoint offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointModel {
    /// What a call names.
    pub id: String,
    /// Whose it is, where the endpoint says so.
    pub owned_by: Option<String>,
    /// The day of its end as the endpoint writes it ("2026-10-23"), where it has one.
    pub shutdown_date: Option<String>,
}
