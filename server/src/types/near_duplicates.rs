//! Near-duplicates: records whose prompts say nearly the same, in clusters.

use serde::{Deserialize, Serialize};

use super::TimestampMs;

/// How alike two prompts must be where nobody says otherwise: the Jaccard similarity of their shingles.
pub const DEFAULT_THRESHOLD: f64 = 0.8;
/// The least that can be asked for: of pairs less alike most would not be found.
pub const LOWEST_THRESHOLD: f64 = 0.7;

/// Clusters on a page.
pub const CLUSTERS_ON_PAGE: i64 = 10;
/// Records shown of each there.
pub const RECORDS_OF_CLUSTER: i64 = 5;
/// Records on a page of one cluster.
pub const RECORDS_ON_PAGE: i64 = 50;

/// What the last look for near-duplicates found, and what of that is there now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicates {
    /// The look; grows.
    pub run_id: i64,
    /// How alike two prompts had to be.
    pub threshold: f64,
    /// Valid records that were compared.
    pub records: i64,
    /// When.
    pub found_at: TimestampMs,
    /// Clusters of two or more, without those set aside.
    pub clusters: i64,
    /// Records in them.
    pub members: i64,
    /// Records that "keep one of each" deletes: all but the earliest of each cluster, and exact copies of those.
    pub deletable: i64,
    /// Clusters that a person set aside.
    pub set_aside: i64,
    /// Whether records have changed since in a way that can make other pairs.
    pub is_stale: bool,
}

/// A record of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicate {
    /// The record.
    pub id: i64,
    /// The start of its last user message.
    pub preview: String,
    /// Messages in its prompt.
    pub message_count: i64,
    /// Its topic.
    pub topic: Option<String>,
    /// The kept record that it is nearly the same as; `None`: it is kept itself.
    pub like: Option<i64>,
    /// How alike its prompt is to that one's, now; 1 for a kept one.
    pub similarity: f64,
}

/// Records that hang together, each nearly the same as another of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicateCluster {
    /// What names it.
    pub id: i64,
    /// Its earliest, which is kept. (Others are, too, where the cluster is a chain whose ends are not alike.)
    pub kept: i64,
    /// How many they are.
    pub total: i64,
    /// How many records "keep one of each" deletes: those nearly the same as a kept one, and exact copies of them.
    pub deletable: i64,
    /// The first of them, or a page of them, in record order.
    pub records: Vec<NearDuplicate>,
}

/// A page of clusters, or a page of one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicatePage {
    /// The look they are of; `None` before the first one.
    pub found: Option<NearDuplicates>,
    /// The clusters.
    pub clusters: Vec<NearDuplicateCluster>,
    /// The page, from 1.
    pub page: i64,
}
