//! What is thrown, and what a script leaves behind.

use super::{Case, body, whole};

/// Errors with a message and a line.
pub(super) fn thrown() -> Vec<Case> {
    vec![
        ("throw", whole("function grade(input) {\n  throw new Error('no luck')\n}"), "threw:2 Error: no luck"),
        ("type error", whole("\n\nfunction grade(input) {\n  return input.nothing.here }"), "threw:4 TypeError: "),
        (
            "inner line",
            whole("function grade() {\n return f() }\nfunction f() {\n throw new RangeError('r') }"),
            "threw:4 RangeError: r",
        ),
        ("reference", body("return nowhere"), "threw:1 ReferenceError: nowhere"),
        ("thrown string", body("throw 'plain'"), "threw:1 plain|threw:0 plain"),
        ("thrown null", body("throw null"), "threw:1 null|threw:0 null"),
        ("thrown object", body("throw { message: 'mine' }"), "threw:1 mine|threw:0 mine"),
        ("own class", body("class E extends Error {} throw new E('own')"), "threw:1 Error: own"),
        (
            "message getter",
            body("const e = new Error('a'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e"),
            "threw",
        ),
        ("rejection", body("return Promise.reject(new Error('later'))"), "threw:1 Error: later|threw:0 Error: later"),
        (
            "async throw",
            whole("async function grade() {\n await 0;\n throw new Error('late') }"),
            "threw:3 Error: late|threw:0 Error: late",
        ),
        ("thenable throw", body("return { then() { throw new Error('t') } }"), "threw:1 Error: t"),
        ("score getter", body("return { get score() { throw new Error('g') } }"), "threw:1 Error: g"),
        ("reasoning getter", body("return { score: 1, get reasoning() { throw new Error('g') } }"), "threw:1 Error: g"),
        ("then getter", body("return { get then() { throw new Error('g') } }"), "threw:1 Error: g"),
        ("proxy", body("return new Proxy({}, { get() { throw new Error('p') } })"), "threw:1 Error: p"),
        ("top level", whole("throw new Error('top')"), "threw:1 Error: top"),
        ("import", body("return import('/etc/passwd')"), "threw"),
        ("require", body("return require('fs')"), "threw:1 ReferenceError"),
        ("fetch", body("return fetch('http://127.0.0.1')"), "threw:1 ReferenceError"),
        ("process", body("return process.exit(0)"), "threw:1 ReferenceError"),
        ("timer", body("setTimeout(() => {}, 1)"), "threw:1 ReferenceError"),
        ("syntax", whole("function grade(input) {\n return 1 +\n}"), "compile:3 "),
        ("module", whole("export function grade() { return 1 }"), "compile:1 "),
        ("empty", whole(""), "no grade"),
        ("NUL and BOM", whole("\u{feff}\0"), "compile"),
        ("no function", whole("const grade = 0.5"), "no grade"),
        ("misnamed", whole("function Grade() { return 1 }"), "no grade"),
    ]
}

/// None of it reaches the next sample.
pub(super) fn left_behind() -> Vec<Case> {
    vec![
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
        ("own __proto__", body("input.__proto__.s = 1; ({}).__proto__.polluted = 1; return 0.25"), "score:0.25"),
        ("input changed", body("input.response = ''; input.messages.length = 0; return 0.25"), "score:0.25"),
        ("Math.random", body("Math.random = () => 2; return 0.25"), "score:0.25"),
        ("undefined", whole("var undefined; function grade() { return 0.25 }"), "score:0.25"),
        (
            "globals are there when they are looked at",
            body(
                "return console === globalThis.console && helpers.isJson('1') && helpers === globalThis.helpers && 'helpers' in globalThis ? 0.5 : 0",
            ),
            "score:0.5",
        ),
        (
            "globals of one's own",
            whole(
                "const helpers = { a: 0.25 }; var console = { b: 0.5 }; function grade() { return helpers.a + console.b }",
            ),
            "score:0.75",
        ),
        (
            "global written first",
            body(
                "helpers = 1; return helpers === 1 && delete globalThis.console && typeof console === 'undefined' ? 0.5 : 0",
            ),
            "score:0.5",
        ),
        ("grade in two places", whole("globalThis.grade = () => 0.1; const grade = () => 0.9;"), "score:0.9"),
        (
            "grade put in place of its declaration",
            whole("function grade() { return 0.1 } grade = () => 0.9;"),
            "score:0.9",
        ),
        ("console", body("console.log = null; console = null; return 0.25"), "score:0.25"),
        ("bound", body("return (function () { return this.x }).bind({ x: 0.25 })()"), "score:0.25"),
    ]
}
