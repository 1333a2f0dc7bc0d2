//! The line under the header that says how the records are. Never a step: always visible.

use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::job::{JobKind, JobStatus};
use anneal_server::types::validation::{HygieneReport, RecordStatus};
use leptos::prelude::*;

use crate::contexts::use_finetune_process;
use crate::ui::{Button, Progress, RelativeTime, memo};

/// What the line says.
#[derive(Debug, Clone, PartialEq)]
enum Health {
    /// Nothing imported yet.
    Empty,
    /// Something is being read or checked.
    Working { words: String, percent: Option<f64> },
    /// Nothing checks them, yet some were not checked: their validation was cancelled or failed.
    Unchecked { words: String, valid: String },
    /// Checked: valid ones, and how many are not.
    Checked { valid: String, invalid: Option<String>, is_bad: bool },
}

/// `✓ 1,008 valid records  ⚠ 34 invalid (3%)  [View issues]`, or what is being checked right now.
#[component]
pub fn HealthIndicator() -> impl IntoView {
    let process = use_finetune_process();
    let overview = process.overview();
    let health = memo(move || {
        let [import, undo, validate] =
            [JobKind::Import, JobKind::UndoImport, JobKind::Validate].map(|kind| process.job(kind));
        if let Some(undo) = undo.filter(|job| job.state.is_active()) {
            return Health::Working { words: undoing(&undo), percent: undo.percent() };
        }
        overview.with(|overview| health_of(&overview.hygiene, import.as_ref(), validate.as_ref()))
    });
    let url_of = move |status| {
        move || {
            process.url_with(|query| {
                query.records = Some((RecordFilter { status: Some(status), ..RecordFilter::default() }, 1));
                query.record = None;
            })
        }
    };
    let duplicates = memo(move || overview.with(|overview| overview.hygiene.duplicates_removed));
    let checked_at = memo(move || overview.with(|overview| overview.hygiene.timestamp));
    let now = memo(move || overview.with(|overview| overview.now));
    let is_empty = move || health.with(|health| *health == Health::Empty);
    let is_bad = move || health.with(|health| matches!(health, Health::Checked { is_bad: true, .. }));
    let says = move || {
        match health.get() {
        Health::Empty => view! { <p class="health__item">"No records yet. Add data to start."</p> }.into_any(),
        Health::Working { words, percent } => view! {
            <p class="health__item health__item--working">{words.clone()}</p>
            <div class="health__progress"><Progress bare=true label=words percent/></div>
        }
        .into_any(),
        Health::Unchecked { words, valid } => view! {
            <p class="health__item health__item--invalid">"⚠ " <strong>{words}</strong></p>
            <Button small=true busy=process.acting() on:click=move |_| process.validate_again()>"Validate again"</Button>
            <p class="health__item muted">{valid}</p>
        }
        .into_any(),
        Health::Checked { valid, invalid, .. } => view! {
            <p class="health__item health__item--valid">"✓ " <strong>{valid}</strong></p>
            {invalid
                .map(|invalid| {
                    view! {
                        <p class="health__item health__item--invalid">"⚠ " <strong>{invalid}</strong></p>
                        <a class="health__link" href=url_of(RecordStatus::Invalid) data-noscroll="">"View issues"</a>
                    }
                })}
        }
        .into_any(),
    }
    };
    view! {
        <section class="health" class:health--bad=is_bad aria-label="State of the records">
            <div class="health__says" role="status">{says}</div>
            <p class="health__aside" hidden=is_empty>
                "Checked " <RelativeTime time=checked_at now/> " • "
                <a
                    class="health__link health__link--quiet"
                    // Without an address it is text: there is nothing to see.
                    href=move || (duplicates.get() > 0).then(url_of(RecordStatus::Duplicate))
                    data-noscroll=""
                >
                    {move || format!("{} kept aside", format::counted(duplicates.get(), "duplicate"))}
                </a>
            </p>
        </section>
    }
}

