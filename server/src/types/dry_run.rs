//! Dry run: will training work, before it is paid for (domain.md section 8).

mod comparison;
mod config;
mod diagnosis;
mod estimate;
mod probes;
mod report;
mod samples;
mod signal;
mod statistics;
mod view;

pub use comparison::{Difference, RunComparison};
pub use config::{DEFAULT_REGRADED_SHARE, DEFAULT_ROLLOUTS, DryRunConfig, MAX_ROLLOUTS, ResponseSource};
pub use diagnosis::{Confidence, DryRunDiagnosis, Finding, FindingAction, PassedCheck, Quality, Verdict};
pub use estimate::DryRunEstimate;
pub use probes::{ProbeKind, ProbeResult};
pub use report::{ComputedFrom, DryRunCost, DryRunReport, DryRunResult};
pub use samples::{DryRunSample, SamplePage, SampleSelection};
pub use signal::{LearningSignal, PromptSignal, Signal, SignalCounts, TopicSignal, ZeroGradientShare};
pub use statistics::{DryRunStatistics, Interval, Percentiles, ScoreBucket, ScoreFractions, TopicScore, VarianceParts};
pub use view::{DryRunSummary, DryRunView};
