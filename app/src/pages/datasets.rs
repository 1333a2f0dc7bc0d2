//! `/finetune`: all datasets.

use anneal_server::api::{OpenSample, list_datasets};
use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::error::AppError;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::dataset_row::DatasetRow;
use crate::finetune::delete_dataset::{DeleteDataset, ToDelete};
use crate::frame::TopBar;
use crate::server_only;
use crate::ui::{Button, ButtonVariant, EmptyState, ErrorView, Icon, IconName, Question, Select, Spinner, load, memo};

/// The sample dataset's name starts with this.
const SAMPLE_NAME_PREFIX: &str = "Sample:";

/// The list with search and sort, or the invitation to start.
#[component]
pub fn DatasetsPage() -> impl IntoView {
    let datasets = load(|| (), |()| list_datasets());
    let now = SharedValue::new(server_only::now).into_inner();
    let to_delete = RwSignal::new(None::<Question<ToDelete>>);
    let retry = Callback::new(move |()| datasets.refetch());
    view! {
        <Title text="Datasets"/>
        <TopBar title="Datasets" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
        <main class="page" id="main" tabindex="-1">
            <Transition fallback=|| {
                view! { <Spinner label="Loading the datasets…"/> }
            }>
                {move || Suspend::new(async move {
                    match datasets.await {
                        Ok(list) if list.is_empty() => view! { <NoDatasets/> }.into_any(),
                        Ok(list) => view! { <DatasetList list now to_delete/> }.into_any(),
                        Err(error) => {
                            server_only::set_status_of(&error);
                            view! { <ErrorView error retry/> }.into_any()
                        }
                    }
                })}
            </Transition>
            <DeleteDataset asked=to_delete on_deleted=move |()| datasets.refetch()/>
        </main>
    }
}

#[component]
fn NoDatasets() -> impl IntoView {
    view! {
        <EmptyState
            title="No datasets yet"
            message="Import a file of traces from your application. Anneal checks the records, finds out whether training on them would pay, and says what to do first."
        >
            <a class=ButtonVariant::Primary.class() href="/finetune/new">
                <Icon name=IconName::Upload/>
                "Import traces"
            </a>
            <SampleForm/>
        </EmptyState>
    }
}

/// A plain form, so that it works before and without JavaScript: the server answers with a redirect.
#[component]
fn SampleForm() -> impl IntoView {
    let open = ServerAction::<OpenSample>::new();
    let error = move || open.value().get().and_then(Result::err);
    view! {
        <ActionForm action=open>
            <Button kind="submit" busy=open.pending()>
                "Open the sample dataset"
            </Button>
        </ActionForm>
        {move || error().map(|error: AppError| view! { <ErrorView error/> })}
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortBy {
    Changed,
    Name,
    Records,
    Progress,
}

impl SortBy {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Changed, "changed", "Last changed"),
        (Self::Name, "name", "Name"),
        (Self::Records, "records", "Most records"),
        (Self::Progress, "progress", "Furthest along"),
    ];

    fn key(self) -> &'static str {
        Self::ALL.into_iter().find(|(sort, ..)| *sort == self).map_or("changed", |(_, key, _)| key)
    }

    fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|(_, key, _)| *key == name).map_or(Self::Changed, |(sort, _, _)| sort)
    }
}

