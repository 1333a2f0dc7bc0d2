//! Scripts that loop, allocate, recurse, lie and forge, all against one pool; between any two of them
//! an honest sample must score what it always scores.

use super::error::GradeError;
use super::test_support::{input, pool};
use super::{Graded, ScriptPool};

const HONEST: &str = "function grade(input) { return JSON.parse(JSON.stringify({ s: input.response.length / 8 })).s }";

/// A whole script for `grade` with this body.
fn body(body: &str) -> String {
    format!("function grade(input) {{ {body} }}")
}

/// What came out, as a table can say it: the kind, a colon, and the part that is worth comparing.
fn outcome(result: &Result<Graded, GradeError>) -> String {
    match result {
        Ok(graded) => format!("score:{}", graded.score),
        Err(GradeError::Compile { message, line, .. }) => format!("compile:{line} {message}"),
        Err(GradeError::NoGradeFunction) => "no grade".to_owned(),
        Err(GradeError::Threw { message, line }) => format!("threw:{} {message}", line.unwrap_or(0)),
        Err(GradeError::BadScore { got }) => format!("bad:{got}"),
        Err(GradeError::CpuLimit { .. }) => "cpu".to_owned(),
        Err(GradeError::MemoryLimit { .. }) => "memory".to_owned(),
        Err(GradeError::Deadline { .. }) => "deadline".to_owned(),
        Err(GradeError::Crashed { detail }) => format!("crashed:{detail}"),
        Err(other) => format!("other:{other}"),
    }
}

