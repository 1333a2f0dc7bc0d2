//! The fields of one grader, by its kind.

use anneal_server::types::endpoint::ModelRole;
use anneal_server::types::grader::{GRADER_VARIABLES, SimilarityMetric, StringOperation};
use leptos::prelude::*;

use super::grader_editor::Editing;
use super::grader_leaf_draft::{LeafDraft, LeafKind, word};
use super::grader_names::{script_completions, template_completions};
use super::grader_preview::GraderPreview;
use super::model_fields::ModelFields;
use crate::ui::{CodeEditor, CodeLanguage, CodePlace, Disclosure, Field, Problem, Select, TextInput, memo};

/// The open grader's editor, made anew when another one or another kind is opened.
#[component]
pub fn LeafEditor(editing: Editing) -> impl IntoView {
    let draft = editing.draft;
    // Memos: an editor that is made anew loses its history, so it is only where another one is open.
    let is_empty = memo(move || draft.is_multi.get() && draft.shown.with(Vec::is_empty));
    // Which one is open: its slot, and its kind.
    let open = memo(move || {
        let slot = draft.is_multi.get().then(|| draft.chosen.get());
        (slot, draft.open_leaf().kind.get())
    });
    let editor = move || {
        let (slot, kind) = open.get();
        let leaf = slot.map_or(draft.single, |slot| draft.part(slot));
        match kind {
            LeafKind::Script => view! { <ScriptFields editing leaf /> }.into_any(),
            LeafKind::Judge => view! { <JudgeFields editing leaf /> }.into_any(),
            LeafKind::StringCheck | LeafKind::TextSimilarity => view! { <TextFields editing leaf kind /> }.into_any(),
            LeafKind::ScoreModel | LeafKind::Python => view! { <JsonFields editing leaf kind /> }.into_any(),
        }
    };
    move || if is_empty.get() { ().into_any() } else { editor() }
}

fn problems(message: Signal<Option<String>>) -> Signal<Vec<Problem>> {
    Signal::derive(move || message.get().as_deref().and_then(Problem::named_in).into_iter().collect())
}

#[component]
fn ScriptFields(editing: Editing, leaf: LeafDraft) -> impl IntoView {
    let message = editing.error_at("script");
    view! {
        <CodeEditor
            id="grader-script"
            value=leaf.script
            label="Grader script (JavaScript)"
            language=CodeLanguage::JavaScript
            completions=Signal::stored(script_completions())
            problems=problems(message)
            rows=18
        />
        <CodePlace text=leaf.script error=message />
    }
}

#[component]
fn JudgeFields(editing: Editing, leaf: LeafDraft) -> impl IntoView {
    let insertion = RwSignal::new(None::<String>);
    // What the preview finds while one types; saving would refuse the same.
    let at_fault = RwSignal::new(None::<String>);
    view! {
        <ModelFields role=ModelRole::Judge models=editing.models endpoint=leaf.endpoint model=leaf.model />
        <Chips insertion />
        <CodeEditor
            id="grader-prompt"
            value=leaf.prompt
            label="Prompt of the judge (Mustache)"
            language=CodeLanguage::Template
            completions=Signal::stored(template_completions())
            problems=problems(at_fault.into())
            insertion
            rows=16
        />
        <GraderPreview leaf at_fault=at_fault.write_only() />
        <Disclosure summary="Output schema and limits">
            <p class="muted small">
                "What the judge's answer must be like: a JSON schema of an object with a required number “score” from 0 to 1. Other numbers in it are kept as sub-scores, a text “reasoning” is shown."
            </p>
            <CodeEditor
                id="grader-schema"
                value=leaf.schema
                label="Output schema (JSON)"
                language=CodeLanguage::Json
                problems=problems(editing.error_at("output_schema"))
                rows=10
            />
            <div class="form-columns">
                <Field id="judge-temperature" label="Temperature" hint="0 to 2; empty: the endpoint's own." error=editing.error_at("temperature")>
                    <TextInput id="judge-temperature" value=leaf.temperature />
                </Field>
                <Field id="judge-tokens" label="Most tokens of an answer" hint="A reasoning model's thoughts count: give it thousands." error=editing.error_at("max_tokens")>
                    <TextInput id="judge-tokens" value=leaf.max_tokens />
                </Field>
            </div>
        </Disclosure>
    }
}

