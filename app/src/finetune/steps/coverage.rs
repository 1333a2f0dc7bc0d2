//! Step 3: how the valid records spread over the topics.

use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;

use super::extract::Recommendations;
use super::parts::{Check, CheckState, Checklist, RecordsLink, When, field, score};
use crate::contexts::use_finetune_process;
use crate::finetune::coverage_dashboard::CoverageTable;
use crate::finetune::coverage_targets::TargetEditor;
use crate::ui::{Button, EmptyState, Stat};

/// The panel of step 3.
#[component]
pub fn CoveragePanel() -> impl IntoView {
    let has_report = field(|o| o.coverage.is_some());
    view! {
        <div class="panel panel--coverage">
            <Show when=move || has_report.get() fallback=NoReport>
                <Report />
            </Show>
        </div>
    }
}

#[component]
fn NoReport() -> impl IntoView {
    let process = use_finetune_process();
    view! {
        <EmptyState
            title="No coverage yet"
            message="Coverage compares how many records each topic has with how many it should have. It needs topics, and records that carry them."
        >
            <Button on:click=move |_| process.select_step(PipelineStepId::Topics)>"Go to topics"</Button>
        </EmptyState>
    }
}

#[component]
fn Report() -> impl IntoView {
    let checks = field(checks);
    let at = field(|o| o.coverage.as_ref().map_or(0, |report| report.timestamp));
    let from = field(|o| {
        o.coverage.as_ref().map_or_else(String::new, |report| {
            format!(
                "from {}",
                format::counted(report.valid_records - report.uncategorized_count, "labelled valid record")
            )
        })
    });
    let recommendations = field(|o| o.coverage.as_ref().map(|r| r.recommendations.clone()).unwrap_or_default());
    view! {
        <div class="panel__columns panel__columns--wide-left">
            <section class="card">
                <header class="card__head">
                    <h3 class="card__title">"Shares and targets"</h3>
                    <span class="card__aside">{from} ", " <When at /></span>
                </header>
                <CoverageTable />
            </section>
            <div class="stack">
                <section class="card">
                    <header class="card__head">
                        <h3 class="card__title">"Balance"</h3>
                    </header>
                    <Figures />
                    <Checklist checks />
                    <Uncategorized />
                    <Recommendations items=recommendations />
                </section>
                <TargetEditor />
            </div>
        </div>
    }
}

fn checks(overview: &DatasetOverview) -> Vec<Check> {
    let Some(report) = &overview.coverage else { return Vec::new() };
    let Some(balance) = report.balance_score else {
        return vec![Check::new(CheckState::Open, "At least one valid record carries a topic of the hierarchy")];
    };
    let text = format!("Balance of at least 0.50: {}", score(balance));
    vec![Check::new(CheckState::of(balance >= 0.5, CheckState::Attention), text)]
}

#[component]
fn Figures() -> impl IntoView {
    let balance = field(|o| o.coverage.as_ref().and_then(|r| r.balance_score));
    let rating = field(|o| o.coverage.as_ref().and_then(|r| r.balance_rating));
    let effective = field(|o| o.coverage.as_ref().and_then(|r| r.effective_topics));
    let topics = field(|o| o.coverage.as_ref().map_or(0, |r| r.distribution.len()));
    view! {
        <div class="stats">
            <Stat
                value=Signal::derive(move || balance.get().map_or_else(|| "–".to_owned(), score))
                label=Signal::derive(move || {
                    rating.get().map_or_else(|| "nothing labelled".to_owned(), |rating| format!("balance, {}", rating.as_str()))
                })
                title="The smallest attainment of a target over the largest, 0 to 1"
            />
            <Stat
                value=Signal::derive(move || effective.get().map_or_else(|| "–".to_owned(), |n| format!("{n:.1}")))
                label=Signal::derive(move || format!("effective topics of {}", topics.get()))
                title="As many equally frequent topics would be as varied as these"
            />
        </div>
    }
}

#[component]
fn Uncategorized() -> impl IntoView {
    let count = field(|o| o.coverage.as_ref().map_or(0, |r| r.uncategorized_count));
    let without = RecordFilter { topic: Some(String::new()), ..RecordFilter::default() };
    view! {
        <Show when=move || { count.get() > 0 }>
            <p class="small">
                <RecordsLink filter=without.clone()>
                    {move || format::counted(count.get(), "valid record")}
                </RecordsLink>
                " without a topic stand beside these shares, not in them."
            </p>
        </Show>
    }
}
