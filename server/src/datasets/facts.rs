//! What the store knows of datasets: the facts from which pages, lists and jobs say where each step stands.
//!
//! Each kind of fact is one query, whether one dataset is asked for or all of them.

use std::collections::{BTreeMap, HashMap};

use crate::clock::now_ms;
use crate::coverage::{CoverageCounts, analyze_coverage};
use crate::db::records::tallies::{self, LabelCounts};
use crate::db::topics::StoredChange;
use crate::db::{self, Of, Snapshot};
use crate::error::ServiceResult;
use crate::types::TimestampMs;
use crate::types::coverage::CoverageReport;
use crate::types::dataset::Dataset;
use crate::types::dry_run::DryRunSummary;
use crate::types::grader::{GraderTestReport, GraderVersion};
use crate::types::job::{JobKind, JobState, JobStatus};
use crate::types::pii::PiiCounts;
use crate::types::pipeline::{DryRunFacts, GraderFacts, GraderTestFacts, LoadingStates, PipelineInputs, Progress};
use crate::types::topics::{TopicCount, TopicHierarchy};
use crate::types::validation::HygieneReport;
use crate::validation::report::{HygieneCounts, HygieneGroup, hygiene_report};

/// What the store knows of a dataset, all of one moment.
pub struct Facts {
    /// The state of its records.
    pub hygiene: HygieneReport,
    /// Its topics.
    pub hierarchy: Option<TopicHierarchy>,
    /// Valid records per label.
    pub topic_counts: Vec<TopicCount>,
    /// How they spread; `None` without topics.
    pub coverage: Option<CoverageReport>,
    /// The current grader.
    pub grader: Option<GraderVersion>,
    /// Its last test.
    pub grader_test: Option<GraderTestReport>,
    /// The newest dry run that has a report.
    pub dry_run: Option<DryRunSummary>,
    /// The newest job of every kind and every active one, newest first; beside the newest, those that were asked for together
    /// with it and failed.
    pub jobs: Vec<JobStatus>,
    /// Valid records whose response is recorded.
    pub recorded_responses: i64,
}

/// The facts of one dataset, which was read from the same snapshot.
pub async fn facts_of(snapshot: &mut Snapshot, dataset: &Dataset) -> ServiceResult<Facts> {
    Ok(Gathered::read(snapshot, Of::One(&dataset.id)).await?.take(dataset, now_ms()))
}

/// What every dataset's pipeline is computed from, last changed first. Takes as many queries as one dataset does.
pub async fn all_pipeline_inputs(snapshot: &mut Snapshot) -> ServiceResult<Vec<(Dataset, PipelineInputs)>> {
    let datasets = db::datasets::list(&mut *snapshot).await?;
    let mut gathered = Gathered::read(snapshot, Of::All).await?;
    let now = now_ms();
    let with_inputs = |dataset: Dataset| {
        let inputs = gathered.take(&dataset, now).pipeline_inputs(&dataset);
        (dataset, inputs)
    };
    Ok(datasets.into_iter().map(with_inputs).collect())
}

/// Each kind of fact by dataset; a dataset that is missing in one has none of that kind.
struct Gathered {
    statuses: HashMap<String, Vec<HygieneGroup>>,
    pii: HashMap<String, PiiCounts>,
    hierarchies: HashMap<String, TopicHierarchy>,
    labels: HashMap<String, LabelCounts>,
    changes: HashMap<String, Vec<StoredChange>>,
    graders: HashMap<String, GraderVersion>,
    grader_tests: HashMap<String, GraderTestReport>,
    dry_runs: HashMap<String, DryRunSummary>,
    jobs: HashMap<String, Vec<JobStatus>>,
    recorded: HashMap<String, i64>,
}

impl Gathered {
    async fn read(snapshot: &mut Snapshot, of: Of<'_>) -> ServiceResult<Self> {
        Ok(Self {
            statuses: tallies::status_counts(&mut *snapshot, of).await?,
            pii: db::records::pii::counts(&mut *snapshot, of).await?,
            hierarchies: db::topics::current_of(&mut *snapshot, of).await?,
            labels: tallies::topic_counts(&mut *snapshot, of).await?,
            changes: db::topics::changes_of(&mut *snapshot, of).await?,
            graders: db::graders::current_of(&mut *snapshot, of).await?,
            grader_tests: db::graders::last_tests(&mut *snapshot, of).await?,
            dry_runs: db::dry_runs::newest_finished(&mut *snapshot, of).await?,
            jobs: db::jobs::current_of(&mut *snapshot, of).await?,
            recorded: tallies::recorded_responses(&mut *snapshot, of).await?,
        })
    }

