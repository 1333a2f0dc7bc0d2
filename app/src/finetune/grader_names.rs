//! The names that graders know, for the editors: what they offer while one types, and the table that explains them.

use anneal_server::types::grader::{GRADER_HELPERS, GRADER_VARIABLES, GraderHelper, GraderVariable};
use leptos::prelude::*;

use crate::ui::{Completion, Disclosure};

/// What a script's editor offers.
pub fn script_completions() -> Vec<Completion> {
    let helper = |helper: &GraderHelper| Completion {
        label: helper.in_script(),
        detail: helper.arguments.to_owned(),
        info: helper.meaning.to_owned(),
    };
    let variables = GRADER_VARIABLES.iter().map(|variable| completion(variable, variable.in_script()));
    variables.chain(GRADER_HELPERS.iter().map(helper)).collect()
}

/// What a template's editor offers within `{{`.
pub fn template_completions() -> Vec<Completion> {
    GRADER_VARIABLES.iter().map(|variable| completion(variable, variable.name.to_owned())).collect()
}

fn completion(variable: &GraderVariable, label: String) -> Completion {
    Completion { label, detail: variable.kind.to_owned(), info: variable.meaning.to_owned() }
}

/// What a script is given and what it must give back.
#[component]
pub fn GraderContract() -> impl IntoView {
    let row = |name: String, meaning: &'static str| {
        view! {
            <div>
                <dt>
                    <code>{name}</code>
                </dt>
                <dd>{meaning}</dd>
            </div>
        }
    };
    let variable = move |variable: &GraderVariable| row(variable.in_script(), variable.meaning);
    let helper =
        move |helper: &GraderHelper| row(format!("{}{}", helper.in_script(), helper.arguments), helper.meaning);
    view! {
        <Disclosure summary="What the script gets and gives">
            <p class="small">
                "Define " <code>"function grade(input)"</code> ". It gives back a number from 0 to 1, or "
                <code>"{ score, reasoning }"</code> ", or a promise of either. " <code>"console.log"</code>
                " is shown with the test."
            </p>
            <dl class="contract">
                {GRADER_VARIABLES.iter().map(variable).collect_view()} {GRADER_HELPERS.iter().map(helper).collect_view()}
            </dl>
            <p class="muted small">
                "A throw, NaN, a score outside 0 to 1 or a broken limit (CPU time, memory) is an error of that sample, never a silent 0. Scripts have no network and no files."
            </p>
        </Disclosure>
    }
}
