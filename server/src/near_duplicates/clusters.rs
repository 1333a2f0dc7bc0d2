//! From bands to clusters: which records are compared, and what hangs together. Pure, and the same for the same records.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::minhash::{BANDS, Bands};
use super::shingles::Shingles;

/// A bucket is what shares a band. The first so many records of one are all kept for the later ones to be compared with: in a
/// bucket of so many, each is compared with each that does not hang together with it already.
pub const KEPT_OF_A_BUCKET: usize = 16;

/// In a larger bucket only those that begin a cluster of their own are kept beside them, up to this many in all. So no record is
/// compared more than 512 times, whatever the records are: 500,000 that share a band are no 125 billion comparisons. What
/// that costs: in such a bucket, a record that is like none but a later member of a cluster, or like one that came after
/// the 32nd, is found by another band or not at all. (Of what hangs together already, no more than the first 16 count there.)
pub const KEPT_AT_MOST: usize = 32;

/// Pairs that were compared and are not alike are remembered, up to this many (some 32 MB), because they often share
/// several bands. Beyond it they are compared again.
const REMEMBERED: usize = 1 << 20;

/// Every record's bands and what hangs together; some 84 bytes a record. Records are known by their position, in record order.
#[derive(Debug)]
pub struct Clusters {
    bands: Vec<Bands>,
    hanging: UnionFind,
    unlike: HashSet<u64>,
    threshold: f64,
}

/// A record that is to be looked at, in its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The record's position.
    pub record: u32,
    /// Whether its bucket begins with it.
    pub is_first: bool,
}

/// Those of the bucket at hand that the next candidate is compared with.
#[derive(Debug, Default)]
pub struct Bucket {
    kept: Vec<(u32, Arc<Shingles>)>,
}

impl Clusters {
    /// Of records by their bands, in record order.
    pub fn new(bands: Vec<Bands>, threshold: f64) -> Self {
        let hanging = UnionFind::new(bands.len());
        Self { bands, hanging, unlike: HashSet::new(), threshold }
    }

    /// The records that share this band with others and do not hang together yet, bucket by bucket.
    pub fn candidates(&mut self, band: usize) -> Vec<Candidate> {
        debug_assert!(band < BANDS, "there are {BANDS} bands");
        let positions = 0..u32::try_from(self.bands.len()).unwrap_or(u32::MAX);
        let mut sorted: Vec<(u32, u32)> =
            positions.zip(&self.bands).map(|(record, bands)| (bands.0[band], record)).collect();
        sorted.sort_unstable();
        let mut candidates = Vec::new();
        for bucket in sorted.chunk_by(|left, right| left.0 == right.0) {
            let root = self.hanging.find(bucket[0].1);
            if bucket.len() > 1 && bucket.iter().any(|(_, record)| self.hanging.find(*record) != root) {
                self.add_bucket(bucket, &mut candidates);
            }
        }
        candidates
    }

    /// In a large bucket no more of those that hang together already than would be kept: texts need not be read for nothing.
    fn add_bucket(&mut self, bucket: &[(u32, u32)], candidates: &mut Vec<Candidate>) {
        let is_large = bucket.len() > KEPT_AT_MOST;
        let mut of_cluster = HashMap::<u32, usize>::new();
        let mut is_first = true;
        for (_, record) in bucket {
            if is_large {
                let seen = of_cluster.entry(self.hanging.find(*record)).or_default();
                *seen += 1;
                if *seen > KEPT_OF_A_BUCKET {
                    continue;
                }
            }
            candidates.push(Candidate { record: *record, is_first });
            is_first = false;
        }
    }

    /// Compares a candidate with those of its bucket that came before. `bucket` is handed on from one to the next.
    /// (Of a record that is no longer there, there are no shingles.)
    pub fn compare(&mut self, bucket: &mut Bucket, candidate: Candidate, shingles: Option<Arc<Shingles>>) {
        if candidate.is_first {
            bucket.kept.clear();
        }
        let Some(shingles) = shingles else { return };
        let record = candidate.record;
        let mut hangs = false;
        for (other, other_shingles) in &bucket.kept {
            if self.hanging.find(*other) == self.hanging.find(record) {
                hangs = true;
                continue;
            }
            let pair = u64::from(*other) << 32 | u64::from(record);
            if self.unlike.contains(&pair) {
                continue;
            }
            if shingles.alike(other_shingles, self.threshold) {
                self.hanging.join(*other, record);
                hangs = true;
            } else if self.unlike.len() < REMEMBERED {
                self.unlike.insert(pair);
            }
        }
        if bucket.kept.len() < if hangs { KEPT_OF_A_BUCKET } else { KEPT_AT_MOST } {
            bucket.kept.push((record, shingles));
        }
    }

