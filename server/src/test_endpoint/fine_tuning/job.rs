//! A job's way: validating_files, queued, running, and an end. It moves when it is looked at, never by the clock.

use super::super::error::ApiError;
use super::super::script::{FineTuning, JobEnd};
use super::super::state::now;
use super::check::JobRequest;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    ValidatingFiles,
    Queued,
    Running,
    Paused,
    Succeeded,
    Failed,
    Cancelled,
    /// One that no client knows.
    Unknown,
}

impl Status {
    /// The provider's word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ValidatingFiles => "validating_files",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "rebalancing",
        }
    }

    /// Nothing happens any more.
    pub(super) fn is_end(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobError {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) param: Option<&'static str>,
}

/// Something that is told of a job besides its steps.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) level: &'static str,
    /// Steps that were made before it.
    pub(super) after_step: u64,
}

/// A fine-tuning job.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) request: JobRequest,
    pub(super) status: Status,
    pub(super) created_at: i64,
    pub(super) finished_at: Option<i64>,
    pub(super) steps: u64,
    pub(super) total_steps: u64,
    pub(super) messages: Vec<Message>,
    pub(super) error: Option<JobError>,
    pub(super) result_file: Option<String>,
    /// It pauses by itself only once.
    paused_by_itself: bool,
}

impl Job {
    /// A job that was just made, named by its request's number.
    pub(super) fn new(number: u64, request: JobRequest) -> Self {
        let mut job = Self {
            id: format!("ftjob-{number:08}"),
            request,
            status: Status::ValidatingFiles,
            created_at: now(),
            finished_at: None,
            steps: 0,
            total_steps: 0,
            messages: Vec::new(),
            error: None,
            result_file: None,
            paused_by_itself: false,
        };
        job.say(format!("Created fine-tuning job: {}", job.id));
        job.say(format!("Validating training file: {}", job.request.training_file));
        job
    }

    /// One move.
    pub(super) fn advance(&mut self, script: &FineTuning) {
        self.total_steps = script.total_steps.max(1);
        match self.status {
            Status::ValidatingFiles => self.validate(),
            Status::Queued => {
                self.status = Status::Running;
                self.say("Fine-tuning job started".to_owned());
            }
            Status::Running => self.train(script),
            Status::Paused | Status::Succeeded | Status::Failed | Status::Cancelled | Status::Unknown => {}
        }
    }

    fn validate(&mut self) {
        if let Some(fault) = self.request.bad_file.clone() {
            self.fail("invalid_training_file".to_owned(), fault, Some("training_file"));
        } else {
            self.status = Status::Queued;
            self.say("Files validated, moving job to queued state".to_owned());
        }
    }

    fn train(&mut self, script: &FineTuning) {
        let mut next = (self.steps + script.steps_per_look.max(1)).min(self.total_steps);
        if let Some(pause) = script.pause_at_step.filter(|pause| !self.paused_by_itself && next >= *pause) {
            next = pause.min(self.total_steps).max(self.steps);
            self.steps = next;
            self.paused_by_itself = true;
            self.status = Status::Paused;
            self.say("The job reached its spending limit and was paused".to_owned());
            return;
        }
        self.steps = next;
        let middle = self.total_steps.div_ceil(2);
        match &script.end {
            JobEnd::Fails { code, message } if self.steps >= middle => {
                self.steps = middle;
                self.fail(code.clone(), message.clone(), None);
            }
            JobEnd::UnknownStatus if self.steps >= middle => self.status = Status::Unknown,
            JobEnd::Succeeds if self.steps == self.total_steps => {
                self.end(Status::Succeeded);
                self.say("The job has successfully completed".to_owned());
            }
            _ => {}
        }
    }

    /// Ends a job that has not ended.
    pub(super) fn cancel(&mut self) -> Result<(), ApiError> {
        self.must(!self.status.is_end(), "cancel")?;
        self.end(Status::Cancelled);
        self.say("The job was cancelled".to_owned());
        Ok(())
    }

    /// Stops a running job for a while.
    pub(super) fn pause(&mut self) -> Result<(), ApiError> {
        self.must(matches!(self.status, Status::Queued | Status::Running), "pause")?;
        self.status = Status::Paused;
        self.say("The job was paused".to_owned());
        Ok(())
    }

    /// Lets a paused job go on.
    pub(super) fn resume(&mut self) -> Result<(), ApiError> {
        self.must(self.status == Status::Paused, "resume")?;
        self.status = Status::Queued;
        self.say("The job was resumed".to_owned());
        Ok(())
    }

    /// The model it made, once it has succeeded.
    pub(super) fn fine_tuned_model(&self) -> Option<String> {
        let suffix = self.request.suffix.as_deref().unwrap_or_default();
        let number = self.id.trim_start_matches("ftjob-");
        (self.status == Status::Succeeded).then(|| format!("ft:{}:anneal-test:{suffix}:{number}", self.request.model))
    }

    /// What the grader gave on average after a step: it rises, fast at first.
    pub(super) fn reward(&self, step: u64, validation: bool) -> f64 {
        let progress = step as f64 / self.total_steps.max(1) as f64;
        let start = 0.3 + (self.request.seed % 10) as f64 / 100.0;
        let gain = if validation { 0.35 } else { 0.45 };
        super::super::text::rounded(start + gain * (1.0 - (-3.0 * progress).exp()))
    }

    fn must(&self, may: bool, what: &str) -> Result<(), ApiError> {
        if may {
            return Ok(());
        }
        let message = format!("Job {} cannot be asked to {what}: its status is '{}'.", self.id, self.status.as_str());
        Err(ApiError::bad_request(message).code("invalid_job_status"))
    }

    fn fail(&mut self, code: String, message: String, param: Option<&'static str>) {
        self.messages.push(Message { text: message.clone(), level: "error", after_step: self.steps });
        self.error = Some(JobError { code, message, param });
        self.end(Status::Failed);
    }

    fn end(&mut self, status: Status) {
        self.status = status;
        self.finished_at = Some(now());
    }

    fn say(&mut self, text: String) {
        self.messages.push(Message { text, level: "info", after_step: self.steps });
    }
}
