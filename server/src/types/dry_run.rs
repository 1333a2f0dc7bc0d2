//! Dry run: will training work, before it is paid for (domain.md section 8).

use serde::{Deserialize, Serialize};

use super::TimestampMs;
use super::dataset::Dataset;

/// Where the responses to grade come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseSource {
    /// The output the record already carries: no network, one rollout per prompt.
    #[default]
    Recorded,
}

/// What a dry run is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunConfig {
    /// Prompts to sample, 1 to 10,000. Default 300; fewer valid records than this: all of them.
    pub sample_size: i64,
    /// The model that would answer. With recorded responses it is only a name in the report.
    pub base_model: String,
    /// Whether every topic gets its share of the sample.
    pub stratify_by_topic: bool,
    /// Responses per prompt; 1 for recorded ones.
    pub rollouts_per_prompt: i64,
    /// Where responses come from.
    pub response_source: ResponseSource,
    /// Makes the sample and the intervals repeatable.
    pub seed: u64,
    /// Samples graded at once; 0: one per core.
    pub concurrency: i64,
}

impl Default for DryRunConfig {
    fn default() -> Self {
        Self {
            sample_size: 300,
            base_model: "o4-mini".to_owned(),
            stratify_by_topic: true,
            rollouts_per_prompt: 1,
            response_source: ResponseSource::Recorded,
            seed: 42,
            concurrency: 0,
        }
    }
}

/// One graded response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunSample {
    /// Position in the run's plan, from 0.
    pub ordinal: i64,
    /// The prompt's record.
    pub record_id: i64,
    /// Its topic when the run was planned.
    pub topic: Option<String>,
    /// The start of the last user message.
    pub prompt_preview: String,
    /// The response that was graded.
    pub response: String,
    /// 0..1; `None` if it failed.
    pub score: Option<f64>,
    /// The grader's explanation.
    pub reasoning: Option<String>,
    /// Why there is no score.
    pub error: Option<String>,
    /// What the script logged.
    pub logs: Vec<String>,
}

/// A 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The percentiles shown, by linear interpolation (Hyndman and Fan's type 7, numpy's default).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// 10%
    pub p10: f64,
    /// 25%
    pub p25: f64,
    /// 75%
    pub p75: f64,
    /// 90%
    pub p90: f64,
}

/// Shares of the scores, 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreFractions {
    /// Above 0.
    pub gt0: f64,
    /// Exactly 1.
    pub eq1: f64,
}

/// The scores in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunStatistics {
    /// Scores they rest on.
    pub count: i64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n-1); 0 for one score.
    pub std: f64,
    /// 50%.
    pub median: f64,
    /// Lowest.
    pub min: f64,
    /// Highest.
    pub max: f64,
    /// p10, p25, p75, p90.
    pub percentiles: Percentiles,
    /// Shares above 0 and at 1.
    pub score_fractions: ScoreFractions,
    /// `std / sqrt(n)`.
    pub standard_error: f64,
    /// Bootstrap over prompts, seeded.
    pub mean_ci95: Interval,
    /// The same for the deviation.
    pub std_ci95: Interval,
    /// Expected gain: needs two rollouts per prompt or more, so none for recorded responses.
    pub headroom: Option<f64>,
    /// Its interval.
    pub headroom_ci95: Option<Interval>,
}

/// One bar of the histogram: `[low, high)`, the last one `[0.9, 1.0]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreBucket {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Scores in it.
    pub count: i64,
    /// Share of all scores, 0..1.
    pub share: f64,
}

/// How good a part of the result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Fine.
    Good,
    /// Look here.
    Attention,
    /// Mend this.
    Problem,
}

impl Quality {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Attention => "attention",
            Self::Problem => "problem",
        }
    }
}

/// One topic's scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicScore {
    /// The topic; `None` for uncategorized prompts.
    pub topic: Option<String>,
    /// Mean score.
    pub mean: f64,
    /// Sample standard deviation; 0 for one score.
    pub std: f64,
    /// Scores.
    pub count: i64,
    /// good: mean >= 0.25; attention: 0.10..0.25 or fewer than 5 samples; problem: < 0.10.
    pub status: Quality,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// Train.
    #[serde(rename = "GO")]
    Go,
    /// Look at the findings first.
    #[serde(rename = "CAUTION")]
    Caution,
    /// Training would waste the budget.
    #[serde(rename = "NO-GO")]
    NoGo,
}

impl Verdict {
    /// "GO", "CAUTION", "NO-GO".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::Caution => "CAUTION",
            Self::NoGo => "NO-GO",
        }
    }
}

/// How sure the verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Narrow intervals.
    High,
    /// In between.
    Medium,
    /// One rollout per prompt, or wide intervals.
    Low,
}

impl Confidence {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Where a finding's button leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingAction {
    /// Edit the grader.
    EditGrader,
    /// See the lowest samples.
    InspectLowest,
    /// See the highest samples.
    InspectHighest,
    /// See the failed samples.
    InspectFailed,
    /// See the samples of the topic named in the finding.
    InspectTopic,
    /// The coverage panel.
    OpenCoverage,
    /// The records overlay.
    OpenRecords,
    /// Run again with more samples.
    RunMore,
    /// Nothing to press.
    None,
}

/// One row of the diagnosis: a number, its bound, what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable identifier: "mean_low", "std_low", "few_nonzero", ...
    pub id: String,
    /// One sentence: the number and its bound.
    pub message: String,
    /// Likeliest causes, data or grader.
    pub causes: String,
    /// One thing to do.
    pub action_text: String,
    /// The button that leads there.
    pub action: FindingAction,
    /// The topic concerned, if one is.
    pub topic: Option<String>,
    /// What it says of the dataset.
    pub dataset: Option<Quality>,
    /// What it says of the grader.
    pub grader: Option<Quality>,
    /// The best verdict it still allows; `None` for a mere warning.
    pub verdict_at_best: Option<Verdict>,
    /// Further samples that would settle it, where more samples would.
    pub samples_to_settle: Option<i64>,
}

