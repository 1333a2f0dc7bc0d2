//! Step 5: will training work, before it is paid for.

use anneal_server::api::get_dry_run;
use anneal_server::format;
use anneal_server::types::dry_run::{DryRunReport, DryRunSummary, DryRunView, ResponseSource, Verdict};
use anneal_server::types::error::AppError;
use anneal_server::types::job::JobKind;
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::parts::{Check, CheckState, Checklist, ErrorNote, StaleNote, When, field, score};
use crate::contexts::{FinetuneProcess, PageDialog, PageQuery, use_finetune_process};
use crate::finetune::calibration_drawer::CalibrationDrawer;
use crate::finetune::dry_run_dialog::DryRunDialog;
use crate::finetune::dry_run_progress::DryRunProgress;
use crate::finetune::dry_run_results::DryRunResults;
use crate::finetune::sample_inspector::SampleInspector;
use crate::ui::{Button, ButtonVariant, TabPanel, Tabs, memo, visible};

const TABS: &str = "dry-run";

/// A parameter of this panel in the URL.
pub fn own_param(query: &PageQuery, key: &str) -> Option<String> {
    query.other.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
}

/// Sets or removes one.
pub fn set_own_param(query: &mut PageQuery, key: &str, value: Option<String>) {
    query.other.retain(|(name, _)| name != key);
    if let Some(value) = value {
        query.other.push((key.to_owned(), value));
    }
}

/// Opens the configuration, with a sample size suggested where one would settle a question.
pub fn open_configuration(process: FinetuneProcess, sample_size: Option<i64>) {
    process.change_url(|query| {
        query.step = Some(PipelineStepId::DryRun);
        query.dialog = Some(PageDialog::DryRun);
        set_own_param(query, "size", sample_size.map(|size| size.to_string()));
    });
}

/// The panel of step 5.
#[component]
pub fn DryRunPanel() -> impl IntoView {
    let process = use_finetune_process();
    let chosen = memo(move || process.query().with(|query| own_param(query, "run")));
    let newest = field(|o| o.dry_run.as_ref().map(|view| view.summary.id.clone()));
    let older = memo(move || chosen.get().filter(|run| newest.with(|newest| newest.as_ref() != Some(run))));
    let fetched = fetch_run(older);
    let newest_view = field(|o| o.dry_run.clone());
    let view = memo(move || match older.get() {
        None => newest_view.get(),
        Some(run) => fetched.get().filter(|(fetched, _)| *fetched == run).and_then(|(_, view)| view.ok()),
    });
    let error = Signal::derive(move || {
        let run = older.get()?;
        fetched.get().filter(|(fetched, _)| *fetched == run).and_then(|(_, view)| view.err())
    });
    let running = memo(move || process.job(JobKind::DryRun).is_some_and(|job| job.state.is_active()));
    let has_any = field(|o| !o.dry_run_history.is_empty());
    let checks = field(checks);
    let responses = field(|o| o.recorded_responses);
    view! {
        <div class="panel panel--dry-run">
            <DryRunProgress />
            <Show when=move || newest.with(Option::is_none)>
                <section class="card">
                    <header class="card__head">
                        <h3 class="card__title">"Before the first result"</h3>
                    </header>
                    <Checklist checks />
                    <p class="muted">
                        "A dry run grades a sample of responses and says GO, CAUTION or NO-GO with its reasons, before any training is paid for."
                    </p>
                    <Show when=move || responses.get() == 0>
                        <p class="note note--attention">
                            <span aria-hidden="true">"! "</span>
                            "No valid record carries a recorded response: every conversation ends with the user. A dry run grades recorded responses, so import traces that hold the assistant's answers too."
                        </p>
                    </Show>
                    <Button
                        variant=ButtonVariant::Primary
                        disabled=Signal::derive(move || running.get() || responses.get() == 0)
                        on:click=move |_| open_configuration(process, None)
                    >
                        "Configure dry run"
                    </Button>
                </section>
            </Show>
            <Show when=move || has_any.get()>
                <ErrorNote error />
                <Show when=move || older.with(Option::is_some) && view.with(Option::is_none) && error.with(Option::is_none)>
                    <p class="muted" role="status">
                        "Loading the run…"
                    </p>
                </Show>
                <RunTabs view is_newest=Signal::derive(move || older.with(Option::is_none)) running />
            </Show>
            <DryRunDialog />
            <CalibrationDrawer />
        </div>
    }
}

fn checks(overview: &DatasetOverview) -> Vec<Check> {
    let responses = overview.recorded_responses;
    vec![
        Check::new(
            CheckState::of(overview.grader.is_some(), CheckState::Open),
            match &overview.grader {
                Some(grader) => format!("A grader: version {}", grader.version),
                None => "A saved grader".to_owned(),
            },
        ),
        Check::new(
            CheckState::of(responses > 0, CheckState::Open),
            format!("Valid records with a recorded response: {}", format::count(responses)),
        ),
        Check::new(
            CheckState::of(responses >= 30, CheckState::Attention),
            "At least 30 of them, so that the verdict can be GO".to_owned(),
        ),
    ]
}

