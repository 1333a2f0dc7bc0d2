//! Keys and tokens by the shapes that their makers give them.

use std::ops::Range;

use super::find::before;

/// A key or token that begins with this word.
pub(super) fn key(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..];
    if !matches!(rest[0], b's' | b'S' | b'A' | b'g' | b'h' | b'n' | b'x' | b'e' | b'B' | b'b') {
        return None;
    }
    if matches!(before(bytes, start), Some(b'-')) && start >= 2 && bytes[start - 2].is_ascii_alphanumeric() {
        return None;
    }
    let length = match rest[0] {
        b's' => openai(rest).or_else(|| after(rest, &["sk_live_", "sk_test_"], is_alphanumeric, 16, 200)),
        b'S' => sendgrid(rest),
        b'h' => after(rest, &["hf_"], is_alphanumeric, 30, 64),
        b'n' => after(rest, &["npm_"], is_alphanumeric, 36, 64),
        b'A' => fixed(rest, &["AKIA", "ASIA"], |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(), 16)
            .or_else(|| fixed(rest, &["AIza"], is_url_safe, 35)),
        b'g' => after(rest, &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], is_alphanumeric, 36, 255)
            .or_else(|| after(rest, &["github_pat_"], |byte| is_alphanumeric(byte) || byte == b'_', 22, 255))
            .or_else(|| after(rest, &["glpat-"], is_url_safe, 20, 64)),
        b'x' => after(rest, &["xoxa-", "xoxb-", "xoxp-", "xoxe-", "xoxr-", "xoxs-"], is_url_safe, 10, 255)
            .filter(|length| rest[5..*length].iter().any(u8::is_ascii_digit)),
        b'e' => web_token(rest),
        b'B' | b'b' => return bearer(bytes, start),
        _ => None,
    };
    length.map(|length| start..start + length)
}

/// A prefix and so many of the signs or more, up to a bound.
fn after(rest: &[u8], prefixes: &[&str], is_sign: impl Fn(u8) -> bool, least: usize, most: usize) -> Option<usize> {
    let prefix = prefixes.iter().find(|prefix| rest.starts_with(prefix.as_bytes()))?.len();
    let count = rest[prefix..].iter().take(most).take_while(|byte| is_sign(**byte)).count();
    (count >= least).then_some(prefix + count)
}

/// A prefix and exactly so many of the signs.
fn fixed(rest: &[u8], prefixes: &[&str], is_sign: impl Fn(u8) -> bool, count: usize) -> Option<usize> {
    let length = after(rest, prefixes, is_sign, count, count)?;
    rest.get(length).is_none_or(|next| !is_alphanumeric(*next)).then_some(length)
}

/// `sk-...`, `sk-proj-...`, `sk-ant-...`: among its parts is one that no word of a language is, long and with digits.
fn openai(rest: &[u8]) -> Option<usize> {
    let length = after(rest, &["sk-"], is_url_safe, 20, 300)?;
    let mut parts = rest[3..length].split(|byte| !byte.is_ascii_alphanumeric());
    let is_random = |part: &[u8]| {
        part.len() >= 12 && part.iter().any(u8::is_ascii_digit) && part.iter().any(u8::is_ascii_alphabetic)
    };
    parts.any(is_random).then_some(length)
}

/// `SG.` and two parts with a point between them.
fn sendgrid(rest: &[u8]) -> Option<usize> {
    let first = after(rest, &["SG."], is_url_safe, 16, 64)?;
    let second = after(&rest[first..], &["."], is_url_safe, 16, 128)?;
    Some(first + second)
}

/// A JSON Web Token: three parts, of which the first begins an object.
fn web_token(rest: &[u8]) -> Option<usize> {
    const LONGEST_PART: usize = 8_192;
    let mut at = 0;
    for part in 0..3 {
        let length = rest[at..].iter().take(LONGEST_PART).take_while(|byte| is_url_safe(**byte)).count();
        let begins = part == 2 || rest[at..].starts_with(b"eyJ");
        if length < 10 || !begins {
            return None;
        }
        at += length;
        if part < 2 {
            at = (rest.get(at) == Some(&b'.')).then_some(at + 1)?;
        }
    }
    Some(at)
}

/// The token after "Bearer".
fn bearer(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..];
    if !rest.get(..7)?.eq_ignore_ascii_case(b"bearer ") {
        return None;
    }
    let token = rest[7..].iter().take(8_192).take_while(|byte| is_url_safe(**byte) || b".~+/=".contains(byte));
    let mut length = token.count();
    while length > 0 && rest[7 + length - 1] == b'.' {
        length -= 1;
    }
    let token = &rest[7..7 + length];
    let is_random = length >= 16 && token.iter().any(u8::is_ascii_digit) && token.iter().any(u8::is_ascii_alphabetic);
    is_random.then_some(start + 7..start + 7 + length)
}

const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

const fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Where the next end of a private key stands, so that many beginnings look for it once.
#[derive(Debug, Default)]
pub(super) struct BlockEnds {
    /// From where on was looked for it last, and what was found.
    known: Option<(usize, Option<usize>)>,
}

const END: &str = "-----END ";
const CLOSE: &str = "PRIVATE KEY-----";
/// Longer ones are not known.
const LONGEST_BLOCK: usize = 65_536;

/// `-----BEGIN ... PRIVATE KEY-----` up to its end; where that is missing, the beginning and the letters behind it.
pub(super) fn private_key(text: &str, start: usize, ends: &mut BlockEnds) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let label = bytes[start..].strip_prefix(b"-----BEGIN ")?;
    let label = &label[..label.len().min(40)];
    let at = label.windows(CLOSE.len()).position(|window| window == CLOSE.as_bytes())?;
    let head = start + "-----BEGIN ".len() + at + CLOSE.len();
    let end = match ends.known {
        Some((from, None)) if from <= head => None,
        Some((from, Some(end))) if from <= head && head <= end => Some(end),
        _ => {
            let found = text[head..].find(END).map(|found| head + found);
            ends.known = Some((head, found));
            found
        }
    };
    let whole = end.filter(|end| end - head <= LONGEST_BLOCK).and_then(|end| {
        let rest = &bytes[end + END.len()..];
        let rest = &rest[..rest.len().min(40)];
        let close = rest.windows(CLOSE.len()).position(|window| window == CLOSE.as_bytes())?;
        Some(end + END.len() + close + CLOSE.len())
    });
    let cut_off = || {
        // Line breaks inside JSON inside a text are written as `\n`.
        let letters = bytes[head..].iter().take_while(|byte| is_alphanumeric(**byte) || b"+/=\r\n\\".contains(byte));
        head + letters.count()
    };
    Some(start..whole.unwrap_or_else(cut_off))
}
