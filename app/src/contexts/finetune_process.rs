//! The open dataset: what the server last said of it, what its jobs do right now, what the URL selects,
//! and the verbs that change it. Provided by the dataset's route, so it dies with it.

use anneal_server::api::{categorize, get_overview, test_grader, update_validation_config};
use anneal_server::pipeline::{compute_pipeline_state, next_step};
use anneal_server::types::dataset::{RecordFilter, RecordSort};
use anneal_server::types::error::AppError;
use anneal_server::types::event::DatasetEvent;
use anneal_server::types::job::{JobKind, JobStatus};
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pipeline::{NextAction, NextStep, PipelineState, PipelineStepId};
use anneal_server::types::topics::CategorizeMode;
use anneal_server::types::validation::RecordStatus;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::event_stream;
use super::live_jobs;
use super::page_query::{PageDialog, PageQuery};
use crate::ui::{Toaster, memo, use_toaster};

/// Samples of a grader test started from the canvas.
const TEST_SAMPLES: i64 = 5;

/// Read-only views and verbs; `Copy`, so that closures take it freely.
#[derive(Clone, Copy)]
pub struct FinetuneProcess {
    /// The dataset's id; never changes within one provider.
    dataset_id: StoredValue<String>,
    /// Written by `refresh` alone.
    overview: RwSignal<DatasetOverview>,
    /// What events said since the last overview; written by `on_event` and pruned by `refresh`.
    live: RwSignal<Vec<JobStatus>>,
    /// All jobs, stored and live, newest first.
    jobs: Memo<Vec<JobStatus>>,
    /// The state of the seven steps, from the overview and the live jobs.
    pub pipeline: Memo<PipelineState>,
    /// What to do now.
    pub next_step: Memo<Option<NextStep>>,
    /// Whether an overview is being fetched, and whether another one is wanted after it.
    fetching: StoredValue<Fetching>,
    /// Why the last refresh failed; the page keeps showing the overview before it.
    refresh_error: RwSignal<Option<AppError>>,
    /// No event stream for some seconds; written by its connection.
    offline: RwSignal<bool>,
    /// The dataset is gone: nothing is asked of the server any more. Written by `end_deleted`
    /// and `brought_back`.
    deleted: RwSignal<bool>,
    /// A verb of `act` is under way (it then disables the hint's button).
    acting: RwSignal<bool>,
    /// The URL.
    query: Memo<PageQuery>,
    navigate: StoredValue<Navigate>,
    toaster: Toaster,
}

type Navigate = Box<dyn Fn(&str, NavigateOptions) + Send + Sync>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetching {
    No,
    Yes,
    /// One more when this one is done: something changed after it was asked for.
    YesAndAgain,
}

impl FinetuneProcess {
    /// Made from the overview the route loaded.
    pub fn new(initial: DatasetOverview) -> Self {
        let dataset_id = StoredValue::new(initial.dataset.id.clone());
        let overview = RwSignal::new(initial);
        let live = RwSignal::new(Vec::<JobStatus>::new());
        let jobs = memo(move || overview.with(|overview| live.with(|live| live_jobs::merged(&overview.jobs, live))));
        let inputs = memo(move || {
            let mut inputs = overview.with(|overview| overview.pipeline_inputs.clone());
            jobs.with(|jobs| live_jobs::apply_to(&mut inputs, jobs));
            inputs
        });
        let pipeline = memo(move || inputs.with(compute_pipeline_state));
        let next = memo(move || inputs.with(|inputs| pipeline.with(|pipeline| next_step(inputs, pipeline))));
        let search = use_location().search;
        let query = memo(move || search.with(|search| PageQuery::parse(search)));
        let process = Self {
            dataset_id,
            overview,
            live,
            jobs,
            pipeline,
            next_step: next,
            fetching: StoredValue::new(Fetching::No),
            refresh_error: RwSignal::new(None),
            offline: RwSignal::new(false),
            deleted: RwSignal::new(false),
            acting: RwSignal::new(false),
            query,
            navigate: StoredValue::new(Box::new(use_navigate())),
            toaster: use_toaster(),
        };
        let attempt = RwSignal::new(0);
        Effect::new(move || {
            attempt.track();
            // Closes the stream, too: of a dataset that is gone, a new one would be refused.
            if process.deleted.get() {
                return;
            }
            let id = process.dataset_id();
            event_stream::connect(
                &id,
                process.offline,
                attempt,
                move || process.refresh(),
                move |event| process.on_event(event),
            );
        });
        process
    }

    /// The dataset's id.
    pub fn dataset_id(self) -> String {
        self.dataset_id.try_get_value().unwrap_or_default()
    }

