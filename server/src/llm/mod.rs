//! Calls of OpenAI-compatible model endpoints: one client for judges, base models and generators.
//!
//! | file | what lives there |
//! |---|---|
//! | [`client`] | one call from its request to its answer, with everything below applied |
//! | [`wire`] | requests and answers as they go over the wire; what an endpoint does not take, learned by model |
//! | [`error`] | why a call failed, told by status and body |
//! | [`retry`] | what is tried again, and when: backoff, `retry-after`, rate-limit headers |
//! | [`limits`] | how much goes to one endpoint at once and a minute, adapted to what it takes |
//! | [`pricing`] | what a call costs by a price table; an unknown price is unknown |

pub mod client;
pub mod error;
pub mod limits;
pub mod pricing;
pub mod retry;
pub mod wire;

pub use client::{Answered, LlmClient, Target, use_tls};
pub use error::LlmError;
pub use wire::{ChatAnswer, ChatRequest, Schema, Usage};

#[cfg(test)]
mod client_tests;
