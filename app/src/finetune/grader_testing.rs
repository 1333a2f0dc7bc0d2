//! A test under way: what was started, what is waited for, the newest report.

use anneal_server::api::{grader_test_result, test_grader};
use anneal_server::types::grader::GraderTestReport;
use anneal_server::types::job::{JobKind, JobState};
use leptos::prelude::*;

use super::grader_draft::GraderDraft;
use super::steps::parts::{Task, field};
use crate::contexts::{FinetuneProcess, use_finetune_process};
use crate::ui::memo;

/// How many samples a test grades at first (domain.md section 7).
pub const SAMPLES_AT_FIRST: i64 = 5;

/// The test of a draft or of the saved grader.
#[derive(Clone, Copy)]
pub struct GraderTesting {
    process: FinetuneProcess,
    draft: GraderDraft,
    /// Starts a test.
    pub task: Task,
    /// Fetches its report.
    pub fetching: Task,
    /// Samples of the next test.
    pub samples: RwSignal<i64>,
    /// Whether a test runs, whoever started it.
    pub is_running: Memo<bool>,
    /// The newest report.
    pub report: Memo<Option<GraderTestReport>>,
    own: RwSignal<Option<GraderTestReport>>,
    /// The job whose report is fetched once it has ended: the test that was started here, or one that was under way when the
    /// page was opened anew, whose draft is nowhere else.
    awaited: RwSignal<Option<String>>,
}

impl GraderTesting {
    /// The tests of this draft.
    pub fn of(draft: GraderDraft) -> Self {
        let process = use_finetune_process();
        let own = RwSignal::new(None::<GraderTestReport>);
        let saved = field(|o| o.grader_test.clone());
        // A test made here is newer than what the overview brought; a later stored one replaces it, and so does the same one
        // once it is that of a saved version.
        let report = memo(move || match (own.get(), saved.get()) {
            (Some(own), Some(saved)) if saved.timestamp >= own.timestamp => Some(saved),
            (Some(own), _) => Some(own),
            (None, saved) => saved,
        });
        let is_running = memo(move || process.job(JobKind::GraderTest).is_some_and(|job| job.state.is_active()));
        let testing = Self {
            process,
            draft,
            task: Task::new(),
            fetching: Task::new(),
            samples: RwSignal::new(SAMPLES_AT_FIRST),
            is_running,
            report,
            own,
            awaited: RwSignal::new(None),
        };
        testing.follow();
        testing
    }

    /// Which samples the newest test looked at; the next looks at them again, so that two graders can be compared.
    pub fn draw(self) -> u32 {
        self.report.with_untracked(|report| report.as_ref().map_or(0, |report| report.draw))
    }

    /// Starts a test.
    pub fn run(self, draw: u32) {
        let config = match self.draft.to_test() {
            Ok(config) => config,
            Err(error) => return self.task.fail(Some(error)),
        };
        let start = test_grader(self.process.dataset_id(), config, self.samples.get_untracked(), Some(draw));
        self.task.start(start, move |job| {
            self.awaited.set(Some(job.id));
            self.process.refresh();
        });
    }

    /// Waits for the test under way and fetches what it found.
    fn follow(self) {
        let job = memo(move || self.process.job(JobKind::GraderTest));
        Effect::new(move |_| {
            let running = job.with(|job| job.as_ref().filter(|job| job.state.is_active()).map(|job| job.id.clone()));
            if running.is_some() && self.awaited.get_untracked() != running {
                self.awaited.set(running);
            }
        });
        Effect::new(move |_| {
            let Some(id) = self.awaited.get() else { return };
            let ended =
                job.with(|job| job.as_ref().filter(|job| job.id == id && !job.state.is_active()).map(|job| job.state));
            let Some(state) = ended else { return };
            self.awaited.set(None);
            if state == JobState::Succeeded {
                self.fetching.start(grader_test_result(self.process.dataset_id(), id), move |report| {
                    self.own.set(report);
                    self.process.refresh();
                });
            }
        });
    }
}
