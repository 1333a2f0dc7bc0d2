//! Dry run: will training work, before it is paid for (domain.md section 8). See the map in `lib.rs`.

mod bootstrap;
pub mod by_topic;
pub mod chart;
pub mod diagnosis;
pub(crate) mod random;
pub mod report;
pub mod sample;
mod service;
pub mod statistics;

pub(crate) use service::whole;
pub use service::{require_responses, resume, samples, start, view};
