//! Before and after in words, figures and a table.

use anneal_server::format;
use anneal_server::types::dry_run::Verdict;
use anneal_server::types::grader::{ComparedWith, ScoreFigures, WhatIf, WhatIfCounts, WhatIfSample};
use leptos::prelude::*;

use super::grader_test_results::ScoreChip;
use super::part_scores::PartScores;
use super::steps::parts::{When, score, share};
use crate::contexts::use_finetune_process;
use crate::records::RecordedAnswer;
use crate::ui::{Button, Stat, memo, visible};

/// Rows at first.
const FIRST: usize = 10;

/// The figures, what they are of, and the samples that change most.
#[component]
pub fn WhatIfFigures(
    found: WhatIf,
    /// Whether all rows are shown.
    all: RwSignal<bool>,
) -> impl IntoView {
    let WhatIf { before, after, mean_difference, std_difference, changed_share, counts, .. } = &found;
    let side = |read: fn(&ScoreFigures) -> f64| {
        let value =
            |figures: &Option<ScoreFigures>| figures.as_ref().map_or_else(|| "–".to_owned(), |f| score(read(f)));
        format!("{} → {}", value(before), value(after))
    };
    let difference = |value: &Option<f64>| value.map_or_else(String::new, signed);
    let figures = before.is_some() || after.is_some();
    let stats = figures.then(|| {
        let of = format!("{} of {}", format::count(counts.differing()), format::count(counts.compared()));
        view! {
            <div class="stats what-if__stats">
                <Stat value=side(|figures| figures.mean) label="mean" interval=difference(mean_difference) title="Before, and by what is in the editor" />
                <Stat value=side(|figures| figures.std) label="deviation" interval=difference(std_difference) title="Before, and by what is in the editor" />
                <Stat value=changed_share.map_or_else(|| "–".to_owned(), share) label="changed" interval=of title="Of the responses that both have an answer for" />
            </div>
        }
    });
    let verdict = found.verdict_after.map(|after| view! { <VerdictLine before=found.verdict_before after /> });
    let (at, compared) = (at_of(&found.compared_with), format!("Compared with the {}, ", responses_words(&found)));
    let part = (found.looked_at < found.total)
        .then(|| format!("; {} of them looked at, spread evenly", format::count(found.looked_at)));
    let differing = counts.differing();
    view! {
        {stats}
        {verdict}
        <p class="muted small">
            {compared} <When at=Signal::derive(move || at) /> {part} "."
        </p>
        {(!found.samples.is_empty()).then(|| view! { <Differences samples=found.samples differing all /> })}
    }
}

#[component]
fn VerdictLine(before: Option<Verdict>, after: Verdict) -> impl IntoView {
    let (icon, class) = match after {
        Verdict::Go => ("✓ ", "status status--good"),
        Verdict::Caution => ("! ", "status status--attention"),
        Verdict::NoGo => ("✕ ", "status status--bad"),
    };
    let was = match before {
        Some(before) if before == after => " (as the last one)".to_owned(),
        Some(before) => format!(" (the last one: {})", before.as_str()),
        None => String::new(),
    };
    view! {
        <p>
            "A dry run by this draft would say "
            <span class=class><span aria-hidden="true">{icon}</span>{after.as_str()}</span>
            <span class="muted">{was}</span>
        </p>
    }
}

#[component]
fn Differences(
    samples: Vec<WhatIfSample>,
    /// How many there are altogether.
    differing: i64,
    all: RwSignal<bool>,
) -> impl IntoView {
    let there = samples.len();
    let shown = memo(move || if all.get() { there } else { there.min(FIRST) });
    let samples = StoredValue::new(samples);
    let rows = move || {
        let rows = samples.with_value(|samples| samples.iter().take(shown.get()).cloned().collect::<Vec<_>>());
        rows.into_iter().map(|sample| view! { <Row sample /> }).collect_view()
    };
    let caption = move || {
        let shown = i64::try_from(shown.get()).unwrap_or(i64::MAX);
        if shown >= differing {
            let verb = if differing == 1 { "changes." } else { "change, the biggest differences first." };
            format!("{} {verb}", format::counted(differing, "response"))
        } else {
            format!("The {} that change most, of {}.", format::count(shown), format::count(differing))
        }
    };
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Scores before and after">
            <table class="table table--cards what-if__table">
                <thead>
                    <tr>
                        <th scope="col">"Before"</th>
                        <th scope="col">"After"</th>
                        <th scope="col">"Difference"</th>
                        <th scope="col">"Prompt"</th>
                        <th scope="col">"Why"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="row small">
            <span class="muted">{caption}</span>
            {(there > FIRST)
                .then(|| {
                    let label = move || if all.get() { "Show fewer".to_owned() } else { format!("Show {there}") };
                    view! { <Button small=true on:click=move |_| all.update(|all| *all = !*all)>{label}</Button> }
                })}
        </p>
    }
}

