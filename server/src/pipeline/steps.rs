//! One card per step. Order within a function: what runs now, what is missing, what went wrong, what is good.

use crate::format::{count, counted};
use crate::types::dry_run::Verdict;
use crate::types::pipeline::{
    DryRunFacts, GraderFacts, GraderTestFacts, PipelineInputs, PipelineStep, PipelineStepId, PipelineStepStatus,
    Progress,
};
use crate::types::training::{TrainingFacts, TrainingState};

use super::{mostly_broken, much_to_review, poorly_labelled};

use PipelineStepStatus::{Attention, Complete, Failed, Processing, Ready};

/// Below this deviation a grader test says that the grader cannot tell good from bad.
const LEAST_TEST_STD: f64 = 0.05;

/// Step 1: records. Failed if the last import failed or nothing usable is there; attention if records lack a verdict
/// or many are rejected.
pub fn compute_extract_step_status(inputs: &PipelineInputs) -> PipelineStep {
    let card = Card::new(PipelineStepId::Extract);
    let known = inputs.total_records + inputs.pending_records;
    if let Some(progress) = inputs.loading.importing {
        return card.processing(format!("Importing • {} so far", counted(known, "record")), progress);
    }
    if let Some(progress) = inputs.loading.validating {
        return card.processing(format!("Validating {}", counted(known, "record")), progress);
    }
    if known == 0 {
        return match &inputs.import_failed {
            Some(error) => card.done(Failed, format!("Import failed: {error}")),
            None => card.done(Ready, "No records yet".to_owned()),
        };
    }
    let facts = record_facts(inputs);
    if let Some(error) = &inputs.import_failed {
        return card.done(Failed, format!("{facts} • last import failed: {error}"));
    }
    let status = if inputs.pending_records > 0 {
        Attention
    } else if inputs.valid_records == 0 {
        Failed
    } else if mostly_broken(inputs) {
        Attention
    } else {
        Complete
    };
    card.done(status, facts)
}

/// Step 2: what the records are about.
pub fn compute_topics_step_status(inputs: &PipelineInputs) -> PipelineStep {
    let card = Card { can_rerun: !inputs.keywords_exhausted, ..Card::new(PipelineStepId::Topics) };
    if let Some(progress) = inputs.loading.categorizing {
        return card.processing(format!("Categorizing {}", counted(inputs.valid_records, "record")), progress);
    }
    let topics = inputs.topic_count.map(|topic_count| counted(topic_count, "topic"));
    if let Some(reason) = missing_records(inputs) {
        return card.waiting(topics, reason);
    }
    let Some(topics) = topics else {
        return card.done(Ready, "No topics yet".to_owned());
    };
    if let Some(error) = &inputs.categorize_failed {
        return card.done(Failed, format!("{topics} • categorizing failed: {error}"));
    }
    if inputs.valid_records == 0 {
        return card.done(Attention, format!("{topics} • no valid record to label"));
    }
    let labelled = if inputs.labelled_records == 0 && inputs.keywords_exhausted {
        format!("no keyword matches any of {}", counted(inputs.valid_records, "record"))
    } else if poorly_labelled(inputs) {
        format!("{} of {}", count(inputs.labelled_records), counted(inputs.valid_records, "record"))
    } else {
        counted(inputs.labelled_records, "record")
    };
    if much_to_review(inputs) {
        return card
            .done(Attention, format!("{topics} • {labelled} • {} to review", count(inputs.needs_review_records)));
    }
    card.done(if poorly_labelled(inputs) { Attention } else { Complete }, format!("{topics} • {labelled}"))
}

/// Step 3: how the records spread. Recomputed by itself, so there is nothing to run again.
pub fn compute_coverage_step_status(inputs: &PipelineInputs) -> PipelineStep {
    let card = Card { can_rerun: false, ..Card::new(PipelineStepId::Coverage) };
    if let Some(reason) = missing_records(inputs) {
        return card.waiting(None, reason);
    }
    if inputs.topic_count.unwrap_or(0) == 0 {
        return card.waiting(None, "Add topics first: coverage counts records per topic.");
    }
    if inputs.valid_records == 0 {
        return card.waiting(None, "Needs a valid record: only valid ones are counted.");
    }
    match (inputs.balance_score, inputs.balance_rating) {
        (Some(score), rating) if inputs.labelled_records > 0 => {
            let rating = rating.map(|rating| format!(" ({})", rating.as_str())).unwrap_or_default();
            card.done(if score >= 0.5 { Complete } else { Attention }, format!("Balance: {score:.2}{rating}"))
        }
        _ => card.done(Ready, "No record labelled yet".to_owned()),
    }
}

