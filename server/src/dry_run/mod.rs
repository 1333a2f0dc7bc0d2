//! Dry run: will training work, before it is paid for (domain.md section 8). See the map in `lib.rs`.

mod bootstrap;
pub mod by_topic;
pub mod chart;
pub mod compare;
pub mod diagnosis;
mod estimate;
pub mod evaluate;
#[cfg(test)]
mod example;
pub mod probes;
pub(crate) mod random;
pub mod report;
pub mod responses;
pub mod rollouts;
pub mod sample;
mod service;
pub mod settled;
pub mod signal;
pub mod statistics;
mod variance;

pub use estimate::estimate;
pub(crate) use service::whole;
pub use service::{require_responses, resume, samples, start, view};