    /// What the server last said. Read fields through `Memo`s, so that only what changed is drawn again.
    pub fn overview(self) -> Signal<DatasetOverview> {
        self.overview.into()
    }

    /// The newest job of a kind, live (progress comes by events, not by fetching).
    pub fn job(self, kind: JobKind) -> Option<JobStatus> {
        self.jobs.with(|jobs| jobs.iter().find(|job| job.kind == kind).cloned())
    }

    /// Why the last refresh failed, if it did; cleared by the next one that works.
    pub fn refresh_error(self) -> Signal<Option<AppError>> {
        self.refresh_error.into()
    }

    /// True while the event stream has been lost for some seconds.
    pub fn offline(self) -> Signal<bool> {
        self.offline.into()
    }

    /// True once the dataset was deleted, in whichever tab or program.
    pub fn deleted(self) -> Signal<bool> {
        self.deleted.into()
    }

    /// True while something that [`Self::act`] started has not answered.
    pub fn acting(self) -> Signal<bool> {
        self.acting.into()
    }

    /// Shows messages in the page's corner.
    pub fn toaster(self) -> Toaster {
        self.toaster
    }

    /// Fetches the overview again; at most one request at a time, and one more after it if asked
    /// meanwhile. Called after a change of one's own; changes of others come by events.
    pub fn refresh(self) {
        if self.deleted.try_get_untracked() != Some(false) {
            return;
        }
        let was = self.fetching.try_update_value(|fetching| {
            let was = *fetching;
            *fetching = if was == Fetching::No { Fetching::Yes } else { Fetching::YesAndAgain };
            was
        });
        if was == Some(Fetching::No) {
            spawn_local(async move { while self.fetch_once().await {} });
        }
    }

    /// True if another fetch is wanted.
    async fn fetch_once(self) -> bool {
        match get_overview(self.dataset_id()).await {
            Ok(overview) => {
                self.live.try_update(|live| *live = live_jobs::kept_after_refresh(live, &overview.jobs));
                self.overview.try_set(overview);
                self.refresh_error.try_set(None);
            }
            Err(AppError::NotFound { .. }) => self.end_deleted(),
            Err(error) => {
                self.refresh_error.try_set(Some(error));
            }
        }
        let deleted = self.deleted.try_get_untracked() != Some(false);
        self.fetching
            .try_update_value(|fetching| {
                let again = *fetching == Fetching::YesAndAgain && !deleted;
                *fetching = if again { Fetching::Yes } else { Fetching::No };
                again
            })
            .unwrap_or(false)
    }

    fn on_event(self, event: DatasetEvent) {
        match event {
            DatasetEvent::Changed => self.refresh(),
            DatasetEvent::Job { job } => {
                let ended = !job.state.is_active();
                self.live.try_update(|live| {
                    live.retain(|other| other.id != job.id);
                    live.push(job);
                });
                if ended {
                    self.refresh();
                }
            }
            DatasetEvent::Deleted => self.end_deleted(),
        }
    }

    fn end_deleted(self) {
        self.deleted.try_set(true);
    }

    /// The dataset was deleted and is there again: goes on with what it is now.
    pub fn brought_back(self) {
        self.deleted.try_set(false);
        self.refresh();
    }

    /// Goes to the list of datasets.
    pub fn go_to_list(self) {
        self.go("/finetune");
    }

    /// What the URL selects, whole.
    pub fn query(self) -> Memo<PageQuery> {
        self.query
    }

    /// The URL (path and query) after this change, for links that work without JavaScript.
    pub fn url_with(self, change: impl FnOnce(&mut PageQuery)) -> String {
        let mut query = self.query.get();
        change(&mut query);
        format!("/finetune/{}{}", self.dataset_id(), query.to_query_string())
    }

    /// Changes the URL; Back undoes it.
    pub fn change_url(self, change: impl FnOnce(&mut PageQuery)) {
        let url = untrack(|| self.url_with(change));
        self.go(&url);
    }

    fn go(self, url: &str) {
        let options = NavigateOptions { scroll: false, ..NavigateOptions::default() };
        self.navigate.try_with_value(|navigate| navigate(url, options));
    }

    /// Changes the URL in place: Back leads to where one was before.
    pub fn replace_url(self, change: impl FnOnce(&mut PageQuery)) {
        let url = untrack(|| self.url_with(change));
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        self.navigate.try_with_value(|navigate| navigate(&url, options));
    }

    /// The page of the records list that was scrolled to.
    pub fn show_records_page(self, shown: i64) {
        self.replace_url(|query| {
            if let Some((_, page)) = &mut query.records {
                *page = shown;
            }
        });
    }

