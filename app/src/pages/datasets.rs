//! `/finetune`: all datasets.

use anneal_server::api::{DuplicateDataset, OpenSample, list_datasets};
use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::error::AppError;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::dataset_list_query::{ListQuery, SortBy, StatusGroup};
use super::dataset_row::DatasetRow;
use crate::finetune::delete_dataset::{DeleteDataset, ToDelete};
use crate::finetune::deleted_datasets::{RecentlyDeleted, use_datasets_changed};
use crate::frame::TopBar;
use crate::server_only;
use crate::ui::{
    Button, ButtonVariant, EmptyState, ErrorView, Icon, IconName, Question, Select, Spinner, load, memo, use_toaster,
};

/// The sample dataset's name starts with this.
const SAMPLE_NAME_PREFIX: &str = "Sample:";

/// The list with search and sort, or the invitation to start.
#[component]
pub fn DatasetsPage() -> impl IntoView {
    let changed = use_datasets_changed();
    let datasets = load(move || changed.count(), |_| list_datasets());
    let duplicate = ServerAction::<DuplicateDataset>::new();
    go_to_copy(duplicate);
    let now = SharedValue::new(server_only::now).into_inner();
    let to_delete = RwSignal::new(None::<Question<ToDelete>>);
    let retry = Callback::new(move |()| datasets.refetch());
    view! {
        <Title text="Datasets"/>
        <TopBar title="Datasets" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]>
            <a class="button button--ghost" href="/settings"><Icon name=IconName::Settings/>"Settings"</a>
        </TopBar>
        <main class="page" id="main" tabindex="-1">
            <Transition fallback=|| {
                view! { <Spinner label="Loading the datasets…"/> }
            }>
                {move || Suspend::new(async move {
                    match datasets.await {
                        Ok(list) if list.is_empty() => view! { <NoDatasets/> }.into_any(),
                        Ok(list) => view! { <DatasetList list now to_delete duplicate/> }.into_any(),
                        Err(error) => {
                            server_only::set_status_of(&error);
                            view! { <ErrorView error retry/> }.into_any()
                        }
                    }
                })}
            </Transition>
            <RecentlyDeleted now/>
            // The message that offers the undo has the list read again.
            <DeleteDataset asked=to_delete on_deleted=|()| ()/>
        </main>
    }
}

/// To the copy, whose page shows how far its records are.
fn go_to_copy(duplicate: ServerAction<DuplicateDataset>) {
    let (toaster, navigate) = (use_toaster(), use_navigate());
    Effect::new(move |_| match duplicate.value().get() {
        None => {}
        Some(Ok(id)) => navigate(&format!("/finetune/{id}"), NavigateOptions::default()),
        Some(Err(error)) => toaster.error(&error),
    });
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

#[component]
fn DatasetList(
    list: Vec<DatasetSummary>,
    now: TimestampMs,
    to_delete: RwSignal<Option<Question<ToDelete>>>,
    duplicate: ServerAction<DuplicateDataset>,
) -> impl IntoView {
    let has_sample = list.iter().any(|summary| summary.dataset.name.starts_with(SAMPLE_NAME_PREFIX));
    let total = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let list = StoredValue::new(list);
    let location = use_location().search;
    let query = memo(move || location.with(|search| ListQuery::parse(search)));
    let shown = memo(move || list.with_value(|list| query.with(|query| query.arranged(list))));
    let none = move || {
        let is_none = shown.with(Vec::is_empty);
        is_none.then(|| view! { {query.with(ListQuery::none_words)} " " <a href="/finetune">"Show all datasets"</a> })
    };
    view! {
        <div class="list-head">
            <p class="list-head__count">{format::counted(total, "dataset")}</p>
            <ListTools list query/>
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
                <DatasetRow summary now to_delete duplicate/>
            </For>
        </ul>
        <p class="dataset-list__none" role="status">{none}</p>
    }
}

/// Search, status and sort: a form whose fields are the page's parameters, so that it works without JavaScript (which alone
/// shows its button); with it, whatever is typed or chosen counts at once.
#[component]
fn ListTools(list: StoredValue<Vec<DatasetSummary>>, query: Memo<ListQuery>) -> impl IntoView {
    let navigate = use_navigate();
    // One entry of the history for the list, however it was narrowed.
    let options = || NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
    let go = Callback::new(move |query: ListQuery| navigate(&query.address(), options()));
    let statuses = list.with_value(|list| status_options(list));
    let sorts = SortBy::ALL.map(|(_, key, name)| (key.to_owned(), name.to_owned())).to_vec();
    view! {
        <form
            class="list-head__tools"
            role="search"
            method="get"
            action="/finetune"
            on:submit=move |event| event.prevent_default()
        >
            <input
                type="search"
                class="list-head__search"
                name="q"
                placeholder="Search by name"
                aria-label="Search datasets by name"
                autocomplete="off"
                value=query.with_untracked(|query| query.search.clone())
                prop:value=move || query.with(|query| query.search.clone())
                on:input:target=move |event| go.run(ListQuery { search: event.target().value(), ..query.get_untracked() })
            />
            <Select
                label="Filter by status"
                name="status"
                class="list-head__sort"
                options=Signal::stored(statuses)
                chosen=Signal::derive(move || query.with(|query| query.status.map_or("", StatusGroup::key).to_owned()))
                on_choose=move |key: String| go.run(ListQuery { status: StatusGroup::parse(&key), ..query.get_untracked() })
            />
            <Select
                label="Sort by"
                name="sort"
                class="list-head__sort"
                options=Signal::stored(sorts)
                chosen=Signal::derive(move || query.with(|query| query.sort.key().to_owned()))
                on_choose=move |key: String| go.run(ListQuery { sort: SortBy::parse(&key), ..query.get_untracked() })
            />
            <button type="submit" class=format!("{} without-script", ButtonVariant::Secondary.class())>"Apply"</button>
        </form>
    }
}

/// Every status with how many datasets have it.
fn status_options(list: &[DatasetSummary]) -> Vec<(String, String)> {
    let any = (String::new(), "Any status".to_owned());
    let option = |(group, key, words): (StatusGroup, &str, &str)| {
        let count = list.iter().filter(|summary| StatusGroup::of(&summary.pipeline) == group).count();
        (key.to_owned(), format!("{words} ({})", format::count(i64::try_from(count).unwrap_or(i64::MAX))))
    };
    std::iter::once(any).chain(StatusGroup::ALL.map(option)).collect()
}
