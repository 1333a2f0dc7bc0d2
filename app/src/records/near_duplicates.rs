//! Near-duplicates: the line that says what is known of them, and their clusters in the overlay (`?records=near`).

use anneal_server::api::{dismiss_near_duplicates, find_near_duplicates, keep_one_of_each, list_near_duplicates};
use anneal_server::format;
use anneal_server::types::dataset::MAX_SELECTED;
use anneal_server::types::job::JobKind;
use anneal_server::types::near_duplicates::{
    CLUSTERS_ON_PAGE, DEFAULT_THRESHOLD, NearDuplicate, NearDuplicateCluster, NearDuplicatePage, NearDuplicates,
    RECORDS_ON_PAGE,
};
use leptos::prelude::*;

use super::pager::Pager;
use super::records_overlay::RecordsState;
use crate::contexts::{FinetuneProcess, NearView, PageQuery, use_finetune_process};
use crate::finetune::steps::job_progress::JobProgress;
use crate::finetune::steps::parts::{ErrorNote, Task, field};
use crate::ui::{Button, ButtonVariant, ConfirmDialog, ErrorView, Question, Select, UserText, load, memo};

/// Similarities that the list of them offers.
const THRESHOLDS: [&str; 7] = ["0.7", "0.75", "0.8", "0.85", "0.9", "0.95", "1"];

/// Why a button cannot be pressed.
const LOOK_AGAIN: &str = "The records have changed since. Look again first.";

/// The address of the clusters, or of one of them.
fn near_url(process: FinetuneProcess, cluster: Option<i64>, page: i64) -> String {
    process.url_with(|query| query.show_near_duplicates(cluster, page))
}

/// "37 records in 12 near-duplicate clusters", with the ways to see them and to look (again).
#[component]
pub fn NearDuplicatesLine(
    /// Whether to lead to the list: not where it is the list.
    #[prop(default = true)]
    links: bool,
) -> impl IntoView {
    let process = use_finetune_process();
    let found = field(|o| o.near_duplicates);
    let valid = field(|o| o.hygiene.valid > 0);
    let active = memo(move || process.job(JobKind::NearDuplicates).is_some_and(|job| job.state.is_active()));
    let task = Task::new();
    let look = move |_| task.start(find_near_duplicates(process.dataset_id(), None), move |_| process.refresh());
    let is_known = memo(move || found.with(|found| found.is_some_and(|found| !found.is_stale)));
    let has_clusters =
        memo(move || found.with(|found| found.is_some_and(|found| found.clusters + found.set_aside > 0)));
    view! {
        <div class="near-line">
            <JobProgress kind=JobKind::NearDuplicates title="Looking for near-duplicates" />
            <Show when=move || valid.get() && !active.get()>
                <p class="small">
                    {move || found_words(found.get())} " "
                    <Show when=move || links && has_clusters.get()>
                        <a class="link" href=move || near_url(process, None, 1) data-noscroll="">
                            "Look at them"
                        </a>
                        " "
                    </Show>
                    <Show when=move || !is_known.get()>
                        <Button small=true busy=Signal::derive(move || task.busy()) on:click=look>
                            {move || if found.with(Option::is_some) { "Look again" } else { "Look for near-duplicates" }}
                        </Button>
                    </Show>
                </p>
            </Show>
            <ErrorNote error=task.error() />
        </div>
    }
}

fn found_words(found: Option<NearDuplicates>) -> String {
    let Some(found) = found else { return "Near-duplicates have not been looked for.".to_owned() };
    let words = match found.clusters {
        0 => format!("No near-duplicates; {} compared.", format::counted(found.records, "valid record")),
        clusters => {
            format!(
                "{} in {}.",
                format::counted(found.members, "record"),
                format::counted(clusters, "near-duplicate cluster")
            )
        }
    };
    if found.is_stale { format!("{words} The records have changed since.") } else { words }
}