/// A run that the overview does not carry: its id and its report, or why there is none.
pub type FetchedRun = (String, Result<DryRunView, AppError>);

/// The run that `?run=` named when the page was loaded, for [`DryRunPanel`] below.
#[derive(Clone)]
struct FirstRun(Option<FetchedRun>);

/// Loads the run that the URL names, with the page: so it is there on the server too.
pub async fn load_run(search: String) -> Option<FetchedRun> {
    let run = own_param(&PageQuery::parse(&search), "run")?;
    let view = get_dry_run(run.clone()).await;
    Some((run, view))
}

/// Hands the loaded run to the panel.
pub fn provide_run(run: Option<FetchedRun>) {
    provide_context(FirstRun(run));
}

/// The run chosen now: the one that came with the page, or one fetched when it is chosen. (A resource here would be
/// one `Suspense` within another, which the server and the browser number differently.)
fn fetch_run(run: Memo<Option<String>>) -> Signal<Option<FetchedRun>> {
    let fetched = RwSignal::new(use_context::<FirstRun>().and_then(|first| first.0));
    Effect::new(move |_| {
        let Some(id) = run.get() else { return };
        if fetched.with_untracked(|fetched| fetched.as_ref().is_some_and(|(known, view)| *known == id && view.is_ok()))
        {
            return;
        }
        spawn_local(async move {
            let view = get_dry_run(id.clone()).await;
            if run.try_get_untracked().flatten().as_ref() == Some(&id) {
                fetched.try_set(Some((id, view)));
            }
        });
    });
    fetched.into()
}

/// The tabs of one run, or of the history alone.
#[component]
fn RunTabs(view: Memo<Option<DryRunView>>, is_newest: Signal<bool>, running: Memo<bool>) -> impl IntoView {
    let process = use_finetune_process();
    let selected = Signal::derive(move || {
        let tab = process.query().with(|query| own_param(query, "tab")).unwrap_or_default();
        let without_result = view.with(Option::is_none);
        match tab.as_str() {
            "samples" if !without_result => "samples".to_owned(),
            "history" => "history".to_owned(),
            _ if without_result => "history".to_owned(),
            _ => "result".to_owned(),
        }
    });
    let tabs = Signal::derive(move || {
        let all = [("result", "Result"), ("samples", "Samples"), ("history", "History")];
        let without_result = view.with(Option::is_none);
        all.into_iter()
            .filter(|(id, _)| !without_result || *id == "history")
            .map(|(id, name)| (id, name.to_owned()))
            .collect()
    });
    let select = move |id: &'static str| {
        process.change_url(|query| set_own_param(query, "tab", (id != "result").then(|| id.to_owned())));
    };
    let run_id = memo(move || view.with(|view| view.as_ref().map(|view| view.summary.id.clone())));
    view! {
        <div class="dry-run__head">
            <Tabs label="Dry run" group=TABS tabs selected on_select=Callback::new(select) />
            <RunFacts view running />
        </div>
        <Show when=move || running.get() && view.with(Option::is_some)>
            <p class="note" role="status">
                <strong>"This is the previous result. "</strong>
                "A new run is going on; its own result takes this place when it is done."
            </p>
        </Show>
        <Show when=move || is_newest.get() && !running.get()>
            <StaleNote step=PipelineStepId::DryRun />
        </Show>
        <Show when=move || !is_newest.get() && view.with(Option::is_some)>
            <p class="note" role="status">
                "This is not the newest run. "
                <a href=move || process.url_with(|query| set_own_param(query, "run", None))>"Show the newest"</a>
            </p>
        </Show>
        <TabPanel group=TABS id="result" selected>
            <DryRunResults view run_id />
        </TabPanel>
        <TabPanel group=TABS id="samples" selected>
            <SampleInspector run_id />
        </TabPanel>
        <TabPanel group=TABS id="history" selected>
            <History />
        </TabPanel>
    }
}

/// What was run, and the buttons of the run.
#[component]
fn RunFacts(view: Memo<Option<DryRunView>>, running: Memo<bool>) -> impl IntoView {
    let process = use_finetune_process();
    view! {
        <div class="dry-run__facts">
            {move || {
                view.get()
                    .map(|view| {
                        let DryRunSummary { id, created_at, .. } = &view.summary;
                        let at = view.report.as_ref().map_or(*created_at, |report| report.timestamp);
                        view! {
                            <span class="muted small">{facts(&view)} " • " <When at=Signal::derive(move || at) /></span>
                            <a
                                class=ButtonVariant::Secondary.class()
                                href=format!("/download/dry-run/{id}/report.json")
                                download
                                rel="external"
                            >
                                "Export"
                            </a>
                        }
                    })
            }}
            <Button disabled=Signal::derive(move || running.get()) on:click=move |_| open_configuration(process, None)>
                "Run again"
            </Button>
        </div>
    }
}

