//! What the command line prints: results to standard output, everything else to standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this file is for")]

use std::io::IsTerminal;

use anneal_server::format;
use anneal_server::types::dry_run::{DryRunReport, Finding};
use anneal_server::types::job::JobStatus;
use anneal_server::types::validation::HygieneReport;
use serde::Serialize;

use super::CliError;

/// An error or warning.
pub fn complain(message: &str) {
    eprintln!("anneal: {message}");
}

/// A line of the result.
pub fn line(text: &str) {
    println!("{text}");
}

/// The result for a program.
pub fn json<T: Serialize>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::Message(format!("the result cannot be written as JSON: {error}")))?;
    println!("{text}");
    Ok(())
}

/// One line that moves, on a terminal only.
pub struct Progress {
    shown: bool,
}

impl Progress {
    /// Silent for programs and pipes.
    pub fn new(json: bool) -> Self {
        Self { shown: !json && std::io::stderr().is_terminal() }
    }

    /// How far it is.
    pub fn show(&self, job: &JobStatus) {
        if self.shown {
            let percent = job.percent().map_or_else(String::new, |percent| format!("{percent:3.0}%  "));
            eprint!("\r\x1b[K{percent}{}", job.message);
        }
    }

    /// Makes room for the result.
    pub fn end(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}

/// The hygiene report for a person.
pub fn hygiene(report: &HygieneReport) {
    println!(
        "{} validated, {} valid, {} invalid, {} duplicates ({} not usable)",
        format::counted(report.total, "record"),
        format::count(report.valid),
        format::count(report.rejected),
        format::count(report.duplicates_removed),
        report.rejection_rate
    );
    if report.pending > 0 {
        println!("{} not validated: `anneal validate --again` does it", format::counted(report.pending, "record"));
    }
    for (error, count) in &report.errors_by_type {
        println!("  {:>9}  {}", format::count(*count), error.as_str());
    }
    for recommendation in &report.recommendations {
        println!("  - {recommendation}");
    }
}

/// The dry-run report for a person.
pub fn dry_run(report: &DryRunReport) {
    if let Some(diagnosis) = &report.diagnosis {
        println!(
            "{} ({} confidence)  {}",
            diagnosis.verdict.as_str(),
            diagnosis.confidence.as_str(),
            diagnosis.summary
        );
    }
    if let Some(statistics) = &report.statistics {
        println!(
            "mean {:.3} [{:.3}, {:.3}]  std {:.3} [{:.3}, {:.3}]  above 0: {:.0}%  exactly 1: {:.0}%",
            statistics.mean,
            statistics.mean_ci95.low,
            statistics.mean_ci95.high,
            statistics.std,
            statistics.std_ci95.low,
            statistics.std_ci95.high,
            statistics.score_fractions.gt0 * 100.0,
            statistics.score_fractions.eq1 * 100.0
        );
    }
    println!(
        "{} of {} scored, {} failed, {}",
        format::count(report.samples_evaluated),
        format::counted(report.samples_planned, "sample"),
        format::count(report.failed),
        format::duration_ms(report.duration_ms)
    );
    for topic in &report.by_topic {
        println!(
            "  {:5.2} ± {:.2}  {:>5}  {}  {}",
            topic.mean,
            topic.std,
            format::count(topic.count),
            topic.status.as_str(),
            topic.topic.as_deref().unwrap_or("(uncategorized)")
        );
    }
    if let Some(diagnosis) = &report.diagnosis {
        diagnosis.findings.iter().for_each(finding);
        println!("{}", diagnosis.confidence_reason);
    }
}

fn finding(finding: &Finding) {
    println!("! {}\n  {} {}", finding.message, finding.causes, finding.action_text);
}

/// Why samples failed: each reason once, the most frequent first.
pub fn failures<'a>(errors: impl Iterator<Item = &'a str>) {
    let mut counts = std::collections::BTreeMap::<&str, i64>::new();
    for error in errors {
        *counts.entry(error).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (error, count) in counts.into_iter().take(5) {
        println!("x {} failed: {error}", format::counted(count, "sample"));
    }
}
