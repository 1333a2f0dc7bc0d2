//! The overview: counts and reports gathered for one page.

use std::collections::BTreeMap;

use crate::clock::now_ms;
use crate::coverage::{CoverageCounts, analyze_coverage};
use crate::db;
use crate::dry_run;
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::coverage::CoverageReport;
use crate::types::dataset::Dataset;
use crate::types::dry_run::{DryRunSummary, DryRunView};
use crate::types::grader::{GraderTestReport, GraderVersion};
use crate::types::import::ImportReport;
use crate::types::job::{JobKind, JobState, JobStatus};
use crate::types::overview::DatasetOverview;
use crate::types::pipeline::{DryRunFacts, GraderFacts, GraderTestFacts, LoadingStates, PipelineInputs, Progress};
use crate::types::topics::{TopicCount, TopicHierarchy};
use crate::types::validation::HygieneReport;
use crate::validation::report::{HygieneCounts, hygiene_report};

/// Everything the canvas page shows of one dataset.
pub async fn overview(state: &AppState, id: &str) -> ServiceResult<DatasetOverview> {
    let dataset = db::datasets::get(&state.db, id).await?;
    let facts = Facts::gather(state, &dataset).await?;
    let pipeline_inputs = facts.pipeline_inputs(&dataset);
    let dry_run = facts.finished_dry_run().cloned().map(|summary| {
        let histogram = dry_run::histogram(&summary);
        DryRunView { summary, histogram }
    });
    Ok(DatasetOverview {
        dataset,
        hygiene: facts.hygiene,
        hierarchy: facts.hierarchy,
        topic_counts: facts.topic_counts,
        coverage: facts.coverage,
        grader: facts.grader,
        grader_test: facts.grader_test,
        dry_run,
        dry_run_history: facts.dry_runs,
        imports: facts.imports,
        jobs: facts.jobs,
        recorded_responses: facts.recorded_responses,
        pipeline_inputs,
        now: now_ms(),
    })
}

/// What the pipeline's state is computed from, for lists and the command line.
pub async fn pipeline_inputs(state: &AppState, dataset: &Dataset) -> ServiceResult<PipelineInputs> {
    Ok(Facts::gather(state, dataset).await?.pipeline_inputs(dataset))
}

/// What the store knows of a dataset, read once.
struct Facts {
    hygiene: HygieneReport,
    hierarchy: Option<TopicHierarchy>,
    topic_counts: Vec<TopicCount>,
    coverage: Option<CoverageReport>,
    grader: Option<GraderVersion>,
    grader_test: Option<GraderTestReport>,
    dry_runs: Vec<DryRunSummary>,
    imports: Vec<ImportReport>,
    jobs: Vec<JobStatus>,
    recorded_responses: i64,
}

impl Facts {
    async fn gather(state: &AppState, dataset: &Dataset) -> ServiceResult<Self> {
        let db = &state.db;
        let id = dataset.id.as_str();
        let hygiene = hygiene(state, id).await?;
        let hierarchy = db::topics::current(db, id).await?;
        let (topic_counts, without_topic) = db::records::query::topic_counts(db, id).await?;
        let coverage = hierarchy.as_ref().map(|hierarchy| {
            let counts = CoverageCounts {
                total_records: hygiene.total + hygiene.pending,
                valid_records: hygiene.valid,
                by_topic: topic_counts
                    .iter()
                    .map(|count| (count.topic.clone(), count.valid))
                    .collect::<BTreeMap<_, _>>(),
                uncategorized: without_topic,
            };
            analyze_coverage(&counts, hierarchy, dataset.target_distribution.as_ref(), now_ms())
        });
        let grader = db::graders::current(db, id).await?;
        let grader_test = match &grader {
            Some(grader) => db::graders::last_test(db, id, grader.version).await?,
            None => None,
        };
        Ok(Self {
            hygiene,
            hierarchy,
            topic_counts,
            coverage,
            grader,
            grader_test,
            dry_runs: db::dry_runs::list(db, id).await?,
            imports: db::imports::list(db, id).await?,
            jobs: db::jobs::of_dataset(db, id).await?,
            recorded_responses: db::records::query::recorded_responses(db, id).await?,
        })
    }

