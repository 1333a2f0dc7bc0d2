//! What a change of the rules would do, before it is saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ValidationError;
use crate::format;

/// How many records other rules would free or reject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesPreview {
    /// Records that would become valid, by the error under which they count now.
    pub freed: BTreeMap<ValidationError, i64>,
    /// Valid records that would be so no longer, by the error under which they would count.
    pub rejected: BTreeMap<ValidationError, i64>,
    /// Half the width of the 95% interval of all that are freed; 0 where every record was looked at.
    pub freed_margin: i64,
    /// The same of the rejected.
    pub rejected_margin: i64,
    /// Records whose present verdict is known; others are not counted.
    pub total: i64,
    /// How many of them were looked at.
    pub looked_at: i64,
}

impl RulesPreview {
    /// Whether not every record was looked at, so that the numbers are extrapolated.
    pub const fn is_estimate(&self) -> bool {
        self.looked_at < self.total
    }

    /// "Would free 31 records (31 user message too short) and reject 4 more (4 too many tokens)."
    pub fn in_words(&self) -> String {
        let about = if self.is_estimate() { "about " } else { "" };
        let part = |verb: &str, errors: &BTreeMap<ValidationError, i64>, margin: i64, more: bool| {
            let sum: i64 = errors.values().sum();
            let reasons =
                errors.iter().map(|(error, count)| format!("{} {}", format::count(*count), lower(error.label())));
            let records = if more { format!("{} more", format::count(sum)) } else { format::counted(sum, "record") };
            let margin =
                if self.is_estimate() { format!(", give or take {}", format::count(margin)) } else { String::new() };
            let reasons = reasons.collect::<Vec<_>>().join(", ");
            (sum > 0).then(|| format!("{verb} {about}{records}{margin} ({reasons})"))
        };
        let parts = [
            part("free", &self.freed, self.freed_margin, false),
            part("reject", &self.rejected, self.rejected_margin, !self.freed.is_empty()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let what = if parts.is_empty() { "change no verdict".to_owned() } else { parts.join(" and ") };
        if !self.is_estimate() {
            return format!("Would {what}.");
        }
        let (looked_at, total) = (format::count(self.looked_at), format::counted(self.total, "record"));
        if parts.is_empty() {
            let at_most = format::count(self.freed_margin.max(self.rejected_margin));
            return format!(
                "Would change none of the {looked_at} that were looked at, of {total}: at most some {at_most}."
            );
        }
        format!("Would {what}. Estimated from {looked_at} of {total}.")
    }
}

/// A label within a sentence.
fn lower(label: &str) -> String {
    let mut characters = label.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::ValidationError::{ExceedsMaxTokens, UserMessageTooShort};
    use super::*;

    #[test]
    fn a_preview_is_said_in_words() {
        let preview = |freed: &[(ValidationError, i64)], rejected: &[(ValidationError, i64)], looked_at| RulesPreview {
            freed: freed.iter().copied().collect(),
            rejected: rejected.iter().copied().collect(),
            freed_margin: if looked_at < 1_000_000 { 640 } else { 0 },
            rejected_margin: if looked_at < 1_000_000 { 950 } else { 0 },
            total: 1_000_000,
            looked_at,
        };
        let whole = 1_000_000;
        for (preview, words) in [
            (preview(&[], &[], whole), "Would change no verdict."),
            (
                preview(&[(UserMessageTooShort, 31)], &[(UserMessageTooShort, 3), (ExceedsMaxTokens, 1)], whole),
                "Would free 31 records (31 user message too short) and reject 4 more (3 user message too short, 1 too many tokens).",
            ),
            (preview(&[], &[(ExceedsMaxTokens, 1)], whole), "Would reject 1 record (1 too many tokens)."),
            (
                preview(&[(UserMessageTooShort, 1_500)], &[], 2_000),
                "Would free about 1,500 records, give or take 640 (1,500 user message too short). Estimated from 2,000 of 1,000,000 records.",
            ),
            (
                preview(&[], &[], 2_000),
                "Would change none of the 2,000 that were looked at, of 1,000,000 records: at most some 950.",
            ),
        ] {
            assert_eq!(preview.in_words(), words);
        }
    }
}