/// Each expectation lists the allowed beginnings, divided by `|`: which limit stops a script that breaks
/// two of them depends on the machine's speed.
async fn check(pool: &ScriptPool, cases: &[(&str, String, &str)]) {
    let honest = input("It is on");
    let mut failures = Vec::new();
    for (name, script, expected) in cases {
        let seen = outcome(&pool.grade(script, &honest, 7).await);
        if !expected.split('|').any(|beginning| seen.starts_with(beginning)) {
            failures.push(format!("{name}: expected {expected}, got {seen}"));
        }
        let after = outcome(&pool.grade(HONEST, &honest, 7).await);
        if after != "score:1" {
            failures.push(format!("the honest sample after {name}: {after}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test]
async fn scripts_that_take_too_much_fail_alone() {
    let parentheses = format!("return {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let cases = [
        ("while", body("while (true) {}"), "cpu"),
        ("for", body("for (;;);"), "cpu"),
        ("do while", body("do {} while (1)"), "cpu"),
        ("label", body("a: while (1) { continue a }"), "cpu"),
        ("top level loop", "while (true) {} function grade() { return 1 }".to_owned(), "cpu"),
        ("generator", body("function* g() { while (1) yield 1 } for (const x of g()) {}"), "cpu"),
        ("caught loop", body("for (;;) { try { throw 1 } catch {} finally { continue } }"), "cpu"),
        ("promise loop", body("function f() { return Promise.resolve().then(f) } return f()"), "cpu|memory"),
        ("async loop", "async function grade() { while (true) await 0 }".to_owned(), "cpu"),
        ("thenable loop", body("const t = { then(r) { r(t) } }; return t"), "cpu|memory|threw"),
        ("regex", body("return /^(a+)+$/.test('a'.repeat(40) + 'b') ? 1 : 0"), "cpu"),
        ("regex lookahead", body("return /^(?=(x+x+)+y)/.test('x'.repeat(60)) ? 1 : 0"), "cpu"),
        ("indexOf on 2^53", body("return [].indexOf.call({ length: 2 ** 53 - 1 }, 1)"), "cpu"),
        ("array join", body("return [].join.call({ length: 2 ** 32 }, 'x').length"), "cpu|memory|threw"),
        ("fill", body("new Array(1e9).fill(1); return 1"), "cpu|memory|threw"),
        (
            "sort",
            body("const a = []; for (let i = 0; i < 1e6; i++) a.push(Math.random()); a.sort(); return 1"),
            "cpu|memory",
        ),
        ("recursion", body("return grade(input)"), "threw:1 too much recursion"),
        (
            "mutual recursion",
            "function a() { return b() } function b() { return a() } function grade() { return a() }".to_owned(),
            "threw:1 too much",
        ),
        ("caught recursion", body("try { grade(input) } catch {} return 0.5"), "threw:1 too much|cpu|crashed"),
        ("getter recursion", body("const o = { get a() { return this.a } }; return o.a"), "threw|crashed"),
        // The engine breaks the next three itself: converting an object while it is being converted gives 0.
        (
            "toString recursion",
            body("const o = { toString() { return '' + this } }; return '' + o"),
            "threw|crashed|bad:the string",
        ),
        ("valueOf recursion", body("const o = { valueOf() { return +this } }; return +o"), "threw|crashed|score:0"),
        (
            "valueOf recursion in the middle",
            body("const o = { valueOf() { return +this } }; const x = +o; return 0.5"),
            "threw|crashed|score:0.5",
        ),
        ("sort recursion", body("function f() { [2, 1].sort(f); return 0 } f(); return 0.5"), "threw|crashed"),
        ("map recursion", body("function f() { return [1].map(f) } f(); return 0.5"), "threw|crashed"),
        ("replace recursion", body("function f() { return 'a'.replace('a', f) } f(); return 0.5"), "threw|crashed"),
        (
            "json recursion",
            body("const o = { toJSON() { return JSON.stringify(this) } }; JSON.stringify(o); return 0.5"),
            "threw|crashed",
        ),
        ("constructor recursion", body("class A { constructor() { new A() } } new A(); return 0.5"), "threw|crashed"),
        ("proxy recursion", body("const p = new Proxy({}, { get: (t, k, r) => r[k] }); return p.x"), "threw|crashed"),
        ("repeat", body("return 'x'.repeat(1 << 30).length"), "memory|threw|cpu"),
        ("doubling", body("let s = 'x'; while (true) s += s"), "memory|threw|cpu"),
        ("pushing", body("const a = []; while (true) a.push('x'.repeat(1000) + a.length)"), "memory|cpu"),
        ("typed array", body("return new Float64Array(1 << 28).length"), "memory|threw"),
        ("big integers", body("let n = 12345678901234567890n; while (true) n = n * n"), "memory|cpu|threw|crashed"),
        ("big shift", body("return 1n << 40000000000n"), "memory|cpu|threw|crashed"),
        ("padStart", body("return ''.padStart(2 ** 31, 'ab').length"), "memory|threw|cpu|crashed"),
        ("spread", body("return Math.max(...new Array(5e7))"), "memory|threw|cpu"),
        (
            "json bomb",
            body("let s = '[]'; for (let i = 0; i < 40; i++) s = '[' + s + ',' + s + ']'; return JSON.parse(s)"),
            "memory|cpu|threw",
        ),
        (
            "deep object",
            body("let o = {}; for (let i = 0; i < 50000; i++) o = { o }; return JSON.stringify(o).length"),
            "crashed|threw|cpu|memory|bad",
        ),
        ("parentheses", body(&parentheses), "crashed:its stack|memory|compile"),
        ("blocks", body(&"{".repeat(20_000)), "crashed:its stack|memory|compile"),
        ("deep array source", body(&format!("return {}", "[".repeat(50_000))), "crashed:its stack|memory|compile"),
        ("wait", body("Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0); return 1"), "threw"),
        ("logged bomb", body("const a = []; a.push(a, a, a); for (;;) console.log(a)"), "cpu|memory"),
    ];
    check(&pool(1), &cases).await;
}

#[tokio::test]
async fn values_that_are_no_score_are_errors_never_zero() {
    let cases = [
        ("nothing", body(""), "bad:undefined (is a `return` missing?)"),
        ("null", body("return null"), "bad:null"),
        ("NaN", body("return 0 / 0"), "bad:NaN"),
        ("Infinity", body("return 1 / 0"), "bad:Infinity"),
        ("-Infinity", body("return -1 / 0"), "bad:-Infinity"),
        ("string", body("return '0.7'"), "bad:the string \"0.7\""),
        ("true", body("return true"), "bad:the boolean true"),
        ("array", body("return [0.5]"), "bad:an array"),
        ("BigInt", body("return 1n"), "bad:a BigInt"),
        ("symbol", body("return Symbol('s')"), "bad:a symbol"),
        ("function", body("return () => 1"), "bad:a function"),
        ("number object", body("return new Number(0.5)"), "bad:an object without a `score`"),
        ("date", body("return new Date()"), "bad:an object without a `score`"),
        ("no score", body("return { value: 1 }"), "bad:an object without a `score`"),
        ("score string", body("return { score: '0.5' }"), "bad:an object whose `score` is the string \"0.5\""),
        ("score null", body("return { score: null }"), "bad:an object whose `score` is null"),
        ("score NaN", body("return { score: NaN, reasoning: 'x' }"), "bad:NaN"),
        ("above", body("return 1.0000001"), "bad:1.0000001"),
        ("below", body("return -0.01"), "bad:-0.01"),
        ("percent", body("return { score: 85 }"), "bad:85"),
        ("promise of nothing", body("return Promise.resolve()"), "bad:undefined"),
        ("promise of string", "async function grade() { return '1' }".to_owned(), "bad:the string"),
        ("pending", body("return new Promise(() => {})"), "bad:a promise that never resolves"),
        ("silent thenable", body("return { then() {} }"), "bad:a promise that never resolves"),
    ];
    check(&pool(1), &cases).await;
}

#[tokio::test]
async fn throws_are_errors_with_a_message_and_a_line() {
    let cases = [
        ("throw", "function grade(input) {\n  throw new Error('no luck')\n}".to_owned(), "threw:2 Error: no luck"),
        ("type error", "\n\nfunction grade(input) {\n  return input.nothing.here }".to_owned(), "threw:4 TypeError: "),
        (
            "inner line",
            "function grade() {\n return f() }\nfunction f() {\n throw new RangeError('r') }".to_owned(),
            "threw:4 RangeError: r",
        ),
        ("reference", body("return nowhere"), "threw:1 ReferenceError: nowhere"),
        ("string", body("throw 'plain'"), "threw:1 plain|threw:0 plain"),
        ("null", body("throw null"), "threw:1 null|threw:0 null"),
        ("object", body("throw { message: 'mine' }"), "threw:1 mine|threw:0 mine"),
        ("own class", body("class E extends Error {} throw new E('own')"), "threw:1 Error: own"),
        (
            "message getter",
            body("const e = new Error('a'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e"),
            "threw",
        ),
        ("rejection", body("return Promise.reject(new Error('later'))"), "threw:1 Error: later|threw:0 Error: later"),
        (
            "async throw",
            "async function grade() {\n await 0;\n throw new Error('late') }".to_owned(),
            "threw:3 Error: late|threw:0 Error: late",
        ),
        ("thenable throw", body("return { then() { throw new Error('t') } }"), "threw:1 Error: t"),
        ("score getter", body("return { get score() { throw new Error('g') } }"), "threw:1 Error: g"),
        ("reasoning getter", body("return { score: 1, get reasoning() { throw new Error('g') } }"), "threw:1 Error: g"),
        ("then getter", body("return { get then() { throw new Error('g') } }"), "threw:1 Error: g"),
        ("proxy", body("return new Proxy({}, { get() { throw new Error('p') } })"), "threw:1 Error: p"),
        ("top level", "throw new Error('top')".to_owned(), "threw:1 Error: top"),
        ("import", body("return import('/etc/passwd')"), "threw"),
        ("require", body("return require('fs')"), "threw:1 ReferenceError"),
        ("fetch", body("return fetch('http://127.0.0.1')"), "threw:1 ReferenceError"),
        ("process", body("return process.exit(0)"), "threw:1 ReferenceError"),
        ("timer", body("setTimeout(() => {}, 1)"), "threw:1 ReferenceError"),
        ("syntax", "function grade(input) {\n return 1 +\n}".to_owned(), "compile:3 "),
        ("module", "export function grade() { return 1 }".to_owned(), "compile:1 "),
        ("empty", String::new(), "no grade"),
        ("NUL and BOM", "\u{feff}\0".to_owned(), "compile"),
        ("no function", "const grade = 0.5".to_owned(), "no grade"),
        ("misnamed", "function Grade() { return 1 }".to_owned(), "no grade"),
    ];
    check(&pool(1), &cases).await;
}

#[tokio::test]
async fn nothing_a_script_changes_reaches_the_next_sample() {
    let cases = [
        (
            "Object.prototype",
            body("Object.prototype.s = 0; Object.prototype.toString = () => 'x'; return 0.25"),
            "score:0.25",
        ),
        ("JSON", body("JSON.parse = () => ({ s: 0 }); JSON = null; return 0.25"), "score:0.25"),
        (
            "String.prototype",
            body("String.prototype.split = String.prototype.toString = () => ''; return 0.25"),
            "score:0.25",
        ),
        (
            "Promise",
            body("Promise.prototype.then = null; Promise.resolve = null; Promise = null; return { score: 0.25 }"),
            "score:0.25",
        ),
        (
            "Array.prototype",
            body("Array.prototype.push = null; Array.prototype[Symbol.iterator] = null; return 0.25"),
            "score:0.25",
        ),
        ("global", body("globalThis.grade = () => 0; globalThis.leak = 1; return 0.25"), "score:0.25"),
        ("no leak", body("return typeof leak === 'undefined' ? 0.25 : 0"), "score:0.25"),
        (
            "frozen",
            body(
                "for (const k of Object.getOwnPropertyNames(globalThis)) try { Object.freeze(globalThis[k]) } catch {} return 0.25",
            ),
            "score:0.25",
        ),
        ("constructor chain", body("return (() => {}).constructor.constructor('return 0.25')()"), "score:0.25"),
        ("eval", body("return eval('globalThis.JSON = 1; 0.25')"), "score:0.25"),
        ("new Function", body("return new Function('a', 'return a / 4')(1)"), "score:0.25"),
        ("__proto__", body("input.__proto__.s = 1; ({}).__proto__.polluted = 1; return 0.25"), "score:0.25"),
        ("input changed", body("input.response = ''; input.messages.length = 0; return 0.25"), "score:0.25"),
        ("Math.random", body("Math.random = () => 2; return 0.25"), "score:0.25"),
        ("undefined", "var undefined; function grade() { return 0.25 }".to_owned(), "score:0.25"),
        ("console", body("console.log = null; console = null; return 0.25"), "score:0.25"),
        ("bound", body("return (function () { return this.x }).bind({ x: 0.25 })()"), "score:0.25"),
    ];
    check(&pool(1), &cases).await;
}

#[tokio::test]
async fn every_form_of_a_good_result_is_a_score() {
    let cases = [
        ("zero", body("return 0"), "score:0"),
        ("minus zero", body("return -0"), "score:0"),
        ("one", body("return 1"), "score:1"),
        ("smallest", body("return Number.MIN_VALUE"), "score:0.000000"),
        ("object", body("return { score: 0.5, reasoning: 'half' }"), "score:0.5"),
        ("no prototype", body("return Object.assign(Object.create(null), { score: 0.5 })"), "score:0.5"),
        ("promise", body("return Promise.resolve(0.5)"), "score:0.5"),
        ("promise of promise", body("return new Promise(r => r(Promise.resolve({ score: 0.5 })))"), "score:0.5"),
        ("thenable", body("return { then(r) { r({ score: 0.5 }) } }"), "score:0.5"),
        (
            "async",
            "async function grade() { for (let i = 0; i < 100; i++) await i; return 0.5 }".to_owned(),
            "score:0.5",
        ),
        ("arrow", "const grade = input => 0.5".to_owned(), "score:0.5"),
        ("let", "let grade = async () => ({ score: 0.5 })".to_owned(), "score:0.5"),
        ("class", "class G { static grade() { return 0.5 } } var grade = G.grade".to_owned(), "score:0.5"),
        (
            "OpenAI names",
            body(
                "return input.sample.output_text === input.response && input.item.reference_answer === input.referenceAnswer ? 0.5 : 0",
            ),
            "score:0.5",
        ),
        (
            "fixed clock",
            body("return Date.now() === Date.UTC(2026, 0, 1) && new Date().getTimezoneOffset() === 0 ? 0.5 : 0"),
            "score:0.5",
        ),
        ("late result", body("try { return 0.5 } finally { new Promise(() => { throw 1 }) }"), "score:0.5"),
    ];
    check(&pool(1), &cases).await;
}