/// Every variable as a button that writes it at the cursor.
#[component]
fn Chips(insertion: RwSignal<Option<String>>) -> impl IntoView {
    let chip = move |name: &'static str, meaning: &'static str| {
        view! {
            <button type="button" class="chip chip--button" title=meaning on:click=move |_| insertion.set(Some(format!("{{{{{name}}}}}")))>
                {name}
            </button>
        }
    };
    view! {
        <div class="chips" role="group" aria-label="Insert a variable">
            {GRADER_VARIABLES.iter().map(|variable| chip(variable.name, variable.meaning)).collect_view()}
        </div>
    }
}

#[component]
fn TextFields(editing: Editing, leaf: LeafDraft, kind: LeafKind) -> impl IntoView {
    let is_check = kind == LeafKind::StringCheck;
    let chosen = if is_check { leaf.operation } else { leaf.metric };
    let options = move || if is_check { operations() } else { metrics() };
    view! {
        <Field id="grader-choice" label=if is_check { "What must hold" } else { "Measure" }>
            <Select id="grader-choice" options=Signal::derive(options) chosen on_choose=move |word| chosen.set(word) />
        </Field>
        <Field id="grader-input" label="Input" hint="A template: what is checked." error=editing.error_at("input")>
            <TextInput id="grader-input" value=leaf.input />
        </Field>
        <Field id="grader-reference" label="Reference" hint="A template: what it is compared with." error=editing.error_at("reference")>
            <TextInput id="grader-reference" value=leaf.reference />
        </Field>
        <GraderPreview leaf />
    }
}

fn operations() -> Vec<(String, String)> {
    use StringOperation::{Eq, Ilike, Like, Ne};
    let words = [
        (Eq, "The input is the reference (eq)"),
        (Ne, "The input is not the reference (ne)"),
        (Like, "The input contains the reference (like)"),
        (Ilike, "The input contains the reference, upper and lower case alike (ilike)"),
    ];
    words.map(|(operation, words)| (word(operation), words.to_owned())).to_vec()
}

fn metrics() -> Vec<(String, String)> {
    use SimilarityMetric::{Bleu, Cosine, FuzzyMatch, Gleu, Meteor, Rouge1, Rouge2, Rouge3, Rouge4, Rouge5, RougeL};
    let words = [
        (FuzzyMatch, "fuzzy_match: edits of characters"),
        (Bleu, "bleu: precision of word sequences"),
        (Gleu, "gleu: Google's BLEU"),
        (Meteor, "meteor: matching words and stems"),
        (Rouge1, "rouge_1: shared words"),
        (Rouge2, "rouge_2: shared pairs"),
        (Rouge3, "rouge_3"),
        (Rouge4, "rouge_4"),
        (Rouge5, "rouge_5"),
        (RougeL, "rouge_l: longest common sequence"),
        (Cosine, "cosine: embeddings (not run here)"),
    ];
    words.map(|(metric, words)| (word(metric), words.to_owned())).to_vec()
}

#[component]
fn JsonFields(editing: Editing, leaf: LeafDraft, kind: LeafKind) -> impl IntoView {
    let words = match kind {
        LeafKind::Python => {
            "A Python grader as OpenAI has it. It is kept, shown and exported, but not run here: only the provider that trains has its environment. For tests and dry runs write it as a script."
        }
        _ => {
            "A score model as OpenAI has it: messages in, a number within its range out. An empty model is the default judge."
        }
    };
    let message = editing.error_at("json");
    view! {
        <p class="muted small">{words}</p>
        <CodeEditor
            id="grader-json"
            value=leaf.json_of(kind)
            label="The grader as OpenAI's JSON"
            language=CodeLanguage::Json
            problems=problems(message)
            rows=16
        />
        <Show when=move || kind == LeafKind::ScoreModel>
            <GraderPreview leaf />
        </Show>
    }
}
