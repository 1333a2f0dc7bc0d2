//! The overlay's filters: chips with counts, text search, topic. All of them are in the URL.

use anneal_server::format;
use anneal_server::types::dataset::{RecordFilter, RecordSort, ScoreRange};
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pii::{PiiFilter, PiiKind};
use anneal_server::types::validation::{RecordStatus, ValidationError};
use leptos::prelude::*;

use super::near_duplicates::NearDuplicatesChip;
use super::record_columns::ColumnChoice;
use super::records_overlay::{Leaving, RecordsState};
use super::topic_groups::GroupToggle;
use crate::contexts::ANY_TOPIC;
use crate::finetune::steps::parts::field;
use crate::ui::{Button, IconName, Select, Sentence, memo, visible};

/// Status chips, error list, topic list and search.
#[component]
pub fn FilterChips(state: RecordsState) -> impl IntoView {
    let chip = move |words: &'static str, status: Option<RecordStatus>, count: fn(&DatasetOverview) -> i64| {
        let count = field(count);
        let is_on = move || {
            state.near.with(Option::is_none)
                && state.filter.with(|filter| {
                    filter.status == status && filter.error.is_none() && !filter.needs_review && !filter.generated
                })
        };
        let href = move || {
            let kept = state.filter.with(|filter| RecordFilter {
                status,
                topic: filter.topic.clone(),
                text: filter.text.clone(),
                score: filter.score,
                pii: filter.pii,
                ..RecordFilter::default()
            });
            state.process.url_with(|query| {
                query.records = Some((kept, 1));
                query.near = None;
                query.record = None;
            })
        };
        view! {
            <a class="filter" class:filter--on=is_on href=href aria-current=move || is_on().then_some("true") data-noscroll="">
                {words}
                <span class="filter__count">{move || format::count(count.get())}</span>
            </a>
        }
    };
    view! {
        <div class="filters" role="group" aria-label="Filter the records">
            {chip("All", None, |o| o.hygiene.total + o.hygiene.pending)}
            {chip("Valid", Some(RecordStatus::Valid), |o| o.hygiene.valid)}
            {chip("Invalid", Some(RecordStatus::Invalid), |o| o.hygiene.rejected)}
            {chip("Duplicates", Some(RecordStatus::Duplicate), |o| o.hygiene.duplicates_removed)}
            <ReviewToggle state />
            <NearDuplicatesChip state />
            <GeneratedToggle state />
            <GroupToggle state />
            <ColumnChoice state />
            <SearchForm state />
        </div>
    }
}

#[component]
fn ErrorSelect(state: RecordsState) -> impl IntoView {
    let errors = field(|o| o.hygiene.errors_by_type.iter().map(|(error, count)| (*error, *count)).collect::<Vec<_>>());
    let choose = move |name: String| {
        let before = state.filter.get_untracked();
        state.leave(Leaving::Filtered(RecordFilter { error: ValidationError::parse(&name), status: None, ..before }));
    };
    let options = move || {
        let any = (String::new(), "Any error or none".to_owned());
        let row = |(error, count): (ValidationError, i64)| {
            (error.as_str().to_owned(), format!("{} ({})", error.label(), format::count(count)))
        };
        std::iter::once(any).chain(errors.get().into_iter().map(row)).collect()
    };
    let chosen = move || state.filter.with(|filter| filter.error.map_or("", ValidationError::as_str).to_owned());
    view! {
        <Select
            name="error"
            class="filters__select"
            label="Filter by error"
            options=Signal::derive(options)
            chosen=Signal::derive(chosen)
            on_choose=Callback::new(choose)
        />
    }
}

/// By the newest dry run's scores; once there is one.
#[component]
fn ScoreSelect(state: RecordsState) -> impl IntoView {
    let has_scores = field(|o| o.dry_run.as_ref().is_some_and(|run| run.report.is_some()));
    let choose = move |key: String| {
        let before = state.filter.get_untracked();
        state.leave(Leaving::Filtered(RecordFilter { score: ScoreRange::parse(&key), ..before }));
    };
    let chosen = memo(move || state.filter.with(|filter| filter.score));
    let options = move || {
        let any = (String::new(), "Any score or none".to_owned());
        // An address may ask for any other range.
        let other = chosen.get().filter(|range| !ScoreRange::FIFTHS.contains(range));
        let ranges = ScoreRange::FIFTHS.into_iter().chain(other);
        std::iter::once(any).chain(ranges.map(|range| (range.key(), format!("score {}", range.words())))).collect()
    };
    view! {
        <Show when=move || has_scores.get() || chosen.get().is_some()>
            <Select
                name="score"
                class="filters__select"
                label="Filter by score in the newest dry run"
                options=Signal::derive(options)
                chosen=Signal::derive(move || chosen.get().map(ScoreRange::key).unwrap_or_default())
                on_choose=Callback::new(choose)
            />
        </Show>
    }
}

