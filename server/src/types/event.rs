//! What the event stream of a dataset tells its open pages.

use serde::{Deserialize, Serialize};

use super::job::JobStatus;

/// One message of the stream `/events/{dataset_id}`. Stored state comes first, then live changes;
/// reconnecting is calling again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DatasetEvent {
    /// Something stored changed: fetch the overview again.
    Changed,
    /// A job moved; carries all a progress bar needs, so that nothing is fetched.
    Job {
        /// The job now.
        job: JobStatus,
    },
    /// The dataset is gone.
    Deleted,
}