/// Step 4: what scores a response.
pub fn compute_grader_step_status(inputs: &PipelineInputs) -> PipelineStep {
    let card = Card::new(PipelineStepId::Grader);
    let label = inputs.grader.as_ref().map(|grader| grader.label.clone());
    if let Some(progress) = inputs.loading.testing_grader {
        let name = label.unwrap_or_else(|| "draft".to_owned());
        return card.processing(format!("Testing {name}"), progress);
    }
    if let Some(reason) = missing_valid_records(inputs) {
        return card.waiting(label, reason);
    }
    match &inputs.grader {
        None => card.done(Ready, "No grader yet".to_owned()),
        Some(grader) => {
            let (status, text) = grader_result(grader);
            card.done(status, text)
        }
    }
}

/// Step 5: will it work? A stale result asks for attention, as it judged something else; one that failed
/// stays failed until a run says otherwise.
pub fn compute_dry_run_step_status(inputs: &PipelineInputs) -> PipelineStep {
    let mut card = Card::new(PipelineStepId::DryRun);
    if let Some(progress) = inputs.loading.dry_running {
        return card.processing("Grading samples".to_owned(), progress);
    }
    let result = inputs.dry_run.as_ref();
    // Of a step that waits too: its last result is still shown.
    card.stale_reason = result.and_then(stale_reason);
    if let Some(reason) = missing_for_dry_run(inputs) {
        return card.waiting(result.map(dry_run_text), reason);
    }
    if let Some(error) = &inputs.dry_run_failed {
        return card.done(Failed, format!("Run failed: {error}"));
    }
    let Some(result) = result else {
        return card.done(Ready, "Not run yet".to_owned());
    };
    let status = match result.verdict {
        // A run stopped before its first score says nothing bad. Otherwise only reports of an earlier version have no
        // verdict: of runs in which every sample failed.
        None if result.partial => Attention,
        Some(Verdict::NoGo) | None => Failed,
        Some(Verdict::Go) if card.stale_reason.is_none() => Complete,
        Some(Verdict::Go | Verdict::Caution) => Attention,
    };
    card.done(status, dry_run_text(result))
}

/// Step 6: the training. Without a connected trainer its readiness means that the split can be downloaded.
/// A job that exists shows its own state, even if a prerequisite got lost after it started.
pub fn compute_train_step_status(inputs: &PipelineInputs) -> PipelineStep {
    let mut card = Card { can_rerun: false, ..Card::new(PipelineStepId::Train) };
    let Some(job) = &inputs.training else {
        return match missing_for_training(inputs) {
            Some(reason) => card.waiting(None, reason),
            None => card.done(Ready, "Split ready to download".to_owned()),
        };
    };
    let text = training_text(job);
    if matches!(job.state, TrainingState::Queued | TrainingState::Running) {
        return card.processing(text, Progress { percent: Some(job.progress) });
    }
    card.stale_reason = job.stale.then(|| "Records, topics or grader changed after this training started.".to_owned());
    let status = match job.state {
        TrainingState::Succeeded if job.improved && !job.stale => Complete,
        TrainingState::Succeeded => Attention,
        _ => Failed,
    };
    card.done(status, text)
}

/// Step 7: putting the model to use.
pub fn compute_deploy_step_status(inputs: &PipelineInputs) -> PipelineStep {
    let card = Card { can_rerun: false, ..Card::new(PipelineStepId::Deploy) };
    match &inputs.training {
        Some(job) if job.state == TrainingState::Succeeded => {
            card.done(Ready, "Trained model ready to serve".to_owned())
        }
        _ => card.waiting(None, "Needs a finished training job."),
    }
}

/// Why nothing can be said about records, if so.
fn missing_records(inputs: &PipelineInputs) -> Option<&'static str> {
    (inputs.total_records + inputs.pending_records == 0).then_some("Import records first.")
}

/// Why nothing can be graded, if so.
fn missing_valid_records(inputs: &PipelineInputs) -> Option<&'static str> {
    missing_records(inputs)
        .or_else(|| (inputs.valid_records == 0).then_some("Needs a valid record: every one has an issue so far."))
}

/// Why no dry run can start, if so.
fn missing_for_dry_run(inputs: &PipelineInputs) -> Option<&'static str> {
    missing_valid_records(inputs)
        .or_else(|| {
            let none_recorded = inputs.recorded_responses == Some(0);
            none_recorded.then_some("No valid record carries a recorded response, so there is nothing to grade. Import traces that end with the model's answer.")
        })
        .or_else(|| inputs.grader.is_none().then_some("Set a grader first: a dry run scores responses with it."))
}

/// Why no training should start, if so (domain.md section 1: a grader, valid records, a dry run that is not NO-GO).
pub(super) fn missing_for_training(inputs: &PipelineInputs) -> Option<&'static str> {
    if let Some(reason) = missing_valid_records(inputs) {
        return Some(reason);
    }
    if inputs.grader.is_none() {
        return Some("Set a grader first: its scores are what the training follows.");
    }
    let Some(result) = &inputs.dry_run else {
        return Some("Needs a dry run: it tells whether this training can work.");
    };
    match result.verdict {
        Some(Verdict::Go | Verdict::Caution) => None,
        Some(Verdict::NoGo) if !result.changed_since.is_empty() => {
            Some("The last dry run said NO-GO. Something changed since: run it again.")
        }
        Some(Verdict::NoGo) => {
            Some("The dry run says NO-GO: training would waste its cost. Its findings say what to fix.")
        }
        None => Some("The last dry run scored no sample, so it gave no verdict: run it again."),
    }
}

