//! The hygiene report: what share of a dataset is usable, why the rest is not, and what to do about it.

use crate::types::TimestampMs;
use crate::types::pii::PiiCounts;
use crate::types::validation::{HygieneReport, RecordStatus, ValidationError};

/// How many records stand where, as the store counts them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HygieneCounts {
    /// One entry per status and first error; entries for the same pair add up.
    pub groups: Vec<HygieneGroup>,
    /// Records with personal data, counted beside.
    pub pii: PiiCounts,
}

/// Records with the same status and the same first error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HygieneGroup {
    /// Where they stand.
    pub status: RecordStatus,
    /// The error under which they count; `None` for valid and pending ones.
    pub first_error: Option<ValidationError>,
    /// How many.
    pub count: i64,
}

/// The report from the counts (domain.md section 3): `total = valid + rejected + duplicates_removed`.
pub fn hygiene_report(counts: &HygieneCounts, timestamp: TimestampMs) -> HygieneReport {
    let mut report = HygieneReport { timestamp, pii: counts.pii.clone(), ..HygieneReport::default() };
    for group in counts.groups.iter().filter(|group| group.count > 0) {
        match group.status {
            RecordStatus::Pending => {
                report.pending += group.count;
                continue;
            }
            RecordStatus::Valid => report.valid += group.count,
            RecordStatus::Invalid => report.rejected += group.count,
            RecordStatus::Duplicate => report.duplicates_removed += group.count,
        }
        report.total += group.count;
        if let Some(error) = group.first_error.filter(|_| group.status != RecordStatus::Valid) {
            *report.errors_by_type.entry(error).or_insert(0) += group.count;
        }
    }
    report.rejection_rate = percent(report.total - report.valid, report.total);
    report.recommendations = recommendations(&report);
    report
}

/// A share with one decimal, halves up, in whole numbers so that no binary fraction tips it: "4.5%".
fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "0.0%".to_owned();
    }
    let tenths = (i128::from(part) * 2000 + i128::from(whole)) / (i128::from(whole) * 2);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

fn recommendations(report: &HygieneReport) -> Vec<String> {
    let all = Counts(report);
    [missing_texts(all), broken_tool_chains(all), wrong_lengths(all), repeats(all)].concat()
}

/// The report's counts, as the advice compares and names them.
#[derive(Clone, Copy)]
struct Counts<'a>(&'a HygieneReport);

impl Counts<'_> {
    fn of(self, error: ValidationError) -> i64 {
        self.0.errors_by_type.get(&error).copied().unwrap_or(0)
    }

    fn is_over(self, part: i64, bound_percent: i64) -> bool {
        i128::from(part) * 100 > i128::from(self.0.total) * i128::from(bound_percent)
    }

    /// "12 records (4.5%)".
    fn named(self, part: i64) -> String {
        let records = if part == 1 { "record" } else { "records" };
        format!("{part} {records} ({})", percent(part, self.0.total))
    }
}

/// User messages that are not there, or say nothing.
fn missing_texts(all: Counts) -> Vec<String> {
    let mut advice = Vec::new();
    let no_user = all.of(ValidationError::NoUserMessage);
    if all.is_over(no_user, 5) {
        advice.push(format!(
            "{} without any user message: the export probably kept only system or assistant turns. Export whole \
             conversations, or check that the roles are named \"user\".",
            all.named(no_user)
        ));
    }
    let empty = all.of(ValidationError::EmptyUserMessage);
    if all.is_over(empty, 5) {
        advice.push(format!(
            "{} with an empty user message: the text was probably lost or masked when the traces were written. Fix the \
             export, or edit these records.",
            all.named(empty)
        ));
    }
    advice
}

fn broken_tool_chains(all: Counts) -> Vec<String> {
    let missing_id = all.of(ValidationError::MissingToolCallId);
    let orphan = all.of(ValidationError::OrphanToolResult);
    if missing_id + orphan == 0 {
        return Vec::new();
    }
    vec![format!(
        "{} with a broken tool chain ({missing_id} without a call id, {orphan} with a result that answers no call): the \
         logger dropped ids, or the conversation was cut. Log tool calls with their ids, and cut before a call, not \
         after it.",
        all.named(missing_id + orphan)
    )]
}

