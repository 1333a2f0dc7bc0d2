//! Numbers that prove themselves: payment cards (Luhn), IBANs (mod 97), and IP addresses.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::find::{before, goes_on, is_joined, is_word, word_end};

/// Four numbers from 0 to 255. Not loopback, masks and "any", which name nobody; nor what is written like a version:
/// after a letter's slash or the word, or with single digits throughout.
pub(super) fn ipv4(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let mut octets = [0_u16; 4];
    let mut digits = 0;
    let mut at = start;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            at = (bytes.get(at) == Some(&b'.')).then_some(at + 1)?;
        }
        let from = at;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit() && at - from < 3) {
            *octet = *octet * 10 + u16::from(digit - b'0');
            at += 1;
        }
        let has_leading_zero = at - from > 1 && bytes[from] == b'0';
        if at == from || *octet > 255 || has_leading_zero {
            return None;
        }
        digits += at - from;
    }
    let follows = bytes.get(at).copied();
    let second = bytes.get(at + 1).copied();
    let goes_on = match follows {
        Some(b'.') => second.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        Some(b'-') => second.is_some_and(|byte| byte.is_ascii_alphabetic()),
        Some(byte) => is_word(byte),
        None => false,
    };
    let precedes = before(bytes, start);
    let joined = match precedes {
        Some(b'/') => start >= 2 && bytes[start - 2].is_ascii_alphanumeric(),
        Some(b':') => false,
        _ => is_joined(bytes, start),
    };
    let names_nobody = matches!(octets[0], 0 | 127 | 255);
    let is_version = digits == 4 || last_word_is(bytes, start, &[b"version", b"release", b"build", b"v", b"section"]);
    (!goes_on && !joined && !names_nobody && !is_version).then_some(start..at)
}

/// An IPv6 address that somebody can have: global, unique local or link local, by its first group of four.
pub(super) fn ipv6(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    if bytes.get(start + 4) != Some(&b':') {
        return None;
    }
    let first = [bytes[start], bytes[start + 1]].map(|byte| byte.to_ascii_lowercase());
    let is_unicast = matches!(first, [b'2' | b'3', _] | [b'f', b'c' | b'd' | b'e']);
    if !is_unicast || matches!(before(bytes, start), Some(b':' | b'.')) {
        return None;
    }
    let run = bytes[start..].iter().take(46).take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    let mut end = start + run.count();
    // A sentence's full stop or colon behind it.
    let found = &bytes[start..end];
    if found.ends_with(b".") || found.ends_with(b":") && !found.ends_with(b"::") {
        end -= 1;
    }
    if bytes.get(end).is_some_and(|byte| is_word(*byte)) {
        return None;
    }
    let text = std::str::from_utf8(&bytes[start..end]).ok()?;
    let address = text.parse::<Ipv6Addr>().ok()?;
    let groups = address.segments().into_iter().filter(|group| *group != 0).count();
    (groups >= 2).then_some(start..end)
}

/// A card's number: 14 to 19 digits with the right beginning, groups and check digit.
pub(super) fn card(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    if !matches!(bytes[start], b'2'..=b'6') || is_joined(bytes, start) {
        return None;
    }
    let (mut digits, mut groups) = (Vec::with_capacity(19), Vec::with_capacity(5));
    let (mut at, mut from) = (start, 0);
    let mut separator = None;
    loop {
        match bytes.get(at) {
            Some(digit) if digit.is_ascii_digit() => {
                if digits.len() == 19 {
                    return None;
                }
                digits.push(digit - b'0');
            }
            // A group of four or six is closed by the sign that closed the first; a longer run has none.
            Some(sign @ (b' ' | b'-'))
                if separator.is_none_or(|first| first == sign)
                    && digits.len() - from <= 6
                    && digits.len() < 17
                    && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
                    && !is_whole(&digits, &groups, from) =>
            {
                separator = Some(sign);
                groups.push(digits.len() - from);
                from = digits.len();
            }
            _ => break,
        }
        at += 1;
    }
    groups.push(digits.len() - from);
    (!goes_on(bytes, at) && is_whole(&digits, &groups[..groups.len() - 1], from)).then_some(start..at)
}

/// Whether these digits, of which those before `from` stand in `groups`, are a card's number.
fn is_whole(digits: &[u8], groups: &[usize], from: usize) -> bool {
    let last = digits.len() - from;
    let grouped = match groups {
        [] => true,
        [4, 4, 4] => last == 4 || digits.len() == 19,
        [4, 4, 4, 4] => last == 3,
        [4, 6] => last == 4 || last == 5,
        _ => false,
    };
    grouped && has_issuer(digits) && luhn(digits)
}

fn has_issuer(digits: &[u8]) -> bool {
    if digits.len() < 14 {
        return false;
    }
    let first = digits[..4].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    match digits.len() {
        14 => matches!(first, 3000..=3059 | 3600..=3699 | 3800..=3899),
        15 => matches!(first, 3400..=3499 | 3700..=3799),
        16 => matches!(first, 2221..=2720 | 3528..=3589 | 4000..=4999 | 5100..=5599 | 6011 | 6200..=6299 | 6440..=6599),
        19 => matches!(first, 4000..=4999 | 6200..=6299),
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit) * 2) {
            (0, _) => u32::from(*digit),
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Countries and the length of their account numbers (SWIFT's registry).
const IBAN_LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18\
FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31\
MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";

/// An account number of a country's length whose remainder is right; blanks or hyphens may stand between groups.
pub(super) fn iban(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let head = bytes.get(start..start + 4)?;
    if !head[3].is_ascii_digit() {
        return None;
    }
    let country = [head[0].to_ascii_uppercase(), head[1].to_ascii_uppercase()];
    let begins = country.iter().all(u8::is_ascii_uppercase) && head[2..].iter().all(u8::is_ascii_digit);
    if !begins || is_joined(bytes, start) {
        return None;
    }
    let entry = IBAN_LENGTHS.as_bytes().chunks(4).find(|entry| entry[..2] == country)?;
    let length = usize::from(entry[2] - b'0') * 10 + usize::from(entry[3] - b'0');
    let mut signs = Vec::with_capacity(length);
    let mut at = start;
    while signs.len() < length {
        match bytes.get(at)? {
            sign if sign.is_ascii_alphanumeric() => signs.push(sign.to_ascii_uppercase()),
            b' ' | b'-' if signs.len() >= 4 && bytes[at - 1].is_ascii_alphanumeric() => {}
            _ => return None,
        }
        at += 1;
    }
    signs.rotate_left(4);
    let remainder = signs.iter().fold(0_u32, |rest, sign| match sign {
        b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
        _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
    });
    (remainder == 1 && word_end(bytes, at) == at).then_some(start..at)
}

/// Whether the word right before a place is one of these.
fn last_word_is(bytes: &[u8], start: usize, words: &[&[u8]]) -> bool {
    let from = start.saturating_sub(16);
    let mut rest = &bytes[from..start];
    while let [head @ .., b' ' | b':' | b'=' | b'"' | b'.'] = rest {
        rest = head;
    }
    let begin = rest.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    words.iter().any(|word| rest[begin..].eq_ignore_ascii_case(word))
}
