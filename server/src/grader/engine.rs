//! The script engine (boa): one fresh context per request. No other module knows it.
//!
//! The limits that hold are the operating system's (`confine`); boa's own, set here, only give
//! friendlier messages where they come first.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Write as _};
use std::rc::Rc;

use boa_engine::builtins::promise::PromiseState;
use boa_engine::context::HostHooks;
use boa_engine::context::time::FixedClock;
use boa_engine::error::{EngineError, RuntimeLimitError};
use boa_engine::module::IdleModuleLoader;
use boa_engine::object::ObjectInitializer;
use boa_engine::object::builtins::JsPromise;
use boa_engine::property::Attribute;
use boa_engine::vm::RuntimeLimits;
use boa_engine::{
    Context, JsError, JsNativeErrorKind, JsObject, JsResult, JsString, JsValue, NativeFunction, Script, Source,
    js_string,
};

use super::error::GradeError;
use super::protocol::{
    Answer, MAX_LINE_CHARS, MAX_LOG_LINES, MAX_REASONING_CHARS, Request, RequestKind, ScriptLimits, Verdict,
};

/// The time every script sees, 2026-01-01T00:00:00Z: the same input must give the same score tomorrow.
const NOW_MS: u64 = 1_767_225_600_000;
/// Loop iterations per millisecond of CPU limit: some ten times what the engine manages.
const ITERATIONS_PER_MS: u64 = 500_000;
/// Calls within calls.
const MAX_RECURSION: usize = 400;

/// Does what the request asks, in a context of its own that is gone afterwards.
pub fn run(request: Request<'_>, limits: &ScriptLimits) -> Answer {
    let answer = match new_context(request.seed, limits) {
        Ok(mut context) => {
            let result = match request.kind {
                RequestKind::Check => compile(request.script, &mut context, limits).map(|_| None),
                RequestKind::Grade => grade(request, &mut context, limits).map(Some),
            };
            Answer { result, logs: take_logs(&context), is_last: false }
        }
        Err(error) => {
            let error = GradeError::Crashed { detail: format!("the script engine did not start: {error}") };
            Answer { result: Err(error), logs: Vec::new(), is_last: true }
        }
    };
    // Cyclic garbage would else stay until the engine's own threshold, at the next sample's cost.
    boa_engine::gc::force_collect();
    answer
}

fn grade(request: Request<'_>, context: &mut Context, limits: &ScriptLimits) -> Result<Verdict, GradeError> {
    let function = compile(request.script, context, limits)?;
    let input: serde_json::Value = serde_json::from_slice(request.input).map_err(|error| GradeError::Crashed {
        detail: format!("the sample cannot be handed to the script: {error}"),
    })?;
    let input = JsValue::from_json(&input, context).map_err(|error| thrown(&error, context, limits))?;
    let returned =
        function.call(&JsValue::undefined(), &[input], context).map_err(|error| thrown(&error, context, limits))?;
    let settled = settle(returned, context, limits)?;
    verdict(&settled, context, limits)
}

/// Runs the script's top level and gives its `grade`.
fn compile(source: &str, context: &mut Context, limits: &ScriptLimits) -> Result<JsObject, GradeError> {
    let script =
        Script::parse(Source::from_bytes(source), None, context).map_err(|error| match error.try_native(context) {
            Ok(native) if matches!(native.kind(), JsNativeErrorKind::Syntax) => compile_error(native.message()),
            _ => thrown(&error, context, limits),
        })?;
    script.evaluate(context).map_err(|error| thrown(&error, context, limits))?;
    // `const grade = ...` is no property of the global object, so it is looked up as a script would.
    context
        .eval(Source::from_bytes("typeof grade === 'function' ? grade : undefined"))
        .map_err(|error| thrown(&error, context, limits))?
        .as_callable()
        .ok_or(GradeError::NoGradeFunction)
}

