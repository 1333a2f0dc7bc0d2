//! Step 1: what was imported, and how good it is.

use anneal_server::api::first_valid_records;
use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::job::JobKind;
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::validation::{HygieneReport, RecordStatus, ValidationError};
use leptos::prelude::*;

use super::imports_table::ImportsTable;
use super::job_progress::JobProgress;
use super::parts::{Bar, Check, CheckState, Checklist, RecordsLink, When, field};
use super::personal_data::PersonalData;
use crate::contexts::{PageDialog, use_finetune_process};
use crate::finetune::delete_dataset::{DatasetToDelete, ToDelete, delete_url};
use crate::records::{Conversation, NearDuplicatesLine};
use crate::ui::{ButtonVariant, Sentence, load, memo};

/// Conversations shown.
const SAMPLES: i64 = 3;

/// The panel of step 1.
#[component]
pub fn ExtractPanel() -> impl IntoView {
    let process = use_finetune_process();
    let running = move |kind| process.job(kind).is_some_and(|job| job.state.is_active());
    let overview = process.overview();
    let checks = memo(move || {
        let now = Running {
            import: running(JobKind::Import) || running(JobKind::Duplicate),
            validation: running(JobKind::Validate),
        };
        overview.with(|overview| checks(overview, now))
    });
    let checked = field(|o| o.hygiene.timestamp);
    let rules = field(rules);
    let has_records = field(|o| o.hygiene.total + o.hygiene.pending > 0);
    view! {
        <div class="panel panel--extract">
            <JobProgress kind=JobKind::Duplicate title="Copying" />
            <JobProgress kind=JobKind::Import title="Importing" />
            <JobProgress kind=JobKind::UndoImport title="Undoing an import" />
            <NothingImported />
            <JobProgress kind=JobKind::Validate title="Validating" />
            <div class="panel__columns">
                <div class="stack">
                    <section class="card">
                        <header class="card__head">
                            <h3 class="card__title">"Records"</h3>
                            <Show when=move || has_records.get()>
                                <span class="card__aside">"checked " <When at=checked /></span>
                            </Show>
                        </header>
                        <Counts />
                        <Checklist checks />
                        <NearDuplicatesLine />
                        <p class="muted small">{rules}</p>
                    </section>
                    <section class="card">
                        <header class="card__head">
                            <h3 class="card__title">"Imports"</h3>
                        </header>
                        <ImportsTable />
                    </section>
                </div>
                <section class="card">
                    <header class="card__head">
                        <h3 class="card__title">"What is wrong"</h3>
                        <span class="card__aside">"by first error"</span>
                    </header>
                    <ErrorBreakdown />
                    <PersonalData />
                </section>
            </div>
            <section class="card">
                <header class="card__head">
                    <h3 class="card__title">"Sample conversations"</h3>
                    <span class="card__aside">"the first three valid records"</span>
                </header>
                <SampleConversations />
            </section>
        </div>
    }
}

/// After an import that brought nothing into an empty dataset: the two ways on.
#[component]
fn NothingImported() -> impl IntoView {
    let process = use_finetune_process();
    let name = field(|o| o.dataset.name.clone());
    let failed = field(|o| o.pipeline_inputs.import_failed.is_some() && o.hygiene.total + o.hygiene.pending == 0);
    let importing = memo(move || process.job(JobKind::Import).is_some_and(|job| job.state.is_active()));
    let to_delete = use_context::<DatasetToDelete>();
    let ask = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        let holds = "0 records".to_owned();
        let dataset = ToDelete { id: process.dataset_id(), name: name.get_untracked(), holds };
        if let Some(DatasetToDelete { asked, .. }) = to_delete {
            asked.set(Some(dataset.question()));
        }
    };
    view! {
        <Show when=move || failed.get() && !importing.get()>
            <section class="card" aria-label="Nothing was imported">
                <p>
                    <strong>"Nothing was imported, so this dataset is empty. "</strong>
                    "Try another file, or delete the dataset if it was a slip."
                </p>
                <div class="row">
                    <a
                        class=ButtonVariant::Primary.class()
                        href=move || process.url_with(|query| query.dialog = Some(PageDialog::Add))
                        data-noscroll=""
                    >
                        "Try another file"
                    </a>
                    <a
                        class=ButtonVariant::Danger.class()
                        href=delete_url(&process.dataset_id())
                        rel="external"
                        data-asks=""
                        on:click=ask
                    >
                        "Delete this dataset"
                    </a>
                </div>
            </section>
        </Show>
    }
}