/// A check that was made and passed, for "why this verdict".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedCheck {
    /// "Mean 0.45 lies between 0.20 and 0.60".
    pub message: String,
}

/// The verdict and its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunDiagnosis {
    /// Are the prompts fit? `None` if no response was scored: then nothing is known of them.
    pub dataset_quality: Option<Quality>,
    /// Can the grader tell good from bad? `None` where nothing was looked at that could say so.
    pub grader_quality: Option<Quality>,
    /// The answer.
    pub verdict: Verdict,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why the confidence is what it is, and the run that would raise it.
    pub confidence_reason: String,
    /// The verdict in a sentence before any number.
    pub summary: String,
    /// What stands against it, gravest first.
    pub findings: Vec<Finding>,
    /// What was checked and is fine.
    pub passed: Vec<PassedCheck>,
}

/// What a report was computed from; compared with the present to know whether it is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputedFrom {
    /// `Dataset::records_revision` then.
    pub records_revision: i64,
    /// `Dataset::topics_revision` then.
    pub topics_revision: i64,
    /// The grader's version then.
    pub grader_version: i64,
}

impl ComputedFrom {
    /// What of it is different now, in words; empty if nothing is. Without a grader nothing is said of it.
    pub fn changed_since(self, dataset: &Dataset, grader_version: Option<i64>) -> Vec<String> {
        let mut changes = Vec::new();
        if self.records_revision != dataset.records_revision {
            changes.push("records or their topics changed".to_owned());
        }
        if self.topics_revision != dataset.topics_revision {
            changes.push("the topic hierarchy or its targets changed".to_owned());
        }
        if let Some(version) = grader_version.filter(|version| *version != self.grader_version) {
            changes.push(format!("the grader is now version {version}, not {}", self.grader_version));
        }
        changes
    }
}

/// The stored result of a dry run. Samples are kept apart and paged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunReport {
    /// When it was finished.
    pub timestamp: TimestampMs,
    /// What was asked.
    pub config: DryRunConfig,
    /// What it was computed from.
    pub computed_from: ComputedFrom,
    /// Valid records with a response: the population sampled.
    pub eligible_records: i64,
    /// Prompts in the plan.
    pub samples_planned: i64,
    /// Prompts with a score.
    pub samples_evaluated: i64,
    /// Prompts whose grading failed.
    pub failed: i64,
    /// True if it was cancelled before the plan was through.
    pub partial: bool,
    /// `None` if not one sample was scored.
    pub statistics: Option<DryRunStatistics>,
    /// Ten buckets; empty without scores.
    pub distribution: Vec<ScoreBucket>,
    /// By topic, in order of the topics' names, uncategorized last.
    pub by_topic: Vec<TopicScore>,
    /// `None` only in reports of an earlier version, which had none where every sample failed.
    pub diagnosis: Option<DryRunDiagnosis>,
    /// In milliseconds, summed over all stretches in which it ran.
    pub duration_ms: i64,
}

/// What lists show of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunResult {
    /// When it was finished.
    pub timestamp: TimestampMs,
    /// The answer; see [`DryRunReport::diagnosis`].
    pub verdict: Option<Verdict>,
    /// Mean score; `None` if not one sample was scored.
    pub mean: Option<f64>,
    /// Prompts in the plan.
    pub samples_planned: i64,
    /// Prompts with a score.
    pub samples_evaluated: i64,
    /// Prompts whose grading failed.
    pub failed: i64,
    /// True if it was cancelled before the plan was through.
    pub partial: bool,
}

impl DryRunReport {
    /// Its few numbers for lists.
    pub fn result(&self) -> DryRunResult {
        DryRunResult {
            timestamp: self.timestamp,
            verdict: self.diagnosis.as_ref().map(|diagnosis| diagnosis.verdict),
            mean: self.statistics.as_ref().map(|statistics| statistics.mean),
            samples_planned: self.samples_planned,
            samples_evaluated: self.samples_evaluated,
            failed: self.failed,
            partial: self.partial,
        }
    }
}

/// A dry run as the panel's history lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunSummary {
    /// UUID v7.
    pub id: String,
    /// The job that runs it.
    pub job_id: String,
    /// What was asked.
    pub config: DryRunConfig,
    /// What it is computed from; until its sample is drawn, what it was started on.
    pub computed_from: ComputedFrom,
    /// When it was started.
    pub created_at: TimestampMs,
    /// What came out; `None` while it runs and where it failed altogether.
    pub result: Option<DryRunResult>,
}

/// Which samples the inspector shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "selection", rename_all = "snake_case")]
pub enum SampleSelection {
    /// Five highest, by score.
    Highest,
    /// Five lowest.
    Lowest,
    /// Five nearest the mean.
    NearestMean,
    /// Every score within 0.05 of 0.5.
    AroundHalf,
    /// Every failed one.
    Failed,
    /// All of one topic; `None` for uncategorized.
    Topic {
        /// The topic.
        topic: Option<String>,
    },
    /// All, in the plan's order.
    All,
}

/// A page of samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SamplePage {
    /// The samples.
    pub samples: Vec<DryRunSample>,
    /// How many the selection has in all.
    pub total: i64,
}

/// One run, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunView {
    /// The run.
    pub summary: DryRunSummary,
    /// Its report; `None` while it runs and where it failed altogether.
    pub report: Option<DryRunReport>,
    /// Its histogram as SVG in theme colours, drawn by the server; `None` without scores.
    pub histogram: Option<String>,
}
