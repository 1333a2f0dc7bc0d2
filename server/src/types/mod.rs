//! The shared types: what the server computes and the browser shows, one file per domain.
//!
//! Everything here is plain data with serde; nothing needs tokio, SQL or a tokenizer, because this
//! module is compiled into the browser's WASM too. JSON field names are snake_case throughout.

pub mod calibration;
pub mod coverage;
pub mod dataset;
pub mod dry_run;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod grader;
pub mod import;
pub mod job;
pub mod near_duplicates;
pub mod overview;
pub mod passport;
pub mod pii;
pub mod pipeline;
pub mod price_table;
pub mod topics;
pub mod training;
#[cfg(feature = "ssr")]
mod unreadable;
pub mod validation;

/// Milliseconds since the Unix epoch, UTC. Every stored and sent time has this unit.
pub type TimestampMs = i64;
