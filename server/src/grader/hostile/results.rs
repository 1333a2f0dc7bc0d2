//! What `grade` gives back: values that are no score, and every form of one.

use super::{Case, body, whole};

/// Errors, never zero.
pub(super) fn no_scores() -> Vec<Case> {
    vec![
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
        ("promise of string", whole("async function grade() { return '1' }"), "bad:the string"),
        ("pending", body("return new Promise(() => {})"), "bad:a promise that never resolves"),
        ("silent thenable", body("return { then() {} }"), "bad:a promise that never resolves"),
    ]
}

/// Scores, whatever they come in.
pub(super) fn scores() -> Vec<Case> {
    vec![
        ("zero", body("return 0"), "score:0"),
        ("minus zero", body("return -0"), "score:0"),
        ("one", body("return 1"), "score:1"),
        ("smallest", body("return Number.MIN_VALUE"), "score:0.000000"),
        ("object", body("return { score: 0.5, reasoning: 'half' }"), "score:0.5"),
        ("no prototype", body("return Object.assign(Object.create(null), { score: 0.5 })"), "score:0.5"),
        ("promise", body("return Promise.resolve(0.5)"), "score:0.5"),
        ("promise of promise", body("return new Promise(r => r(Promise.resolve({ score: 0.5 })))"), "score:0.5"),
        ("thenable", body("return { then(r) { r({ score: 0.5 }) } }"), "score:0.5"),
        ("async", whole("async function grade() { for (let i = 0; i < 100; i++) await i; return 0.5 }"), "score:0.5"),
        ("arrow", whole("const grade = input => 0.5"), "score:0.5"),
        ("let", whole("let grade = async () => ({ score: 0.5 })"), "score:0.5"),
        ("class", whole("class G { static grade() { return 0.5 } } var grade = G.grade"), "score:0.5"),
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
    ]
}
