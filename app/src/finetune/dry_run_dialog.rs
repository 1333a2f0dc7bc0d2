//! The configuration of a dry run (`?dialog=dryrun`).

use anneal_server::api::start_dry_run;
use anneal_server::format;
use anneal_server::types::dry_run::{DryRunConfig, ResponseSource};
use anneal_server::types::error::AppError;
use anneal_server::types::grader::GraderTestReport;
use leptos::prelude::*;

use super::steps::dry_run::{own_param, set_own_param};
use super::steps::parts::{ErrorNote, Task, field};
use crate::contexts::{PageDialog, use_finetune_process};
use crate::ui::{Button, ButtonVariant, Dialog, Field, described_by, memo};

/// Most samples of a run.
const MOST_SAMPLES: i64 = 10_000;

/// The dialog; its fields start from the last run's, but for the sample size: that starts from the
/// recommended one.
#[component]
pub fn DryRunDialog() -> impl IntoView {
    let process = use_finetune_process();
    let open = memo(move || process.dialog() == Some(PageDialog::DryRun));
    view! {
        <Dialog open title="Dry run" on_close=Callback::new(move |()| process.close_dialog()) close_href=process.without_dialog()>
            <ConfigForm />
        </Dialog>
    }
}

#[component]
fn ConfigForm() -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let last = process.overview().with_untracked(|o| o.dry_run_history.first().map(|run| run.config.clone()));
    let recommended = DryRunConfig::default().sample_size;
    let size_hint = size_hint(recommended, last.as_ref().map(|config| config.sample_size));
    let first = last.unwrap_or_default();
    let suggested = process.query().with_untracked(|query| own_param(query, "size"));
    let size = RwSignal::new(suggested.unwrap_or_else(|| recommended.to_string()));
    let seed = RwSignal::new(first.seed.to_string());
    let stratify = RwSignal::new(first.stratify_by_topic);
    let start = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        let config = read_config(&size.get_untracked(), &seed.get_untracked(), stratify.get_untracked());
        match config {
            Err(error) => task.fail(Some(error)),
            Ok(config) => task.start(start_dry_run(process.dataset_id(), config), move |_| {
                process.change_url(|query| {
                    query.dialog = None;
                    for key in ["size", "run", "tab"] {
                        set_own_param(query, key, None);
                    }
                });
                process.refresh();
            }),
        }
    };
    view! {
        <form class="form" on:submit=start>
            <ResponseSourceNote />
            <JudgeCalls size />
            <div class="form__pair">
                <NumberField id="dry-run-size" label="Sample size" value=size hint=size_hint />
                <NumberField id="dry-run-seed" label="Seed" value=seed hint="The same seed on the same data draws the same sample.".to_owned() />
            </div>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || stratify.get()
                    on:change:target=move |ev| stratify.set(ev.target().checked())
                />
                <span>"Give every topic its share of the sample"</span>
            </label>
            <ErrorNote error=task.error() />
            <div class="dialog__actions">
                <Button on:click=move |_| process.close_dialog()>"Cancel"</Button>
                <Button variant=ButtonVariant::Primary kind="submit" busy=Signal::derive(move || task.busy())>
                    "Start dry run"
                </Button>
            </div>
        </form>
    }
}

#[component]
fn ResponseSourceNote() -> impl IntoView {
    let available = field(|o| o.recorded_responses);
    let version = field(|o| o.grader.as_ref().map(|grader| grader.version));
    view! {
        <dl class="facts">
            <div>
                <dt>"Responses"</dt>
                <dd>{move || format!("Recorded responses ({} available)", format::count(available.get()))}</dd>
            </div>
            <div>
                <dt>"Grader"</dt>
                <dd>{move || version.get().map_or_else(|| "none saved".to_owned(), |version| format!("version {version}"))}</dd>
            </div>
        </dl>
        <p class="muted small">
            "One recorded response per prompt: no model has to answer anew. It shows whether the grader tells good from bad, whether scores leave room, and which topics stand out. It cannot show whether one prompt's answers would differ when the model tries again, which is what the training learns from: so the confidence of this verdict is low."
        </p>
    }
}

