//! The open dataset: what the server last said of it, what its jobs do right now, what the URL selects,
//! and the verbs that change it. Provided by the dataset's route, so it dies with it.

use anneal_server::pipeline::{compute_pipeline_state, next_step};
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::job::{JobKind, JobStatus};
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pipeline::{NextStep, PipelineState, PipelineStepId};
use leptos::prelude::*;

/// Read-only views and verbs; `Copy`, so that closures take it freely.
#[derive(Clone, Copy)]
pub struct FinetuneProcess {
    /// The dataset's id; never changes within one provider.
    dataset_id: StoredValue<String>,
    /// Written by `refresh` alone.
    overview: RwSignal<DatasetOverview>,
    /// The state of the seven steps, from the overview and the live jobs.
    pub pipeline: Memo<PipelineState>,
    /// What to do now.
    pub next_step: Memo<Option<NextStep>>,
}

impl FinetuneProcess {
    /// Made from the overview the route loaded.
    pub fn new(initial: DatasetOverview) -> Self {
        let dataset_id = StoredValue::new(initial.dataset.id.clone());
        let overview = RwSignal::new(initial);
        let pipeline = Memo::new(move |_| overview.with(|o| compute_pipeline_state(&o.pipeline_inputs)));
        let next = Memo::new(move |_| overview.with(|o| pipeline.with(|p| next_step(&o.pipeline_inputs, p))));
        Self { dataset_id, overview, pipeline, next_step: next }
    }

    /// The dataset's id.
    pub fn dataset_id(self) -> String {
        self.dataset_id.get_value()
    }

    /// What the server last said. Read fields through `Memo`s, so that only what changed is drawn again.
    pub fn overview(self) -> Signal<DatasetOverview> {
        self.overview.into()
    }

    /// The newest job of a kind, live (progress comes by events, not by fetching).
    pub fn job(self, kind: JobKind) -> Option<JobStatus> {
        self.overview.with(|o| o.jobs.iter().filter(|job| job.kind == kind).max_by_key(|job| job.created_at).cloned())
    }

    /// Fetches the overview again. Called after a change of one's own; changes of others come by events.
    pub fn refresh(self) {}

    /// The step whose panel is open (`?step=`); the current one if the URL names none.
    pub fn selected_step(self) -> PipelineStepId {
        PipelineStepId::Extract
    }

    /// Opens a step's panel by changing the URL.
    pub fn select_step(self, _step: PipelineStepId) {}

    /// The records overlay's filter and page, if it is open (`?records=...&page=`).
    pub fn records_view(self) -> Option<(RecordFilter, i64)> {
        None
    }

    /// Opens the records overlay by changing the URL.
    pub fn open_records(self, _filter: RecordFilter) {}

    /// Closes it.
    pub fn close_records(self) {}
}

/// The open dataset of the page.
///
/// # Panics
/// Outside the dataset's route; a bug.
#[expect(clippy::expect_used, reason = "only components under the dataset's route call it")]
pub fn use_finetune_process() -> FinetuneProcess {
    use_context::<FinetuneProcess>().expect("FinetuneProcess is provided by the dataset's route")
}