    fn take(&mut self, dataset: &Dataset, now: TimestampMs) -> Facts {
        let id = dataset.id.as_str();
        let groups = self.statuses.remove(id).unwrap_or_default();
        let pii = self.pii.remove(id).unwrap_or_default();
        let hygiene = hygiene_report(&HygieneCounts { groups, pii }, now);
        let hierarchy = self.hierarchies.remove(id);
        let changes = self.changes.remove(id).unwrap_or_default();
        let labels = carried_along(self.labels.remove(id).unwrap_or_default(), &changes);
        let coverage = hierarchy.as_ref().map(|hierarchy| {
            let counts = CoverageCounts {
                total_records: hygiene.total + hygiene.pending,
                valid_records: hygiene.valid,
                by_topic: labels
                    .by_topic
                    .iter()
                    .map(|count| (count.topic.clone(), count.valid))
                    .collect::<BTreeMap<_, _>>(),
                uncategorized: labels.without,
            };
            analyze_coverage(&counts, hierarchy, dataset.target_distribution.as_ref(), now)
        });
        Facts {
            hygiene,
            hierarchy,
            topic_counts: labels.by_topic,
            coverage,
            grader: self.graders.remove(id),
            grader_test: self.grader_tests.remove(id),
            dry_run: self.dry_runs.remove(id),
            jobs: self.jobs.remove(id).unwrap_or_default(),
            recorded_responses: self.recorded.remove(id).unwrap_or(0),
        }
    }
}

/// The counts as they will be once every record carries what its label was changed to.
fn carried_along(mut labels: LabelCounts, changes: &[StoredChange]) -> LabelCounts {
    for StoredChange { change, .. } in changes {
        let Some(at) = labels.by_topic.iter().position(|count| count.topic == change.from) else { continue };
        let old = labels.by_topic.remove(at);
        match &change.to {
            None => labels.without += old.valid,
            Some(to) => match labels.by_topic.iter_mut().find(|count| count.topic == *to) {
                Some(count) => {
                    count.valid += old.valid;
                    count.needs_review += old.needs_review;
                }
                None => labels.by_topic.push(TopicCount { topic: to.clone(), ..old }),
            },
        }
    }
    labels
}

impl Facts {
    /// See `CoverageReport::balance_score`.
    pub fn balance_score(&self) -> Option<f64> {
        self.coverage.as_ref().and_then(|coverage| coverage.balance_score)
    }

    /// What `compute_pipeline_state` needs.
    pub fn pipeline_inputs(&self, dataset: &Dataset) -> PipelineInputs {
        let leaves = self.hierarchy.as_ref().map(TopicHierarchy::leaf_names).unwrap_or_default();
        let on_leaf = |count: &&TopicCount| leaves.contains(&count.topic.as_str());
        PipelineInputs {
            total_records: self.hygiene.total,
            valid_records: self.hygiene.valid,
            invalid_records: self.hygiene.total - self.hygiene.valid,
            pending_records: self.hygiene.pending,
            recorded_responses: Some(self.recorded_responses),
            import_failed: self.last_failure(JobKind::Import).or_else(|| self.failed_copy()),
            topic_count: self.hierarchy.is_some().then(|| i64::try_from(leaves.len()).unwrap_or(i64::MAX)),
            topics_with_keywords: self.topics_with_keywords(),
            keywords_exhausted: self.keywords_exhausted(dataset),
            labelled_records: self.topic_counts.iter().filter(on_leaf).map(|count| count.valid).sum(),
            needs_review_records: self.topic_counts.iter().filter(on_leaf).map(|count| count.needs_review).sum(),
            balance_score: self.balance_score(),
            balance_rating: self.coverage.as_ref().and_then(|coverage| coverage.balance_rating),
            categorize_failed: self.last_failure(JobKind::Categorize),
            grader: self.grader.as_ref().map(|grader| GraderFacts {
                label: grader.config.label(),
                version: grader.version,
                last_test: self.grader_test.as_ref().map(test_facts),
            }),
            dry_run: self.dry_run.as_ref().and_then(|run| dry_run_facts(run, dataset, self.grader.as_ref())),
            dry_run_failed: self.last_failure(JobKind::DryRun),
            training: None,
            loading: LoadingStates {
                importing: [JobKind::Import, JobKind::UndoImport, JobKind::Duplicate]
                    .into_iter()
                    .find_map(|kind| self.progress(kind)),
                validating: self.progress(JobKind::Validate),
                categorizing: self.progress(JobKind::Categorize),
                testing_grader: self.progress(JobKind::GraderTest),
                dry_running: self.progress(JobKind::DryRun),
            },
        }
    }