/// Waits for a promise (or whatever has a `then`); any other value is itself.
fn settle(value: JsValue, context: &mut Context, limits: &ScriptLimits) -> Result<JsValue, GradeError> {
    if !value.is_object() {
        return Ok(value);
    }
    let (promise, resolvers) = JsPromise::new_pending(context);
    resolvers
        .resolve
        .call(&JsValue::undefined(), &[value], context)
        .and_then(|_| context.run_jobs())
        .map_err(|error| thrown(&error, context, limits))?;
    match promise.state() {
        PromiseState::Fulfilled(value) => Ok(value),
        PromiseState::Rejected(reason) => Err(thrown(&JsError::from_opaque(reason), context, limits)),
        PromiseState::Pending => Err(GradeError::BadScore { got: "a promise that never resolves".to_owned() }),
    }
}

fn verdict(value: &JsValue, context: &mut Context, limits: &ScriptLimits) -> Result<Verdict, GradeError> {
    if let Some(score) = value.as_number() {
        return Ok(Verdict { score: score_in_range(score)?, reasoning: None });
    }
    let object = match value.as_object() {
        Some(object) if !object.is_array() && !object.is_callable() => object,
        _ => return Err(GradeError::BadScore { got: describe(value) }),
    };
    let score = object.get(js_string!("score"), context).map_err(|error| thrown(&error, context, limits))?;
    let Some(score) = score.as_number() else {
        let got = if score.is_undefined() {
            "an object without a `score`".to_owned()
        } else {
            format!("an object whose `score` is {}", describe(&score))
        };
        return Err(GradeError::BadScore { got });
    };
    let score = score_in_range(score)?;
    let reasoning = object.get(js_string!("reasoning"), context).map_err(|error| thrown(&error, context, limits))?;
    let reasoning = (!reasoning.is_null_or_undefined()).then(|| shown(&reasoning, MAX_REASONING_CHARS));
    Ok(Verdict { score, reasoning })
}

fn score_in_range(score: f64) -> Result<f64, GradeError> {
    if (0.0..=1.0).contains(&score) {
        // Minus zero becomes zero.
        return Ok(score + 0.0);
    }
    let got = if score.is_nan() {
        "NaN (not a number)".to_owned()
    } else if score.is_infinite() {
        format!("{}Infinity", if score < 0.0 { "-" } else { "" })
    } else {
        score.to_string()
    };
    Err(GradeError::BadScore { got })
}

/// What a value is, in words.
fn describe(value: &JsValue) -> String {
    if value.is_undefined() {
        "undefined (is a `return` missing?)".to_owned()
    } else if value.is_null() {
        "null".to_owned()
    } else if let Some(boolean) = value.as_boolean() {
        format!("the boolean {boolean}")
    } else if value.is_string() {
        format!("the string \"{}\"", shown(value, 60))
    } else if value.is_bigint() {
        "a BigInt".to_owned()
    } else if value.is_symbol() {
        "a symbol".to_owned()
    } else if let Some(number) = value.as_number() {
        format!("the number {number}")
    } else if value.is_callable() {
        "a function".to_owned()
    } else if value.as_object().is_some_and(|object| object.is_array()) {
        "an array".to_owned()
    } else {
        "an object".to_owned()
    }
}