/// The way to the clusters among the overlay's filters, once there are some.
#[component]
pub fn NearDuplicatesChip(state: RecordsState) -> impl IntoView {
    let members = field(|o| o.near_duplicates.map(|found| found.members));
    let is_on = move || state.near.get().is_some();
    view! {
        <Show when=move || is_on() || members.get().is_some_and(|members| members > 0)>
            <a
                class="filter"
                class:filter--on=is_on
                href=move || near_url(state.process, None, 1)
                aria-current=move || is_on().then_some("true")
                data-noscroll=""
            >
                "Near-duplicates"
                <span class="filter__count">{move || format::count(members.get().unwrap_or(0))}</span>
            </a>
        </Show>
    }
}

/// What the list's parts share; `Copy`, for their handlers.
#[derive(Clone, Copy)]
struct Near {
    state: RecordsState,
    task: Task,
    asked: RwSignal<Option<Question<Keep>>>,
}

/// Keeping one of a cluster, or of each: how many records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Keep {
    cluster: Option<i64>,
    records: i64,
}

impl Near {
    fn ask(self, cluster: Option<i64>, clusters: i64, deletable: i64) {
        self.asked.set(Some(question(cluster, clusters, deletable)));
    }

    fn keep_one(self, Keep { cluster, records }: Keep) {
        let process = self.state.process;
        let work = keep_one_of_each(process.dataset_id(), cluster, records);
        self.task.start(work, move |_| self.state.reload());
    }

    fn dismiss(self, cluster: Option<i64>, dismissed: bool) {
        let work = dismiss_near_duplicates(self.state.process.dataset_id(), cluster, dismissed);
        self.task.start(work, move |()| self.state.reload());
    }
}

fn question(cluster: Option<i64>, clusters: i64, deletable: i64) -> Question<Keep> {
    let records = deletable.min(i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX));
    let kept = match cluster {
        Some(_) => {
            "Of this cluster, the earliest record and whatever is not nearly the same as a kept one stay".to_owned()
        }
        None => format!(
            "Of each of the {}, the earliest record and whatever is not nearly the same as a kept one stay",
            format::counted(clusters, "cluster")
        ),
    };
    let rest = if records < deletable {
        format!(" These are the first of {}: do it again for the others.", format::count(deletable))
    } else {
        String::new()
    };
    Question {
        title: format!("Delete {}?", format::counted(records, "record")),
        message: format!(
            "{kept}; {} deleted, among them exact copies that would take their place.{rest} For a day this can be undone.",
            if records == 1 { "1 record is".to_owned() } else { format!("{} are", format::counted(records, "record")) }
        ),
        confirm: "Delete them",
        keep: "Keep all",
        subject: Keep { cluster, records },
    }
}

/// The clusters, page by page, or the records of one.
#[component]
pub fn NearDuplicateList(state: RecordsState) -> impl IntoView {
    let process = state.process;
    let near = Near { state, task: Task::new(), asked: RwSignal::new(None) };
    let place = memo(move || {
        let page = process.records_view().map_or(1, |(_, page)| page);
        (state.near.get().and_then(NearView::cluster), page)
    });
    let found = field(|o| (o.near_duplicates, o.dataset.records_revision));
    let listed = load(
        move || (place.get(), found.get()),
        move |((cluster, page), _)| list_near_duplicates(process.dataset_id(), cluster, page),
    );
    view! {
        <div class="near">
            <NearDuplicatesLine links=false />
            <Actions near />
            <ErrorNote error=near.task.error() />
            <Transition fallback=|| view! { <p class="muted records__empty" role="status">"Loading clusters…"</p> }>
                {move || Suspend::new(async move {
                    match listed.await {
                        Err(error) => {
                            view! { <ErrorView error retry=Callback::new(move |()| listed.refetch()) /> }.into_any()
                        }
                        Ok(page) => view! { <ClusterPage near page cluster=untrack(|| place.get().0) /> }.into_any(),
                    }
                })}
            </Transition>
            <ConfirmDialog asked=near.asked on_confirm=move |keep| near.keep_one(keep) />
        </div>
    }
}