    /// The step whose panel is open (`?step=`); the current one if the URL names none.
    pub fn selected_step(self) -> PipelineStepId {
        let chosen = self.query.with(|query| query.step);
        chosen.or_else(|| self.pipeline.with(|pipeline| pipeline.current_step_id)).unwrap_or(PipelineStepId::Extract)
    }

    /// Opens a step's panel by changing the URL.
    pub fn select_step(self, step: PipelineStepId) {
        self.change_url(|query| query.step = Some(step));
    }

    /// The records overlay's filter and page, if it is open (`?records=...&page=`).
    pub fn records_view(self) -> Option<(RecordFilter, i64)> {
        self.query.with(|query| query.records.clone())
    }

    /// The order of the records in the overlay.
    pub fn records_sort(self) -> RecordSort {
        self.query.with(|query| query.sort)
    }

    /// Opens the records overlay at its first page (or filters it anew) by changing the URL.
    pub fn open_records(self, filter: RecordFilter) {
        self.open_records_page(filter, 1);
    }

    /// The same at a page, from 1.
    pub fn open_records_page(self, filter: RecordFilter, page: i64) {
        self.change_url(|query| {
            query.records = Some((filter, page));
            query.near = None;
            query.record = None;
        });
    }

    /// Closes it.
    pub fn close_records(self) {
        self.change_url(|query| {
            query.records = None;
            query.near = None;
            query.record = None;
        });
    }

    /// The record in the overlay's reading pane (`&record=`).
    pub fn open_record_id(self) -> Option<i64> {
        self.query.with(|query| query.record)
    }

    /// Opens a record in the overlay (opening that too), or with `None` closes the reading pane.
    pub fn open_record(self, id: Option<i64>) {
        self.change_url(|query| {
            query.record = id;
            if id.is_some() && query.records.is_none() {
                query.records = Some((RecordFilter::default(), 1));
            }
        });
    }

    /// The open dialog (`?dialog=`). [`PageDialog::DryRun`] is shown by the dry run's panel.
    pub fn dialog(self) -> Option<PageDialog> {
        self.query.with(|query| query.dialog)
    }

    /// Opens a dialog by changing the URL.
    pub fn open_dialog(self, dialog: PageDialog) {
        self.change_url(|query| query.dialog = Some(dialog));
    }

    /// The address without it.
    pub fn without_dialog(self) -> Signal<String> {
        Signal::derive(move || self.url_with(|query| query.dialog = None))
    }

    /// Closes the open one.
    pub fn close_dialog(self) {
        self.change_url(|query| query.dialog = None);
    }

    /// Does what the hint's button says. Failures are shown as toasts.
    pub fn act(self, action: NextAction, step: PipelineStepId) {
        match action {
            NextAction::OpenStep => self.select_step(step),
            NextAction::ImportData => self.open_dialog(PageDialog::Add),
            NextAction::ViewIssues => {
                self.open_records(RecordFilter { status: Some(RecordStatus::Invalid), ..RecordFilter::default() });
            }
            NextAction::StartDryRun => self.change_url(|query| {
                query.step = Some(PipelineStepId::DryRun);
                query.dialog = Some(PageDialog::DryRun);
            }),
            NextAction::Categorize => {
                self.select_step(PipelineStepId::Topics);
                let id = self.dataset_id();
                self.run(async move {
                    categorize(id, CategorizeMode::UnlabelledOnly, false)
                        .await
                        .map(|_| "Labelling records by keyword.".to_owned())
                });
            }
            NextAction::TestGrader => {
                self.select_step(PipelineStepId::Grader);
                let id = self.dataset_id();
                self.run(async move {
                    test_grader(id, None, TEST_SAMPLES, None).await.map(|_| "Testing the grader.".to_owned())
                });
            }
        }
    }

    /// Validates every record again by the rules as they are: after a validation that was cancelled or failed.
    pub fn validate_again(self) {
        let id = self.dataset_id();
        let rules = self.overview.with_untracked(|overview| overview.dataset.validation_config.clone());
        self.run(async move {
            update_validation_config(id, rules).await.map(|_| "Every record is being checked again.".to_owned())
        });
    }

    fn run(self, task: impl Future<Output = Result<String, AppError>> + 'static) {
        if self.acting.get_untracked() {
            return;
        }
        self.acting.set(true);
        spawn_local(async move {
            match task.await {
                Ok(message) => self.toaster.success(message),
                Err(error) => self.toaster.error(&error),
            }
            self.acting.try_set(false);
            self.refresh();
        });
    }
}

/// The open dataset of the page.
///
/// # Panics
/// Outside the dataset's route; a bug.
#[expect(clippy::expect_used, reason = "only components under the dataset's route call it")]
pub fn use_finetune_process() -> FinetuneProcess {
    use_context::<FinetuneProcess>().expect("FinetuneProcess is provided by the dataset's route")
}
