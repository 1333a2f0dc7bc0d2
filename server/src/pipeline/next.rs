//! The one hint on the canvas: what to do now, and why.

use crate::format::{count, counted};
use crate::types::dry_run::Verdict;
use crate::types::pipeline::{
    DryRunFacts, NextAction, NextStep, PipelineInputs, PipelineState, PipelineStepId, PipelineStepStatus,
};
use crate::types::training::{TrainingFacts, TrainingState};

use super::{mostly_broken, much_to_review, poorly_labelled};

/// What to do now and why; `None` while something runs that the user should just wait for.
///
/// Advice on the quality of a step that the user has gone past (by setting up a later one) gives way to
/// what comes next; the step's own card goes on asking for attention.
pub fn next_step(inputs: &PipelineInputs, state: &PipelineState) -> Option<NextStep> {
    if state.steps.iter().any(|step| step.status == PipelineStepStatus::Processing) {
        return None;
    }
    Some(
        about_records(inputs)
            .or_else(|| about_topics(inputs))
            .or_else(|| about_balance(inputs))
            .or_else(|| about_grader(inputs))
            .or_else(|| inputs.training.as_ref().map(about_training))
            .unwrap_or_else(|| about_dry_run(inputs)),
    )
}

fn about_records(inputs: &PipelineInputs) -> Option<NextStep> {
    let hint = |message: String, button: &str, action| Some(hint(PipelineStepId::Extract, message, button, action));
    if inputs.total_records + inputs.pending_records == 0 {
        let message = match &inputs.import_failed {
            Some(error) => format!("The import brought no records: {}. Correct the file or choose another one.", clause(error)),
            None => "Import your traces. Everything here is computed from them; lines that cannot be used are kept and explained.".to_owned(),
        };
        return hint(message, "Import data", NextAction::ImportData);
    }
    if inputs.valid_records == 0 && inputs.pending_records == 0 {
        let message = format!(
            "None of the {} can be used, and nothing further works without valid ones. The issues say what is wrong with each.",
            counted(inputs.total_records, "record")
        );
        return hint(message, "View issues", NextAction::ViewIssues);
    }
    if inputs.recorded_responses == Some(0) && inputs.pending_records == 0 {
        let message = format!(
            "None of the {} carries a recorded response (they end with a user or tool message), so a dry run has nothing to grade. Import traces that end with the model's answer.",
            counted(inputs.valid_records, "valid record")
        );
        return hint(message, "Import data", NextAction::ImportData);
    }
    if inputs.topic_count.is_some() {
        return None;
    }
    if let Some(error) = &inputs.import_failed {
        let message = format!(
            "The last import stopped: {}. The {} from before it stopped are kept; import the rest, or go on with these.",
            clause(error),
            counted(inputs.valid_records, "valid record")
        );
        return hint(message, "Import data", NextAction::ImportData);
    }
    if mostly_broken(inputs) {
        let share = inputs.invalid_records as f64 / inputs.total_records.max(1) as f64 * 100.0;
        let message = format!(
            "{} of {} ({share:.1}%) cannot be used and are left out of everything below. See why first: one cause often explains most of them.",
            count(inputs.invalid_records),
            counted(inputs.total_records, "record")
        );
        return hint(message, "View issues", NextAction::ViewIssues);
    }
    None
}

fn about_topics(inputs: &PipelineInputs) -> Option<NextStep> {
    let hint = |message: String, button: &str, action| Some(hint(PipelineStepId::Topics, message, button, action));
    if inputs.topic_count.unwrap_or(0) == 0 {
        let message =
            "Add topics. They show which kinds of request are missing, and let the dry run judge each kind by itself.";
        return hint(message.to_owned(), "Add topics", NextAction::OpenStep);
    }
    let unlabelled = inputs.valid_records - inputs.labelled_records;
    if unlabelled > 0 && (inputs.labelled_records == 0 || (inputs.grader.is_none() && poorly_labelled(inputs))) {
        // Offering what can find nothing would send people round in a circle.
        if let Some((message, button)) = nothing_to_find(inputs, unlabelled) {
            return hint(message, button, NextAction::OpenStep);
        }
    }
    if inputs.labelled_records == 0 {
        let message = format!(
            "No record carries a topic yet. Categorize the {} by the topics' keywords: coverage counts labelled records.",
            counted(unlabelled, "valid record")
        );
        return hint(message, "Categorize", NextAction::Categorize);
    }
    if inputs.grader.is_some() {
        return None;
    }
    if let Some(error) = &inputs.categorize_failed {
        let message = format!(
            "Categorizing stopped: {}. What it labelled before is kept; start it again for the rest.",
            clause(error)
        );
        return hint(message, "Categorize", NextAction::Categorize);
    }
    if poorly_labelled(inputs) {
        let message = format!(
            "{} of {} have no topic, so coverage does not count them. Categorize them by keyword; where no keyword matches, add some or label by hand.",
            count(unlabelled),
            counted(inputs.valid_records, "valid record")
        );
        return hint(message, "Categorize", NextAction::Categorize);
    }
    if much_to_review(inputs) {
        let message = format!(
            "{} were given with little confidence. Look through them: wrong labels bend coverage and the results by topic.",
            counted(inputs.needs_review_records, "label")
        );
        return hint(message, "Review labels", NextAction::OpenStep);
    }
    None
}

