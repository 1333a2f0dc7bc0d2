//! "Test on n samples": the button, the results, their statistics.

use anneal_server::format;
use anneal_server::types::grader::{GraderTestReport, GraderTestResult};
use anneal_server::types::job::JobKind;
use leptos::prelude::*;

use super::grader_draft::GraderDraft;
use super::grader_testing::{GraderTesting, SAMPLES_AT_FIRST};
use super::part_scores::PartScores;
use super::steps::job_progress::JobProgress;
use super::steps::parts::{ErrorNote, Task, When, field, score};
use crate::contexts::use_finetune_process;
use crate::records::RecordedAnswer;
use crate::ui::{Button, ButtonVariant, Select, Stat, memo, visible};

/// How many samples a test can grade (domain.md section 7).
const SAMPLES: [i64; 4] = [1, 5, 10, 20];

/// The test of the draft or of the saved grader.
#[component]
pub fn GraderTestResults(draft: GraderDraft) -> impl IntoView {
    let testing = GraderTesting::of(draft);
    let responses = field(|o| o.recorded_responses);
    let former = memo(move || testing.report.with(|report| of_former_grader(report.as_ref()?, draft, testing.task)));
    view! {
        <section class="card">
            <header class="card__head">
                <h3 class="card__title">"Test"</h3>
                <span class="card__aside">
                    {move || testing.report.get().map(|report| view! { <TestedWhat report /> })}
                </span>
            </header>
            <Controls testing draft responses />
            <ErrorNote error=testing.task.error() />
            <ErrorNote error=testing.fetching.error() />
            <JobProgress kind=JobKind::GraderTest title="The test" />
            {move || former.get().map(|words| view! { <p class="note note--attention" role="status">{words}</p> })}
            <div class:results--former=move || former.with(Option::is_some)>
                {move || testing.report.get().map(|report| view! { <Results report /> })}
            </div>
        </section>
    }
}

/// The buttons, how many samples, and what will be tested.
#[component]
fn Controls(testing: GraderTesting, draft: GraderDraft, responses: Memo<i64>) -> impl IntoView {
    let samples = testing.samples;
    let busy = Signal::derive(move || testing.task.busy() || testing.is_running.get());
    let what_is_tested = move || {
        if testing.is_running.get() {
            ""
        } else if responses.get() == 0 {
            "There is no valid record with a recorded response to grade."
        } else if draft.is_dirty() {
            "Tests what is in the editor, without saving it."
        } else {
            "Tests the saved grader on recorded responses."
        }
    };
    view! {
        <div class="row">
            <Button
                on:click=move |_| testing.run(testing.draw())
                busy
                disabled=Signal::derive(move || responses.get() == 0)
            >
                {move || format!("Test on {}", format::counted(samples.get(), "sample"))}
            </Button>
            <Select
                label="Samples of a test"
                class="input--narrow"
                options=Signal::stored(SAMPLES.map(|count| (count.to_string(), format::count(count))).to_vec())
                chosen=Signal::derive(move || samples.get().to_string())
                on_choose=move |count: String| samples.set(count.parse().unwrap_or(SAMPLES_AT_FIRST))
            />
            <Show when=move || testing.report.with(Option::is_some) && (responses.get() > samples.get())>
                <Button
                    variant=ButtonVariant::Ghost
                    on:click=move |_| testing.run(testing.draw().wrapping_add(1))
                    disabled=busy
                >
                    "Test on other samples"
                </Button>
            </Show>
            <span class="muted small" aria-live="polite">{what_is_tested}</span>
        </div>
    }
}

/// What is said of results of another grader than the one in the editor: they say nothing of it, and must not look as if.
fn of_former_grader(report: &GraderTestReport, draft: GraderDraft, task: Task) -> Option<String> {
    let is_former = draft.config().with(|config| config.as_ref().is_ok_and(|config| *config != report.grader_config));
    is_former.then(|| former_words(report.grader_version, task.error().get().is_some()))
}

/// What is said over the results of another grader than the one in the editor.
fn former_words(version: Option<i64>, test_failed: bool) -> String {
    let of = version.map_or_else(|| "an earlier draft".to_owned(), |version| format!("version {version}"));
    if test_failed {
        format!("What is in the editor could not be tested. The results below are of {of}, before this change.")
    } else {
        format!("The results below are of {of}, not of what is in the editor now. Test again to see what it gives.")
    }
}