    fn topics_with_keywords(&self) -> i64 {
        let leaves = self.hierarchy.iter().flat_map(TopicHierarchy::leaves);
        i64::try_from(leaves.filter(|leaf| !leaf.keywords.is_empty()).count()).unwrap_or(i64::MAX)
    }

    /// Every change of records, topics or rules moves the dataset's time on, labels that the job gave included; a label
    /// depends on the record and the hierarchy alone. (A job beside which the topics changed has walked once more.)
    fn keywords_exhausted(&self, dataset: &Dataset) -> bool {
        let last = self.newest(JobKind::Categorize).filter(|job| job.state == JobState::Succeeded);
        last.and_then(|job| job.finished_at).is_some_and(|finished_at| finished_at >= dataset.updated_at)
    }

    fn newest(&self, kind: JobKind) -> Option<&JobStatus> {
        self.jobs.iter().find(|job| job.kind == kind)
    }

    /// Why the last work of a kind failed; of several files that were imported together, each counts.
    fn last_failure(&self, kind: JobKind) -> Option<String> {
        let of_kind = || self.jobs.iter().filter(|job| job.kind == kind);
        if of_kind().any(|job| job.state.is_active()) {
            return None;
        }
        // The first of them in the order in which they ran.
        let failed: Vec<_> = of_kind().filter(|job| job.state == JobState::Failed).collect();
        let error = failed.last()?.error.clone().unwrap_or_default();
        Some(if failed.len() > 1 {
            format!("{} files could not be read, the first: {error}", failed.len())
        } else {
            error
        })
    }

    /// Why the dataset could not be copied whole; once records were imported into it, that is no matter any more.
    fn failed_copy(&self) -> Option<String> {
        if self.newest(JobKind::Import).is_some() { None } else { self.last_failure(JobKind::Duplicate) }
    }

    fn progress(&self, kind: JobKind) -> Option<Progress> {
        self.jobs
            .iter()
            .find(|job| job.kind == kind && job.state.is_active())
            .map(|job| Progress { percent: job.percent() })
    }
}

fn test_facts(report: &GraderTestReport) -> GraderTestFacts {
    let errors = report.results.iter().filter(|result| result.error.is_some()).count();
    let scored = report.results.len() - errors;
    GraderTestFacts {
        samples: i64::try_from(report.results.len()).unwrap_or(i64::MAX),
        errors: i64::try_from(errors).unwrap_or(i64::MAX),
        std: report.stats.as_ref().filter(|_| scored >= 2).map(|stats| stats.std),
    }
}

fn dry_run_facts(run: &DryRunSummary, dataset: &Dataset, grader: Option<&GraderVersion>) -> Option<DryRunFacts> {
    let result = run.result.as_ref()?;
    Some(DryRunFacts {
        mean: result.mean,
        verdict: result.verdict,
        changed_since: run.computed_from.changed_since(dataset, grader.map(|grader| grader.version)),
        partial: result.partial,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::topics::TopicChange;

    #[test]
    fn labels_count_as_what_they_are_changed_to() {
        let count = |topic: &str, valid, needs_review| TopicCount { topic: topic.to_owned(), valid, needs_review };
        let change = |from: &str, to: Option<&str>| StoredChange {
            id: 1,
            change: TopicChange { from: from.to_owned(), to: to.map(str::to_owned) },
            up_to_id: 9,
        };
        let labels = LabelCounts { by_topic: vec![count("a", 5, 2), count("b", 3, 1), count("c", 4, 0)], without: 7 };
        let changes = [change("a", Some("b")), change("c", None), change("not there", Some("d"))];
        let carried = carried_along(labels.clone(), &changes);
        assert_eq!((carried.by_topic, carried.without), (vec![count("b", 8, 3)], 11));
        let carried = carried_along(labels, &[change("a", Some("new"))]);
        assert_eq!(carried.by_topic, [count("b", 3, 1), count("c", 4, 0), count("new", 5, 2)]);
    }
}