    /// The clusters: each two or more positions, ascending, and by their first.
    pub fn into_clusters(mut self) -> Vec<Vec<u32>> {
        // (first of its cluster, record): a root is always the first.
        let mut hanging: Vec<(u32, u32)> =
            (0..self.hanging.len()).map(|record| (self.hanging.find(record), record)).collect();
        hanging.sort_unstable();
        let groups = hanging.chunk_by(|left, right| left.0 == right.0).filter(|group| group.len() > 1);
        groups.map(|group| group.iter().map(|(_, record)| *record).collect()).collect()
    }
}

/// Of a cluster, what "keep one of each" keeps. A cluster may be a chain, as the turns of one conversation are: its first and its
/// last record hang together and need not be alike at all. So a record may go only if it is nearly the same as one that is kept;
/// whatever is not begins another one that is.
#[derive(Debug)]
pub struct Cover {
    threshold: f64,
    kept: VecDeque<(i64, Arc<Shingles>)>,
}

/// A record is compared with so many kept ones, the last; in a longer chain more is kept than would have to be.
const COVER_AT_MOST: usize = 256;

impl Cover {
    /// Of a cluster that is about to be walked through in record order.
    pub fn new(threshold: f64) -> Self {
        Self { threshold, kept: VecDeque::new() }
    }

    /// The kept record that the next one is nearly the same as; `None`: it is kept itself.
    pub fn place(&mut self, id: i64, shingles: Arc<Shingles>) -> Option<i64> {
        let like = self.kept.iter().find(|(_, kept)| shingles.alike(kept, self.threshold)).map(|(kept, _)| *kept);
        if like.is_none() {
            if self.kept.len() == COVER_AT_MOST {
                self.kept.pop_front();
            }
            self.kept.push_back((id, shingles));
        }
        like
    }
}

/// What hangs together, directly or through others. The root of each set is its smallest.
#[derive(Debug)]
pub struct UnionFind {
    parents: Vec<u32>,
}

impl UnionFind {
    /// Everybody alone.
    pub fn new(count: usize) -> Self {
        Self { parents: (0..u32::try_from(count).unwrap_or(u32::MAX)).collect() }
    }

    fn len(&self) -> u32 {
        u32::try_from(self.parents.len()).unwrap_or(u32::MAX)
    }

    /// The smallest of what this one hangs together with.
    pub fn find(&mut self, mut at: u32) -> u32 {
        loop {
            let parent = self.parents[at as usize];
            if parent == at {
                return at;
            }
            // Halves the way for the next who goes it.
            let grandparent = self.parents[parent as usize];
            self.parents[at as usize] = grandparent;
            at = grandparent;
        }
    }