#[component]
fn TestedWhat(report: GraderTestReport) -> impl IntoView {
    let what = match report.grader_version {
        Some(version) => format!("version {version}, "),
        None => "unsaved draft, ".to_owned(),
    };
    let at = report.timestamp;
    view! {
        {what}
        <When at=Signal::derive(move || at) />
    }
}

#[component]
fn Results(report: GraderTestReport) -> impl IntoView {
    let failed = report.results.iter().filter(|result| result.score.is_none()).count();
    let scored = report.results.len() - failed;
    let (calls, cost) = (report.calls, report.cost);
    let asks_models = report.grader_config.judges() > 0;
    let stats = report.stats.map(|stats| {
        view! {
            <Stat value=score(stats.mean) label="mean" />
            <Stat value=score(stats.std) label="deviation" />
            <Stat value=format!("{} to {}", score(stats.min), score(stats.max)) label="range" />
        }
    });
    let paid = move || {
        let (value, calls) = match calls {
            0 => ("nothing".to_owned(), "kept answers".to_owned()),
            _ => (cost.map_or_else(|| "unknown".to_owned(), format::dollars), format::counted(calls, "call")),
        };
        view! { <Stat value label="paid" interval=calls /> }
    };
    view! {
        <div class="stats">
            {stats} <Stat value=format!("{scored} of {}", scored + failed) label="scored" />
            {asks_models.then(paid)}
        </div>
        <div class="table-scroll" tabindex="0" role="region" aria-label="Test results">
            <table class="table table--cards">
                <thead>
                    <tr>
                        <th scope="col">"Score"</th>
                        <th scope="col">"Prompt"</th>
                        <th scope="col">"Response"</th>
                        <th scope="col">"Reasoning and logs"</th>
                    </tr>
                </thead>
                <tbody>{report.results.into_iter().map(|result| view! { <ResultRow result /> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn ResultRow(result: GraderTestResult) -> impl IntoView {
    let process = use_finetune_process();
    let record_id = result.record_id;
    let open = move |_| process.open_record(Some(record_id));
    view! {
        <tr>
            <td data-label="Score">
                <ScoreChip score=result.score />
            </td>
            <td data-label="Prompt" class="wrap">
                <button type="button" class="link clamp" on:click=open>
                    <bdi>{visible(&result.prompt_preview).into_owned()}</bdi>
                </button>
            </td>
            <td data-label="Response" class="wrap">
                <RecordedAnswer text=result.response_preview />
            </td>
            <td data-label="Reasoning and logs" class="wrap">
                {result.error.map(|error| view! { <p class="note note--error" dir="auto">{visible(&error).into_owned()}</p> })}
                {result.reasoning.map(|text| view! { <p dir="auto">{visible(&text).into_owned()}</p> })}
                <PartScores parts=result.parts />
                <Logs lines=result.logs />
            </td>
        </tr>
    }
}

/// A score as a coloured chip; a failed one says so.
#[component]
pub fn ScoreChip(score: Option<f64>) -> impl IntoView {
    let (text, class) = match score {
        None => ("failed".to_owned(), "chip chip--failed"),
        Some(value) if value >= 0.6 => (self::score(value), "chip chip--high"),
        Some(value) if value < 0.25 => (self::score(value), "chip chip--low"),
        Some(value) => (self::score(value), "chip"),
    };
    view! { <span class=class>{text}</span> }
}

/// What a script logged.
#[component]
pub fn Logs(lines: Vec<String>) -> impl IntoView {
    (!lines.is_empty()).then(|| {
        view! {
            <details class="disclosure">
                <summary>{format!("{} logged", anneal_server::format::counted(i64::try_from(lines.len()).unwrap_or(i64::MAX), "line"))}</summary>
                <div class="text text--code" dir="auto">{visible(&lines.join("\n")).into_owned()}</div>
            </details>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::former_words;

    #[test]
    fn former_results_are_called_so() {
        assert!(former_words(Some(3), true).ends_with("are of version 3, before this change."));
        assert!(former_words(None, false).contains("are of an earlier draft, not of what is in the editor now."));
    }
}