/// By personal data; once any was found.
#[component]
fn PiiSelect(state: RecordsState) -> impl IntoView {
    let counts = field(|o| o.hygiene.pii.clone());
    let choose = move |name: String| {
        let before = state.filter.get_untracked();
        state.leave(Leaving::Filtered(RecordFilter { pii: PiiFilter::parse(&name), ..before }));
    };
    let chosen = memo(move || state.filter.with(|filter| filter.pii));
    let options = move || {
        let row = |filter: PiiFilter, words: &str, count: i64| {
            (filter.as_str().to_owned(), format!("{words} ({})", format::count(count)))
        };
        counts.with(|counts| {
            let any = row(PiiFilter::Any, "Any personal data", counts.records);
            // An address may ask for a kind that there is not.
            let is_offered =
                |kind: &PiiKind| counts.by_kind.contains_key(kind) || chosen.get() == Some(PiiFilter::Of(*kind));
            let kinds = PiiKind::ALL
                .into_iter()
                .filter(is_offered)
                .map(|kind| row(PiiFilter::Of(kind), kind.plural(), counts.by_kind.get(&kind).copied().unwrap_or(0)));
            [(String::new(), "Personal data or none".to_owned()), any].into_iter().chain(kinds).collect()
        })
    };
    view! {
        <Show when=move || counts.with(|counts| counts.records > 0) || chosen.get().is_some()>
            <Select
                name="pii"
                class="filters__select"
                label="Filter by personal data"
                options=Signal::derive(options)
                chosen=Signal::derive(move || chosen.get().map_or("", PiiFilter::as_str).to_owned())
                on_choose=Callback::new(choose)
            />
        </Show>
    }
}

#[component]
fn TopicSelect(state: RecordsState) -> impl IntoView {
    let topics = leaf_topics();
    let choose = move |name: String| {
        let before = state.filter.get_untracked();
        let topic = (name != ANY_TOPIC).then_some(name);
        state.leave(Leaving::Filtered(RecordFilter { topic, ..before }));
    };
    let first = [(ANY_TOPIC, "Any topic"), ("", "Without a topic")];
    let options = Signal::derive(move || topic_options(&first, topics.get()));
    let chosen = move || state.filter.with(|filter| filter.topic.clone().unwrap_or_else(|| ANY_TOPIC.to_owned()));
    view! {
        <Show when=move || topics.with(|topics| !topics.is_empty())>
            <Select
                name="topic"
                class="filters__select"
                label="Filter by topic"
                options
                chosen=Signal::derive(chosen)
                on_choose=Callback::new(choose)
            />
        </Show>
    }
}

/// The options of a list of topics, after these of its own.
pub fn topic_options(first: &[(&str, &str)], topics: Vec<String>) -> Vec<(String, String)> {
    let first = first.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned()));
    first.chain(topics.into_iter().map(|topic| (topic.clone(), visible(&topic).into_owned()))).collect()
}

/// The names of the topics that records can carry.
pub fn leaf_topics() -> Memo<Vec<String>> {
    field(|o| {
        o.hierarchy.as_ref().map(|h| h.leaves().into_iter().map(|leaf| leaf.name.clone()).collect()).unwrap_or_default()
    })
}

#[component]
fn ReviewToggle(state: RecordsState) -> impl IntoView {
    let count = field(|o| o.pipeline_inputs.needs_review_records);
    let is_on = move || state.filter.with(|filter| filter.needs_review);
    let href = move || {
        let mut filter = state.filter.get();
        filter.needs_review = !filter.needs_review;
        state.process.url_with(|query| {
            query.records = Some((filter, 1));
            query.near = None;
            query.record = None;
        })
    };
    view! {
        <Show when=move || { count.get() > 0 || is_on() }>
            <a class="filter" class:filter--on=is_on href=href aria-current=move || is_on().then_some("true") data-noscroll="">
                "To review"
                <span class="filter__count">{move || format::count(count.get())}</span>
            </a>
        </Show>
    }
}

/// The synthetic ones; shown as long as it is on, or there may be some.
#[component]
fn GeneratedToggle(state: RecordsState) -> impl IntoView {
    let is_on = move || state.filter.with(|filter| filter.generated);
    let href = move || {
        let filter = state.filter.get();
        let filter = RecordFilter { generated: !filter.generated, ..filter };
        state.process.url_with(|query| {
            query.records = Some((filter, 1));
            query.record = None;
        })
    };
    view! {
        <a class="filter" class:filter--on=is_on href=href aria-current=move || is_on().then_some("true") data-noscroll="">
            "Generated"
        </a>
    }
}

/// In which order.
#[component]
fn SortSelect(state: RecordsState) -> impl IntoView {
    let has_scores = field(|o| o.dry_run.as_ref().is_some_and(|run| run.report.is_some()));
    let options = move || {
        let sorts = RecordSort::ALL.into_iter();
        let fits = |sort: &RecordSort| {
            !matches!(sort, RecordSort::HighestScore | RecordSort::LowestScore)
                || has_scores.get()
                || state.sort.get() == *sort
        };
        sorts.filter(fits).map(|sort| (sort.as_str().to_owned(), sort.label().to_owned())).collect()
    };
    let choose = move |key: String| {
        let sort = RecordSort::parse(&key).unwrap_or_default();
        state.process.change_url(|query| {
            query.sort = sort;
            if let Some((_, page)) = &mut query.records {
                *page = 1;
            }
        });
    };
    view! {
        <Select
            name="sort"
            class="filters__select"
            label="Sort by"
            options=Signal::derive(options)
            chosen=Signal::derive(move || state.sort.get().as_str().to_owned())
            on_choose=Callback::new(choose)
        />
    }
}

