//! Why a script gave no score for a sample.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a sample has no score, or a script cannot be used. Its text is shown to users as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum GradeError {
    /// The script does not parse.
    #[error("{}", compile_text(.message, *.line, *.column))]
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

/// The place first, then what is wrong in a sentence.
fn compile_text(message: &str, line: u32, column: u32) -> String {
    let place = if line > 0 { format!("Line {line}, column {column}: the") } else { "The".to_owned() };
    format!("{place} script does not compile. {}", plain(message))
}

/// The parser's words as a person would say them; unknown ones stay as they are.
fn plain(message: &str) -> String {
    if message == "abrupt end" {
        return "It ends too early: a bracket, a brace or a quotation mark is not closed.".to_owned();
    }
    if let Some((expected, found)) = message.strip_prefix("expected ").and_then(|rest| rest.split_once(", got ")) {
        let expected = expected.strip_prefix("token ").unwrap_or(expected);
        // Which of its rules the parser was in helps nobody.
        let found = found.split_once("' in ").map_or(found, |(found, _)| found).trim_matches('\'');
        return format!("Here {} should stand, but there is `{found}`.", quoted(expected));
    }
    if let Some((found, why)) = message.strip_prefix("unexpected token ").and_then(|rest| rest.split_once(", ")) {
        return format!("{} cannot stand here: {why}.", quoted(found));
    }
    format!("The script engine says: {message}.")
}

/// The parser's single quotes as code marks: `;` is easier to see than ';'.
fn quoted(tokens: &str) -> String {
    tokens.replace('\'', "`").replace("`line terminator`", "a line break")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compile_errors_speak_to_people() {
        let cases = [
            ("expected token ';', got 'foo' in statement list", "Here `;` should stand, but there is `foo`."),
            ("expected one of ',' or ')', got '}'", "Here one of `,` or `)` should stand, but there is `}`."),
            ("unexpected token ')', primary expression", "`)` cannot stand here: primary expression."),
            (
                "expected one of ';' or 'line terminator', got 'x' in binding list",
                "Here one of `;` or a line break should stand, but there is `x`.",
            ),
            ("abrupt end", "It ends too early: a bracket, a brace or a quotation mark is not closed."),
            ("unterminated string literal", "The script engine says: unterminated string literal."),
        ];
        for (message, expected) in cases {
            assert_eq!(plain(message), expected);
        }
        assert!(compile_text("abrupt end", 0, 0).starts_with("The script does not compile. It ends"));
        assert!(compile_text("x", 3, 14).starts_with("Line 3, column 14: the script does not compile. "));
    }
}