/// What is being done to the records.
#[derive(Debug, Clone, Copy)]
struct Running {
    import: bool,
    validation: bool,
}

fn checks(overview: &DatasetOverview, running: Running) -> Vec<Check> {
    let hygiene = &overview.hygiene;
    let none_valid = match hygiene.total {
        // What comes may yet be valid.
        _ if running.import || running.validation => CheckState::Open,
        0 => CheckState::Open,
        _ => CheckState::Failed,
    };
    let mut checks = vec![
        Check::new(
            CheckState::of(hygiene.valid > 0, none_valid),
            if hygiene.valid > 0 { "There are valid records" } else { "At least one valid record" },
        ),
        validated(hygiene, running),
    ];
    if hygiene.total > 0 {
        let bad = hygiene.total - hygiene.valid;
        checks.push(Check::new(
            CheckState::of(bad * 5 <= hygiene.total, CheckState::Attention),
            format!("At most 20% unusable: {} ({})", hygiene.rejection_rate, format::counted(bad, "record")),
        ));
    }
    if let Some(error) = overview.pipeline_inputs.import_failed.as_ref().filter(|_| !running.import) {
        checks.push(Check::new(CheckState::Failed, format!("The last import failed: {error}")));
    }
    checks
}

/// Whether every record has its verdict; while an import goes on, nobody can say.
fn validated(hygiene: &HygieneReport, running: Running) -> Check {
    let (checked, pending) = (hygiene.total, hygiene.pending);
    if running.import {
        let so_far = match checked {
            0 => "none has come yet".to_owned(),
            _ => format!("{} so far", format::counted(checked, "record")),
        };
        return Check::new(
            CheckState::Open,
            format!("The import is going on: records are validated as they come, {so_far}"),
        );
    }
    match (checked, pending) {
        (_, 1..) if running.validation => {
            Check::new(CheckState::Open, format!("Validating: {} to go", format::counted(pending, "record")))
        }
        (_, 1..) => Check::new(CheckState::Attention, format!("{} not validated", format::counted(pending, "record"))),
        (0, _) => Check::new(CheckState::Open, "Every record validated: there is none yet"),
        _ => Check::new(CheckState::Done, format!("All {} are validated", format::counted(checked, "record"))),
    }
}

fn rules(overview: &DatasetOverview) -> String {
    let config = &overview.dataset.validation_config;
    format!(
        "Rules: a last user message of at least {} characters, prompts of at most {} tokens ({}), roles {}.",
        config.min_user_message_length,
        format::count(i64::from(config.max_tokens)),
        config.tokenizer.as_str(),
        config.allowed_roles.join(", "),
    )
}

#[component]
fn Counts() -> impl IntoView {
    let hygiene = field(|o| o.hygiene.clone());
    let link = move |label: &'static str, status: Option<RecordStatus>, count: fn(&DatasetOverview) -> i64| {
        let count = field(count);
        view! {
            <li>
                <RecordsLink class="figure" filter=RecordFilter { status, ..RecordFilter::default() }>
                    <span class="figure__value">{move || format::count(count.get())}</span>
                    <span class="figure__label">{label}</span>
                </RecordsLink>
            </li>
        }
    };
    view! {
        <ul class="figures" aria-label="Records by status">
            {link("records", None, |o| o.hygiene.total + o.hygiene.pending)}
            {link("valid", Some(RecordStatus::Valid), |o| o.hygiene.valid)}
            {link("invalid", Some(RecordStatus::Invalid), |o| o.hygiene.rejected)}
            {link("duplicates", Some(RecordStatus::Duplicate), |o| o.hygiene.duplicates_removed)}
        </ul>
        <Bar percent=Signal::derive(move || hygiene.with(|h| if h.total > 0 { h.valid as f64 / h.total as f64 * 100.0 } else { 0.0 })) />
    }
}

/// Records per first error, most first. Duplicates break no rule, so they are told apart.
fn what_is_wrong(hygiene: &HygieneReport) -> Vec<(ValidationError, i64)> {
    let errors = hygiene.errors_by_type.iter().map(|(error, count)| (*error, *count));
    let mut rows: Vec<_> = errors.filter(|(error, _)| *error != ValidationError::Duplicate).collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    rows
}

