//! Numbers, shares, durations and times as people read them. Pure; the same on server and browser.

use std::borrow::Cow;
use std::fmt::Write;

use crate::types::TimestampMs;

/// 1234567 -> "1,234,567".
pub fn count(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        out.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "1 record", "2,000 records".
pub fn counted(value: i64, singular: &str) -> String {
    if value == 1 { format!("1 {singular}") } else { format!("{} {singular}s", count(value)) }
}

/// Bytes in binary units with one decimal: "0 B", "1.5 KiB", "2.0 GiB".
pub fn bytes(value: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut amount = value as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit < UNITS.len() - 1 {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{value} B") } else { format!("{amount:.1} {}", UNITS[unit]) }
}

/// Whether a character cannot be seen where it stands: controls other than line breaks and tabs, and what turns the
/// direction of the text around it (embeddings, overrides, isolates and marks of the bidirectional algorithm).
pub fn is_hidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        other => other.is_control() || turns_text(other),
    }
}

/// Whether a character turns the direction of the text around it, and is none itself.
pub fn turns_text(character: char) -> bool {
    matches!(character,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

/// Somebody else's text as it can be printed: "[U+202E]" for what cannot be seen.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "[U+{:04X}]", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// US dollars: "$0", "$0.00042", "$0.07", "$1,234.50". Small amounts keep two digits that say something.
pub fn dollars(value: f64) -> String {
    let whole = value.trunc();
    #[expect(clippy::cast_possible_truncation, reason = "saturates, far beyond any bill")]
    let thousands = count(whole as i64);
    match value {
        0.0 => "$0".to_owned(),
        _ if value.abs() >= 1.0 => {
            let cents = format!("{:.2}", value.abs().fract());
            // Rounded up to the next dollar.
            if cents.starts_with('1') {
                return dollars(whole + value.signum());
            }
            format!("${thousands}{}", &cents[1..])
        }
        _ if value.abs() >= 0.01 => format!("${value:.2}"),
        _ => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
            let digits = (-value.abs().log10()).ceil().min(12.0) as usize + 1;
            format!("${value:.digits$}")
        }
    }
}

/// A duration: "350 ms", "4.2 s", "3 min 20 s", "2 h 5 min".
pub fn duration_ms(value: i64) -> String {
    let value = value.max(0);
    match value {
        0..1_000 => format!("{value} ms"),
        1_000..60_000 => format!("{:.1} s", value as f64 / 1000.0),
        60_000..3_600_000 => format!("{} min {} s", value / 60_000, value % 60_000 / 1000),
        _ => format!("{} h {} min", value / 3_600_000, value % 3_600_000 / 60_000),
    }
}

/// How long ago, seen from `now`: "just now", "12 s ago", "4 min ago", "3 h ago", "5 days ago".
pub fn ago(time: TimestampMs, now: TimestampMs) -> String {
    let seconds = (now - time).max(0) / 1000;
    match seconds {
        0..5 => "just now".to_owned(),
        5..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "1 day ago".to_owned(),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// An exact UTC time, for hovering: "2026-11-23 01:05:09 UTC".
pub fn utc(time: TimestampMs) -> String {
    // Howard Hinnant's days-to-civil algorithm.
    let seconds = time.div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest % 3600 / 60, rest % 60)
}

/// The days from 1970-01-01 to a date like "2026-10-23"; `None` if it is none.
pub fn days_of_date(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9_999).contains(&year) {
        return None;
    }
    // Howard Hinnant's civil-to-days algorithm.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values by Python's `datetime.date.toordinal`.
    #[test]
    fn dates_are_days() {
        let expected = [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-10-23", 20_749), ("1969-12-31", -1)];
        for (date, days) in expected {
            assert_eq!(days_of_date(date), Some(days), "{date}");
        }
        for broken in ["", "2026", "2026-13-01", "2026-00-10", "2026-1", "soon-ish-x", "2026-10-23T00:00:00Z"] {
            assert_eq!(days_of_date(broken), None, "{broken}");
        }
    }

    #[test]
    fn money_keeps_digits_that_say_something() {
        for (value, expected) in [
            (0.0, "$0"),
            (0.000_42, "$0.00042"),
            (0.004, "$0.0040"),
            (0.07, "$0.07"),
            (1.0, "$1.00"),
            (1_234.5, "$1,234.50"),
            (1.999, "$2.00"),
        ] {
            assert_eq!(dollars(value), expected);
        }
    }

    #[test]
    fn counts_have_separators() {
        for (value, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(count(value), expected);
        }
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(1_042, "record"), "1,042 records");
    }

    #[test]
    fn sizes_and_durations_have_units() {
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(2 << 30), "2.0 GiB");
        assert_eq!(duration_ms(999), "999 ms");
        assert_eq!(duration_ms(4_210), "4.2 s");
        assert_eq!(duration_ms(200_000), "3 min 20 s");
        assert_eq!(duration_ms(7_500_000), "2 h 5 min");
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(
            visible("a\0b\u{1b}\u{202e}\u{200f}\u{61c}\u{2069}"),
            "a[U+0000]b[U+001B][U+202E][U+200F][U+061C][U+2069]"
        );
        assert_eq!(visible("two\nlines\tשלום"), "two\nlines\tשלום");
        assert!(turns_text('\u{2066}') && !turns_text('\u{7}') && !turns_text('ש'));
    }

    #[test]
    fn times_are_relative_and_exact() {
        assert_eq!(ago(0, 12_000), "12 s ago");
        assert_eq!(ago(0, 3 * 3_600_000), "3 h ago");
        assert_eq!(ago(5_000, 0), "just now", "a clock that runs ahead is no news");
        // Checked with `date -u -d @1700000000`.
        assert_eq!(utc(1_700_000_000_123), "2023-11-14 22:13:20 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
    }
}
