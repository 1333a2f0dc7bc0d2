//! The global scope of one grade: a fixed clock, seeded randomness, a console that keeps its lines, the helpers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use boa_engine::context::HostHooks;
use boa_engine::context::time::FixedClock;
use boa_engine::module::IdleModuleLoader;
use boa_engine::object::ObjectInitializer;
use boa_engine::property::PropertyDescriptor;
use boa_engine::vm::RuntimeLimits;
use boa_engine::{Context, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string};

use super::helpers;
use super::text::{bounded, shown};
use crate::grader::protocol::{MAX_LINE_CHARS, MAX_LOG_LINES, ScriptLimits};

/// The time every script sees, 2026-01-01T00:00:00Z: the same input must give the same score tomorrow.
const NOW_MS: u64 = 1_767_225_600_000;
/// Loop iterations per millisecond of CPU limit: some ten times what the engine manages.
const ITERATIONS_PER_MS: u64 = 500_000;
/// Calls within calls.
const MAX_RECURSION: usize = 400;

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
    /// The global, once a script has looked at it or written it.
    console: RefCell<Option<JsValue>>,
    /// As above.
    helpers: RefCell<Option<JsValue>>,
}

/// A global scope that no other grade has seen or will see.
pub(super) fn new_context(seed: u64, limits: &ScriptLimits) -> JsResult<Context> {
    let mut context = Context::builder()
        .clock(Rc::new(FixedClock::from_millis(NOW_MS)))
        .host_hooks(Rc::new(Hooks))
        // The engine's default loader reads files.
        .module_loader(Rc::new(IdleModuleLoader))
        .build()?;
    context.insert_data(Record {
        random: Cell::new(seed),
        logs: RefCell::default(),
        console: RefCell::default(),
        helpers: RefCell::default(),
    });
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
    for (name, get, set) in LAZY {
        let accessor = |function: Native| NativeFunction::from_fn_ptr(function).to_js_function(context.realm());
        let (get, set) = (accessor(get), accessor(set));
        let property = PropertyDescriptor::builder().get(get).set(set).enumerable(true).configurable(true);
        context.global_object().define_property_or_throw(JsString::from(name), property, &mut context)?;
    }
    Ok(context)
}

type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;
type Slot = fn(&Record) -> &RefCell<Option<JsValue>>;

/// Globals that are made when a script first looks at them, by their getters and setters: most scripts look at none, and a
/// fresh scope for every grade is most of what a short one costs. (They stay accessors for good: the engine remembers where
/// it found a property, and does not expect a getter to become a value.)
const LAZY: [(&str, Native, Native); 2] = [
    (
        "console",
        |_, _, context| Ok(looked_at(|record| &record.console, console, context)),
        |_, given, context| Ok(written(|record| &record.console, given, context)),
    ),
    (
        "helpers",
        |_, _, context| Ok(looked_at(|record| &record.helpers, helpers::object, context)),
        |_, given, context| Ok(written(|record| &record.helpers, given, context)),
    ),
];

fn looked_at(slot: Slot, make: fn(&mut Context) -> JsObject, context: &mut Context) -> JsValue {
    let there = context.get_data::<Record>().and_then(|record| slot(record).borrow().clone());
    there.unwrap_or_else(|| {
        let made = JsValue::from(make(context));
        written(slot, std::slice::from_ref(&made), context);
        made
    })
}

fn written(slot: Slot, given: &[JsValue], context: &Context) -> JsValue {
    if let Some(record) = context.get_data::<Record>() {
        slot(record).replace(Some(given.first().cloned().unwrap_or_default()));
    }
    JsValue::undefined()
}

fn console(context: &mut Context) -> JsObject {
    let mut console = ObjectInitializer::new(context);
    for name in ["log", "info", "warn", "error", "debug"] {
        console.function(NativeFunction::from_fn_ptr(log), JsString::from(name), 0);
    }
    console.build()
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

/// What the script logged so far.
pub(super) fn take_logs(context: &Context) -> Vec<String> {
    context.get_data::<Record>().map(|record| record.logs.take()).unwrap_or_default()
}