/// Error, topic and text. A form whose fields are the page's own parameters, so that it works without JavaScript;
/// with it, a chosen error or topic counts at once.
#[component]
fn SearchForm(state: RecordsState) -> impl IntoView {
    let typed = RwSignal::new(state.filter.with_untracked(|filter| filter.text.clone().unwrap_or_default()));
    // Back and forward change the URL without typing.
    Effect::new(move |_| typed.set(state.filter.with(|filter| filter.text.clone().unwrap_or_default())));
    let search = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        let text = Some(typed.get_untracked().trim().to_owned()).filter(|text| !text.is_empty());
        state.leave(Leaving::Filtered(RecordFilter { text, ..state.filter.get_untracked() }));
    };
    // What the fields do not say themselves.
    let rest = memo(move || {
        let mut query = state.process.query().get();
        let kept = state.filter.with(|filter| RecordFilter {
            status: filter.status,
            needs_review: filter.needs_review,
            generated: filter.generated,
            ..RecordFilter::default()
        });
        query.records = Some((kept, 1));
        query.near = None;
        query.record = None;
        query.sort = RecordSort::default();
        query.pairs()
    });
    let hidden = |(name, value): (String, String)| view! { <input type="hidden" name=name value=value /> };
    view! {
        <form
            class="filters__form"
            role="search"
            method="get"
            action=format!("/finetune/{}", state.process.dataset_id())
            on:submit=search
        >
            {move || rest.get().into_iter().map(hidden).collect_view()}
            <div class="filters__choices">
                <ErrorSelect state />
                <TopicSelect state />
                <ScoreSelect state />
                <PiiSelect state />
                <SortSelect state />
            </div>
            <input
                type="search"
                class="filters__search"
                name="q"
                autofocus
                aria-label="Search in prompts and answers"
                placeholder="Search text"
                value=typed.get_untracked()
                prop:value=move || typed.get()
                on:input:target=move |ev| typed.set(ev.target().value())
            />
            <Button kind="submit" small=true icon=IconName::Search>"Search"</Button>
        </form>
    }
}

/// What the list is narrowed to, in words, with the way back to all.
#[component]
pub fn ActiveFilters(state: RecordsState) -> impl IntoView {
    let words = memo(move || state.filter.with(filter_words));
    let all = move || {
        state.process.url_with(|query| {
            query.records = Some((RecordFilter::default(), 1));
            query.near = None;
            query.record = None;
        })
    };
    view! {
        <Show when=move || words.with(|words| !words.is_empty())>
            <p class="records__narrowed">
                <span>{move || view! { <Sentence text=words.with(|words| format!("Only {}", words.join(", "))) /> }}</span>
                <a class="button button--ghost button--small" href=all data-noscroll="">"Show all"</a>
            </p>
        </Show>
    }
}

fn filter_words(filter: &RecordFilter) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(status) = filter.status {
        words.push(format!("status {}", status.as_str()));
    }
    if let Some(error) = filter.error {
        words.push(format!("error “{}”", error.label()));
    }
    match filter.topic.as_deref() {
        Some("") => words.push("without a topic".to_owned()),
        Some(topic) => words.push(format!("topic “{topic}”")),
        None => {}
    }
    if filter.needs_review {
        words.push("topic to review".to_owned());
    }
    if let Some(score) = filter.score {
        words.push(format!("score {} in the newest dry run", score.words()));
    }
    match filter.pii {
        Some(PiiFilter::Any) => words.push("with personal data".to_owned()),
        Some(PiiFilter::Of(kind)) => words.push(format!("with {}", kind.plural())),
        None => {}
    }
    if filter.generated {
        words.push("synthetic".to_owned());
    }
    if let Some(text) = &filter.text {
        words.push(format!("containing “{text}”"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_said_in_words() {
        assert!(filter_words(&RecordFilter::default()).is_empty());
        let filter = RecordFilter {
            status: Some(RecordStatus::Invalid),
            error: Some(ValidationError::InvalidRole),
            topic: Some(String::new()),
            needs_review: true,
            generated: true,
            text: Some("x".to_owned()),
            score: Some(ScoreRange { from: 0, to: 20 }),
            pii: Some(PiiFilter::Of(PiiKind::Iban)),
        };
        let expected = [
            "status invalid",
            "error “Unknown role”",
            "without a topic",
            "topic to review",
            "score 0.00 to 0.20 in the newest dry run",
            "with IBANs",
            "synthetic",
            "containing “x”",
        ];
        assert_eq!(filter_words(&filter), expected);
    }
}
