//! A run as pages show it.

use serde::{Deserialize, Serialize};

use super::{ComputedFrom, DryRunConfig, DryRunReport, DryRunResult};
use crate::types::TimestampMs;

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