/// "300 of 603 recorded responses", or "300 of 603 prompts, 4 responses each by gpt-x".
fn sampled(report: &DryRunReport) -> String {
    let config = &report.config;
    match config.response_source {
        ResponseSource::Recorded => format!(
            "{} of {}",
            format::count(if report.partial { report.samples_evaluated } else { report.samples_planned }),
            format::counted(report.eligible_records, "recorded response")
        ),
        ResponseSource::Generated => format!(
            "{} of {}, {} each by {}",
            format::count(report.samples_planned / config.rollouts_per_prompt.max(1)),
            format::counted(report.eligible_records, "prompt"),
            format::counted(config.rollouts_per_prompt, "response"),
            visible(config.base_model.as_deref().unwrap_or("the base model")),
        ),
    }
}

/// "300 of 603 recorded responses • grader version 2 • seed 42 • 1.2 s"; "108 of 300 asked for" first where the run was
/// stopped early.
fn facts(view: &DryRunView) -> String {
    let DryRunSummary { config, computed_from, .. } = &view.summary;
    let mut parts = Vec::new();
    match &view.report {
        Some(report) => {
            if report.partial {
                parts.push(format!(
                    "{} of {} asked for",
                    format::count(report.samples_evaluated),
                    format::count(report.samples_planned)
                ));
            }
            parts.push(sampled(report));
        }
        None => parts.push(format!("{} asked", format::counted(config.sample_size, "sample"))),
    }
    parts.push(format!("grader version {}", computed_from.grader_version));
    parts.push(format!("seed {}", config.seed));
    if let Some(report) = &view.report {
        parts.push(format::duration_ms(report.duration_ms));
    }
    parts.join(" • ")
}

#[component]
fn History() -> impl IntoView {
    let history = field(|o| o.dry_run_history.clone());
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Dry runs">
            <table class="table table--cards">
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Verdict"</th>
                        <th scope="col">"Responses"</th>
                        <th scope="col" class="number">"Gain"</th>
                        <th scope="col" class="number">"Mean"</th>
                        <th scope="col" class="number">"Scored"</th>
                        <th scope="col" class="number">"Failed"</th>
                        <th scope="col" class="number">"Grader"</th>
                        <th scope="col" class="number">"Seed"</th>
                        <th scope="col">"Open"</th>
                    </tr>
                </thead>
                <tbody>{move || history.get().into_iter().map(|run| view! { <HistoryRow run /> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn HistoryRow(run: DryRunSummary) -> impl IntoView {
    let process = use_finetune_process();
    let created_at = run.created_at;
    let computed_from = run.computed_from;
    let is_stale = field(move |o| {
        let grader = o.grader.as_ref().map(|grader| grader.version);
        !computed_from.changed_since(&o.dataset, grader).is_empty()
    });
    let result = run.result;
    let verdict = match &result {
        None => "no result",
        Some(result) => result.verdict.map_or("nothing scored", Verdict::as_str),
    };
    let partial = if result.as_ref().is_some_and(|result| result.partial) { " (partial)" } else { "" };
    let mean = result.as_ref().and_then(|result| result.mean).map_or_else(|| "–".to_owned(), score);
    let gain =
        result.as_ref().and_then(|result| result.headroom).map_or_else(|| "–".to_owned(), |gain| format!("{gain:.3}"));
    let responses = match run.config.response_source {
        ResponseSource::Recorded => "recorded".to_owned(),
        ResponseSource::Generated => {
            let model = run.config.base_model.as_deref().unwrap_or("the base model");
            format!("{} each by {}", run.config.rollouts_per_prompt, visible(model))
        }
    };
    let number = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), format::count);
    let (scored, failed) = (result.as_ref().map(|r| r.samples_evaluated), result.as_ref().map(|r| r.failed));
    let has_report = result.is_some();
    let id = run.id.clone();
    let href = move || {
        process.url_with(|query| {
            set_own_param(query, "run", Some(id.clone()));
            set_own_param(query, "tab", None);
        })
    };
    view! {
        <tr>
            <th scope="row" data-label="When">
                <When at=Signal::derive(move || created_at) />
            </th>
            <td data-label="Verdict">
                {verdict} {partial}
                <Show when=move || has_report && is_stale.get()>
                    <span class="muted small">" out of date"</span>
                </Show>
            </td>
            <td data-label="Responses" class="wrap">{responses}</td>
            <td data-label="Gain" class="number">{gain}</td>
            <td data-label="Mean" class="number">{mean}</td>
            <td data-label="Scored" class="number">{number(scored)}</td>
            <td data-label="Failed" class="number">{number(failed)}</td>
            <td data-label="Grader" class="number">{format!("v{}", computed_from.grader_version)}</td>
            <td data-label="Seed" class="number">{run.config.seed.to_string()}</td>
            <td data-label="Open">{has_report.then(|| view! { <a href=href>"Show result"</a> })}</td>
        </tr>
    }
}