fn health_of(hygiene: &HygieneReport, import: Option<&JobStatus>, validate: Option<&JobStatus>) -> Health {
    let active = |job: Option<&JobStatus>| job.filter(|job| job.state.is_active()).cloned();
    let (import, validate) = (active(import), active(validate));
    if let Some(job) = &import {
        let words =
            if job.message.is_empty() { "Importing…".to_owned() } else { format!("Importing: {}…", job.message) };
        return Health::Working { words, percent: job.percent() };
    }
    if let Some(job) = validate {
        let words = if hygiene.pending > 0 {
            format!("Validating {}…", format::counted(hygiene.pending, "record"))
        } else {
            "Validating the records…".to_owned()
        };
        return Health::Working { words, percent: job.percent() };
    }
    if hygiene.pending > 0 {
        return Health::Unchecked {
            words: format!("{} not validated", format::counted(hygiene.pending, "record")),
            valid: format!("{} so far", format::counted(hygiene.valid, "valid record")),
        };
    }
    if hygiene.total == 0 {
        return Health::Empty;
    }
    let invalid = (hygiene.rejected > 0)
        .then(|| format!("{} invalid ({})", format::count(hygiene.rejected), share(hygiene.rejected, hygiene.total)));
    Health::Checked {
        valid: format::counted(hygiene.valid, "valid record"),
        invalid,
        is_bad: hygiene.rejected * 5 > hygiene.total,
    }
}

fn undoing(job: &JobStatus) -> String {
    if job.message.is_empty() { "Undoing an import…".to_owned() } else { format!("Import: {}…", job.message) }
}

/// A whole percentage, but never 0% for some nor 100% for not all.
fn share(part: i64, whole: i64) -> String {
    let percent = part as f64 / whole as f64 * 100.0;
    if percent < 1.0 {
        "<1%".to_owned()
    } else if part < whole && percent > 99.0 {
        ">99%".to_owned()
    } else {
        format!("{percent:.0}%")
    }
}

#[cfg(test)]
mod tests {
    use anneal_server::types::job::JobState;

    use super::*;

    fn report(valid: i64, rejected: i64, duplicates_removed: i64, pending: i64) -> HygieneReport {
        let total = valid + rejected + duplicates_removed;
        HygieneReport { total, valid, rejected, duplicates_removed, pending, ..HygieneReport::default() }
    }

    fn job(kind: JobKind, state: JobState, done: i64, total: i64, message: &str) -> JobStatus {
        JobStatus {
            id: "j".to_owned(),
            kind,
            dataset_id: "d".to_owned(),
            state,
            done,
            total,
            unit: "records".to_owned(),
            message: message.to_owned(),
            cancel_requested: false,
            error: None,
            created_at: 0,
            started_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn the_line_says_what_is() {
        let checked = |valid: &str, invalid: Option<&str>, is_bad| Health::Checked {
            valid: valid.to_owned(),
            invalid: invalid.map(str::to_owned),
            is_bad,
        };
        let cases = [
            (report(0, 0, 0, 0), Health::Empty),
            (report(1_042, 0, 0, 0), checked("1,042 valid records", None, false)),
            (report(1_008, 34, 0, 0), checked("1,008 valid records", Some("34 invalid (3%)"), false)),
            (report(1, 0, 3, 0), checked("1 valid record", None, false)),
            // A fifth is not yet a warning, one more is.
            (report(80, 20, 0, 0), checked("80 valid records", Some("20 invalid (20%)"), false)),
            (report(79, 21, 0, 0), checked("79 valid records", Some("21 invalid (21%)"), true)),
            (report(999, 1, 0, 0), checked("999 valid records", Some("1 invalid (<1%)"), false)),
            (report(1, 999, 0, 0), checked("1 valid record", Some("999 invalid (>99%)"), true)),
            (
                report(5, 0, 0, 15),
                Health::Unchecked {
                    words: "15 records not validated".to_owned(),
                    valid: "5 valid records so far".to_owned(),
                },
            ),
        ];
        for (hygiene, expected) in cases {
            assert_eq!(health_of(&hygiene, None, None), expected);
        }
    }

    #[test]
    fn running_jobs_come_first() {
        let import = job(JobKind::Import, JobState::Running, 25, 100, "1,024 lines, 3 invalid");
        assert_eq!(
            health_of(&report(5, 0, 0, 0), Some(&import), None),
            Health::Working { words: "Importing: 1,024 lines, 3 invalid…".to_owned(), percent: Some(25.0) }
        );
        let validate = job(JobKind::Validate, JobState::Running, 1, 4, "");
        assert_eq!(
            health_of(&report(0, 0, 0, 1), None, Some(&validate)),
            Health::Working { words: "Validating 1 record…".to_owned(), percent: Some(25.0) }
        );
        // A cancelled validation does not go on for ever.
        let cancelled = job(JobKind::Validate, JobState::Cancelled, 1, 4, "");
        assert!(matches!(health_of(&report(1, 0, 0, 3), None, Some(&cancelled)), Health::Unchecked { .. }));
        let ended = job(JobKind::Import, JobState::Succeeded, 100, 100, "done");
        assert_eq!(health_of(&report(0, 0, 0, 0), Some(&ended), None), Health::Empty);
    }
}
