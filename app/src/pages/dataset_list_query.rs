//! Which datasets the list shows, and in which order: what its address says.

use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::pipeline::{PipelineState, PipelineStepStatus};

use crate::contexts::{pairs_of, query_string};

/// The parameters of `/finetune`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Part of the name, as typed.
    pub search: String,
    /// `None`: any.
    pub status: Option<StatusGroup>,
    /// The order.
    pub sort: SortBy,
}

/// Where a dataset stands, all its steps taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusGroup {
    /// A step runs.
    Processing,
    /// A step ended badly.
    Failed,
    /// A step finished, but needs a look.
    Attention,
    /// Nothing is wrong and something is left to do.
    Ready,
    /// All steps are complete.
    Complete,
}

impl StatusGroup {
    /// With key and words; where several hold, the first counts.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Processing, "processing", "Processing"),
        (Self::Failed, "failed", "Failed"),
        (Self::Attention, "attention", "Needs attention"),
        (Self::Ready, "ready", "Ready to go on"),
        (Self::Complete, "complete", "Complete"),
    ];

    /// Of a dataset's steps.
    pub fn of(pipeline: &PipelineState) -> Self {
        let any = |status| pipeline.steps.iter().any(|step| step.status == status);
        if any(PipelineStepStatus::Processing) {
            Self::Processing
        } else if any(PipelineStepStatus::Failed) {
            Self::Failed
        } else if any(PipelineStepStatus::Attention) {
            Self::Attention
        } else if pipeline.overall_progress >= 100.0 {
            Self::Complete
        } else {
            Self::Ready
        }
    }

    /// Its word in the address.
    pub fn key(self) -> &'static str {
        Self::ALL.into_iter().find(|(group, ..)| *group == self).map_or("", |(_, key, _)| key)
    }

    fn words(self) -> &'static str {
        Self::ALL.into_iter().find(|(group, ..)| *group == self).map_or("", |(_, _, words)| words)
    }

    /// The inverse of [`Self::key`].
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, other, _)| *other == key).map(|(group, ..)| group)
    }
}

/// What stands first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    /// The last changed one.
    #[default]
    Changed,
    /// By name.
    Name,
    /// The one with most records.
    Records,
    /// The one whose pipeline is furthest along.
    Progress,
}

impl SortBy {
    /// With key and words.
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Changed, "changed", "Last changed"),
        (Self::Name, "name", "Name"),
        (Self::Records, "records", "Most records"),
        (Self::Progress, "progress", "Furthest along"),
    ];

    /// Its word in the address.
    pub fn key(self) -> &'static str {
        Self::ALL.into_iter().find(|(sort, ..)| *sort == self).map_or("changed", |(_, key, _)| key)
    }

    /// The inverse of [`Self::key`]; anything else is the default.
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|(_, key, _)| *key == name).map_or(Self::Changed, |(sort, _, _)| sort)
    }
}

impl ListQuery {
    /// From the URL's query.
    pub fn parse(search: &str) -> Self {
        let pairs = pairs_of(search);
        let get =
            |key: &str| pairs.iter().rev().find(|(other, _)| other == key).map_or("", |(_, value)| value.as_str());
        Self {
            search: get("q").to_owned(),
            status: StatusGroup::parse(get("status")),
            sort: SortBy::parse(get("sort")),
        }
    }

    /// The list's address with these parameters; those that change nothing are left out.
    pub fn address(&self) -> String {
        let given = [
            ("q", self.search.as_str(), self.search.is_empty()),
            ("status", self.status.map_or("", StatusGroup::key), self.status.is_none()),
            ("sort", self.sort.key(), self.sort == SortBy::default()),
        ];
        let pairs = given.into_iter().filter(|(.., is_default)| !is_default);
        let pairs: Vec<_> = pairs.map(|(key, value, _)| (key.to_owned(), value.to_owned())).collect();
        format!("/finetune{}", query_string(&pairs))
    }

