//! The script engine (boa): one fresh context per grade. No other module knows it.
//!
//! | module | what lives there |
//! |---|---|
//! | here | a task from source to verdict |
//! | `context` | the global scope: clock, randomness, console |
//! | `helpers` | `helpers.*`: the engine's side of [`super::helpers`] |
//! | `verdict` | what counts as a score |
//! | `thrown`, `text` | errors and values in bounded words |
//!
//! The limits that hold are the operating system's (`confine`); boa's own, set in `context`, only give
//! friendlier messages where they come first.
//!
//! A script is parsed for every sample: boa binds what it has parsed to one realm and to the name table of
//! one context, and two samples that shared either would not be strangers to each other.

use boa_engine::builtins::promise::PromiseState;
use boa_engine::object::builtins::JsPromise;
use boa_engine::{Context, JsError, JsObject, JsValue, Script, Source};

use super::error::GradeError;
use super::protocol::{Answer, ScriptLimits, Verdict};

mod context;
mod helpers;
mod text;
mod thrown;
mod verdict;

use context::{new_context, take_logs};
use thrown::{not_parsed, thrown};
use verdict::verdict;

/// What to do with a script.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    /// Compile it, run its top level and look for `grade`.
    Check,
    /// Grade one sample.
    Grade {
        /// Seed of `Math.random`.
        seed: u64,
        /// The sample as JSON.
        input: &'a [u8],
    },
}

/// Does the task in a context of its own that is gone afterwards.
pub fn run(task: Task<'_>, source: &str, limits: &ScriptLimits) -> Answer {
    let seed = if let Task::Grade { seed, .. } = task { seed } else { 0 };
    let answer = match new_context(seed, limits) {
        Ok(mut context) => {
            let result = match task {
                Task::Check => compile(source, &mut context, limits).map(|_| None),
                Task::Grade { input, .. } => grade(source, input, &mut context, limits).map(Some),
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

/// Makes the engine's tables that all contexts share, and lets the allocator grow to what a context needs.
pub fn warm_up(limits: &ScriptLimits) {
    let _ = run(Task::Check, "", limits);
}

fn grade(source: &str, input: &[u8], context: &mut Context, limits: &ScriptLimits) -> Result<Verdict, GradeError> {
    let function = compile(source, context, limits)?;
    let input: serde_json::Value = serde_json::from_slice(input).map_err(|error| GradeError::Crashed {
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
    let script = Script::parse(Source::from_bytes(source), None, context)
        .map_err(|error| not_parsed(&error, context, limits))?;
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
