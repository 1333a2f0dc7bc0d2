//! Phone numbers: international ones by their sign, others by how they are grouped and by the words before them.

use std::ops::Range;

use super::find::{before, goes_on, is_joined, is_word};

/// A number behind `+` or in a bracket.
pub(super) fn after_sign(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let digit = bytes.get(start + 1).filter(|byte| byte.is_ascii_digit())?;
    if before(bytes, start).is_some_and(|byte| is_word(byte) || matches!(byte, b'+' | b')')) {
        return None;
    }
    match bytes[start] {
        b'+' if *digit != b'0' => international(bytes, start, start + 1),
        b'(' => bracketed(bytes, start),
        _ => None,
    }
}

/// A number that begins with this digit.
pub(super) fn from_digit(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    if !may_begin(bytes, start) || is_joined(bytes, start) {
        return None;
    }
    // One of many numbers in a row is none of its own.
    let in_row = before(bytes, start) == Some(b' ') && start >= 2 && bytes[start - 2].is_ascii_digit();
    if in_row && bytes[start] == b'0' {
        return None;
    }
    if bytes[start..].starts_with(b"00") && bytes.get(start + 2).is_some_and(|digit| (b'1'..=b'9').contains(digit)) {
        return international(bytes, start, start + 2).filter(|range| {
            let digits = bytes[range.clone()].iter().filter(|byte| byte.is_ascii_digit()).count();
            (digits < range.len() && says(bytes, start) != Says::Other) || says(bytes, start) == Says::Phone
        });
    }
    let run = Run::read(bytes, start)?;
    american(bytes, &run).or_else(|| national(bytes, &run)).or_else(|| bare(bytes, &run))
}

/// Whether the first group is one of those a number has: a single 1 before three more, two with a zero, or three and more.
fn may_begin(bytes: &[u8], start: usize) -> bool {
    let group = |from: usize| bytes[from..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    match group(start) {
        1 => bytes[start] == b'1' && start + 2 < bytes.len() && group(start + 2) == 3,
        2 => bytes[start] == b'0',
        _ => true,
    }
}

/// What follows the sign: 8 to 15 digits, a country's code first.
fn international(bytes: &[u8], start: usize, from: usize) -> Option<Range<usize>> {
    let is_american = bytes[from] == b'1';
    let most = if is_american { 11 } else { 15 };
    let (mut digits, mut at, mut end, mut groups) = (Vec::with_capacity(15), from, from, 0);
    while digits.len() < most {
        let group: Vec<u8> = bytes[at..].iter().take(16).take_while(|byte| byte.is_ascii_digit()).copied().collect();
        if group.is_empty() || digits.len() + group.len() > most {
            break;
        }
        digits.extend_from_slice(&group);
        (end, groups) = (at + group.len(), groups + 1);
        let between = bytes[end..].iter().take(2).take_while(|byte| b" -./()".contains(byte)).count();
        at = end + between;
        if between == 0 {
            break;
        }
    }
    let enough = digits.len() >= if groups > 1 { 8 } else { 10 };
    let possible = !is_american || digits.len() == 11 && is_american_number(&digits[1..]);
    (enough && possible && !goes_on(bytes, end)).then_some(start..end)
}

/// `(415) 555-0123`, `(030) 1234567`.
fn bracketed(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let area: Vec<u8> = bytes[start + 1..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).copied().collect();
    let close = start + 1 + area.len();
    if bytes.get(close) != Some(&b')') || !(3..=5).contains(&area.len()) || says(bytes, start) == Says::Other {
        return None;
    }
    let from = close + 1 + usize::from(matches!(bytes.get(close + 1), Some(b' ' | b'-' | b'/')));
    let run = Run::read(bytes, from)?;
    let (end, lengths) = run.leading(2);
    if area.len() == 3 && lengths == [3, 4] {
        let digits: Vec<u8> = area.iter().chain(&run.digits[..7]).copied().collect();
        let is_own = !run.has_more(2) || run.groups.get(2).is_some_and(|group| group.separator == b' ');
        return (is_american_number(&digits) && is_own && !is_word_at(bytes, end)).then_some(start..end);
    }
    let total = area.len() + run.digits.len();
    let is_national = area[0] == b'0' && (b'1'..=b'9').contains(&area[1]) && (9..=12).contains(&total);
    (is_national && !goes_on(bytes, run.end)).then_some(start..run.end)
}

/// Area code and exchange begin with 2 to 9.
fn is_american_number(digits: &[u8]) -> bool {
    digits.len() == 10 && digits[0] >= b'2' && digits[3] >= b'2'
}

/// `415-555-0123`, `1.415.555.0123`; with blanks only after a word that says what it is.
fn american(bytes: &[u8], run: &Run) -> Option<Range<usize>> {
    let skip = usize::from(run.groups[0].length == 1 && run.digits[0] == b'1');
    let groups = run.groups.get(skip..skip + 3)?;
    if groups.iter().map(|group| group.length).ne([3, 3, 4]) {
        return None;
    }
    let digits = run.digits.get(skip..skip + 10)?;
    let separator = groups[1].separator;
    let same = groups[2].separator == separator && (skip == 0 || matches!(groups[0].separator, b' ' | b'-' | b'.'));
    let behind = run.groups.get(skip + 3);
    let is_own = behind.is_none_or(|next| next.separator == b' ' && separator != b' ');
    let needed =
        if separator == b' ' { says(bytes, run.start) == Says::Phone } else { says(bytes, run.start) != Says::Other };
    let (end, _) = run.leading(skip + 3);
    let ends = !is_word_at(bytes, end) && (behind.is_some() || !goes_on(bytes, end));
    (same && separator != b'/' && is_american_number(digits) && is_own && needed && ends).then_some(run.start..end)
}

/// `030 1234567`, `0171/1234567`, `01 23 45 67 89`: a zero, an area, 9 to 12 digits in groups; no date.
fn national(bytes: &[u8], run: &Run) -> Option<Range<usize>> {
    let [first, rest @ ..] = run.groups.as_slice() else { return None };
    let pairs = run.groups.iter().all(|group| group.length == 2);
    let dotted = rest.iter().any(|group| group.separator == b'.');
    let begins = run.digits[0] == b'0' && (b'1'..=b'9').contains(run.digits.get(1)?) && (2..=5).contains(&first.length);
    let is_date = first.length <= 2 && rest.len() >= 2 && rest[0].length <= 2 && rest[1].length == 4;
    let rest_lengths: Vec<usize> = rest.iter().map(|group| group.length).collect();
    let shaped = match first.length {
        _ if pairs => run.groups.len() == 5,
        _ if dotted => false,
        2 => matches!(rest_lengths[..], [8] | [4, 4]),
        _ => !rest.is_empty(),
    };
    let sized = (9..=12).contains(&run.digits.len()) && !run.is_cut;
    (begins && !is_date && shaped && sized && !goes_on(bytes, run.end) && says(bytes, run.start) != Says::Other)
        .then_some(run.start..run.end)
}

/// A run of digits without groups, after a word that says what it is.
fn bare(bytes: &[u8], run: &Run) -> Option<Range<usize>> {
    let (end, lengths) = run.leading(1);
    let is_own = run.groups.get(1).is_none_or(|next| next.separator == b' ');
    let sized = lengths.first().is_some_and(|length| (9..=13).contains(length));
    (sized && is_own && !is_word_at(bytes, end) && says(bytes, run.start) == Says::Phone).then_some(run.start..end)
}

fn is_word_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|byte| is_word(*byte) || *byte == b'@')
}

