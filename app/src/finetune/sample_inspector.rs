//! The graded samples of a run: chosen by score, failure or topic, each with prompt, response and reasons.

use anneal_server::api::{dry_run_samples, get_record};
use anneal_server::format;
use anneal_server::types::dry_run::{DryRunSample, SamplePage, SampleSelection};
use anneal_server::types::error::AppError;
use anneal_server::types::grader::PartScore;
use leptos::prelude::*;

use super::calibration_drawer::ScoreByHand;
use super::grader_test_results::{Logs, ScoreChip};
use super::part_scores::PartScores;
use super::steps::dry_run::{own_param, set_own_param};
use super::steps::parts::score;
use crate::contexts::{FinetuneProcess, PageQuery, use_finetune_process};
use crate::records::{Conversation, ModelCalls, Pager, RecordedAnswer, first_line, leaf_topics, topic_options};
use crate::ui::{Card, ErrorView, Loaded, Select, UserText, load, memo, visible};

/// Samples on a page, as the server pages them.
const PAGE_SIZE: i64 = 50;

/// The selections in the order of their buttons: name in the URL, words.
const SELECTIONS: [(&str, &str); 7] = [
    ("highest", "Highest"),
    ("lowest", "Lowest"),
    ("mean", "Nearest the mean"),
    ("half", "Around 0.5"),
    ("failed", "Failed"),
    ("topic", "By topic"),
    ("all", "All"),
];

/// Opens the samples tab at a selection, by changing the URL.
pub fn open_samples(process: FinetuneProcess, selection: &SampleSelection) {
    process.change_url(|query| select_in(query, selection));
}

fn select_in(query: &mut PageQuery, selection: &SampleSelection) {
    let topic = match selection {
        SampleSelection::Topic { topic } => Some(topic.clone().unwrap_or_default()),
        _ => None,
    };
    set_own_param(query, "tab", Some("samples".to_owned()));
    set_own_param(query, "samples", Some(name_of(selection).to_owned()));
    set_own_param(query, "sample_topic", topic);
    set_own_param(query, "sample_page", None);
}

const fn name_of(selection: &SampleSelection) -> &'static str {
    match selection {
        SampleSelection::Highest => "highest",
        SampleSelection::Lowest => "lowest",
        SampleSelection::NearestMean => "mean",
        SampleSelection::AroundHalf => "half",
        SampleSelection::Failed => "failed",
        SampleSelection::Topic { .. } => "topic",
        SampleSelection::All => "all",
    }
}

/// What the URL selects; the lowest if it says nothing that is understood.
fn selection_of(query: &PageQuery) -> SampleSelection {
    match own_param(query, "samples").as_deref() {
        Some("highest") => SampleSelection::Highest,
        Some("mean") => SampleSelection::NearestMean,
        Some("half") => SampleSelection::AroundHalf,
        Some("failed") => SampleSelection::Failed,
        Some("all") => SampleSelection::All,
        Some("topic") => {
            SampleSelection::Topic { topic: own_param(query, "sample_topic").filter(|topic| !topic.is_empty()) }
        }
        _ => SampleSelection::Lowest,
    }
}