    fn finished_dry_run(&self) -> Option<&DryRunSummary> {
        self.dry_runs.iter().find(|run| run.report.is_some())
    }

    fn pipeline_inputs(&self, dataset: &Dataset) -> PipelineInputs {
        let leaves: Vec<&str> =
            self.hierarchy.iter().flat_map(TopicHierarchy::leaves).map(|leaf| leaf.name.as_str()).collect();
        let on_leaf = |count: &&TopicCount| leaves.contains(&count.topic.as_str());
        PipelineInputs {
            total_records: self.hygiene.total,
            valid_records: self.hygiene.valid,
            invalid_records: self.hygiene.total - self.hygiene.valid,
            pending_records: self.hygiene.pending,
            recorded_responses: Some(self.recorded_responses),
            import_failed: self.last_failure(JobKind::Import),
            topic_count: self.hierarchy.is_some().then(|| i64::try_from(leaves.len()).unwrap_or(i64::MAX)),
            labelled_records: self.topic_counts.iter().filter(on_leaf).map(|count| count.valid).sum(),
            needs_review_records: self.topic_counts.iter().filter(on_leaf).map(|count| count.needs_review).sum(),
            balance_score: self.coverage.as_ref().and_then(|coverage| coverage.balance_score),
            balance_rating: self.coverage.as_ref().and_then(|coverage| coverage.balance_rating),
            categorize_failed: self.last_failure(JobKind::Categorize),
            grader: self.grader.as_ref().map(|grader| GraderFacts {
                label: grader.config.label().to_owned(),
                version: grader.version,
                last_test: self.grader_test.as_ref().map(test_facts),
            }),
            dry_run: self.finished_dry_run().map(|run| dry_run_facts(run, dataset, self.grader.as_ref())),
            dry_run_failed: self.last_failure(JobKind::DryRun),
            training: None,
            loading: LoadingStates {
                importing: self.progress(JobKind::Import),
                validating: self.progress(JobKind::Validate),
                categorizing: self.progress(JobKind::Categorize),
                testing_grader: None,
                dry_running: self.progress(JobKind::DryRun),
            },
        }
    }

    fn newest(&self, kind: JobKind) -> Option<&JobStatus> {
        self.jobs.iter().find(|job| job.kind == kind)
    }

    fn last_failure(&self, kind: JobKind) -> Option<String> {
        self.newest(kind).filter(|job| job.state == JobState::Failed).map(|job| job.error.clone().unwrap_or_default())
    }

    fn progress(&self, kind: JobKind) -> Option<Progress> {
        self.jobs
            .iter()
            .find(|job| job.kind == kind && job.state.is_active())
            .map(|job| Progress { percent: job.percent() })
    }
}

/// The state of a dataset's records.
pub async fn hygiene(state: &AppState, id: &str) -> ServiceResult<HygieneReport> {
    let counts = HygieneCounts { groups: db::records::query::status_counts(&state.db, id).await? };
    Ok(hygiene_report(&counts, now_ms()))
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

fn dry_run_facts(run: &DryRunSummary, dataset: &Dataset, grader: Option<&GraderVersion>) -> DryRunFacts {
    let report = run.report.as_ref();
    DryRunFacts {
        mean: report.and_then(|report| report.statistics.as_ref()).map(|statistics| statistics.mean),
        verdict: report.and_then(|report| report.diagnosis.as_ref()).map(|diagnosis| diagnosis.verdict),
        changed_since: report.map(|report| changed_since(report.computed_from, dataset, grader)).unwrap_or_default(),
        partial: report.is_some_and(|report| report.partial),
    }
}

/// What of that from which a report was computed is different now.
fn changed_since(
    from: crate::types::dry_run::ComputedFrom,
    dataset: &Dataset,
    grader: Option<&GraderVersion>,
) -> Vec<String> {
    let mut changes = Vec::new();
    if from.records_revision != dataset.records_revision {
        changes.push("records or their topics changed".to_owned());
    }
    if from.topics_revision != dataset.topics_revision {
        changes.push("the topic hierarchy or its targets changed".to_owned());
    }
    match grader {
        Some(grader) if grader.version != from.grader_version => {
            changes.push(format!("the grader is now version {}, not {}", grader.version, from.grader_version));
        }
        _ => {}
    }
    changes
}
