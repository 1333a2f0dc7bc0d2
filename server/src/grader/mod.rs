//! Graders: what scores a response from 0 to 1 (domain.md section 7).
//!
//! | module | what lives there |
//! |---|---|
//! | [`input`] | what a grader sees of a record: `GradeInput`, and the recorded response |
//! | [`script`] | `ScriptPool`: grades by running user scripts in worker processes |
//! | `process` | one worker process from the pool's side: its start, its answers, why it ended |
//! | [`protocol`] | the limits, and the frames between pool and worker |
//! | [`error`] | `GradeError`: why a sample has no score |
//! | [`prepare`] | a grader checked and made ready: `Grader` |
//! | [`preview`] | a draft's templates rendered on one record |
//! | [`grading`] | samples in, scores out: `Grader::grade` |
//! | [`judge`] | models as graders: what is asked, and what of the answer is a score |
//! | [`template`] | prompts with variables: checked with places, rendered |
//! | [`remote`], `keys` | grading for programs elsewhere: what they send, and the keys they send it with |
//! | [`worker`] | the worker process: `worker_main`, called first thing in `main` |
//! | [`helpers`] | what scripts find under `helpers`: the engine's bindings are in `engine/helpers.rs` |
//! | [`native`] | OpenAI's graders that need no model: string checks, text similarity, formulas |
//! | [`exchange`] | OpenAI's grader JSON and promptfoo's assertions, in and out |
//! | [`calibration`] | hand scores, and how far the grader agrees with them |
//! | [`what_if`] | responses graded already, scored by a draft without asking a model |
//! | `diff`, `versions` | what changed between two versions |
//! | `engine` | the only module that knows the script engine |
//! | `confine` | the operating system's limits: the only module with unsafe calls |
//!
//! Deliberately absent: any way to run a user's script in the server's own process.

pub mod calibration;
mod confine;
mod diff;
mod engine;
pub mod error;
pub mod exchange;
pub mod grading;
pub mod helpers;
pub mod input;
pub mod judge;
mod keys;
pub mod native;
pub mod prepare;
pub mod preview;
mod process;
pub mod protocol;
pub mod remote;
pub mod script;
pub mod template;
pub mod what_if;
pub mod worker;

#[cfg(test)]
mod helpers_tests;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod pool_tests;
#[cfg(test)]
mod starter_tests;
#[cfg(test)]
pub(crate) mod test_support;

pub use error::GradeError;
pub use input::{GradeInput, RecordedResponse, grade_input, recorded_response};
pub use protocol::{Graded, ScriptLimits};
pub use script::{ScriptGrade, ScriptPool, ScriptSample, WorkerCommand};
pub use worker::{WORKER_ARGUMENT, worker_main};

mod service;
mod versions;

pub use grading::{Grade, GradingContext, Sample};
pub use keys::{create_key, delete_key, keys, open_key};
pub use prepare::{Grader, prepare};
pub use preview::preview;
pub use service::{TestPlan, keep_test, sample_seed, save, start_test, test_grader_on_sample, test_plan, test_result};
pub use versions::{compare_versions, versions};
pub use what_if::what_if;
