//! Scripts that loop, allocate and recurse.

use super::{Case, body, whole};

/// All of them end at a limit, or before it in their own error.
pub(super) fn cases() -> Vec<Case> {
    let parentheses = format!("return {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    vec![
        ("while", body("while (true) {}"), "cpu"),
        ("for", body("for (;;);"), "cpu"),
        ("do while", body("do {} while (1)"), "cpu"),
        ("label", body("a: while (1) { continue a }"), "cpu"),
        ("top level loop", whole("while (true) {} function grade() { return 1 }"), "cpu"),
        ("generator", body("function* g() { while (1) yield 1 } for (const x of g()) {}"), "cpu"),
        ("caught loop", body("for (;;) { try { throw 1 } catch {} finally { continue } }"), "cpu"),
        ("promise loop", body("function f() { return Promise.resolve().then(f) } return f()"), "cpu|memory"),
        ("async loop", whole("async function grade() { while (true) await 0 }"), "cpu"),
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
            whole("function a() { return b() } function b() { return a() } function grade() { return a() }"),
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
    ]
}
