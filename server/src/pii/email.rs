//! E-mail addresses: the sign in their middle is found first, then both sides are read.

use std::ops::Range;

use super::find::{before, escape_before};

const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 253;
/// What ends a file's name is no top-level domain: `icon@2x.png`.
const FILE_ENDINGS: [&[u8]; 12] =
    [b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"json", b"html", b"pdf", b"txt"];

/// The address whose `@` stands here.
pub(super) fn around(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = local_start(bytes, at)?;
    let end = domain_end(bytes, at + 1)?;
    // A repository over SSH, a name and password in an address of the web, a function call (`a@b.mean()`).
    let is_git = &bytes[start..at] == b"git" && bytes.get(end) == Some(&b':');
    if is_git || has_password(bytes, start) || matches!(bytes.get(end), Some(b'(' | b'@')) {
        return None;
    }
    Some(start..end)
}

fn local_start(bytes: &[u8], at: usize) -> Option<usize> {
    let mut start = at;
    while start > 0 && is_local(bytes[start - 1]) {
        start -= 1;
        if at - start > LONGEST_LOCAL {
            return None;
        }
    }
    start += escape_before(bytes, start);
    // A sentence's or a quotation's signs before it, and no half of a letter.
    while start < at && !(bytes[start].is_ascii_alphanumeric() || bytes[start] == b'_' || bytes[start] >= 0xC3) {
        start += 1;
    }
    (start < at && bytes[at - 1] != b'.').then_some(start)
}

/// Letters outside ASCII count where they are written with two bytes: scripts that have blanks between words.
const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'\'' | b'-' | 0x80..=0xBF | 0xC3..=0xD4)
}

fn domain_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut end, mut last_dot, mut label) = (start, None, start);
    while let Some(&byte) = bytes.get(end).filter(|_| end - start <= LONGEST_DOMAIN) {
        match byte {
            b'.' if end > label && bytes.get(end + 1).is_some_and(|next| is_label(*next) && *next != b'-') => {
                last_dot = Some(end);
                label = end + 1;
            }
            _ if is_label(byte) => {}
            _ => break,
        }
        end += 1;
    }
    if end - start > LONGEST_DOMAIN || bytes.get(end) == Some(&b'_') {
        return None;
    }
    let last = &bytes[last_dot? + 1..end];
    let is_name = (2..=24).contains(&last.len()) && last.iter().all(u8::is_ascii_alphabetic);
    let is_encoded = last.starts_with(b"xn--") && last.len() > 4;
    let is_file = FILE_ENDINGS.iter().any(|ending| last.eq_ignore_ascii_case(ending));
    let begins = bytes[start] != b'-';
    ((is_name || is_encoded) && !is_file && begins).then_some(end)
}

const fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | 0x80..=0xBF | 0xC3..=0xD4)
}

/// Whether what stands before is `scheme://name:`.
fn has_password(bytes: &[u8], start: usize) -> bool {
    if before(bytes, start) != Some(b':') {
        return false;
    }
    let from = start.saturating_sub(80);
    let before = &bytes[from..start];
    let word = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |blank| blank + 1);
    before[word..].windows(3).any(|three| three == b"://")
}
