//! The helpers, abused.

use super::{Case, body};

/// Overwritten, fed with what never ends, asked for files and addresses.
pub(super) fn cases() -> Vec<Case> {
    vec![
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
            "cpu|memory|score:0.99999",
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
            "cpu|memory|crashed|score:1|threw",
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
    ]
}
