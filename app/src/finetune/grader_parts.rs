//! The parts of a combination: names, weights with their sum or a formula, thresholds; which one is open.

use anneal_server::types::error::AppError;
use anneal_server::types::grader::{GraderConfig, LlmJudge};
use leptos::prelude::*;

use super::grader_draft::{GraderDraft, MAX_PARTS, starter};
use super::grader_editor::Editing;
use super::grader_leaf_draft::LeafKind;
use crate::ui::{Button, ButtonVariant, Field, Select, described_by, memo};

/// Sums of weights may miss 1 by so much.
const TOLERANCE: f64 = 1e-6;

/// The table of parts.
#[component]
pub fn GraderParts(editing: Editing) -> impl IntoView {
    let draft = editing.draft;
    let by_formula = memo(move || draft.formula.with(Option::is_some));
    let is_full = Signal::derive(move || draft.shown.with(Vec::len) >= MAX_PARTS);
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Graders that are combined">
            <table class="table table--cards grader-parts">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Kind"</th>
                        <th scope="col">{move || if by_formula.get() { "" } else { "Weight" }}</th>
                        <th scope="col">"Threshold"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || draft.shown.get() key=|place| *place let:place>
                        <PartRow draft place by_formula />
                    </For>
                </tbody>
            </table>
        </div>
        <Combination editing by_formula />
        <div class="row">
            <Button small=true disabled=is_full on:click=move |_| draft.add(&starter())>"Add a script"</Button>
            <Button small=true disabled=is_full on:click=move |_| draft.add(&GraderConfig::LlmJudge(LlmJudge { prompt: include_str!("judge_starter.mustache").to_owned(), ..LlmJudge::default() }))>
                "Add a judge"
            </Button>
        </div>
    }
}

#[component]
fn PartRow(draft: GraderDraft, place: usize, by_formula: Memo<bool>) -> impl IntoView {
    let part = draft.part(place);
    let is_open = memo(move || draft.chosen.get() == place);
    let kind = Signal::derive(move || part.kind.get().as_str().to_owned());
    let kinds = || LeafKind::ALL.map(|kind| (kind.as_str().to_owned(), kind.label().to_owned())).to_vec();
    let choose = move |word: String| {
        if let Some(kind) = LeafKind::ALL.into_iter().find(|kind| kind.as_str() == word) {
            part.kind.set(kind);
            draft.chosen.set(place);
        }
    };
    view! {
        <tr class:grader-parts__row--open=move || is_open.get()>
            <td data-label="Name"><Cell value=part.name label="Name of the part" /></td>
            <td data-label="Kind"><Select label="Kind of the part" options=Signal::derive(kinds) chosen=kind on_choose=choose /></td>
            <td data-label="Weight"><Show when=move || !by_formula.get()><Cell value=part.weight label="Weight of the part" narrow=true /></Show></td>
            <td data-label="Threshold"><Cell value=part.threshold label="Threshold of the part: at least this counts as 1, less as 0; empty: the score counts as it is" narrow=true /></td>
            <td>
                <div class="row">
                    <Button small=true disabled=Signal::derive(move || is_open.get()) on:click=move |_| draft.chosen.set(place)>
                        {move || if is_open.get() { "Open below" } else { "Open" }}
                    </Button>
                    <Button small=true variant=ButtonVariant::Ghost on:click=move |_| draft.remove(place)>"Remove"</Button>
                </div>
            </td>
        </tr>
    }
}

#[component]
fn Cell(value: RwSignal<String>, label: &'static str, #[prop(optional)] narrow: bool) -> impl IntoView {
    view! {
        <input
            type="text"
            class=if narrow { "input input--narrow" } else { "input" }
            aria-label=label
            title=label
            autocomplete="off"
            spellcheck="false"
            value=value.get_untracked()
            prop:value=move || value.get()
            on:input:target=move |event| value.set(event.target().value())
        />
    }
}

/// How the scores become one: the weights' sum, or a formula.
#[component]
fn Combination(editing: Editing, by_formula: Memo<bool>) -> impl IntoView {
    let draft = editing.draft;
    let weights = move || -> Vec<f64> {
        draft.shown.with(|shown| shown.iter().map(|slot| draft.part(*slot).weight().unwrap_or(f64::NAN)).collect())
    };
    let sum = memo(move || weights().iter().sum::<f64>());
    let is_right = memo(move || (sum.get() - 1.0).abs() <= TOLERANCE);
    let normalize = move |_| {
        let (weights, sum) = (untrack(weights), sum.get_untracked());
        for (slot, weight) in draft.shown.get_untracked().into_iter().zip(weights) {
            draft.part(slot).weight.set(short(weight / sum));
        }
    };
    let at_formula = Signal::derive(move || match editing.error.get() {
        Some(AppError::Invalid { field: Some(field), message }) if field == "calculate_output" => Some(message),
        _ => None,
    });
    let set_formula = move |by_formula: bool| {
        let names = || draft.shown.get_untracked().into_iter().map(|slot| draft.part(slot));
        let term = |(name, weight): (String, String)| format!("{weight} * {name}");
        let terms: Vec<String> =
            names().map(|part| term((part.name.get_untracked(), part.weight.get_untracked()))).collect();
        draft.formula.set(by_formula.then(|| terms.join(" + ")));
    };
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=move || by_formula.get() on:change:target=move |event| set_formula(event.target().checked()) />
            "Combine by a formula in place of weights"
        </label>
        <Show
            when=move || by_formula.get()
            fallback=move || view! {
                <div class="row">
                    <span class=move || if is_right.get() { "muted small" } else { "field__error" } role="status">
                        {move || if is_right.get() { "✓ The weights add up to 1.".to_owned() } else { format!("The weights add up to {}, not to 1.", short(sum.get())) }}
                    </span>
                    <Show when=move || { !is_right.get() && sum.get() > 0.0 }>
                        <Button small=true on:click=normalize>"Normalize"</Button>
                    </Show>
                </div>
            }
        >
            <Field id="grader-formula" label="Formula" hint="The parts' names, numbers, + - * / ^, min, max, abs, floor, ceil, exp, sqrt, log. Its result must be from 0 to 1." error=at_formula>
                <input
                    type="text"
                    class="input input--code"
                    id="grader-formula"
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby=described_by("grader-formula")
                    value=draft.formula.get_untracked().unwrap_or_default()
                    prop:value=move || draft.formula.get().unwrap_or_default()
                    on:input:target=move |event| draft.formula.set(Some(event.target().value()))
                />
            </Field>
        </Show>
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.8}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}