fn thrown(error: &JsError, context: &mut Context, limits: &ScriptLimits) -> GradeError {
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

struct Hooks;

impl HostHooks for Hooks {
    fn local_timezone_offset_seconds(&self, _unix_time_seconds: i64) -> i32 {
        0 // UTC: a score must not depend on where the server stands
    }
}

/// What a script leaves behind beside its result.
struct Record {
    /// State of the generator behind `Math.random`.
    random: Cell<u64>,
    /// Written by `console`.
    logs: RefCell<Vec<String>>,
}

fn new_context(seed: u64, limits: &ScriptLimits) -> JsResult<Context> {
    let mut context = Context::builder()
        .clock(Rc::new(FixedClock::from_millis(NOW_MS)))
        .host_hooks(Rc::new(Hooks))
        // The engine's default loader reads files.
        .module_loader(Rc::new(IdleModuleLoader))
        .build()?;
    context.insert_data(Record { random: Cell::new(seed), logs: RefCell::default() });
    let mut runtime_limits = RuntimeLimits::default();
    runtime_limits.set_loop_iteration_limit(limits.cpu_ms.saturating_mul(ITERATIONS_PER_MS));
    runtime_limits.set_recursion_limit(MAX_RECURSION);
    runtime_limits.set_backtrace_limit(8);
    context.set_runtime_limits(runtime_limits);

    let random = NativeFunction::from_fn_ptr(random).to_js_function(context.realm());
    let math = context.global_object().get(js_string!("Math"), &mut context)?;
    if let Some(math) = math.as_object() {
        math.set(js_string!("random"), random, true, &mut context)?;
    }
    let mut console = ObjectInitializer::new(&mut context);
    for name in ["log", "info", "warn", "error", "debug"] {
        console.function(NativeFunction::from_fn_ptr(log), JsString::from(name), 0);
    }
    let console = console.build();
    context.register_global_property(js_string!("console"), console, Attribute::all())?;
    Ok(context)
}

/// `SplitMix64` (Steele, Lea, Flood 2014), the upper 53 bits as a fraction.
#[expect(clippy::unnecessary_wraps, reason = "the engine's signature of a native function")]
fn random(_this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let mut bits = 0;
    if let Some(record) = context.get_data::<Record>() {
        let state = record.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        record.random.set(state);
        bits = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
    }
    Ok(JsValue::from((bits >> 11) as f64 / (1_u64 << 53) as f64))
}

#[expect(clippy::unnecessary_wraps, reason = "the engine's signature of a native function")]
fn log(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(record) = context.get_data::<Record>() {
        let mut logs = record.logs.borrow_mut();
        match logs.len() {
            ..MAX_LOG_LINES => {
                let texts: Vec<String> =
                    arguments.iter().take(20).map(|argument| shown(argument, MAX_LINE_CHARS)).collect();
                logs.push(bounded(&texts.join(" "), MAX_LINE_CHARS));
            }
            MAX_LOG_LINES => logs.push("(further lines were left out)".to_owned()),
            _ => {}
        }
    }
    Ok(JsValue::undefined())
}

fn take_logs(context: &Context) -> Vec<String> {
    context.get_data::<Record>().map(|record| record.logs.take()).unwrap_or_default()
}

/// A value as text, at most `limit` characters; runs no code of the script.
fn shown(value: &JsValue, limit: usize) -> String {
    if let Some(string) = value.as_string() {
        // One code unit more than can be kept, so that a cut is seen and a pair is not split unnoticed.
        let units: Vec<u16> = string.iter().take(limit * 2 + 1).collect();
        return bounded(&String::from_utf16_lossy(&units), limit);
    }
    let mut text = BoundedText::new(limit);
    let _ = write!(text, "{}", value.display());
    text.into_string()
}

fn bounded(text: &str, limit: usize) -> String {
    let mut bounded = BoundedText::new(limit);
    let _ = bounded.write_str(text);
    bounded.into_string()
}

/// Takes text up to a number of characters, then refuses more, which stops whoever is writing.
struct BoundedText {
    text: String,
    left: usize,
    is_cut: bool,
}

impl BoundedText {
    fn new(limit: usize) -> Self {
        Self { text: String::new(), left: limit, is_cut: false }
    }

    fn into_string(mut self) -> String {
        if self.is_cut {
            self.text.pop();
            self.text.push('…');
        }
        self.text
    }
}

impl fmt::Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some((cut, _)) = text.char_indices().nth(self.left) else {
            self.left -= text.chars().count();
            self.text.push_str(text);
            return Ok(());
        };
        self.text.push_str(&text[..cut]);
        self.left = 0;
        self.is_cut = true;
        Err(fmt::Error)
    }
}

/// Keeps the end of what is written to it: an error's frames come after a message of any length.
#[derive(Default)]
struct Tail {
    text: String,
}

impl fmt::Write for Tail {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const KEPT_BYTES: usize = 4096;
        self.text.push_str(text);
        if self.text.len() > 2 * KEPT_BYTES {
            let cut = self.text.ceil_char_boundary(self.text.len() - KEPT_BYTES);
            self.text.drain(..cut);
        }
        Ok(())
    }
}
