//! The configuration of a dry run (`?dialog=dryrun`).

use anneal_server::api::start_dry_run;
use anneal_server::format;
use anneal_server::types::dry_run::{DryRunConfig, ResponseSource};
use anneal_server::types::endpoint::ModelRole;
use leptos::prelude::*;

use super::dry_run_draft::DryRunDraft;
use super::dry_run_estimate::DryRunEstimateView;
use super::model_fields::{ModelFields, model_settings};
use super::steps::dry_run::{own_param, set_own_param};
use super::steps::parts::{ErrorNote, Task, field};
use crate::contexts::{PageDialog, use_finetune_process};
use crate::ui::{Button, ButtonVariant, Dialog, Field, Select, described_by, memo};

const RECORDED: &str = "recorded";
const GENERATED: &str = "generated";

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
    // Models that the grader asks for each response.
    let judges = field(|o| o.grader.as_ref().map_or(0, |grader| grader.config.judges()));
    let last = process.overview().with_untracked(|o| o.dry_run_history.first().map(|run| run.config.clone()));
    let recommended = DryRunConfig::default().sample_size;
    let size_hint = size_hint(recommended, last.as_ref().map(|config| config.sample_size));
    let suggested = process.query().with_untracked(|query| own_param(query, "size"));
    let draft = DryRunDraft::of(&last.unwrap_or_default(), suggested.unwrap_or_else(|| recommended.to_string()));
    let start = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        match untrack(move || draft.config()) {
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
            <Source draft />
            // Up here: it must be seen before the run is started, and the form is longer than most windows.
            <DryRunEstimateView draft />
            <Show when=move || draft.is_generated()>
                <ModelAnswers draft />
            </Show>
            <div class="form__pair">
                <NumberField id="dry-run-size" label="Sample size" value=draft.size hint=size_hint.clone() />
                <NumberField id="dry-run-seed" label="Seed" value=draft.seed hint="The same seed on the same data draws the same sample.".to_owned() />
            </div>
            <Check label="Give every topic its share of the sample" checked=draft.stratify />
            <Show when=move || !draft.is_generated() && judges.get() != 0>
                <NumberField id="dry-run-cost" label="Stop at, US dollars" value=draft.max_cost hint="Empty: no limit. The run pauses before it would spend more.".to_owned() />
            </Show>
            <ErrorNote error=task.error() />
            <div class="dialog__actions dialog__actions--stay">
                <Button on:click=move |_| process.close_dialog()>"Cancel"</Button>
                <Button variant=ButtonVariant::Primary kind="submit" busy=Signal::derive(move || task.busy())>
                    "Start dry run"
                </Button>
            </div>
        </form>
    }
}

#[component]
fn Check(label: &'static str, checked: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=move || checked.get()
                on:change:target=move |ev| checked.set(ev.target().checked())
            />
            <span>{label}</span>
        </label>
    }
}

/// Whose responses are graded, by which grader.
#[component]
fn Source(draft: DryRunDraft) -> impl IntoView {
    let available = field(|o| o.recorded_responses);
    let valid = field(|o| o.pipeline_inputs.valid_records);
    let version = field(|o| o.grader.as_ref().map(|grader| grader.version));
    let options = Signal::derive(move || {
        let recorded = format!("Recorded ones ({} available)", format::count(available.get()));
        let generated = format!("New ones by the base model ({} available)", format::counted(valid.get(), "prompt"));
        vec![(RECORDED.to_owned(), recorded), (GENERATED.to_owned(), generated)]
    });
    let chosen = Signal::derive(move || if draft.is_generated() { GENERATED } else { RECORDED }.to_owned());
    let choose = move |value: String| {
        draft.source.set(if value == GENERATED { ResponseSource::Generated } else { ResponseSource::Recorded });
    };
    let words = move || {
        if draft.is_generated() {
            "The base model answers each prompt several times. How much the answers to one prompt differ in score is what training learns from: so this run measures the gain to expect, and its verdict can be relied on."
        } else {
            "One recorded response per prompt: no model has to answer anew. It shows whether the grader tells good from bad, whether scores leave room, and which topics stand out. It cannot show whether one prompt's answers would differ when the model tries again, which is what the training learns from: so the confidence of this verdict is low."
        }
    };
    view! {
        <Field id="dry-run-source" label="Responses">
            <Select id="dry-run-source" options chosen on_choose=choose />
        </Field>
        <p class="muted small">{words}</p>
        <p class="muted small">
            "Grader: " {move || version.get().map_or_else(|| "none saved".to_owned(), |version| format!("version {version}"))}
        </p>
    }
}

/// Which model answers, and how.
#[component]
fn ModelAnswers(draft: DryRunDraft) -> impl IntoView {
    let models = model_settings();
    view! {
        <ModelFields role=ModelRole::Base models endpoint=draft.endpoint model=draft.model />
        <div class="form__pair">
            <NumberField id="dry-run-rollouts" label="Responses per prompt" value=draft.rollouts hint="4 measure the gain well.".to_owned() />
            <NumberField id="dry-run-temperature" label="Temperature" value=draft.temperature hint="0 to 2; empty: the endpoint's own.".to_owned() />
            <NumberField id="dry-run-tokens" label="Most tokens of a response" value=draft.max_tokens hint="Empty: the endpoint's own limit.".to_owned() />
            <NumberField id="dry-run-cost" label="Stop at, US dollars" value=draft.max_cost hint="Empty: no limit. The run pauses before it would spend more.".to_owned() />
        </div>
        <Check label="End the run as soon as its verdict is settled" checked=draft.until_settled />
    }
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
        "{} are recommended{last}. From 1 to 10,000 prompts; where there are fewer, all of them.",
        format::count(recommended)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_size_is_named_where_it_differs() {
        assert!(size_hint(300, Some(50)).starts_with("300 are recommended; the last run asked for 50. "));
        assert!(size_hint(300, Some(300)).starts_with("300 are recommended. "));
        assert!(size_hint(300, None).starts_with("300 are recommended. "));
    }
}