/// What the judges of the grader will be asked, and what that may cost: said before it is paid.
#[component]
fn JudgeCalls(size: RwSignal<String>) -> impl IntoView {
    let judges = field(|o| o.grader.as_ref().map_or(0, |grader| grader.config.judges()));
    let per_call = field(|o| {
        let version = o.grader.as_ref().map(|grader| grader.version);
        o.grader_test.as_ref().filter(|test| test.grader_version == version).and_then(GraderTestReport::cost_per_call)
    });
    let available = field(|o| o.recorded_responses);
    let words = move || {
        let samples = size.with(|size| size.trim().replace(',', "").parse::<i64>().ok())?;
        judge_words(judges.get(), samples.clamp(0, MOST_SAMPLES).min(available.get()), per_call.get())
    };
    move || words().map(|words| view! { <p class="note note--attention">{words}</p> })
}

/// "300 calls of a judge, about $1.20 by the last test. Kept answers are not paid for again."
fn judge_words(judges: i64, samples: i64, cost_per_call: Option<f64>) -> Option<String> {
    let calls = judges * samples;
    let cost = match cost_per_call {
        Some(each) => format!("about {} by the last test of this grader", format::dollars(each * calls as f64)),
        None => "at a cost that is not known: test the grader once, with prices at its endpoint, and it is estimated"
            .to_owned(),
    };
    let asked = format!("Grading asks models: {}, {cost}.", format::counted(calls, "call"));
    (calls > 0).then(|| format!("{asked} Kept answers are not paid for again; one that fails may be asked for twice."))
}

#[component]
fn NumberField(id: &'static str, label: &'static str, value: RwSignal<String>, hint: String) -> impl IntoView {
    view! {
        <Field id label hint>
            <input
                type="text"
                inputmode="numeric"
                autocomplete="off"
                id=id
                aria-describedby=described_by(id)
                prop:value=move || value.get()
                on:input:target=move |ev| value.set(ev.target().value())
            />
        </Field>
    }
}

/// "300 are recommended; the last run asked for 50. 1 to 10,000 prompts; ..."
fn size_hint(recommended: i64, last: Option<i64>) -> String {
    let last = match last {
        Some(last) if last != recommended => format!("; the last run asked for {}", format::count(last)),
        _ => String::new(),
    };
    format!(
        "{} are recommended{last}. From 1 to 10,000 prompts; with fewer responses than that, all of them.",
        format::count(recommended)
    )
}

/// The typed configuration; the server checks it again. No base model is asked for: nothing is generated
/// from recorded responses, so any name would only seem to say who answered.
fn read_config(size: &str, seed: &str, stratify_by_topic: bool) -> Result<DryRunConfig, AppError> {
    let digits = |text: &str| text.trim().replace(',', "");
    let sample_size = digits(size).parse::<i64>().ok().filter(|size| (1..=MOST_SAMPLES).contains(size));
    let sample_size = sample_size.ok_or_else(|| {
        AppError::invalid_field("sample_size", "The sample size must be a whole number from 1 to 10,000.")
    })?;
    let seed = digits(seed).parse::<u64>();
    let seed = seed.map_err(|_| AppError::invalid_field("seed", "The seed must be a whole number of 0 or more."))?;
    let response_source = ResponseSource::Recorded;
    Ok(DryRunConfig { sample_size, stratify_by_topic, response_source, seed, ..DryRunConfig::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read_or_refused() {
        let config = read_config(" 1,200 ", "7", false).unwrap();
        assert_eq!((config.sample_size, config.seed), (1200, 7));
        assert!(!config.stratify_by_topic);
        for (size, seed) in [("0", "1"), ("10001", "1"), ("x", "1"), ("5", "-1")] {
            assert!(read_config(size, seed, true).is_err(), "{size} {seed}");
        }
    }

    #[test]
    fn what_judges_cost_is_said_before() {
        assert_eq!(judge_words(0, 300, Some(0.1)), None);
        let words = judge_words(2, 300, Some(0.002)).unwrap();
        assert!(words.starts_with("Grading asks models: 600 calls, about $1.20 by the last test"), "{words}");
        assert!(judge_words(1, 1, None).unwrap().contains("1 call, at a cost that is not known"));
    }

    #[test]
    fn the_last_size_is_named_where_it_differs() {
        assert!(size_hint(300, Some(50)).starts_with("300 are recommended; the last run asked for 50. "));
        assert!(size_hint(300, Some(300)).starts_with("300 are recommended. "));
        assert!(size_hint(300, None).starts_with("300 are recommended. "));
    }
}