/// Prompts that are too short to carry a task, or too long to train on.
fn wrong_lengths(all: Counts) -> Vec<String> {
    let mut advice = Vec::new();
    let short = all.of(ValidationError::UserMessageTooShort);
    if all.is_over(short, 10) {
        advice.push(format!(
            "{} whose last user message is too short: short turns like \"yes\" carry no task. Keep more of the \
             conversation in the prompt, or lower the minimum length in the validation settings.",
            all.named(short)
        ));
    }
    let long = all.of(ValidationError::ExceedsMaxTokens);
    if long > 0 {
        advice.push(format!(
            "{} over the token limit: long histories or tool results fill the prompt. Shorten them, or raise the limit in \
             the validation settings if the model to train takes more.",
            all.named(long)
        ));
    }
    advice
}

fn repeats(all: Counts) -> Vec<String> {
    let duplicates = all.0.duplicates_removed;
    if !all.is_over(duplicates, 5) {
        return Vec::new();
    }
    vec![format!(
        "{} repeat an earlier span or prompt and were set aside: the export probably overlaps, or retries were logged. \
         Export each span once; the earliest of each is kept.",
        all.named(duplicates)
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(status: RecordStatus, first_error: Option<ValidationError>, count: i64) -> HygieneGroup {
        HygieneGroup { status, first_error, count }
    }

    fn report(groups: Vec<HygieneGroup>) -> HygieneReport {
        hygiene_report(&HygieneCounts { groups, ..HygieneCounts::default() }, 7)
    }

    #[test]
    fn every_record_counts_once() {
        use ValidationError::{Duplicate, EmptyMessages, InvalidRole};
        let report = report(vec![
            group(RecordStatus::Valid, None, 955),
            group(RecordStatus::Invalid, Some(InvalidRole), 20),
            group(RecordStatus::Invalid, Some(EmptyMessages), 15),
            group(RecordStatus::Duplicate, Some(Duplicate), 10),
            group(RecordStatus::Pending, None, 3),
        ]);
        assert_eq!((report.total, report.valid, report.rejected), (1000, 955, 35));
        assert_eq!((report.duplicates_removed, report.pending, report.timestamp), (10, 3, 7));
        assert_eq!(report.total, report.valid + report.rejected + report.duplicates_removed);
        assert_eq!(report.rejection_rate, "4.5%");
        let by_type: Vec<_> = report.errors_by_type.into_iter().collect();
        assert_eq!(by_type, vec![(EmptyMessages, 15), (InvalidRole, 20), (Duplicate, 10)]);
    }

    #[test]
    fn rates_have_one_decimal() {
        // 1/3 = 33.33, 2/3 = 66.67, 91/2000 = 4.55 (halves go up), 1/3000 = 0.033.
        let cases =
            [(0, 0, "0.0%"), (1, 3, "33.3%"), (2, 3, "66.7%"), (91, 2000, "4.6%"), (1, 3000, "0.0%"), (5, 5, "100.0%")];
        for (part, whole, expected) in cases {
            assert_eq!(percent(part, whole), expected, "{part}/{whole}");
        }
        assert_eq!(report(vec![]).rejection_rate, "0.0%");
    }

    #[test]
    fn recommendations_begin_above_their_bounds() {
        use ValidationError as E;
        let cases = [
            (E::NoUserMessage, 50, 51),
            (E::EmptyUserMessage, 50, 51),
            (E::MissingToolCallId, 0, 1),
            (E::OrphanToolResult, 0, 1),
            (E::UserMessageTooShort, 100, 101),
            (E::ExceedsMaxTokens, 0, 1),
            (E::Duplicate, 50, 51),
        ];
        for (error, at_bound, above) in cases {
            let status = if error == E::Duplicate { RecordStatus::Duplicate } else { RecordStatus::Invalid };
            let with = |count| {
                report(vec![group(RecordStatus::Valid, None, 1000 - count), group(status, Some(error), count)])
                    .recommendations
            };
            assert_eq!(with(at_bound), Vec::<String>::new(), "{error:?}");
            let advice = with(above);
            assert_eq!(advice.len(), 1, "{error:?}");
            assert!(advice[0].starts_with(&format!("{above} record")), "{}", advice[0]);
        }
        // Other errors have no recommendation of their own, however many there are.
        let structural = group(RecordStatus::Invalid, Some(E::EmptyMessages), 900);
        assert!(report(vec![structural]).recommendations.is_empty());
    }
}