/// Digits in groups, with one sign between two of them.
struct Run {
    start: usize,
    digits: Vec<u8>,
    groups: Vec<Group>,
    end: usize,
    /// Whether it goes on beyond what is read.
    is_cut: bool,
}

struct Group {
    /// The sign before it; 0 for the first.
    separator: u8,
    length: usize,
    end: usize,
}

impl Run {
    const MOST_DIGITS: usize = 20;

    fn read(bytes: &[u8], start: usize) -> Option<Self> {
        let mut run =
            Self { start, digits: Vec::with_capacity(16), groups: Vec::with_capacity(6), end: start, is_cut: false };
        let (mut at, mut separator) = (start, 0);
        loop {
            let room = Self::MOST_DIGITS + 1 - run.digits.len();
            let length = bytes.get(at..)?.iter().take(room).take_while(|byte| byte.is_ascii_digit()).count();
            if length == 0 {
                break;
            }
            run.digits.extend_from_slice(&bytes[at..at + length]);
            at += length;
            run.end = at;
            run.groups.push(Group { separator, length, end: at });
            if run.digits.len() > Self::MOST_DIGITS {
                run.is_cut = true;
                break;
            }
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(sign @ (b' ' | b'-' | b'.' | b'/')), Some(next)) if next.is_ascii_digit() => separator = *sign,
                _ => break,
            }
            at += 1;
        }
        (!run.groups.is_empty()).then_some(run)
    }

    /// Where the first groups end, and how long they are.
    fn leading(&self, count: usize) -> (usize, Vec<usize>) {
        let groups = &self.groups[..count.min(self.groups.len())];
        (groups.last().map_or(self.start, |group| group.end), groups.iter().map(|group| group.length).collect())
    }

    fn has_more(&self, count: usize) -> bool {
        self.groups.len() > count
    }
}

/// What the words before a number say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Phone,
    Other,
    Nothing,
}

const PHONE_PARTS: [&str; 5] = ["phone", "mobile", "whatsapp", "telefon", "telephone"];
const PHONE_WORDS: [&str; 11] =
    ["tel", "cell", "fax", "call", "calling", "text", "sms", "dial", "handy", "ring", "mobil"];
const OTHER_STARTS: [&str; 24] = [
    "order",
    "invoice",
    "ticket",
    "track",
    "isbn",
    "issn",
    "serial",
    "version",
    "release",
    "account",
    "booking",
    "reserv",
    "confirm",
    "policy",
    "article",
    "product",
    "model",
    "transaction",
    "reference",
    "parcel",
    "shipment",
    "timestamp",
    "bestell",
    "rechnung",
];
const OTHER_WORDS: [&str; 24] = [
    "id", "no", "nr", "ref", "case", "code", "pin", "imei", "vin", "zip", "ssn", "ean", "upc", "sku", "part", "item",
    "build", "date", "time", "uuid", "hash", "total", "price", "amount",
];

/// The nearest of the last few words of the line that says anything decides.
fn says(bytes: &[u8], start: usize) -> Says {
    let from = start.saturating_sub(40);
    let line = bytes[from..start].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let words = line.rsplit(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty()).take(4);
    for word in words {
        let word = word.to_ascii_lowercase();
        let Ok(word) = std::str::from_utf8(&word) else { continue };
        if PHONE_PARTS.iter().any(|part| word.contains(part)) || PHONE_WORDS.contains(&word) {
            return Says::Phone;
        }
        if OTHER_STARTS.iter().any(|start| word.starts_with(start)) || OTHER_WORDS.contains(&word) {
            return Says::Other;
        }
    }
    Says::Nothing
}