/// All samples of a run, fifty a page.
#[component]
pub fn SampleInspector(run_id: Memo<Option<String>>) -> impl IntoView {
    let process = use_finetune_process();
    let query = process.query();
    let selection = memo(move || query.with(selection_of));
    let page = memo(move || {
        query
            .with(|query| own_param(query, "sample_page"))
            .and_then(|page| page.parse::<i64>().ok())
            .filter(|page| *page >= 1)
            .unwrap_or(1)
    });
    let samples = load(
        move || (run_id.get(), selection.get(), page.get()),
        |(run_id, selection, page)| async move {
            match run_id {
                Some(run_id) => dry_run_samples(run_id, selection, page).await,
                None => Ok(SamplePage::default()),
            }
        },
    );
    let to_page = move |page: i64| {
        process.url_with(|query| set_own_param(query, "sample_page", (page > 1).then(|| page.to_string())))
    };
    view! {
        <section class="card" aria-label="Samples">
            <SelectionBar selection />
            <Transition fallback=|| view! { <p class="muted" role="status">"Loading samples…"</p> }>
                {move || Suspend::new(async move {
                    match samples.await {
                        Err(error) => view! { <ErrorView error /> }.into_any(),
                        Ok(found) => view! { <SampleList found page=page.get_untracked() to_page=Callback::new(to_page) /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn SelectionBar(selection: Memo<SampleSelection>) -> impl IntoView {
    let process = use_finetune_process();
    let link = move |(name, words): (&'static str, &'static str)| {
        let is_chosen = move || selection.with(|selection| name_of(selection) == name);
        let href = move || {
            process.url_with(|query| {
                set_own_param(query, "samples", Some(name.to_owned()));
                set_own_param(query, "sample_topic", None);
                set_own_param(query, "sample_page", None);
            })
        };
        view! {
            <a class="filter" class:filter--on=is_chosen href=href aria-current=move || is_chosen().then_some("true") data-noscroll="">
                {words}
            </a>
        }
    };
    let topics = leaf_topics();
    let options = Signal::derive(move || topic_options(&[("", "Without a topic")], topics.get()));
    let chosen_topic = memo(move || match selection.get() {
        SampleSelection::Topic { topic } => Some(topic.unwrap_or_default()),
        _ => None,
    });
    let choose = move |topic: String| {
        let topic = Some(topic).filter(|topic| !topic.is_empty());
        open_samples(process, &SampleSelection::Topic { topic });
    };
    view! {
        <nav class="filters" aria-label="Which samples">
            {SELECTIONS.map(link).collect_view()}
            <Show when=move || chosen_topic.with(Option::is_some)>
                <Select
                    class="filters__select"
                    label="Topic of the samples"
                    options
                    chosen=Signal::derive(move || chosen_topic.get().unwrap_or_default())
                    on_choose=Callback::new(choose)
                />
            </Show>
        </nav>
    }
}

#[component]
fn SampleList(found: SamplePage, page: i64, to_page: Callback<i64, String>) -> impl IntoView {
    if found.samples.is_empty() {
        return view! { <p class="muted" role="status">"No sample of this run is like that."</p> }.into_any();
    }
    let total = found.total;
    view! {
        <ul class="inspector">
            {found.samples.into_iter().map(|sample| view! { <SampleItem sample /> }).collect_view()}
        </ul>
        <Pager page total at_least=false page_size=PAGE_SIZE to_page noun="sample" />
    }
    .into_any()
}

/// One sample: a line that unfolds; the whole prompt is fetched only then.
#[component]
fn SampleItem(sample: DryRunSample) -> impl IntoView {
    let (open, set_open) = signal(false);
    let record_id = sample.record_id;
    let topic = sample.topic.unwrap_or_else(|| "no topic".to_owned());
    let (score, preview) = (sample.score, sample.prompt_preview);
    let first_line = first_line(&sample.response);
    let sample = StoredValue::new(SampleText {
        response: sample.response,
        reasoning: sample.reasoning,
        error: sample.error,
        logs: sample.logs,
        parts: sample.parts,
        generated: sample.is_generated.then_some(sample.rollout),
        regrade: sample.regrade,
    });
    let toggle = move |_| set_open.update(|open| *open = !*open);
    view! {
        <li class="inspector__item">
            <button type="button" class="inspector__line" aria-expanded=move || open.get().to_string() on:click=toggle>
                <ScoreChip score />
                <UserText class="inspector__topic clamp" text=topic />
                <UserText class="inspector__prompt clamp" text=preview />
                <UserText class="inspector__response clamp muted" text=first_line />
            </button>
            <Show when=move || open.get()>
                <SampleDetail sample record_id />
            </Show>
        </li>
    }
}

/// The parts of a sample that are shown when it is unfolded.
#[derive(Clone)]
struct SampleText {
    response: String,
    reasoning: Option<String>,
    error: Option<String>,
    logs: Vec<String>,
    parts: Vec<PartScore>,
    /// Which of its prompt's responses, from 0; `None` for a recorded one.
    generated: Option<i64>,
    regrade: Option<f64>,
}

#[component]
fn SampleDetail(sample: StoredValue<SampleText>, record_id: i64) -> impl IntoView {
    let process = use_finetune_process();
    let record = load(move || record_id, move |record_id| get_record(process.dataset_id(), record_id));
    let SampleText { response, reasoning, error, logs, parts, generated, regrade } = sample.get_value();
    let again = regrade
        .map(|regrade| format!("Graded a second time: {}. The difference is the judge's noise.", score(regrade)));
    let title = generated
        .map_or_else(|| "Graded response".to_owned(), |rollout| format!("Response {} to this prompt", rollout + 1));
    view! {
        <div class="inspector__detail">
            <div>
                <h4>{title}</h4>
                <RecordedAnswer text=response />
                <h4>"Why this score"</h4>
                {error.map(|error| view! { <p class="note note--error" dir="auto">{visible(&error).into_owned()}</p> })}
                {match reasoning {
                    Some(text) => view! { <p dir="auto">{visible(&text).into_owned()}</p> }.into_any(),
                    None if !parts.is_empty() => ().into_any(),
                    None => view! { <p class="muted">"The grader gave no reason."</p> }.into_any(),
                }}
                {again.map(|words| view! { <p class="muted small">{words}</p> })}
                <PartScores parts />
                <Logs lines=logs />
                // (Hand scores are of recorded responses.)
                {generated.is_none().then(|| view! { <ScoreByHand record_id /> })}
                <a href=move || process.url_with(|query| {
                    query.records = Some((anneal_server::types::dataset::RecordFilter::default(), 1));
                    query.record = Some(record_id);
                })>"Open the record"</a>
                <ModelCalls record_id />
            </div>
            <Transition fallback=|| view! { <p class="muted" role="status">"Loading the prompt…"</p> }>
                {move || Suspend::new(async move {
                    match record.await {
                        Err(error) => view! { <ErrorView error /> }.into_any(),
                        Ok(record) => view! { <Conversation record /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

/// Two of the best, of the middle and of the worst, with the way to all.
#[component]
pub fn SamplesWorthALook(
    run_id: Memo<Option<String>>,
    /// Samples scored and failed.
    counts: Memo<Option<(i64, i64)>>,
) -> impl IntoView {
    let process = use_finetune_process();
    let highest = first_page(run_id, SampleSelection::Highest);
    let middle = first_page(run_id, SampleSelection::NearestMean);
    let lowest = first_page(run_id, SampleSelection::Lowest);
    let failed = move || counts.get().map_or(0, |(_, failed)| failed);
    let all = move || counts.get().map_or(0, |(scored, failed)| scored + failed);
    let actions = move || {
        view! {
            <Show when=move || { failed() > 0 }>
                <button type="button" class="link" on:click=move |_| open_samples(process, &SampleSelection::Failed)>
                    {move || format!("{} failed", format::count(failed()))}
                </button>
            </Show>
            <button type="button" class="link" on:click=move |_| open_samples(process, &SampleSelection::All)>
                {move || format!("open all {}", format::count(all()))}
            </button>
        }
    };
    view! {
        <Card title="Samples worth a look" aside="the best, the middle, the worst" actions=ViewFn::from(actions)>
            <Transition fallback=|| view! { <p class="muted" role="status">"Loading samples…"</p> }>
                {move || Suspend::new(async move {
                    match two_of_each(vec![highest.await, middle.await, lowest.await]) {
                        Err(error) => view! { <ErrorView error /> }.into_any(),
                        Ok(samples) => {
                            view! {
                                <ul class="inspector">
                                    {samples.into_iter().map(|sample| view! { <SampleItem sample /> }).collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
        </Card>
    }
}

/// A first page of samples. One call a resource: on the server, a resource may outlive the context that a
/// second call would need.
fn first_page(run_id: Memo<Option<String>>, selection: SampleSelection) -> Loaded<Result<SamplePage, AppError>> {
    load(
        move || (run_id.get(), selection.clone()),
        |(run_id, selection)| async move {
            match run_id {
                Some(run_id) => dry_run_samples(run_id, selection, 1).await,
                None => Ok(SamplePage::default()),
            }
        },
    )
}

/// The first two of each page, none twice.
fn two_of_each(pages: Vec<Result<SamplePage, AppError>>) -> Result<Vec<DryRunSample>, AppError> {
    let mut shown: Vec<DryRunSample> = Vec::new();
    for page in pages {
        let is_new = |sample: &DryRunSample| shown.iter().all(|other| other.ordinal != sample.ordinal);
        let new: Vec<DryRunSample> = page?.samples.into_iter().filter(is_new).take(2).collect();
        shown.extend(new);
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_each_page_and_none_twice() {
        let sample = |ordinal| DryRunSample {
            ordinal,
            record_id: ordinal,
            rollout: 0,
            is_generated: false,
            topic: None,
            prompt_preview: String::new(),
            response: String::new(),
            score: None,
            regrade: None,
            reasoning: None,
            error: None,
            logs: Vec::new(),
            parts: Vec::new(),
        };
        let page =
            |ordinals: &[i64]| Ok(SamplePage { samples: ordinals.iter().copied().map(sample).collect(), total: 9 });
        let shown = two_of_each(vec![page(&[1, 2, 3]), page(&[2, 4, 5, 6]), page(&[])]).unwrap();
        assert_eq!(shown.iter().map(|sample| sample.ordinal).collect::<Vec<_>>(), [1, 2, 4, 5]);
        assert!(two_of_each(vec![page(&[1]), Err(AppError::invalid("no"))]).is_err());
    }

    #[test]
    fn selections_survive_the_url() {
        for selection in [
            SampleSelection::Highest,
            SampleSelection::Lowest,
            SampleSelection::NearestMean,
            SampleSelection::AroundHalf,
            SampleSelection::Failed,
            SampleSelection::All,
            SampleSelection::Topic { topic: None },
            SampleSelection::Topic { topic: Some("refunds & more".to_owned()) },
        ] {
            let mut query = PageQuery::default();
            select_in(&mut query, &selection);
            assert_eq!(selection_of(&query), selection);
        }
    }
}
