//! Step 4: what scores a response.

use anneal_server::types::job::JobState;
use anneal_server::types::overview::DatasetOverview;
use leptos::prelude::*;

use super::parts::{Check, CheckState, Checklist, When, field, score};
use crate::finetune::calibration::CalibrationCard;
use crate::finetune::grader_draft::{GraderDraft, starter};
use crate::finetune::grader_editor::GraderEditor;
use crate::finetune::grader_http::GraderHttpCard;
use crate::finetune::grader_names::GraderContract;
use crate::finetune::grader_test_results::GraderTestResults;
use crate::finetune::grader_versions::GraderVersions;
use crate::finetune::what_if::WhatIfCard;

/// The panel of step 4.
#[component]
pub fn GraderPanel() -> impl IntoView {
    let draft = GraderDraft::of_route();
    let checks = field(checks);
    let saved_at = field(|o| o.grader.as_ref().map(|grader| (grader.version, grader.created_at)));
    view! {
        <div class="panel panel--grader">
            <div class="panel__columns panel__columns--wide-left">
                <section class="card">
                    <header class="card__head">
                        <h3 class="card__title">"Grader"</h3>
                        <span class="card__aside">
                            {move || {
                                saved_at
                                    .get()
                                    .map(|(version, at)| {
                                        view! {
                                            {format!("version {version}, saved ")}
                                            <When at=Signal::derive(move || at) />
                                        }
                                    })
                            }}
                        </span>
                    </header>
                    <GraderEditor draft />
                </section>
                <div class="stack">
                    <section class="card">
                        <header class="card__head">
                            <h3 class="card__title">"State"</h3>
                        </header>
                        <Checklist checks />
                        <GraderContract />
                        <GraderVersions
                            in_editor=Signal::derive(move || draft.config().get().unwrap_or_else(|_| starter()))
                            restore=Callback::new(move |config| draft.load(&config))
                        />
                    </section>
                </div>
            </div>
            <GraderTestResults draft />
            <WhatIfCard draft />
            <CalibrationCard />
            <GraderHttpCard />
        </div>
    }
}

/// Scores that differ less tell nothing apart.
const LEAST_STD: f64 = 0.05;

fn differ_words(std: f64) -> String {
    let word = if std >= LEAST_STD { "Scores differ" } else { "Scores hardly differ" };
    format!("{word}: deviation {} (at least {LEAST_STD})", score(std))
}

fn checks(overview: &DatasetOverview) -> Vec<Check> {
    let mut checks = vec![Check::new(
        CheckState::of(overview.grader.is_some(), CheckState::Open),
        match &overview.grader {
            Some(grader) => format!("A grader is saved: {}, version {}", grader.config.label(), grader.version),
            None => "A saved grader".to_owned(),
        },
    )];
    let Some(grader) = &overview.pipeline_inputs.grader else { return checks };
    let Some(test) = grader.last_test else {
        checks.push(Check::new(CheckState::Open, "Tested on samples (recommended before a dry run)"));
        return checks;
    };
    let state = match test.errors {
        0 => CheckState::Done,
        errors if errors == test.samples => CheckState::Failed,
        _ => CheckState::Attention,
    };
    checks.push(Check::new(
        state,
        format!("The last test scored {} of {} samples", test.samples - test.errors, test.samples),
    ));
    if let Some(std) = test.std {
        checks.push(Check::new(CheckState::of(std >= LEAST_STD, CheckState::Attention), differ_words(std)));
    }
    let running = overview.jobs.iter().any(|job| job.state == JobState::Running);
    if overview.recorded_responses == 0 && !running {
        checks.push(Check::new(CheckState::Attention, "No valid record carries a recorded response to grade"));
    }
    checks
}
