//! Anneal's server crate, compiled twice.
//!
//! Without the feature `ssr` it is what the browser shares: [`types`], the pure [`pipeline`] and the
//! stubs of the server functions in [`api`]. With `ssr` it is everything. Start reading at
//! [`types::overview`] (what a page shows), then [`api`] (how it asks), then the service it calls.
//!
//! | module | what lives there |
//! |---|---|
//! | [`types`] | plain data with serde, one file per domain |
//! | [`pipeline`] | `compute_pipeline_state`, `next_step`: where each of the seven steps stands |
//! | [`format`] | numbers, durations, times as people read them |
//! | [`pii`] | personal data and keys: found, counted, masked |
//! | [`sign_in`] | where signing in leads back to |
//! | [`api`] | server functions: check, call one service, return |
//! | `config`, `state` | read once; handed to handlers by context |
//! | `import`, `export` | files in and out, streaming |
//! | `json` | a person's JSON, read without changing it |
//! | `uploads` | files that arrived and wait for their import |
//! | `validation` | rules, tool chain, tokens, duplicates, report |
//! | `near_duplicates` | prompts that say nearly the same: signatures, clusters |
//! | `topics`, `coverage` | hierarchy, categorizing, balance |
//! | `grader` | the script worker process and its pool |
//! | `llm` | the client of model endpoints: retries, limits, dialects, prices |
//! | `dry_run` | sampling, running, statistics, diagnosis, chart |
//! | `training` | the split |
//! | `secrets` | keys of endpoints, encrypted at rest |
//! | `sample` | the seeded generator of the sample dataset |
//! | `jobs` | the durable runner, one file per kind |
//! | `test_endpoint` | a model endpoint of its own for tests and the demo, with scripted faults |
//! | `db` | the only SQL |
//! | `disk` | how much room is left for what comes in |
//! | `watch` | tells open pages of changes that another process made |
//! | `http` | router, event stream, uploads, downloads, security layers |
//!
//! Deliberately absent: SQL outside `db`, Leptos in services, browser APIs anywhere in this crate.

pub mod api;
pub mod format;
pub mod pii;
pub mod pipeline;
pub mod sign_in;
pub mod types;

#[cfg(feature = "ssr")]
pub mod clock;
#[cfg(feature = "ssr")]
pub mod config;
#[cfg(feature = "ssr")]
pub mod coverage;
#[cfg(feature = "ssr")]
pub mod datasets;
#[cfg(feature = "ssr")]
pub mod db;
#[cfg(feature = "ssr")]
mod disk;
#[cfg(feature = "ssr")]
pub mod dry_run;
#[cfg(feature = "ssr")]
pub mod error;
#[cfg(feature = "ssr")]
pub mod export;
#[cfg(feature = "ssr")]
pub mod grader;
#[cfg(feature = "ssr")]
pub mod http;
#[cfg(feature = "ssr")]
pub mod import;
#[cfg(feature = "ssr")]
pub mod jobs;
#[cfg(feature = "ssr")]
mod json;
#[cfg(feature = "ssr")]
pub mod llm;
#[cfg(feature = "ssr")]
pub mod near_duplicates;
#[cfg(feature = "ssr")]
pub mod sample;
#[cfg(feature = "ssr")]
pub mod secrets;
#[cfg(feature = "ssr")]
pub mod state;
#[cfg(feature = "ssr")]
pub mod test_endpoint;
#[cfg(feature = "ssr")]
pub mod topics;
#[cfg(feature = "ssr")]
pub mod training;
#[cfg(feature = "ssr")]
pub mod uploads;
#[cfg(feature = "ssr")]
pub mod validation;
#[cfg(feature = "ssr")]
pub mod watch;