/// What concerns all clusters: how alike, keeping one of each, what was set aside.
#[component]
fn Actions(near: Near) -> impl IntoView {
    let process = near.state.process;
    let found = field(|o| o.near_duplicates);
    let of = move |read: fn(&NearDuplicates) -> i64| found.with(|found| found.as_ref().map_or(0, read));
    let busy = Signal::derive(move || near.task.busy());
    let threshold = move || found.with(|found| found.map_or(DEFAULT_THRESHOLD, |found| found.threshold)).to_string();
    let options = move || {
        let now = threshold();
        let other = (!THRESHOLDS.contains(&now.as_str())).then_some(now);
        let all = THRESHOLDS.into_iter().map(str::to_owned).chain(other);
        all.map(|value| {
            let percent = value.parse::<f64>().unwrap_or_default() * 100.0;
            (value, format!("{percent:.0}% alike or more"))
        })
        .collect()
    };
    let look = move |value: String| {
        let work = find_near_duplicates(process.dataset_id(), value.parse().ok());
        near.task.start(work, move |_| process.refresh());
    };
    let is_stale = move || found.with(|found| found.is_none_or(|found| found.is_stale));
    let ask = move |_| near.ask(None, of(|found| found.clusters), of(|found| found.deletable));
    view! {
        <div class="row near__actions">
            <Select
                class="filters__select"
                label="How alike prompts must be"
                options=Signal::derive(options)
                chosen=Signal::derive(threshold)
                on_choose=Callback::new(look)
            />
            <Show when=move || { of(|found| found.deletable) > 0 }>
                <Button
                    small=true
                    variant=ButtonVariant::Danger
                    busy
                    disabled=Signal::derive(is_stale)
                    title=Signal::derive(move || is_stale().then(|| LOOK_AGAIN.to_owned()))
                    on:click=ask
                >
                    {move || format!("Keep one of each: delete {}", format::count(of(|found| found.deletable)))}
                </Button>
            </Show>
            <Show when=move || { of(|found| found.set_aside) > 0 }>
                <Button small=true variant=ButtonVariant::Ghost busy on:click=move |_| near.dismiss(None, false)>
                    {move || format!("Bring back {} set aside", format::counted(of(|found| found.set_aside), "cluster"))}
                </Button>
            </Show>
        </div>
    }
}

#[component]
fn ClusterPage(near: Near, page: NearDuplicatePage, cluster: Option<i64>) -> impl IntoView {
    let process = near.state.process;
    let number = page.page;
    let Some(found) = page.found else { return ().into_any() };
    let total = match cluster {
        Some(_) => page.clusters.first().map_or(0, |cluster| cluster.total),
        None => found.clusters,
    };
    let (page_size, noun) = if cluster.is_some() { (RECORDS_ON_PAGE, "record") } else { (CLUSTERS_ON_PAGE, "cluster") };
    let to_page = Callback::new(move |page: i64| near_url(process, cluster, page));
    let all = cluster.map(|_| {
        let href = untrack(|| near_url(process, None, 1));
        view! { <p class="small"><a class="link" href=href data-noscroll="">"All clusters"</a></p> }
    });
    let is_empty = page.clusters.is_empty();
    let is_stale = found.is_stale;
    view! {
        {all}
        {is_empty.then(|| view! { <p class="muted records__empty" role="status">"No cluster here."</p> })}
        <ul class="near__clusters" aria-label="Clusters of near-duplicates">
            {page
                .clusters
                .into_iter()
                .map(|of| view! { <Cluster near cluster=of whole=cluster.is_some() is_stale /> })
                .collect_view()}
        </ul>
        {(total > 0 && !is_empty).then(|| view! { <Pager page=number total at_least=false page_size to_page noun /> })}
    }
    .into_any()
}