    /// The datasets whose name contains the text (ignoring case) and that stand so, in the order asked for; equal ones keep
    /// the server's order, last changed first.
    pub fn arranged(&self, list: &[DatasetSummary]) -> Vec<DatasetSummary> {
        let search = self.search.trim().to_lowercase();
        let fits = |summary: &&DatasetSummary| {
            summary.dataset.name.to_lowercase().contains(&search)
                && self.status.is_none_or(|status| StatusGroup::of(&summary.pipeline) == status)
        };
        let mut shown: Vec<_> = list.iter().filter(fits).cloned().collect();
        match self.sort {
            SortBy::Changed => {}
            SortBy::Name => shown.sort_by_key(|summary| summary.dataset.name.to_lowercase()),
            SortBy::Records => shown.sort_by_key(|summary| std::cmp::Reverse(summary.total_records)),
            SortBy::Progress => {
                shown.sort_by(|a, b| b.pipeline.overall_progress.total_cmp(&a.pipeline.overall_progress));
            }
        }
        shown
    }

    /// Why the list is empty.
    pub fn none_words(&self) -> String {
        let name = self.search.trim();
        match self.status {
            None => format!("No dataset's name contains “{name}”."),
            Some(status) if name.is_empty() => format!("No dataset has the status “{}”.", status.words()),
            Some(status) => format!("No dataset with the status “{}” has “{name}” in its name.", status.words()),
        }
    }
}

#[cfg(test)]
mod tests {
    use anneal_server::types::dataset::Dataset;
    use anneal_server::types::pipeline::PipelineInputs;
    use anneal_server::types::validation::ValidationConfig;

    use super::*;

    fn summary(name: &str, total_records: i64, overall_progress: f64) -> DatasetSummary {
        DatasetSummary {
            dataset: Dataset {
                id: name.to_owned(),
                name: name.to_owned(),
                objective: String::new(),
                validation_config: ValidationConfig::default(),
                target_distribution: None,
                created_at: 0,
                updated_at: 0,
                records_revision: 0,
                topics_revision: 0,
            },
            total_records,
            valid_records: 0,
            topic_count: 0,
            balance_score: None,
            pipeline: PipelineState { steps: Vec::new(), current_step_id: None, overall_progress },
        }
    }

    #[test]
    fn search_and_sort() {
        let list = [summary("Beta", 5, 10.0), summary("alpha", 9, 50.0), summary("Gamma", 5, 30.0)];
        let names = |search: &str, sort| {
            let query = ListQuery { search: search.to_owned(), status: None, sort };
            query.arranged(&list).into_iter().map(|one| one.dataset.name).collect::<Vec<_>>()
        };
        assert_eq!(names("", SortBy::Changed), ["Beta", "alpha", "Gamma"]);
        assert_eq!(names(" ALP ", SortBy::Changed), ["alpha"]);
        assert_eq!(names("", SortBy::Name), ["alpha", "Beta", "Gamma"]);
        assert_eq!(names("", SortBy::Records), ["alpha", "Beta", "Gamma"]);
        assert_eq!(names("a", SortBy::Progress), ["alpha", "Gamma", "Beta"]);
        assert!(names("zzz", SortBy::Name).is_empty());
    }

    #[test]
    fn a_dataset_stands_as_its_worst_step_does() {
        use PipelineStepStatus::{Attention, Complete, Failed, Processing, Ready, Waiting};
        let group = |statuses: &[PipelineStepStatus], overall_progress| {
            let mut pipeline = anneal_server::pipeline::compute_pipeline_state(&PipelineInputs::default());
            pipeline.overall_progress = overall_progress;
            pipeline.steps.truncate(statuses.len());
            pipeline.steps.iter_mut().zip(statuses).for_each(|(step, status)| step.status = *status);
            StatusGroup::of(&pipeline)
        };
        assert_eq!(group(&[Complete, Ready, Waiting], 40.0), StatusGroup::Ready);
        assert_eq!(group(&[Complete, Attention, Ready], 40.0), StatusGroup::Attention);
        assert_eq!(group(&[Attention, Failed], 40.0), StatusGroup::Failed);
        assert_eq!(group(&[Failed, Processing], 40.0), StatusGroup::Processing);
        assert_eq!(group(&[Complete, Complete], 100.0), StatusGroup::Complete);
    }

    #[test]
    fn the_address_says_what_is_shown() {
        let query =
            ListQuery { search: "a & b".to_owned(), status: Some(StatusGroup::Attention), sort: SortBy::Records };
        assert_eq!(query.address(), "/finetune?q=a%20%26%20b&status=attention&sort=records");
        assert_eq!(ListQuery::parse("?q=a+%26+b&status=attention&sort=records"), query);
        assert_eq!(ListQuery::parse("?q=&status=&sort=changed"), ListQuery::default());
        assert_eq!(ListQuery::parse("?status=odd&sort=odd").address(), "/finetune");
    }
}
