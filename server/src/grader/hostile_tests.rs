//! Scripts that loop, allocate, recurse, lie and forge, all against one pool; between any two of them
//! an honest sample must score what it always scores.

use super::error::GradeError;
use super::test_support::{input, pool};
use super::{Graded, ScriptPool};

/// Needs whatever the scripts of the tables overwrite.
const HONEST: &str = "function grade(input) {
    const s = JSON.parse(JSON.stringify({ s: input.response.length / 8 })).s;
    const clean = typeof leaked === 'undefined' && ({}).valid === undefined && helpers.wordCount(input.response) === 3;
    return clean ? s : 0 }";

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

/// What was not there when the tables above were written: tricks of syntax, of the engine's own objects,
/// and of the helpers.
#[tokio::test]
async fn tricks_fail_alone_and_leave_nothing_behind() {
    let log_lines = body("for (let i = 0; i < 100000; i++) console.log('line', i); return 0.5");
    let cases = [
        (
            "mutual microtasks",
            body("let a = () => Promise.resolve().then(b), b = () => Promise.resolve().then(a); return a()"),
            "cpu|memory",
        ),
        (
            "async generator",
            body("async function* g() { while (1) yield 1 } return (async () => { for await (const x of g()); })()"),
            "cpu|memory",
        ),
        (
            "iterator without end",
            body("return [...{ [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }) } } }].length"),
            "cpu|memory",
        ),
        ("proxy looping get", body("return new Proxy({}, { get() { for (;;); } })"), "cpu"),
        ("proxy looping has", body("return 'a' in new Proxy({}, { has() { for (;;); } }) ? 1 : 0"), "cpu"),
        ("proxy looping ownKeys", body("return Object.keys(new Proxy({}, { ownKeys() { for (;;); } })).length"), "cpu"),
        ("score getter loop", body("return { get score() { for (;;); } }"), "cpu"),
        ("reasoning toString loop", body("return { score: 1, reasoning: { toString() { for (;;); } } }"), "score:1"),
        ("thenable twice", body("return { then(r) { r(0.5); r(0.7) } }"), "score:0.5"),
        (
            "thenable both",
            body("return { then(r, j) { r(0.5); j(new Error('no')); throw new Error('nor this') } }"),
            "score:0.5",
        ),
        ("thenable never", body("return { then() {} }"), "bad:a promise that never resolves"),
        ("thenable getter loop", body("return { get then() { for (;;); } }"), "cpu"),
        ("promise of itself", body("let r; const p = new Promise(x => { r = x }); r(p); return p"), "threw"),
        ("nested score", body("return { score: { score: 1 } }"), "bad:an object whose `score` is an object"),
        ("score array", body("return { score: [1] }"), "bad:an object whose `score` is an array"),
        ("score BigInt", body("return { score: 1n }"), "bad:an object whose `score` is a BigInt"),
        ("score valueOf", body("return { score: { valueOf: () => 1 } }"), "bad:an object whose `score` is an object"),
        ("just above", body("return 1.1"), "bad:1.1"),
        ("just below", body("return -0.1"), "bad:-0.1"),
        ("false", body("return false"), "bad:the boolean false"),
        ("class", body("return class A {}"), "bad:a function"),
        ("regular expression", body("return /a/"), "bad:an object without a `score`"),
        ("huge message", body("let s = 'x'; while (s.length < 4e6) s += s; throw new Error(s)"), "threw:1 Error: xxx"),
        (
            "huge reasoning",
            body("let s = 'x'; while (s.length < 4e6) s += s; return { score: 1, reasoning: s }"),
            "score:1",
        ),
        ("cyclic cause", body("const e = new Error('round'); e.cause = e; throw e"), "threw:1 Error: round"),
        (
            "long chain of causes",
            body("let e; for (let i = 0; i < 1e4; i++) e = new Error('c', { cause: e }); throw e"),
            "threw:1 Error: c|cpu|crashed",
        ),
        ("throw undefined", body("throw undefined"), "threw:1 undefined|threw:0 undefined"),
        ("throw symbol", body("throw Symbol('s')"), "threw:1 Symbol(s)|threw:0 Symbol(s)"),
        ("throw BigInt", body("throw 10n"), "threw:1 10n|threw:0 10n"),
        ("throw function", body("throw () => 1"), "threw"),
        ("throw proxy", body("throw new Proxy({}, { get() { for (;;); } })"), "cpu|threw"),
        ("throw in toString", body("throw { toString() { throw 1 } }"), "threw"),
        (
            "name getter loop",
            body("const e = new Error('a'); Object.defineProperty(e, 'name', { get() { for (;;); } }); throw e"),
            "threw|cpu",
        ),
        ("toJSON loop", body("return JSON.stringify({ toJSON() { for (;;); } }).length"), "cpu"),
        ("JSON reviver loop", body("JSON.parse('[1]', () => { for (;;); })"), "cpu"),
        ("sort comparator loop", body("[2, 1].sort(() => { for (;;); })"), "cpu"),
        ("replace callback loop", body("'a'.replace(/a/, () => { for (;;); })"), "cpu"),
        ("tagged template", body("return ((s) => { for (;;); })`a`"), "cpu"),
        ("with", body("with ({ score: 0.5 }) { return score }"), "score:0.5"),
        ("strict with", body("'use strict'; with ({}) {}"), "compile:1"),
        ("labels", body("a: { b: { break a } } return 0.5"), "score:0.5"),
        ("endless labels", body("a: for (;;) { b: for (;;) { continue a } }"), "cpu"),
        ("dynamic import", body("return import('data:text/javascript,export default 1')"), "threw"),
        ("static import", "import fs from 'fs'; function grade() { return 1 }".to_owned(), "compile:1"),
        ("import.meta", body("return import.meta"), "compile:1"),
        ("top level await", "await 1; function grade() { return 0.5 }".to_owned(), "compile:1|threw"),
        (
            "constructor of constructor",
            body("return [].constructor.constructor('return this')().process === undefined ? 0.5 : 0"),
            "score:0.5",
        ),
        ("indirect eval", body("(0, eval)('var leaked = 1'); return 0.5"), "score:0.5"),
        ("eval bomb", body("eval('('.repeat(20000))"), "crashed|memory|threw|cpu"),
        ("Function bomb", body("return new Function('return ' + '['.repeat(20000))()"), "crashed|memory|threw|cpu"),
        (
            "nested templates",
            body(&format!("return {}1{}", "`${".repeat(5_000), "}`".repeat(5_000))),
            "crashed|memory|compile|bad|cpu",
        ),
        (
            "long else chain",
            body(&format!("{} return 0.5", "if (0) {} else ".repeat(5_000))),
            "crashed|memory|compile|score:0.5|cpu",
        ),
        ("long sum", body(&format!("return 0{}", "+0".repeat(20_000))), "crashed|memory|compile|score:0|cpu"),
        (
            "regex of many groups",
            body("return new RegExp('(a?)'.repeat(5000)).test('a'.repeat(5000)) ? 1 : 0"),
            "cpu|memory|threw|crashed|score",
        ),
        (
            "regex of brackets",
            body("return new RegExp('('.repeat(50000) + ')'.repeat(50000)).test('') ? 1 : 0"),
            "crashed|cpu|memory|threw|score",
        ),
        (
            "regex repeated",
            body("return new RegExp('(?:(?:a{1,1000}){1,1000}){1,1000}').test('b') ? 1 : 0"),
            "cpu|memory|threw|crashed|score",
        ),
        ("split into letters", body("let n = 0; for (;;) n += 'x'.repeat(1e5).split('').length"), "cpu|memory"),
        ("concat array", body("let a = [1]; for (;;) a = a.concat(a)"), "cpu|memory"),
        (
            "flat",
            body("let a = [1]; for (let i = 0; i < 1e5; i++) a = [a]; return a.flat(Infinity).length"),
            "cpu|memory|crashed|threw|score",
        ),
        ("structure in a map", body("const m = new Map(); for (;;) m.set({}, {})"), "cpu|memory"),
        ("weak references", body("const a = []; for (;;) a.push(new WeakRef({}))"), "cpu|memory|threw"),
        (
            "long bind chain",
            body("let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); return f()"),
            "cpu|memory|crashed|threw|score:1",
        ),
        (
            "deep prototypes",
            body("let o = {}; for (let i = 0; i < 1e5; i++) o = Object.create(o); return o.x === undefined ? 0.5 : 0"),
            "score:0.5|cpu|memory|crashed",
        ),
        (
            "resizable buffer",
            body("return new ArrayBuffer(8, { maxByteLength: 2 ** 40 }).byteLength ? 0.5 : 0"),
            "score:0.5|memory|threw|crashed",
        ),
        ("toFixed and friends", body("return Number((1).toFixed(100)) ? 0.5 : 0"), "score:0.5"),
        (
            "normalize",
            body("return 'a\u{0301}'.repeat(1e6).normalize('NFC').length > 0 ? 0.5 : 0"),
            "score:0.5|cpu|memory|threw",
        ),
        ("many logs", log_lines, "score:0.5|cpu"),
        ("log of a proxy", body("console.log(new Proxy({}, { get() { for (;;); } })); return 0.5"), "score:0.5|cpu"),
        ("Math gone", body("Math = null; JSON = null; helpers = null; Object = null; return 0.5"), "score:0.5"),
        ("helpers overwritten", body("helpers.wordCount = () => 99; Object.freeze(helpers); return 0.5"), "score:0.5"),
        (
            "helpers pollute",
            body(
                "Object.prototype.valid = true; const r = helpers.matchesSchema(1, { type: 'string' }); return r.valid ? 0 : 0.5",
            ),
            "score:0.5",
        ),
        ("helper editDistance", body("return helpers.editDistance('a'.repeat(2e5), 'b'.repeat(2e5)) ? 1 : 0"), "cpu"),
        ("helper similarity", body("return helpers.similarity('ab'.repeat(1e6), 'ba'.repeat(1e6))"), "cpu|memory"),
        (
            "helper jaccard",
            body("let s = ''; for (let i = 0; i < 1e5; i++) s += i + ' '; return helpers.jaccard(s, s + 'x')"),
            "cpu|memory|score",
        ),
        (
            "helper schema pattern",
            body("return helpers.matchesSchema('a'.repeat(40) + 'b', { pattern: '^(a+)+$' }).valid ? 1 : 0"),
            "cpu|score:0|threw",
        ),
        (
            "helper schema bomb",
            body(
                "const d = {}; for (let i = 0; i < 25; i++) d['d' + i] = { allOf: [{ $ref: '#/$defs/d' + (i + 1) }, { $ref: '#/$defs/d' + (i + 1) }] }; d.d25 = { type: 'string' }; return helpers.matchesSchema(1, { $defs: d, $ref: '#/$defs/d0' }).valid ? 1 : 0",
            ),
            "cpu|memory|crashed|score:0|threw",
        ),
        (
            "helper schema of itself",
            body("return helpers.matchesSchema({}, { $ref: '#' }).valid ? 1 : 0"),
            "cpu|memory|crashed|score|threw",
        ),
        (
            "helper remote schema",
            body("return helpers.matchesSchema(1, { $ref: 'http://127.0.0.1:1/x' }).valid ? 1 : 0"),
            "threw:1 TypeError: helpers.matchesSchema: the schema cannot be used",
        ),
        (
            "helper file schema",
            body("return helpers.matchesSchema(1, { $ref: 'file:///etc/passwd' }).valid ? 1 : 0"),
            "threw:1 TypeError: helpers.matchesSchema: the schema cannot be used",
        ),
        (
            "helper cyclic value",
            body("const a = []; a.push(a); return helpers.matchesSchema(a, {}).valid ? 1 : 0"),
            "threw:1 TypeError",
        ),
        (
            "helper deep value",
            body(
                "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return helpers.matchesSchema(a, {}).valid ? 1 : 0",
            ),
            "crashed|cpu|memory|threw",
        ),
        (
            "helper getter value",
            body("return helpers.matchesSchema({ get a() { for (;;); } }, {}).valid ? 1 : 0"),
            "score:1|cpu",
        ),
        (
            "helper proxy list",
            body("return helpers.containsAny('a', new Proxy([], { get() { for (;;); } })) ? 1 : 0"),
            "threw:1 TypeError: helpers.containsAny: the second argument must be a list of texts",
        ),
        (
            "helper long list",
            body("const l = ['a']; l.length = 2 ** 32 - 1; return helpers.containsAll('a', l) ? 1 : 0"),
            "threw:1 TypeError",
        ),
        (
            "helper null text",
            body("return helpers.similarity(input.response, null)"),
            "threw:1 TypeError: helpers.similarity: the second argument must be a text, but is null",
        ),
        (
            "helper no text",
            body("return helpers.wordCount()"),
            "threw:1 TypeError: helpers.wordCount: the first argument must be a text, but is missing",
        ),
        (
            "helper parseJson depth",
            body("return helpers.parseJson('['.repeat(1e6)) === null ? 0.5 : 0"),
            "score:0.5|cpu",
        ),
        (
            "helper isJson depth",
            body("return helpers.isJson('['.repeat(1e6) + ']'.repeat(1e6)) ? 0.5 : 0"),
            "score:0.5|cpu",
        ),
    ];
    assert!(cases.len() > 80);
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
