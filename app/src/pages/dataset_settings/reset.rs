//! Resetting the pipeline.

use anneal_server::api::ResetPipeline;
use anneal_server::format;
use anneal_server::types::overview::DatasetOverview;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::{SavedNote, say_when_saved};
use crate::ui::{Button, ButtonVariant, ErrorView, error_at, error_elsewhere, memo};

const DONE: &str = "The pipeline was reset; every record is still there.";

/// Takes away everything that was made of the records, once a box is ticked that names it. A plain form, so that it works
/// without JavaScript too.
#[component]
pub fn ResetForm(overview: DatasetOverview) -> impl IntoView {
    let reset = ServerAction::<ResetPipeline>::new();
    let error = memo(move || reset.value().get().and_then(Result::err));
    let is_done = memo(move || reset.value().get().is_some_and(|done| done.is_ok()));
    say_when_saved(move || is_done.get(), DONE);
    let kept = format::counted(overview.hygiene.total + overview.hygiene.pending, "record");
    let goes = what_goes(&overview);
    let nothing = goes.is_empty();
    let what = format!("Remove {}. This cannot be undone.", list(&goes));
    view! {
        <ActionForm action=reset attr:class="stack">
            <input type="hidden" name="dataset_id" value=overview.dataset.id/>
            <p>
                {format!("Resetting the pipeline keeps the {kept} and the rules of validation, and begins anew with everything else.")}
            </p>
            <Show
                when=move || !nothing && !is_done.get()
                fallback=|| view! { <p class="muted">"Nothing was made of the records yet, so there is nothing to reset."</p> }
            >
                <label class="check">
                    <input type="checkbox" name="confirm" value="true" required/>
                    {what.clone()}
                </label>
                <p class="field__error" role="alert">{move || error_at(error.get().as_ref(), "confirm")}</p>
                {move || error_elsewhere(error.get(), &["confirm"]).map(|error| view! { <ErrorView error/> })}
                <div class="row">
                    <Button kind="submit" variant=ButtonVariant::Danger busy=reset.pending()>"Reset the pipeline"</Button>
                </div>
            </Show>
            <SavedNote card="reset" words=DONE/>
        </ActionForm>
    }
}

/// "6 topics", "the labels of 12 valid records", ...: what there is of it.
fn what_goes(overview: &DatasetOverview) -> Vec<String> {
    let topics = overview.hierarchy.as_ref().map_or(0, |hierarchy| hierarchy.leaves().len());
    let labelled: i64 = overview.topic_counts.iter().map(|topic| topic.valid).sum();
    let runs = overview.dry_run_history.len();
    let count = |count: usize, noun| format::counted(i64::try_from(count).unwrap_or(i64::MAX), noun);
    let parts = [
        (topics > 0, count(topics, "topic")),
        (labelled > 0, format!("the topic of {}", format::counted(labelled, "valid record"))),
        (overview.dataset.target_distribution.is_some(), "the targets".to_owned()),
        (overview.grader.is_some(), "the grader with all its versions".to_owned()),
        (runs > 0, if runs >= 50 { "all dry runs".to_owned() } else { count(runs, "dry run") }),
    ];
    parts.into_iter().filter(|(is_there, _)| *is_there).map(|(_, words)| words).collect()
}

/// "a", "a and b", "a, b and c".
fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn what_goes_is_one_sentence() {
        let parts = ["6 topics", "the targets", "1 dry run"].map(str::to_owned);
        assert_eq!(list(&parts), "6 topics, the targets and 1 dry run");
        assert_eq!((list(&parts[..1]), list(&[])), ("6 topics".to_owned(), String::new()));
    }
}
