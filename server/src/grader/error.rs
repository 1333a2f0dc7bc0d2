//! Why a script gave no score for a sample.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a sample has no score, or a script cannot be used. Its text is shown to users as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum GradeError {
    /// The script does not parse.
    #[error("the script does not compile (line {line}, column {column}): {message}")]
    Compile {
        /// What the parser says.
        message: String,
        /// From 1; 0 where the parser named no place.
        line: u32,
        /// From 1; 0 where the parser named no place.
        column: u32,
    },
    /// The script runs, but leaves no global function called `grade`.
    #[error(
        "the script defines no function `grade`; it needs `function grade(input) {{ ... }}` that returns a number from 0 to 1"
    )]
    NoGradeFunction,
    /// The script threw, or its promise was rejected.
    #[error("the script threw{}: {message}", at_line(*.line))]
    Threw {
        /// The error's name and message, or the value thrown; at most 2,000 characters.
        message: String,
        /// Line of the script, from 1, where the engine knows it.
        line: Option<u32>,
    },
    /// What `grade` returned is no score.
    #[error(
        "`grade` returned {got}; it must return a number from 0 to 1, or {{ score, reasoning }} with such a score, or a promise of either"
    )]
    BadScore {
        /// What came back, in words.
        got: String,
    },
    /// The operating system stopped the script at its CPU limit.
    #[error("the script used up its {ms} ms of CPU time; look for an endless loop or a slow regular expression")]
    CpuLimit {
        /// The limit, in milliseconds.
        ms: u64,
    },
    /// The script asked for more memory than it may have.
    #[error("the script needed more than its {mib} MiB of memory; look for a string or list that grows without end")]
    MemoryLimit {
        /// The limit, in MiB.
        mib: u64,
    },
    /// No answer in time, measured by the clock on the wall.
    #[error("the script gave no answer within {ms} ms")]
    Deadline {
        /// The limit, in milliseconds.
        ms: u64,
    },
    /// The script took the worker process down in another way.
    #[error("the script crashed its worker process: {detail}")]
    Crashed {
        /// How it ended.
        detail: String,
    },
    /// Record and script together are too large to hand to a worker.
    #[error("this sample is too large to grade: {bytes} bytes, at most {limit} are possible")]
    TooLarge {
        /// Size of the request.
        bytes: usize,
        /// The most there may be.
        limit: usize,
    },
    /// No worker process could be started; nothing is wrong with script or sample.
    #[error("no grading process could be started: {detail}")]
    Unavailable {
        /// What the operating system said.
        detail: String,
    },
}

fn at_line(line: Option<u32>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}
