//! What the command line prints: results to standard output, everything else to standard error.

use std::io::IsTerminal;

use anneal_server::format;
use anneal_server::types::dry_run::{DryRunReport, Finding};
use anneal_server::types::import::{
    Counts, ImportFormat, ImportPreview, ImportReport, PreviewConversation, SkipReason,
};
use anneal_server::types::job::JobStatus;
use anneal_server::types::near_duplicates::NearDuplicateCluster;
use anneal_server::types::validation::HygieneReport;
use serde::Serialize;

use super::{CliError, terminal};

/// A line of the result.
macro_rules! say {
    ($($text:tt)*) => {
        terminal::say(&format!($($text)*))
    };
}

/// An error or warning.
pub fn complain(message: &str) {
    terminal::complain(&format!("anneal: {message}"));
}

/// A line of the result.
pub fn line(text: &str) {
    terminal::say(text);
}

/// The result for a program.
pub fn json<T: Serialize>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::Message(format!("the result cannot be written as JSON: {error}")))?;
    terminal::say_exactly(&text);
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
            terminal::replace_line(&format!("{percent}{}", job.message));
        }
    }

    /// Makes room for the result.
    pub fn end(&self) {
        if self.shown {
            terminal::replace_line("");
        }
    }
}

/// What came of one file.
pub fn import(report: &ImportReport) {
    say!(
        "{}: {}{}",
        report.file_name,
        format::counted(report.records, "record"),
        in_brackets(&report.formats, &report.skipped)
    );
}

/// " (10 chat, 2 unreadable; passed over: 3 spans that are no model call)".
fn in_brackets(formats: &Counts<ImportFormat>, skipped: &Counts<SkipReason>) -> String {
    let formats = formats.in_words(ImportFormat::label);
    let skipped = skipped.in_words(SkipReason::label);
    match (formats.is_empty(), skipped.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!(" ({formats})"),
        (true, false) => format!(" (passed over: {skipped})"),
        (false, false) => format!(" ({formats}; passed over: {skipped})"),
    }
}

/// The start of a file for a person.
pub fn preview(file_name: &str, preview: &ImportPreview) {
    let compression = preview.compression.map_or_else(String::new, |compression| format!(", {}", compression.label()));
    say!("{file_name}: {}{compression}", preview.container.label());
    say!(
        "  {}{}{}, {} valid (duplicates not looked for)",
        if preview.is_complete { "" } else { "the first " },
        format::counted(preview.records, "record"),
        in_brackets(&preview.formats, &preview.skipped),
        format::count(preview.valid)
    );
    if let Some(csv) = &preview.csv {
        let fields = csv.header.iter().map(|column| format!("{column}={}", csv.mapping.field(column).as_str()));
        say!("  columns: {}", fields.collect::<Vec<_>>().join(","));
        if let Some(problem) = &csv.mapping_problem {
            say!("  ! {problem} Say it with --csv-map, or with --csv-no-header if the first row is data.");
        }
    }
    preview.conversations.iter().for_each(conversation);
    for problem in preview.problems.iter().take(5) {
        say!("  ! {}", problem.message.replace('\n', "\n    "));
    }
    let more = preview.problems_total - i64::try_from(preview.problems.len().min(5)).unwrap_or(0);
    if more > 0 {
        say!("  ! and {} more", format::counted(more, "line"));
    }
    if let Some(error) = &preview.error {
        say!("  ! {error}");
    }
}

/// A conversation, a line a message.
fn conversation(conversation: &PreviewConversation) {
    say!("  line {} ({})", format::count(conversation.line), conversation.format.label());
    for message in &conversation.messages {
        let words: String = message.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let start: String = words.chars().take(100).collect();
        let more = if start.len() < words.len() || message.is_cut { "…" } else { "" };
        let calls = message.tool_calls.join(", ");
        let calls = if calls.is_empty() { calls } else { format!(" [calls {calls}]") };
        say!("    {:<9} {start}{more}{calls}", message.role);
    }
    if conversation.messages_left_out > 0 {
        say!("    … and {} more", format::counted(conversation.messages_left_out, "message"));
    }
}

/// The hygiene report for a person.
pub fn hygiene(report: &HygieneReport) {
    say!(
        "{} validated, {} valid, {} invalid, {} duplicates ({} not usable)",
        format::counted(report.total, "record"),
        format::count(report.valid),
        format::count(report.rejected),
        format::count(report.duplicates_removed),
        report.rejection_rate
    );
    if report.pending > 0 {
        say!("{} not validated: `anneal validate --again` does it", format::counted(report.pending, "record"));
    }
    for (error, count) in &report.errors_by_type {
        say!("  {:>9}  {}", format::count(*count), error.as_str());
    }
    for recommendation in &report.recommendations {
        say!("  - {recommendation}");
    }
    if report.pii.records > 0 {
        say!("Personal data: {}", report.pii.in_words());
    }
    if report.pii.not_looked_at > 0 {
        say!(
            "{} not looked at for personal data: `anneal validate --again` does it",
            format::counted(report.pii.not_looked_at, "record")
        );
    }
}

/// A cluster of near-duplicates, a line a record.
pub fn near_duplicates(cluster: &NearDuplicateCluster) {
    say!("{}", format::counted(cluster.total, "record"));
    for record in &cluster.records {
        let words: String = record.preview.split_whitespace().collect::<Vec<_>>().join(" ");
        let start: String = words.chars().take(100).collect();
        let more = if start.len() < words.len() { "…" } else { "" };
        let alike =
            if record.like.is_none() { "kept".to_owned() } else { format!("{:.0}%", record.similarity * 100.0) };
        say!("  {:>9}  {alike:>4}  {start}{more}", record.id);
    }
    let left = cluster.total - i64::try_from(cluster.records.len()).unwrap_or(cluster.total);
    if left > 0 {
        say!("  … and {} more", format::count(left));
    }
}

/// The dry-run report for a person.
pub fn dry_run(report: &DryRunReport) {
    if let Some(diagnosis) = &report.diagnosis {
        say!("{} ({} confidence)  {}", diagnosis.verdict.as_str(), diagnosis.confidence.as_str(), diagnosis.summary);
    }
    if let Some(statistics) = &report.statistics {
        say!(
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
    if let Some((headroom, interval)) = report.statistics.as_ref().and_then(|s| s.headroom.zip(s.headroom_ci95)) {
        say!("expected gain {headroom:.3} [{:.3}, {:.3}]", interval.low, interval.high);
    }
    say!(
        "{} of {} scored, {} failed, {}",
        format::count(report.samples_evaluated),
        format::counted(report.samples_planned, "sample"),
        format::count(report.failed),
        format::duration_ms(report.duration_ms)
    );
    for topic in &report.by_topic {
        say!(
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
        say!("{}", diagnosis.confidence_reason);
    }
}

fn finding(finding: &Finding) {
    say!("! {}\n  {} {}", finding.message, finding.causes, finding.action_text);
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
        say!("x {} failed: {error}", format::counted(count, "sample"));
    }
}