/// What to do instead of labelling by keyword where that would find nothing.
fn nothing_to_find(inputs: &PipelineInputs, unlabelled: i64) -> Option<(String, &'static str)> {
    if inputs.keywords_exhausted {
        let message = match inputs.labelled_records {
            0 => format!(
                "No topic's keywords occur in any of the {}. Give the topics words that your users write, or label some records by hand.",
                counted(inputs.valid_records, "valid record")
            ),
            _ => format!(
                "{} of {} have no topic, because no keyword occurs in them. Look at some, then add words of theirs to the topics, or label them by hand.",
                count(unlabelled),
                counted(inputs.valid_records, "valid record")
            ),
        };
        return Some((message, "Edit the topics"));
    }
    if inputs.topics_with_keywords == 0 {
        let message = format!(
            "Give the topics keywords. Without any, only their names can be looked for in the {} that carry no topic.",
            counted(unlabelled, "valid record")
        );
        return Some((message, "Add keywords"));
    }
    None
}

fn about_balance(inputs: &PipelineInputs) -> Option<NextStep> {
    if inputs.grader.is_some() {
        return None;
    }
    let score = inputs.balance_score.filter(|score| *score < 0.5)?;
    let message = format!(
        "The topics are unbalanced (balance {score:.2}; 0.50 is enough): a model trained on this learns the large ones best. See how many records are missing where.",
    );
    Some(hint(PipelineStepId::Coverage, message, "See the gaps", NextAction::OpenStep))
}

fn about_grader(inputs: &PipelineInputs) -> Option<NextStep> {
    let hint = |message: String, button: &str, action| Some(hint(PipelineStepId::Grader, message, button, action));
    let Some(grader) = &inputs.grader else {
        let message = "Set a grader. Its scores from 0 to 1 are the only thing that the training learns from.";
        return hint(message.to_owned(), "Set a grader", NextAction::OpenStep);
    };
    let Some(test) = grader.last_test else {
        // A dry run has told more than a test could; where this grader is a newer one, running it again does.
        let graded = inputs.dry_run.is_some() || inputs.dry_run_failed.is_some();
        let message =
            "Test the grader on five samples: that takes seconds and shows errors before a whole dry run does.";
        return if graded { None } else { hint(message.to_owned(), "Test the grader", NextAction::TestGrader) };
    };
    if test.errors > 0 {
        let message = format!(
            "The grader failed on {} of {}. Their messages say where; a sample without a score teaches nothing.",
            count(test.errors),
            counted(test.samples, "test sample")
        );
        return hint(message, "Open the grader", NextAction::OpenStep);
    }
    None
}

fn about_dry_run(inputs: &PipelineInputs) -> NextStep {
    let hint = |message: String, button: &str, action| hint(PipelineStepId::DryRun, message, button, action);
    if let Some(error) = &inputs.dry_run_failed {
        let message = format!(
            "The dry run failed: {}. The samples graded before are kept; open it to see what happened.",
            clause(error)
        );
        return hint(message, "Open the dry run", NextAction::OpenStep);
    }
    let Some(result) = &inputs.dry_run else {
        let message =
            "Start a dry run. It grades a sample and tells before any money is spent whether training would work.";
        return hint(message.to_owned(), "Start dry run", NextAction::StartDryRun);
    };
    if !result.changed_since.is_empty() {
        let message = format!(
            "The dry run no longer describes this dataset: {}. Run it again for a verdict that holds.",
            result.changed_since.join("; ")
        );
        return hint(message, "Run again", NextAction::StartDryRun);
    }
    about_verdict(result)
}

fn about_verdict(result: &DryRunFacts) -> NextStep {
    let open =
        |message: &str| hint(PipelineStepId::DryRun, message.to_owned(), "See the findings", NextAction::OpenStep);
    match result.verdict {
        Some(Verdict::Go) => hint(
            PipelineStepId::Train,
            "The dry run says GO. Download the train and validation files and hand them to your trainer: none is connected to this version.".to_owned(),
            "Get the files",
            NextAction::OpenStep,
        ),
        Some(Verdict::Caution) => {
            open("The dry run says CAUTION. Its findings name what limits the training, and what to do about each.")
        }
        Some(Verdict::NoGo) => {
            open("The dry run says NO-GO: training now would waste its cost. Its findings say what to fix first.")
        }
        None => hint(
            PipelineStepId::DryRun,
            "The dry run ended before any sample was scored, so there is no verdict. Run it again.".to_owned(),
            "Run again",
            NextAction::StartDryRun,
        ),
    }
}

fn about_training(job: &TrainingFacts) -> NextStep {
    let message = match job.state {
        TrainingState::Succeeded => "The training has finished. Compare the result with the dry run's baseline.",
        TrainingState::Cancelled => "The training was cancelled. Its panel shows how far it came.",
        // Queued and running jobs never get here: the step is then processing.
        TrainingState::Failed | TrainingState::Queued | TrainingState::Running => {
            "The training failed. Its panel shows the provider's message."
        }
    };
    hint(PipelineStepId::Train, message.to_owned(), "Open the training", NextAction::OpenStep)
}

/// An error's message within a sentence that ends by itself.
fn clause(error: &str) -> &str {
    error.trim_end_matches('.')
}

fn hint(step: PipelineStepId, message: String, button: &str, action: NextAction) -> NextStep {
    NextStep { step, message, button: button.to_owned(), action }
}
