//! Server functions, one file per capability: check, call one service, return.
//!
//! They are public endpoints (`POST /api/...`, JSON in and out), so everything is checked again inside.
//! In the browser's build the bodies are gone and each is a typed HTTP call.

#![allow(missing_docs, reason = "the server macro makes a public struct of each function's arguments")]

mod calibration;
mod datasets;
mod dry_run;
mod endpoints;
mod grader;
mod grader_keys;
mod imports;
mod jobs;
mod near_duplicates;
mod records;
mod topics;
mod training;
mod uploads;

pub use calibration::*;
pub use datasets::*;
pub use dry_run::*;
pub use endpoints::*;
pub use grader::*;
pub use grader_keys::*;
pub use imports::*;
pub use jobs::*;
pub use near_duplicates::*;
pub use records::*;
pub use topics::*;
pub use training::*;
pub use uploads::*;

#[cfg(feature = "ssr")]
mod boundary;
