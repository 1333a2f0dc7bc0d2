//! Dry run: will training work, before it is paid for (domain.md section 8).

mod config;
mod diagnosis;
mod report;
mod samples;
mod statistics;
mod view;

pub use config::{DryRunConfig, ResponseSource};
pub use diagnosis::{Confidence, DryRunDiagnosis, Finding, FindingAction, PassedCheck, Quality, Verdict};
pub use report::{ComputedFrom, DryRunCost, DryRunReport, DryRunResult};
pub use samples::{DryRunSample, SamplePage, SampleSelection};
pub use statistics::{DryRunStatistics, Interval, Percentiles, ScoreBucket, ScoreFractions, TopicScore};
pub use view::{DryRunSummary, DryRunView};
