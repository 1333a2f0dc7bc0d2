//! Which clusters validate. Clusters differ in size, so that not every number of rows can be had from them: rows that
//! are in none fill up what is missing, and only where those run out does validation miss its share.

use std::collections::HashSet;

use super::allocate;
use crate::near_duplicates::shingles::mix;

/// The rows of one cluster of near-duplicates that a trainer takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRows {
    /// The cluster's name.
    pub id: i64,
    /// Rows by topic: its position among the strata, and how many.
    pub rows: Vec<(usize, i64)>,
    /// How many of them are synthetic; where those only train, so does the whole cluster.
    pub generated: i64,
}

impl ClusterRows {
    /// All of its rows.
    pub fn total(&self) -> i64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }

    /// The topic that most of its rows have, of several the first: whose share it is counted to.
    fn home(&self) -> usize {
        let most = self.rows.iter().max_by_key(|(stratum, rows)| (*rows, std::cmp::Reverse(*stratum)));
        most.map_or(0, |(stratum, _)| *stratum)
    }
}

/// What validates.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// These clusters.
    pub clusters: HashSet<i64>,
    /// So many of the rows in no cluster, by stratum.
    pub rows_alone: Vec<i64>,
}

/// Chooses `wanted` rows in all, or as near to it as clusters allow; never more than `most`. Every topic gets its part by
/// largest remainder, and of that as much from clusters as their share of its rows is, in an order drawn by the seed.
pub(super) fn choose_clusters(
    alone: &[(Option<String>, i64)],
    clusters: &[&ClusterRows],
    wanted: i64,
    most: i64,
    seed: u64,
) -> Choice {
    let mut at_home: Vec<Vec<&ClusterRows>> = vec![Vec::new(); alone.len()];
    let mut in_clusters: Vec<i64> = vec![0; alone.len()];
    for cluster in clusters {
        // Where topics do not count, there is one stratum.
        let home = if alone.len() == 1 { 0 } else { cluster.home() };
        at_home[home].push(cluster);
        in_clusters[home] += cluster.total();
    }
    let all: Vec<(Option<String>, i64)> =
        alone.iter().zip(&in_clusters).map(|((topic, rows), more)| (topic.clone(), rows + more)).collect();
    let mut choice = Choice { clusters: HashSet::new(), rows_alone: vec![0; alone.len()] };
    let mut left_over: Vec<&ClusterRows> = Vec::new();
    let mut missing = wanted;
    for (stratum, part) in allocate(&all, wanted).into_iter().enumerate() {
        let rows = all[stratum].1;
        let share = (part * in_clusters[stratum] + rows / 2).checked_div(rows).unwrap_or(0);
        let mut from_clusters = 0;
        for cluster in shuffled(&at_home[stratum], seed) {
            if from_clusters + cluster.total() <= share {
                from_clusters += cluster.total();
                choice.clusters.insert(cluster.id);
            } else {
                left_over.push(cluster);
            }
        }
        choice.rows_alone[stratum] = (part - from_clusters).min(alone[stratum].1);
        missing -= from_clusters + choice.rows_alone[stratum];
    }
    fill_up(&mut choice, alone, left_over, missing, most - (wanted - missing));
    choice
}

/// Adds what is missing: rows of other topics that are in no cluster, then clusters that fit, then one that is too large if that is
/// nearer than nothing. At most `room` rows.
fn fill_up(
    choice: &mut Choice,
    alone: &[(Option<String>, i64)],
    mut clusters: Vec<&ClusterRows>,
    mut missing: i64,
    room: i64,
) {
    let room_for = room - missing;
    let free: Vec<(Option<String>, i64)> =
        alone.iter().zip(&choice.rows_alone).map(|((topic, rows), taken)| (topic.clone(), rows - taken)).collect();
    for (taken, more) in choice.rows_alone.iter_mut().zip(allocate(&free, missing)) {
        *taken += more;
        missing -= more;
    }
    clusters.retain(|cluster| {
        let fits = cluster.total() <= missing;
        if fits {
            missing -= cluster.total();
            choice.clusters.insert(cluster.id);
        }
        !fits
    });
    let smallest = clusters.into_iter().min_by_key(|cluster| cluster.total());
    if let Some(smallest) = smallest.filter(|cluster| {
        let over = cluster.total() - missing;
        missing > 0 && over < missing && over <= room_for
    }) {
        choice.clusters.insert(smallest.id);
    }
}

/// In the order of a number that each draws from seed and name alone, so that a cluster that comes or goes leaves the order of the
/// others as it was.
fn shuffled<'a>(clusters: &[&'a ClusterRows], seed: u64) -> Vec<&'a ClusterRows> {
    let mut order = clusters.to_vec();
    order.sort_by_key(|cluster| (mix(mix(seed) ^ cluster.id.cast_unsigned()), cluster.id));
    order
}