/// Records per first error with links, and the recommendations.
#[component]
pub fn ErrorBreakdown() -> impl IntoView {
    let errors = field(|o| what_is_wrong(&o.hygiene));
    let duplicates = field(|o| o.hygiene.duplicates_removed);
    let all_duplicates = RecordFilter { status: Some(RecordStatus::Duplicate), ..RecordFilter::default() };
    let total = field(|o| o.hygiene.total);
    let most = memo(move || errors.with(|errors| errors.iter().map(|(_, count)| *count).max().unwrap_or(1)));
    let recommendations = field(|o| o.hygiene.recommendations.clone());
    let row = move |(error, count): (ValidationError, i64)| {
        let percent = move || count as f64 / most.get().max(1) as f64 * 100.0;
        view! {
            <li class="breakdown__row">
                <RecordsLink filter=RecordFilter { error: Some(error), ..RecordFilter::default() }>
                    {error.label()}
                </RecordsLink>
                <Bar percent=Signal::derive(percent) class="bar--attention" />
                <span class="number">{format::count(count)}</span>
            </li>
        }
    };
    view! {
        <Show
            when=move || errors.with(|e| !e.is_empty())
            fallback=move || {
                view! {
                    <p class="muted">
                        {move || if total.get() > 0 { "Nothing: no record breaks a rule." } else { "No record was checked yet." }}
                    </p>
                }
            }
        >
            <ul class="breakdown" aria-label="Records by first error">
                {move || errors.get().into_iter().map(row).collect_view()}
            </ul>
        </Show>
        <Show when=move || { duplicates.get() > 0 }>
            <p class="muted small">
                "Apart from that, "
                <RecordsLink filter=all_duplicates.clone()>
                    {move || format::counted(duplicates.get(), "duplicate")}
                </RecordsLink>
                " kept aside: nothing is wrong with them but that an earlier record says the same."
            </p>
        </Show>
        <Recommendations items=recommendations />
    }
}

/// What to do, one line each.
#[component]
pub fn Recommendations(#[prop(into)] items: Signal<Vec<String>>) -> impl IntoView {
    view! {
        <Show when=move || items.with(|i| !i.is_empty())>
            <p class="subhead">"What to do"</p>
            <ul class="bullets">
                {move || items.get().into_iter().map(|text| view! { <li><Sentence text /></li> }).collect_view()}
            </ul>
        </Show>
    }
}

#[component]
fn SampleConversations() -> impl IntoView {
    let process = use_finetune_process();
    let revision = field(|o| (o.dataset.records_revision, o.hygiene.valid));
    let samples = load(move || revision.get(), move |_| first_valid_records(process.dataset_id(), SAMPLES));
    view! {
        <Transition fallback=|| view! { <p class="muted" role="status">"Loading conversations…"</p> }>
            {move || Suspend::new(async move {
                match samples.await {
                    Err(error) => view! { <p class="note note--error" role="alert">{error.to_string()}</p> }.into_any(),
                    Ok(records) if records.is_empty() => {
                        view! { <p class="muted">"No valid record yet."</p> }.into_any()
                    }
                    Ok(records) => {
                        view! {
                            <div class="samples">
                                {records
                                    .into_iter()
                                    .map(|record| {
                                        let label = format!("Conversation of record {}", record.id);
                                        view! {
                                            <article class="sample" tabindex="0" aria-label=label>
                                                <Conversation record />
                                            </article>
                                        }
                                    })
                                    .collect_view()}
                            </div>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_lead_no_list_of_errors() {
        use ValidationError::{Duplicate, InvalidRole, MissingInput};
        let hygiene = HygieneReport {
            errors_by_type: [(Duplicate, 34), (MissingInput, 2), (InvalidRole, 5)].into(),
            ..HygieneReport::default()
        };
        assert_eq!(what_is_wrong(&hygiene), [(InvalidRole, 5), (MissingInput, 2)]);
    }

    #[test]
    fn nothing_is_called_validated_before_it_is() {
        let hygiene = |total, pending| HygieneReport { total, pending, ..HygieneReport::default() };
        let (nothing, importing, validating) = (
            Running { import: false, validation: false },
            Running { import: true, validation: false },
            Running { import: false, validation: true },
        );
        for (hygiene, running, state, part) in [
            (hygiene(0, 0), nothing, CheckState::Open, "there is none yet"),
            (hygiene(0, 0), importing, CheckState::Open, "none has come yet"),
            (hygiene(1_024, 0), importing, CheckState::Open, "1,024 records so far"),
            (hygiene(0, 15), validating, CheckState::Open, "15 records to go"),
            (hygiene(4, 15), nothing, CheckState::Attention, "15 records not validated"),
            (hygiene(1_200, 0), nothing, CheckState::Done, "All 1,200 records are validated"),
        ] {
            let check = validated(&hygiene, running);
            assert_eq!(check.state, state, "{}", check.text);
            assert!(check.text.contains(part), "{}", check.text);
        }
    }
}