    /// Joins two sets.
    pub fn join(&mut self, left: u32, right: u32) {
        let (left, right) = (self.find(left), self.find(right));
        self.parents[left.max(right) as usize] = left.min(right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the job does it, from texts in memory. Answers the clusters and the number of candidates looked at.
    fn clusters_of(texts: &[String], threshold: f64) -> (Vec<Vec<u32>>, usize) {
        let shingles: Vec<Arc<Shingles>> = texts.iter().map(|text| Arc::new(Shingles::of_text(text))).collect();
        let mut clusters = Clusters::new(shingles.iter().map(|shingles| Bands::of(shingles)).collect(), threshold);
        let mut looked_at = 0;
        for band in 0..BANDS {
            let mut bucket = Bucket::default();
            for candidate in clusters.candidates(band) {
                looked_at += 1;
                clusters.compare(&mut bucket, candidate, Some(shingles[candidate.record as usize].clone()));
            }
        }
        (clusters.into_clusters(), looked_at)
    }

    fn words(prefix: &str, count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{prefix}{n}")).collect()
    }

    /// "a b c d e f" and the like: each text drops the first word of the one before and adds one, so that neighbours share
    /// 3 of 5 shingles (0.6), and those two apart 2 of 6.
    #[test]
    fn of_a_chain_whatever_is_not_nearly_the_same_as_a_kept_one_is_kept() {
        let text = |first: u8| {
            (first..first + 6).map(|word| char::from(b'a' + word).to_string()).collect::<Vec<_>>().join(" ")
        };
        let shingles = |first: u8| {
            let message = serde_json::json!({ "role": "user", "content": text(first) });
            Arc::new(Shingles::of(&serde_json::json!({ "input": { "messages": [message] } })))
        };
        let mut cover = Cover::new(0.5);
        let placed: Vec<Option<i64>> = (0..5).map(|n| cover.place(i64::from(n), shingles(n))).collect();
        assert_eq!(placed, [None, Some(0), None, Some(2), None]);
    }

    #[test]
    fn union_find_joins_through_others_and_leads_to_the_smallest() {
        let mut sets = UnionFind::new(7);
        for (left, right) in [(5, 6), (1, 2), (6, 2), (0, 0)] {
            sets.join(left, right);
        }
        let roots: Vec<u32> = (0..7).map(|at| sets.find(at)).collect();
        assert_eq!(roots, [0, 1, 1, 3, 4, 1, 1]);
    }

    #[test]
    fn clusters_are_what_hangs_together() {
        let base = words("w", 60);
        let with = |changes: &[(usize, &str)]| {
            let mut text = base.clone();
            for (at, word) in changes {
                text[*at] = (*word).to_owned();
            }
            text.join(" ")
        };
        // b is like a (55 / 61 = 0.90), c like b, but c is not like a at 0.85 (52 / 64 = 0.81): one cluster all the same.
        let texts = [
            with(&[]),
            words("other", 60).join(" "),
            with(&[(10, "x")]),
            with(&[(10, "x"), (40, "y")]),
            words("other", 60).join("  "),
            words("third", 60).join(" "),
        ];
        assert_eq!(clusters_of(&texts, 0.85).0, [vec![0, 2, 3], vec![1, 4]]);
        assert_eq!(clusters_of(&texts, 1.0).0, [vec![1, 4]]);
        assert_eq!(clusters_of(&[], 0.8).0, Vec::<Vec<u32>>::new());
    }

    /// 400 pairs each of known similarity among 4,000 strangers: what is found is right, and of 0.9 (0.9998) nearly all.
    #[test]
    fn pairs_are_found_and_no_stranger_among_them() {
        for (common, own, least) in [(36, 2, 398), (16, 2, 360), (14, 4, 0)] {
            let mut texts: Vec<String> = (0..400)
                .flat_map(|round| {
                    let shared = words(&format!("s{round}x"), common + 2).join(" ");
                    ["l", "r"].map(|side| format!("{shared} {}", words(&format!("{side}{round}x"), own).join(" ")))
                })
                .collect();
            texts.extend((0..4_000).map(|n| words(&format!("stranger{n}x"), 20).join(" ")));
            let similarity = common as f64 / (common + 2 * own) as f64;
            let (clusters, _) = clusters_of(&texts, 0.8);
            assert!(
                clusters
                    .iter()
                    .all(|cluster| cluster.len() == 2 && cluster[0] + 1 == cluster[1] && cluster[0] % 2 == 0)
            );
            // 0.8 itself is found with 0.947 (379 of 400; four standard deviations: 18), 0.64 is under the threshold.
            assert!(
                clusters.len() >= least && (similarity >= 0.8 || clusters.is_empty()),
                "{similarity}: {}",
                clusters.len()
            );
        }
    }

    /// Records that share every band and are not alike: n^2 would be 12 million comparisons a band.
    #[test]
    fn a_bucket_of_all_records_is_no_matter() {
        let mut clusters = Clusters::new(vec![Bands([7; BANDS]); 5_000], 0.8);
        let strangers: Vec<Arc<Shingles>> =
            (0..5_000).map(|n| Arc::new(Shingles::of_text(&format!("stranger number {n}")))).collect();
        for band in 0..BANDS {
            let mut bucket = Bucket::default();
            for candidate in clusters.candidates(band) {
                clusters.compare(&mut bucket, candidate, Some(strangers[candidate.record as usize].clone()));
                assert!(bucket.kept.len() <= KEPT_AT_MOST);
            }
        }
        assert!(clusters.into_clusters().is_empty());
        // The same text so often is one cluster, found in the first band: nothing is left for the others.
        let copies = vec!["the same text again and again".to_owned(); 3_000];
        let (found, looked_at) = clusters_of(&copies, 0.8);
        assert_eq!((found.len(), found[0].len(), looked_at), (1, 3_000, 3_000));
    }

    /// A hundred copies and a stranger share every band: all are looked at once, then sixteen of the cluster and the stranger.
    #[test]
    fn of_a_known_cluster_few_are_looked_at_again() {
        let mut clusters = Clusters::new(vec![Bands([7; BANDS]); 101], 0.8);
        let [copy, stranger] =
            ["one and the same text", "something else altogether"].map(|text| Arc::new(Shingles::of_text(text)));
        let mut looked_at = 0;
        for band in 0..BANDS {
            let mut bucket = Bucket::default();
            for candidate in clusters.candidates(band) {
                looked_at += 1;
                let shingles = if candidate.record == 50 { &stranger } else { &copy };
                clusters.compare(&mut bucket, candidate, Some(shingles.clone()));
            }
        }
        assert_eq!(looked_at, 101 + 15 * (KEPT_OF_A_BUCKET + 1));
        assert_eq!(clusters.into_clusters()[0].len(), 100);
    }

    #[test]
    fn a_small_bucket_is_compared_with_each() {
        // Sixteen of one cluster, then as many strangers, then a copy of the last stranger: all still kept.
        let like = Arc::new(Shingles::of_text("one and the same text"));
        let mut clusters = Clusters::new(vec![Bands([7; BANDS]); 33], 0.8);
        let mut bucket = Bucket::default();
        for candidate in clusters.candidates(0) {
            let shingles = match candidate.record {
                0..16 => like.clone(),
                32 => Arc::new(Shingles::of_text("stranger number 31")),
                n => Arc::new(Shingles::of_text(&format!("stranger number {n}"))),
            };
            clusters.compare(&mut bucket, candidate, Some(shingles));
        }
        assert_eq!(clusters.into_clusters(), [(0..16).collect::<Vec<u32>>(), vec![31, 32]]);
    }
}