#[component]
fn Cluster(near: Near, cluster: NearDuplicateCluster, whole: bool, is_stale: bool) -> impl IntoView {
    let NearDuplicateCluster { id, total, deletable, records, .. } = cluster;
    let process = near.state.process;
    let busy = Signal::derive(move || near.task.busy());
    let shown = i64::try_from(records.len()).unwrap_or(i64::MAX);
    let more = (!whole && shown < total).then(|| {
        let href = untrack(|| near_url(process, Some(id), 1));
        view! { <a class="link small" href=href data-noscroll="">{format!("All {}", format::counted(total, "record"))}</a> }
    });
    let title = MaybeProp::from(is_stale.then(|| LOOK_AGAIN.to_owned()));
    let rows = records.into_iter().map(|record| view! { <Member near record /> }).collect_view();
    view! {
        <li class="card near__cluster">
            <header class="card__head">
                <h4 class="card__title">{format::counted(total, "record")}</h4>
                <div class="row">
                    {(deletable > 0)
                        .then(|| {
                            view! {
                                <Button small=true busy disabled=is_stale title=title on:click=move |_| near.ask(Some(id), 1, deletable)>
                                    {format!("Keep one: delete {}", format::count(deletable))}
                                </Button>
                            }
                        })}
                    <Button small=true variant=ButtonVariant::Ghost busy on:click=move |_| near.dismiss(Some(id), true)>
                        "Not duplicates: keep all"
                    </Button>
                </div>
            </header>
            <ul class="near__records">{rows}</ul>
            {more}
        </li>
    }
}

#[component]
fn Member(near: Near, record: NearDuplicate) -> impl IntoView {
    let id = record.id;
    let is_kept = record.like.is_none();
    let href = untrack(|| near.state.process.url_with(|query| query.record = Some(id)));
    let alike = if is_kept { "kept".to_owned() } else { format!("{:.0}%", record.similarity * 100.0) };
    let about = match record.like {
        None => "no earlier kept record is nearly the same".to_owned(),
        Some(like) => format!("so much of its prompt is that of record {like}, which is kept"),
    };
    let is_open = move || near.state.record.get() == Some(id);
    view! {
        <li class="near__record" class:near__record--open=is_open>
            <span class="near__alike" class:near__alike--kept=is_kept title=about>
                {alike}
            </span>
            <a class="near__text" href=href data-noscroll="">
                <UserText class="clamp" text=record.preview />
            </a>
            <span class="muted small near__about">
                {format!("record {id}, {}", format::counted(record.message_count, "message"))}
                {record.topic.map(|topic| view! { ", " <UserText text=topic /> })}
            </span>
        </li>
    }
}

impl PageQuery {
    /// Shows the clusters of near-duplicates, or one of them.
    fn show_near_duplicates(&mut self, cluster: Option<i64>, page: i64) {
        self.records = Some((anneal_server::types::dataset::RecordFilter::default(), page));
        self.near = Some(NearView::new(cluster));
        self.record = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(clusters: i64, is_stale: bool) -> NearDuplicates {
        NearDuplicates {
            run_id: 1,
            threshold: 0.8,
            records: 1_008,
            found_at: 0,
            clusters,
            members: 37,
            deletable: 25,
            set_aside: 0,
            is_stale,
        }
    }

    #[test]
    fn what_is_known_is_said_in_words() {
        assert_eq!(found_words(None), "Near-duplicates have not been looked for.");
        assert_eq!(found_words(Some(found(0, false))), "No near-duplicates; 1,008 valid records compared.");
        assert_eq!(
            found_words(Some(found(12, true))),
            "37 records in 12 near-duplicate clusters. The records have changed since."
        );
    }

    #[test]
    fn the_question_names_the_number() {
        let all = question(None, 12, 25);
        assert_eq!((all.title.as_str(), all.subject.records), ("Delete 25 records?", 25));
        assert!(all.message.starts_with("Of each of the 12 clusters, the earliest record"), "{}", all.message);
        assert!(all.message.contains("stay; 25 records are deleted"), "{}", all.message);
        let very_many = question(None, 9_000, 12_345);
        assert_eq!(very_many.subject.records, 10_000);
        assert!(very_many.message.contains("the first of 12,345: do it again"), "{}", very_many.message);
        let one = question(Some(7), 1, 1);
        assert!(one.message.contains("stay; 1 record is deleted"), "{}", one.message);
    }
}
