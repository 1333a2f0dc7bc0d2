//! Graders: what scores a response from 0 to 1 (domain.md section 7).
//!
//! | module | what lives there |
//! |---|---|
//! | [`input`] | what a grader sees of a record: `GradeInput`, and the recorded response |
//! | [`script`] | `ScriptPool`: grades by running user scripts in worker processes |
//! | [`protocol`] | the limits, and the frames between pool and worker |
//! | [`error`] | `GradeError`: why a sample has no score |
//! | [`worker`] | the worker process: `worker_main`, called first thing in `main` |
//! | `diff` | what changed between two versions |
//! | `engine` | the only module that knows the script engine |
//! | `confine` | the operating system's limits: the only module with unsafe calls |
//!
//! Deliberately absent: any way to run a user's script in the server's own process.

mod confine;
mod diff;
mod engine;
pub mod error;
pub mod input;
pub mod protocol;
pub mod script;
pub mod worker;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod pool_tests;
#[cfg(test)]
mod starter_tests;
#[cfg(test)]
pub(crate) mod test_support;

pub use error::GradeError;
pub use input::{GradeInput, RecordedResponse, grade_input, recorded_response};
pub use protocol::{Graded, ScriptLimits};
pub use script::{ScriptPool, WorkerCommand};
pub use worker::{WORKER_ARGUMENT, worker_main};

mod service;
mod versions;

pub(crate) use service::not_run_here;
pub use service::{sample_seed, save, test_grader_on_sample};
pub use versions::{compare_versions, versions};