#[component]
fn DatasetList(
    list: Vec<DatasetSummary>,
    now: TimestampMs,
    to_delete: RwSignal<Option<Question<ToDelete>>>,
) -> impl IntoView {
    let has_sample = list.iter().any(|summary| summary.dataset.name.starts_with(SAMPLE_NAME_PREFIX));
    let total = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let list = StoredValue::new(list);
    let search = RwSignal::new(String::new());
    let sort = RwSignal::new(SortBy::Changed);
    let shown = memo(move || list.with_value(|list| arranged(list, &search.read(), sort.get())));
    view! {
        <div class="list-head">
            <p class="list-head__count">{format::counted(total, "dataset")}</p>
            <div class="list-head__tools">
                <input
                    type="search"
                    class="list-head__search"
                    placeholder="Search by name"
                    aria-label="Search datasets by name"
                    prop:value=move || search.get()
                    on:input=move |event| search.set(event_target_value(&event))
                />
                <Select
                    label="Sort by"
                    class="list-head__sort"
                    options=Signal::stored(SortBy::ALL.map(|(_, key, name)| (key.to_owned(), name.to_owned())).to_vec())
                    chosen=Signal::derive(move || sort.get().key().to_owned())
                    on_choose=move |name: String| sort.set(SortBy::parse(&name))
                />
            </div>
            <div class="list-head__actions">
                {(!has_sample).then(|| view! { <SampleForm/> })}
                <a class=ButtonVariant::Primary.class() href="/finetune/new">
                    <Icon name=IconName::Upload/>
                    "Import traces"
                </a>
            </div>
        </div>
        <ul class="dataset-list">
            <For each=move || shown.get() key=|summary| summary.dataset.id.clone() let:summary>
                <DatasetRow summary now to_delete/>
            </For>
        </ul>
        <p class="dataset-list__none" role="status">
            {move || shown.with(Vec::is_empty).then(|| format!("No dataset's name contains “{}”.", search.get()))}
        </p>
    }
}

/// The datasets whose name contains the text (ignoring case), in the order asked for; equal ones keep
/// the server's order, last changed first.
fn arranged(list: &[DatasetSummary], search: &str, sort: SortBy) -> Vec<DatasetSummary> {
    let search = search.trim().to_lowercase();
    let mut shown: Vec<_> =
        list.iter().filter(|summary| summary.dataset.name.to_lowercase().contains(&search)).cloned().collect();
    match sort {
        SortBy::Changed => {}
        SortBy::Name => shown.sort_by_key(|summary| summary.dataset.name.to_lowercase()),
        SortBy::Records => shown.sort_by_key(|summary| std::cmp::Reverse(summary.total_records)),
        SortBy::Progress => {
            shown.sort_by(|a, b| b.pipeline.overall_progress.total_cmp(&a.pipeline.overall_progress));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use anneal_server::types::dataset::Dataset;
    use anneal_server::types::pipeline::PipelineState;
    use anneal_server::types::validation::ValidationConfig;

    use super::*;

    fn summary(name: &str, total_records: i64, overall_progress: f64) -> DatasetSummary {
        DatasetSummary {
            dataset: Dataset {
                id: name.to_owned(),
                name: name.to_owned(),
                objective: String::new(),
                validation_config: ValidationConfig::default(),
                target_distribution: None,
                created_at: 0,
                updated_at: 0,
                records_revision: 0,
                topics_revision: 0,
            },
            total_records,
            valid_records: 0,
            topic_count: 0,
            balance_score: None,
            pipeline: PipelineState { steps: Vec::new(), current_step_id: None, overall_progress },
        }
    }

    #[test]
    fn search_and_sort() {
        let list = [summary("Beta", 5, 10.0), summary("alpha", 9, 50.0), summary("Gamma", 5, 30.0)];
        let names =
            |search, sort| arranged(&list, search, sort).into_iter().map(|one| one.dataset.name).collect::<Vec<_>>();
        assert_eq!(names("", SortBy::Changed), ["Beta", "alpha", "Gamma"]);
        assert_eq!(names(" ALP ", SortBy::Changed), ["alpha"]);
        assert_eq!(names("", SortBy::Name), ["alpha", "Beta", "Gamma"]);
        assert_eq!(names("", SortBy::Records), ["alpha", "Beta", "Gamma"]);
        assert_eq!(names("a", SortBy::Progress), ["alpha", "Gamma", "Beta"]);
        assert!(names("zzz", SortBy::Name).is_empty());
    }
}
