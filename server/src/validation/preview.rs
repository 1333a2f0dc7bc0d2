//! What other rules would make of records whose verdict is known: pure, for all of them or for a sample.

use std::collections::BTreeMap;

use super::rules::record_findings;
use super::tokens::TokenCounter;
use crate::types::dataset::DatasetRecord;
use crate::types::validation::{RecordStatus, RulesPreview, ValidationConfig, ValidationError};

/// The rules as they are and as they would be.
#[derive(Debug, Clone)]
pub struct RulesChange {
    /// By which the stored verdicts are.
    pub from: ValidationConfig,
    /// To which they would change.
    pub to: ValidationConfig,
}

impl RulesChange {
    /// Every error but `duplicate` that the record would have. Tokens are counted only where that rule changes: whether
    /// the record breaks it now is known.
    pub fn errors(&self, record: &DatasetRecord, tokens: &TokenCounter) -> Vec<ValidationError> {
        let same_tokens = self.from.max_tokens == self.to.max_tokens && self.from.tokenizer == self.to.tokenizer;
        let asked =
            if same_tokens { ValidationConfig { max_tokens: u32::MAX, ..self.to.clone() } } else { self.to.clone() };
        let parse_error = record.raw.as_deref().map(|_| "");
        let mut errors = record_findings(&record.data, parse_error, &asked, tokens).errors;
        if same_tokens && record.validation.errors.contains(&ValidationError::ExceedsMaxTokens) {
            errors.push(ValidationError::ExceedsMaxTokens);
        }
        errors
    }
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It becomes valid; it counted under this error.
    Freed(ValidationError),
    /// It is valid no longer; it counts under this error.
    Rejected(ValidationError),
}

/// The change from one status and first error to another; `None` where it stays valid or stays not.
pub fn turn(
    before: RecordStatus,
    error_before: Option<ValidationError>,
    after: RecordStatus,
    error_after: Option<ValidationError>,
) -> Option<Turn> {
    match (before == RecordStatus::Valid, after == RecordStatus::Valid) {
        (false, true) => Some(Turn::Freed(error_before.unwrap_or(ValidationError::Duplicate))),
        (true, false) => Some(Turn::Rejected(error_after.unwrap_or(ValidationError::Duplicate))),
        _ => None,
    }
}

/// Records of one kind (a status and first error), of which some were looked at.
#[derive(Debug, Clone, Default)]
pub struct Stratum {
    /// How many there are.
    pub total: i64,
    /// How many were looked at.
    pub looked_at: i64,
    freed: BTreeMap<ValidationError, i64>,
    rejected: BTreeMap<ValidationError, i64>,
}

impl Stratum {
    /// Of so many records.
    pub fn of(total: i64) -> Self {
        Self { total, ..Self::default() }
    }

    /// Counts one that was looked at.
    pub fn add(&mut self, turn: Option<Turn>) {
        self.looked_at += 1;
        match turn {
            Some(Turn::Freed(error)) => *self.freed.entry(error).or_insert(0) += 1,
            Some(Turn::Rejected(error)) => *self.rejected.entry(error).or_insert(0) += 1,
            None => {}
        }
    }
}

/// The numbers for all records: what was seen in each stratum, times how many it stands for.
pub fn summed(strata: &[Stratum]) -> RulesPreview {
    let grown = |counts: fn(&Stratum) -> &BTreeMap<ValidationError, i64>| {
        let mut sums = BTreeMap::<ValidationError, f64>::new();
        for stratum in strata.iter().filter(|stratum| stratum.looked_at > 0) {
            for (error, count) in counts(stratum) {
                *sums.entry(*error).or_insert(0.0) += *count as f64 * (stratum.total as f64 / stratum.looked_at as f64);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "no more than there are records")]
        sums.into_iter().map(|(error, sum)| (error, sum.round() as i64)).collect()
    };
    RulesPreview {
        freed: grown(|stratum| &stratum.freed),
        rejected: grown(|stratum| &stratum.rejected),
        freed_margin: margin(strata, |stratum| &stratum.freed),
        rejected_margin: margin(strata, |stratum| &stratum.rejected),
        total: strata.iter().map(|stratum| stratum.total).sum(),
        looked_at: strata.iter().map(|stratum| stratum.looked_at).sum(),
    }
}

/// Half the width of the 95% interval of a sum over strata: 1.96 sqrt(sum of N² (1 - n/N) p (1 - p) / n), with Agresti and
/// Coull's p = (x + 2) / (n + 4), so that a change of which the sample shows nothing is not ruled out.
fn margin(strata: &[Stratum], counts: fn(&Stratum) -> &BTreeMap<ValidationError, i64>) -> i64 {
    let variance = |stratum: &Stratum| {
        let (total, looked_at) = (stratum.total as f64, stratum.looked_at as f64);
        let seen = counts(stratum).values().sum::<i64>() as f64;
        let share = (seen + 2.0) / (looked_at + 4.0);
        let left = (1.0 - looked_at / total).max(0.0);
        total * total * left * share * (1.0 - share) / (looked_at + 4.0)
    };
    let sum: f64 = strata.iter().filter(|stratum| stratum.looked_at > 0).map(variance).sum();
    #[expect(clippy::cast_possible_truncation, reason = "some thousands of records")]
    let margin = (1.96 * sum.sqrt()).round() as i64;
    margin
}

#[cfg(test)]
mod tests {
    use super::ValidationError::{Duplicate, ExceedsMaxTokens, UserMessageTooShort};
    use super::*;

    #[test]
    fn only_becoming_valid_or_not_is_a_turn() {
        use RecordStatus::{Duplicate as Copied, Invalid, Valid};
        let (short, long) = (Some(UserMessageTooShort), Some(ExceedsMaxTokens));
        for (before, error_before, after, error_after, expected) in [
            (Valid, None, Valid, None, None),
            (Invalid, short, Invalid, long, None),
            (Invalid, short, Copied, Some(Duplicate), None),
            (Invalid, short, Valid, None, Some(Turn::Freed(UserMessageTooShort))),
            (Copied, Some(Duplicate), Valid, None, Some(Turn::Freed(Duplicate))),
            (Valid, None, Invalid, long, Some(Turn::Rejected(ExceedsMaxTokens))),
            (Valid, None, Copied, None, Some(Turn::Rejected(Duplicate))),
        ] {
            assert_eq!(turn(before, error_before, after, error_after), expected);
        }
    }

    /// 1,000 valid ones of which 10 of 100 would be too short, and 30 too short ones, all looked at, of which 12 would not.
    #[test]
    fn what_was_seen_stands_for_what_was_not() {
        let mut valid = Stratum::of(1_000);
        (0..100).for_each(|index| valid.add((index < 10).then_some(Turn::Rejected(UserMessageTooShort))));
        let mut short = Stratum::of(30);
        (0..30).for_each(|index| short.add((index < 12).then_some(Turn::Freed(UserMessageTooShort))));
        let preview = summed(&[valid, short, Stratum::of(5)]);
        assert_eq!(
            (preview.freed, preview.rejected),
            ([(UserMessageTooShort, 12)].into(), [(UserMessageTooShort, 100)].into())
        );
        assert_eq!((preview.total, preview.looked_at), (1_035, 130));
        // By hand: 1.96 * 1000 * sqrt(0.9 * (12/104) * (92/104) / 104) = 58.2, and 1.96 * 1000 * sqrt(0.9 * (2/104) *
        // (102/104) / 104) = 25.0; the stratum that was looked at whole adds nothing.
        assert_eq!((preview.rejected_margin, preview.freed_margin), (58, 25));
    }
}