#[component]
fn Row(sample: WhatIfSample) -> impl IntoView {
    let process = use_finetune_process();
    let record_id = sample.record_id;
    let open = move |_| process.open_record(Some(record_id));
    let prompt = Some(sample.prompt_preview).filter(|text| !text.trim().is_empty());
    let prompt = prompt.unwrap_or_else(|| format!("Record {record_id}"));
    let difference = match (sample.difference, sample.after) {
        (Some(difference), _) => signed(difference),
        (None, Some(_)) => "has a score now".to_owned(),
        (None, None) => "fails now".to_owned(),
    };
    // (What a part says of itself is not said twice.)
    let error = sample.error.clone().filter(|_| sample.parts.iter().all(|part| part.error.is_none()));
    let why = match (&sample.error, sample.parts.is_empty()) {
        (Some(_), _) => "Why it fails",
        (None, false) => "Scores of the parts",
        (None, true) => "The response",
    };
    view! {
        <tr>
            <td data-label="Before"><ScoreChip score=sample.before /></td>
            <td data-label="After"><ScoreChip score=sample.after /></td>
            <td data-label="Difference" class="what-if__difference">{difference}</td>
            <td data-label="Prompt" class="wrap">
                <button type="button" class="link clamp" on:click=open>
                    <bdi>{visible(&prompt).into_owned()}</bdi>
                </button>
            </td>
            <td data-label="Why" class="wrap">
                <details class="disclosure">
                    <summary>{why}</summary>
                    {error.map(|error| view! { <p class="note note--error" dir="auto">{visible(&error).into_owned()}</p> })}
                    {sample.reasoning.map(|text| view! { <p dir="auto">{visible(&text).into_owned()}</p> })}
                    <PartScores parts=sample.parts />
                    <RecordedAnswer text=sample.response_preview />
                </details>
            </td>
        </tr>
    }
}

const fn at_of(with: &ComparedWith) -> i64 {
    match with {
        ComparedWith::DryRun { at, .. } | ComparedWith::Test { at, .. } => *at,
    }
}

/// "4 responses of the dry run by version 3".
pub(super) fn responses_words(found: &WhatIf) -> String {
    let of = match &found.compared_with {
        ComparedWith::DryRun { version, .. } => format!("dry run by version {version}"),
        ComparedWith::Test { version: Some(version), .. } => format!("test of version {version}"),
        ComparedWith::Test { version: None, .. } => "test of a draft".to_owned(),
    };
    format!("{} of the {of}", format::counted(found.total, "response"))
}

/// How the samples stand, without what is none.
pub(super) fn counts_words(counts: &WhatIfCounts) -> String {
    let verb = |count: i64, one: &'static str, many: &'static str| if count == 1 { one } else { many };
    let said = [
        (counts.up, "up"),
        (counts.down, "down"),
        (counts.unchanged, "unchanged"),
        (counts.newly_failed, verb(counts.newly_failed, "fails that had a score", "fail that had a score")),
        (
            counts.newly_scored,
            verb(counts.newly_scored, "has a score now that failed before", "have a score now that failed before"),
        ),
        (counts.still_failed, verb(counts.still_failed, "fails as before", "fail as before")),
        (counts.edited, "edited or deleted since"),
        (counts.out_of_time, "not reached in the time there is"),
        (
            counts.needs_call,
            verb(
                counts.needs_call,
                "needs a call of the judge: test the draft or run a dry run",
                "need a call of the judge: test the draft or run a dry run",
            ),
        ),
    ];
    let said: Vec<String> = said
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{} {words}", format::count(count)))
        .collect();
    if said.is_empty() { "There is no response to compare.".to_owned() } else { format!("{}.", said.join(", ")) }
}

/// What is read out beside the counts.
pub(super) fn means_words(found: &WhatIf) -> String {
    let (Some(before), Some(after)) = (&found.before, &found.after) else { return String::new() };
    format!(" The mean goes from {} to {}.", score(before.mean), score(after.mean))
}

/// A difference with its sign and a real minus: two decimals, more where it would otherwise read 0.
fn signed(value: f64) -> String {
    let decimals = (2..=4).find(|decimals| value.abs() >= 0.5 * 10_f64.powi(-decimals)).unwrap_or(2);
    let digits = format!("{:.*}", usize::try_from(decimals).unwrap_or(2), value.abs());
    let is_zero = digits.chars().all(|digit| matches!(digit, '0' | '.'));
    match value {
        _ if is_zero => digits,
        value if value < 0.0 => format!("−{digits}"),
        _ => format!("+{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_show_their_sign_and_are_not_rounded_away() {
        for (value, expected) in [
            (0.25, "+0.25"),
            (-0.1375, "−0.14"),
            (0.004, "+0.004"),
            (-0.0003, "−0.0003"),
            (1e-9, "0.00"),
            (-0.0, "0.00"),
        ] {
            assert_eq!(signed(value), expected);
        }
    }

    #[test]
    fn only_what_there_is_is_told() {
        let counts =
            WhatIfCounts { up: 12, unchanged: 1_040, newly_failed: 1, needs_call: 5, ..WhatIfCounts::default() };
        assert_eq!(
            counts_words(&counts),
            "12 up, 1,040 unchanged, 1 fails that had a score, 5 need a call of the judge: test the draft or run a dry run."
        );
        assert_eq!(counts_words(&WhatIfCounts::default()), "There is no response to compare.");
    }
}
