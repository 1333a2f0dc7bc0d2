//! Calls of OpenAI-compatible model endpoints: one client for judges, base models and generators.
//!
//! | file | what lives there |
//! |---|---|
//! | [`client`] | one call from its request to its answer, with everything below applied |
//! | [`target`] | an endpoint as a call needs it: its address, its key, its limits |
//! | [`wire`], `models` | requests and answers as they go over the wire |
//! | `mask` | takes the endpoint's own key out of what it sends |
//! | [`dialect`] | what an endpoint does not take, learned by model |
//! | [`error`] | why a call failed, told by status and body |
//! | [`retry`] | what is tried again, and when: backoff, `retry-after`, rate-limit headers |
//! | [`limits`] | how much goes to one endpoint at once and a minute, adapted to what it takes |
//! | [`pricing`] | what a call costs by a price table; an unknown price is unknown |
//! | [`calls`] | calls as the application makes them: kept answers, stored traces |
//! | [`endpoints`], `endpoint_form` | endpoints as a service: entered, checked, tested; default models |
//! | [`first_start`] | the endpoints that the environment names |
//! | [`built_in`] | the test endpoint of the demo as an endpoint |
//! | [`handle`] | what the application's state holds of all this |

pub mod built_in;
pub mod calls;
pub mod client;
pub mod dialect;
mod endpoint_form;
pub mod endpoints;
pub mod error;
pub mod first_start;
pub mod handle;
pub mod limits;
mod mask;
mod models;
pub mod pricing;
pub mod retry;
pub mod target;
pub mod wire;

pub use calls::{Accepts, CacheUse, CallContext, Called, ChatError, Keeping, Model};
pub use client::{Answered, CallFailed, LlmClient, Wanted, use_tls};
pub use error::LlmError;
pub use handle::{Environment, Llm};
pub use target::Target;
pub use wire::{ChatAnswer, ChatRequest, Schema, Usage};

#[cfg(test)]
mod calls_tests;
#[cfg(test)]
mod client_tests;