/// "1,042 records, 1,008 valid".
fn record_facts(inputs: &PipelineInputs) -> String {
    let records = counted(inputs.total_records + inputs.pending_records, "record");
    if inputs.pending_records > 0 {
        let (valid, pending) = (count(inputs.valid_records), count(inputs.pending_records));
        return format!("{records}, {valid} valid, {pending} not validated yet");
    }
    if inputs.valid_records == 0 {
        return format!("{records}, none valid");
    }
    format!("{records}, {} valid", count(inputs.valid_records))
}

/// What the last test says of the grader.
fn grader_result(grader: &GraderFacts) -> (PipelineStepStatus, String) {
    let label = &grader.label;
    match grader.last_test {
        Some(GraderTestFacts { samples, errors, .. }) if samples > 0 && errors >= samples => {
            (Failed, format!("{label} • every test sample failed"))
        }
        Some(GraderTestFacts { samples, errors, .. }) if errors > 0 => {
            (Attention, format!("{label} • {} of {} failed", count(errors), counted(samples, "test sample")))
        }
        Some(GraderTestFacts { std: Some(std), .. }) if std < LEAST_TEST_STD => {
            (Attention, format!("{label} • test scores hardly differ (std {std:.3})"))
        }
        _ => (Complete, label.clone()),
    }
}

/// "Mean: 0.45 • GO", with what limits it.
fn dry_run_text(result: &DryRunFacts) -> String {
    let mut text = match (result.mean, result.verdict) {
        (Some(mean), Some(verdict)) => format!("Mean: {mean:.2} • {}", verdict.as_str()),
        (None, Some(verdict)) => format!("No sample scored • {}", verdict.as_str()),
        (_, None) => "No sample scored".to_owned(),
    };
    if result.partial {
        text.push_str(" • stopped early");
    }
    if !result.changed_since.is_empty() {
        text.push_str(" • stale");
    }
    text
}

/// What changed since the run, as one sentence fragment: "the grader changed; 12 records were edited".
fn stale_reason(result: &DryRunFacts) -> Option<String> {
    (!result.changed_since.is_empty()).then(|| result.changed_since.join("; "))
}

/// "62% • epoch 2/2 • reward 0.52", or how it ended.
fn training_text(job: &TrainingFacts) -> String {
    let reward = job.reward.map(|reward| format!(" • reward {reward:.2}")).unwrap_or_default();
    match job.state {
        TrainingState::Queued => "Queued at the provider".to_owned(),
        TrainingState::Running => format!("{:.0}% • epoch {}/{}{reward}", job.progress, job.epoch, job.n_epochs),
        TrainingState::Succeeded if job.improved => format!("Trained{reward}"),
        TrainingState::Succeeded => format!("Trained, little or no gain{reward}"),
        TrainingState::Failed => format!("Training failed at {:.0}%", job.progress),
        TrainingState::Cancelled => format!("Cancelled at {:.0}%", job.progress),
    }
}

/// A card being filled in.
struct Card {
    id: PipelineStepId,
    /// Whether a finished step can be started again in this version.
    can_rerun: bool,
    stale_reason: Option<String>,
}

impl Card {
    const fn new(id: PipelineStepId) -> Self {
        Self { id, can_rerun: true, stale_reason: None }
    }

    fn processing(self, text: String, progress: Progress) -> PipelineStep {
        let progress = progress.percent.map(|percent| percent.clamp(0.0, 100.0));
        PipelineStep { progress, ..self.with(Processing, text) }
    }

    /// Blocked; `known` is what a former result or setting still shows.
    fn waiting(self, known: Option<String>, reason: &str) -> PipelineStep {
        let text = known.unwrap_or_else(|| reason.trim_end_matches('.').to_owned());
        PipelineStep {
            is_blocked: true,
            blocked_reason: Some(reason.to_owned()),
            ..self.with(PipelineStepStatus::Waiting, text)
        }
    }

    fn done(self, status: PipelineStepStatus, text: String) -> PipelineStep {
        self.with(status, text)
    }

    fn with(self, status: PipelineStepStatus, status_text: String) -> PipelineStep {
        PipelineStep {
            id: self.id,
            name: self.id.name().to_owned(),
            category: self.id.category().to_owned(),
            status,
            status_text,
            progress: None,
            can_rerun: self.can_rerun && matches!(status, Complete | Attention | Failed),
            is_blocked: false,
            blocked_reason: None,
            stale_reason: self.stale_reason,
        }
    }
}
