//! One walk over a text: words are passed over whole, and only where a word or a sign may begin something is a rule asked.

use std::ops::Range;

use super::{email, numbers, phone, secrets};
use crate::types::pii::PiiKind;

/// Something found, in byte offsets of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PiiFind {
    /// What it is.
    pub kind: PiiKind,
    /// Where it stands.
    pub range: Range<usize>,
}

/// Everything that a text holds, in its order; no two overlap.
pub fn find(text: &str) -> Vec<PiiFind> {
    let bytes = text.as_bytes();
    let mut finds: Vec<PiiFind> = Vec::new();
    let mut ends = secrets::BlockEnds::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let class = CLASSES[usize::from(*byte)];
        if class == Class::Plain {
            at += 1;
            continue;
        }
        let (found, next) = match (class, byte) {
            (Class::Word, _) => {
                let start = at + escape_before(bytes, at);
                (in_word(bytes, start), word_end(bytes, start))
            }
            (_, b'@') => (email::around(bytes, at).map(|range| (PiiKind::Email, range)), at + 1),
            (_, b'-') => (secrets::private_key(text, at, &mut ends).map(|range| (PiiKind::ApiKey, range)), at + 1),
            _ => (phone::after_sign(bytes, at).map(|range| (PiiKind::Phone, range)), at + 1),
        };
        at = next;
        if let Some((kind, range)) = found {
            // An address may begin with what looked like something else.
            while finds.last().is_some_and(|last| last.range.end > range.start) {
                finds.pop();
            }
            at = range.end;
            finds.push(PiiFind { kind, range });
        }
    }
    finds
}

/// What a word begins.
fn in_word(bytes: &[u8], start: usize) -> Option<(PiiKind, Range<usize>)> {
    let first = *bytes.get(start)?;
    let kind = |kind: PiiKind| move |range: Range<usize>| (kind, range);
    if let Some(found) = numbers::ipv6(bytes, start).map(kind(PiiKind::Ip)) {
        return Some(found);
    }
    if !first.is_ascii_digit() {
        return secrets::key(bytes, start)
            .map(kind(PiiKind::ApiKey))
            .or_else(|| numbers::iban(bytes, start).map(kind(PiiKind::Iban)));
    }
    let address = numbers::ipv4(bytes, start).map(kind(PiiKind::Ip));
    if address.is_some() || !has_digits_ahead(bytes, start) {
        return address;
    }
    numbers::card(bytes, start)
        .map(kind(PiiKind::Card))
        .or_else(|| phone::from_digit(bytes, start).map(kind(PiiKind::Phone)))
}

/// Whether as many digits follow as the shortest phone number has: most numbers are dates, prices and counts.
fn has_digits_ahead(bytes: &[u8], start: usize) -> bool {
    let run = bytes[start..].iter().take(24).take_while(|byte| byte.is_ascii_digit() || b" -./()".contains(byte));
    run.filter(|byte| byte.is_ascii_digit()).count() >= 9
}

/// What a byte may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Word,
    Sign,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let sign = byte as u8;
        if is_word(sign) {
            classes[byte] = Class::Word;
        } else if matches!(sign, b'@' | b'+' | b'(' | b'-') {
            classes[byte] = Class::Sign;
        }
        byte += 1;
    }
    classes
};

/// The bytes of which words are made here.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the word ends that goes on at `at`.
pub(super) fn word_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().position(|byte| CLASSES[usize::from(*byte)] != Class::Word);
    at + length.unwrap_or(rest.len())
}

/// How many bytes at the start of a word belong to an escape of JSON inside a text: the `n` of `\n`, the `u00e4` of `\u00e4`.
pub(super) fn escape_before(bytes: &[u8], start: usize) -> usize {
    if before(bytes, start) != Some(b'\\') {
        return 0;
    }
    match bytes.get(start) {
        Some(b'n' | b'r' | b't' | b'b' | b'f') => 1,
        Some(b'u') if bytes.get(start + 1..start + 5).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => 5,
        _ => 0,
    }
}

/// The byte before a place.
pub(super) fn before(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at.checked_sub(1)?).copied()
}

/// Whether a number that begins here goes on from something before it: `v1-`, `#`, a decimal point, a path, a price.
pub(super) fn is_joined(bytes: &[u8], start: usize) -> bool {
    let Some(previous) = before(bytes, start) else { return false };
    let second = start.checked_sub(1).and_then(|at| before(bytes, at));
    match previous {
        b'-' | b'.' | b'/' => second.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        b':' => second.is_some_and(|byte| byte.is_ascii_digit()),
        b'#' | b'$' | b'+' | b'@' => true,
        byte => is_word(byte) && escape_is_over(bytes, start).is_none(),
    }
}

/// A word byte before the start is none where it ends an escape: the `n` of `\n`.
fn escape_is_over(bytes: &[u8], start: usize) -> Option<()> {
    [1, 5].into_iter().find_map(|length| {
        let at = start.checked_sub(length)?;
        (escape_before(bytes, at) == length).then_some(())
    })
}

/// Whether a number that ends here goes on in something behind it.
pub(super) fn goes_on(bytes: &[u8], end: usize) -> bool {
    let next = bytes.get(end).copied();
    let second = bytes.get(end + 1).copied();
    match next {
        None => false,
        Some(b'-') => second.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        Some(b'.' | b'/' | b':') => second.is_some_and(|byte| byte.is_ascii_digit()),
        Some(b'@' | b'%') => true,
        Some(byte) => is_word(byte),
    }
}
