//! What a script threw, or why it does not compile, as a [`GradeError`].

use std::fmt::Write as _;

use boa_engine::error::{EngineError, RuntimeLimitError};
use boa_engine::{Context, JsError, JsNativeErrorKind, js_string};

use super::text::{BoundedText, Tail, bounded, shown};
use crate::grader::error::GradeError;
use crate::grader::protocol::{MAX_LINE_CHARS, ScriptLimits};

/// Of the parser: a place and a message; of anything else that goes wrong while it runs, the same as [`thrown`].
pub(super) fn not_parsed(error: &JsError, context: &mut Context, limits: &ScriptLimits) -> GradeError {
    match error.try_native(context) {
        Ok(native) if matches!(native.kind(), JsNativeErrorKind::Syntax) => compile_error(native.message()),
        _ => thrown(error, context, limits),
    }
}

/// What running code threw.
pub(super) fn thrown(error: &JsError, context: &mut Context, limits: &ScriptLimits) -> GradeError {
    let line = line_of(error);
    match error.as_engine() {
        Some(EngineError::RuntimeLimit(RuntimeLimitError::LoopIteration)) => GradeError::CpuLimit { ms: limits.cpu_ms },
        Some(EngineError::RuntimeLimit(_)) => {
            GradeError::Threw { message: "too much recursion: a function calls itself too deeply".to_owned(), line }
        }
        Some(EngineError::Panic(panic)) => GradeError::Crashed {
            detail: format!("the script engine failed: {}", bounded(panic.message(), MAX_LINE_CHARS)),
        },
        // An engine error this version does not have, or a thrown value.
        _ => GradeError::Threw { message: message_of(error, context), line },
    }
}

fn message_of(error: &JsError, context: &mut Context) -> String {
    if let Ok(native) = error.try_native(context) {
        let mut text = BoundedText::new(MAX_LINE_CHARS);
        // Fails where the text is full, which is the point of it.
        let _ = if native.message().is_empty() {
            write!(text, "{}", native.kind())
        } else {
            write!(text, "{}: {}", native.kind(), native.message())
        };
        return text.into_string();
    }
    match error.as_opaque() {
        Some(value) if value.is_object() => {
            let message = value.as_object().and_then(|object| object.get(js_string!("message"), context).ok());
            match message {
                Some(message) if message.is_string() => shown(&message, MAX_LINE_CHARS),
                _ => shown(value, MAX_LINE_CHARS),
            }
        }
        Some(value) => shown(value, MAX_LINE_CHARS),
        None => "an error of the script engine".to_owned(),
    }
}

/// The line of the innermost frame in the user's script. The engine gives it only as text, a line per
/// frame after the message: `    at grade (unknown at:3:9)`.
fn line_of(error: &JsError) -> Option<u32> {
    let mut tail = Tail::default();
    let _ = write!(tail, "{error}");
    tail.text.lines().filter(|line| line.starts_with("    at ")).find_map(|frame| {
        let (rest, _column) = frame.trim_end().strip_suffix(')')?.rsplit_once(':')?;
        rest.rsplit_once(':')?.1.trim().parse().ok()
    })
}

/// Splits the engine's `... at line 3, col 9` off the message.
fn compile_error(message: &str) -> GradeError {
    let place = message.rsplit_once(" at line ").and_then(|(text, place)| {
        let (line, column) = place.split_once(", col ")?;
        Some((text, line.trim().parse().ok()?, column.trim().parse().ok()?))
    });
    let (text, line, column) = place.unwrap_or((message, 0, 0));
    GradeError::Compile { message: bounded(text, MAX_LINE_CHARS), line, column }
}
