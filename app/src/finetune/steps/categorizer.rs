//! Labelling records by the topics' keywords.

use anneal_server::api::categorize;
use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::job::JobKind;
use anneal_server::types::pipeline::PipelineInputs;
use anneal_server::types::topics::CategorizeMode;
use leptos::prelude::*;

use super::parts::{ErrorNote, RecordsLink, Task, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, ButtonVariant, ConfirmDialog, Question, memo};

/// The ways to the records whose label is missing or doubtful.
#[component]
pub fn LabelLinks() -> impl IntoView {
    let uncategorized = field(|o| o.pipeline_inputs.valid_records - o.pipeline_inputs.labelled_records);
    let review = field(|o| o.pipeline_inputs.needs_review_records);
    view! {
        <p class="link-row">
            <RecordsLink filter=RecordFilter { topic: Some(String::new()), ..RecordFilter::default() }>
                {move || format!("{} without a topic", format::counted(uncategorized.get(), "record"))}
            </RecordsLink>
            <RecordsLink filter=RecordFilter { needs_review: true, ..RecordFilter::default() }>
                {move || format!("{} to review", format::counted(review.get(), "label"))}
            </RecordsLink>
        </p>
    }
}

/// Labels records by keyword.
#[component]
pub fn Categorizer() -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let include_manual = RwSignal::new(false);
    let question = RwSignal::new(None::<Question<()>>);
    let running = memo(move || process.job(JobKind::Categorize).is_some_and(|job| job.state.is_active()));
    let disabled = Signal::derive(move || running.get());
    let busy = Signal::derive(move || task.busy());
    let labelled = field(|o| o.pipeline_inputs.labelled_records);
    let futile = field(|o| why_futile(&o.pipeline_inputs));
    let start = move |mode: CategorizeMode| {
        task.start(categorize(process.dataset_id(), mode, include_manual.get_untracked()), move |_| process.refresh());
    };
    let ask = move |_| question.set(Some(relabel_question(labelled.get_untracked(), include_manual.get_untracked())));
    view! {
        <fieldset class="form">
            <legend>"Label by keyword"</legend>
            <p class="muted small">
                "Each record is compared with the name and keywords of every topic that records can carry; a keyword of a topic above only decides between those below it that match themselves. A record that none matches stays without a topic; a weak match is marked for review."
            </p>
            <label class="checkbox">
                <input
                    type="checkbox"
                    prop:checked=move || include_manual.get()
                    on:change:target=move |ev| include_manual.set(ev.target().checked())
                />
                <span>"When labelling everything again, also overwrite labels set by hand or brought by an imported file"</span>
            </label>
            {move || futile.get().filter(|_| !running.get()).map(|(words, _)| futile_note(words))}
            <div class="toolbar">
                <Button
                    variant=ButtonVariant::Primary
                    busy
                    disabled=Signal::derive(move || running.get() || futile.with(|futile| futile.is_some_and(|(_, stops)| stops)))
                    on:click=move |_| start(CategorizeMode::UnlabelledOnly)
                >
                    "Label records without a topic"
                </Button>
                <Button busy disabled on:click=ask>"Label all again…"</Button>
            </div>
            <ErrorNote error=task.error() />
        </fieldset>
        <ConfirmDialog asked=question on_confirm=move |()| start(CategorizeMode::RecategorizeAll) />
    }
}

fn relabel_question(labelled: i64, include_manual: bool) -> Question<()> {
    let manual = if include_manual { "labels set by hand included" } else { "labels set by hand are kept" };
    Question {
        title: "Label every valid record again?".to_owned(),
        message: format!("{} carry a label now; each may change ({manual}).", format::counted(labelled, "record")),
        confirm: "Label all again",
        keep: "Keep the labels",
        subject: (),
    }
}

fn futile_note(words: &'static str) -> impl IntoView {
    view! {
        <p class="note note--attention" role="status">
            <span aria-hidden="true">"! "</span>
            {words}
        </p>
    }
}

/// Why labelling the rest by keyword would find nothing, or little, and what to do; and whether it is so sure that
/// there is no use in starting it.
fn why_futile(inputs: &PipelineInputs) -> Option<(&'static str, bool)> {
    let unlabelled = inputs.valid_records - inputs.labelled_records;
    if inputs.valid_records > 0 && unlabelled == 0 {
        return Some(("Every valid record has a topic.", true));
    }
    if inputs.keywords_exhausted && inputs.labelled_records == 0 {
        let words = "The last run found no topic's keyword in any record. Open some of the records, and add the words they use to the topics; or tick records and assign a topic by hand. Then there is something to run again.";
        return Some((words, true));
    }
    if inputs.keywords_exhausted {
        let words = "The last run found no keyword in the records that are left. Open some of them, and add the words they use to the topics; or tick them and assign a topic by hand. Then there is something to run again.";
        return Some((words, true));
    }
    if inputs.topics_with_keywords == 0 {
        let words = "No topic has keywords yet, so only the topics' names can be looked for. Choose a topic in the tree and give it the words and phrases that point to it.";
        return Some((words, false));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_would_find_nothing_is_not_offered() {
        let inputs = |labelled_records, topics_with_keywords, keywords_exhausted| PipelineInputs {
            valid_records: 10,
            labelled_records,
            topics_with_keywords,
            keywords_exhausted,
            ..PipelineInputs::default()
        };
        for (inputs, expected) in [
            (inputs(0, 3, false), None),
            (inputs(4, 3, false), None),
            (inputs(0, 0, false), Some(("No topic has keywords yet", false))),
            (inputs(0, 3, true), Some(("The last run found no topic's keyword in any record", true))),
            (inputs(4, 3, true), Some(("The last run found no keyword in the records that are left", true))),
            (inputs(10, 3, true), Some(("Every valid record has a topic", true))),
        ] {
            let got = why_futile(&inputs);
            assert_eq!(got.map(|(_, stops)| stops), expected.map(|(_, stops)| stops), "{inputs:?}");
            let words = |found: Option<(&'static str, bool)>| found.map_or("", |(words, _)| words);
            assert!(words(got).starts_with(words(expected)), "{got:?}");
        }
    }
}
