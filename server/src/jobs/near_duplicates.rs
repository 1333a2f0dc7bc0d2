//! The near-duplicates job: signatures of what has none, then the clusters, band by band.
//!
//! Signatures are stored per record as they come, so a run that was cut off, and the next look after some edits, compute what is
//! missing only. The clusters are found anew each time: some seconds for 100,000 records. Memory: some hundred bytes a
//! record, and the shingles of the few that are being compared; texts are read as they are needed.
//!
//! It reads beside everybody else and writes in small batches. If the records change meanwhile it looks again, but not
//! while an import is at work (whose end asks for another look), and not more often than [`ROUNDS`].

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{JobContext, Outcome};
use crate::datasets::{large, new_id};
use crate::db::near_duplicates::{self as store, Text};
use crate::db::records::scan::{self, Scan};
use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::format;
use crate::near_duplicates::clusters::{Bucket, Candidate, Clusters, Cover};
use crate::near_duplicates::minhash::{BANDS, Bands};
use crate::near_duplicates::shingles::Shingles;
use crate::state::AppState;
use crate::types::job::JobKind;
use crate::types::near_duplicates::DEFAULT_THRESHOLD;

/// Looks at most, if records change while it looks.
const ROUNDS: usize = 3;
/// Signatures a transaction.
const BATCH: i64 = 500;
/// Signatures read at once.
const WINDOW: i64 = 20_000;
/// Records whose shingles are held at once: a few megabytes of ordinary prompts, 32 MB of the longest.
const COMPARED_AT_ONCE: usize = 64;
/// Members a transaction.
const STORED_AT_ONCE: usize = 2_000;

/// The job's arguments.
#[derive(Debug, Serialize, Deserialize)]
struct Args {
    threshold: f64,
}

/// Queues a look in the caller's transaction. Answers the job's id.
pub(crate) async fn enqueue(tx: &mut Tx, dataset_id: &str, threshold: f64) -> ServiceResult<String> {
    let job_id = new_id();
    let args = serde_json::to_string(&Args { threshold })?;
    db::jobs::insert(tx, &job_id, JobKind::NearDuplicates, dataset_id, &args).await?;
    Ok(job_id)
}

/// Queues a look by itself, where that takes some seconds at most and nobody is about to change the records further.
/// (`ending` is an import that asks for it as its last act.)
pub(crate) async fn enqueue_if_quick(
    state: &AppState,
    tx: &mut Tx,
    dataset_id: &str,
    ending: Option<&str>,
) -> ServiceResult<()> {
    if state.config.near_duplicates_up_to <= 0
        || db::jobs::is_active(&mut *tx, dataset_id, JobKind::NearDuplicates).await?
        || db::jobs::is_another_active(&mut *tx, dataset_id, JobKind::Import, ending.unwrap_or_default()).await?
    {
        return Ok(());
    }
    let valid = scan::count_up_to(&mut *tx, dataset_id, Scan::valid(), state.config.near_duplicates_up_to + 1).await?;
    if (1..=state.config.near_duplicates_up_to).contains(&valid) {
        let last = store::current(&mut *tx, dataset_id).await?;
        enqueue(tx, dataset_id, last.map_or(DEFAULT_THRESHOLD, |last| last.threshold)).await?;
    }
    Ok(())
}

/// Looks until what was found holds for the records as they are.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let Args { threshold } = serde_json::from_str(args)?;
    for round in 1.. {
        remove_old(context).await?;
        let mut tx = context.begin().await?;
        let run_id = store::begin(&mut tx, &context.dataset_id, threshold).await?;
        tx.commit().await?;
        let look =
            Look { context, run_id, valid: scan::count(&context.state.db, &context.dataset_id, Scan::valid()).await? };
        if !look.sign().await? || !look.cluster(threshold).await? {
            return stopped(context).await;
        }
        let there = store::count(&context.state.db, &context.dataset_id, run_id).await?;
        let mut tx = context.begin().await?;
        let again = round < ROUNDS
            && store::is_stale(&mut tx, run_id).await?
            && !records_are_changing(&mut tx, &context.dataset_id).await?;
        if !again {
            store::finish(&mut tx, run_id, look.valid).await?;
            store::set_counts(&mut tx, run_id, there).await?;
            tx.commit().await?;
            context.state.events.changed(&context.dataset_id);
            break;
        }
    }
    remove_old(context).await?;
    let found = store::current(&context.state.db, &context.dataset_id).await?;
    let (members, clusters) = found.map_or((0, 0), |found| (found.members, found.clusters));
    Ok(Outcome::Done(match clusters {
        0 => "none found".to_owned(),
        _ => format!("{} in {}", format::counted(members, "record"), format::counted(clusters, "cluster")),
    }))
}

/// Whether a job is at work whose end is soon enough to look again.
async fn records_are_changing(tx: &mut Tx, dataset_id: &str) -> ServiceResult<bool> {
    for kind in [JobKind::Import, JobKind::UndoImport, JobKind::Validate] {
        if db::jobs::is_active(&mut *tx, dataset_id, kind).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What was found before stays; the signatures stay too.
async fn stopped(context: &JobContext) -> ServiceResult<Outcome> {
    if !context.interrupted() {
        remove_old(context).await?;
    }
    Ok(context.stopped("stopped; the next look goes on from here"))
}

/// Deletes what looks before the last one found, and what unfinished ones stored.
async fn remove_old(context: &JobContext) -> ServiceResult<()> {
    loop {
        let mut tx = context.begin().await?;
        let more = store::delete_old(&mut tx, &context.dataset_id, large::BATCH).await?;
        tx.commit().await?;
        if !more {
            return Ok(());
        }
        tokio::time::sleep(large::PAUSE).await;
    }
}

/// A cluster, named by its first record: its records, each with the kept one that it is nearly the same as.
struct Covered {
    first: i64,
    members: Vec<(i64, Option<i64>)>,
}

/// One look at a dataset.
struct Look<'a> {
    context: &'a JobContext,
    run_id: i64,
    /// Valid records when it began.
    valid: i64,
}

impl Look<'_> {
    /// Signs what has no signature of its present text. False if the job should stop.
    async fn sign(&self) -> ServiceResult<bool> {
        let JobContext { state, dataset_id, .. } = self.context;
        let (mut after_id, mut signed) = (0, 0);
        while !self.context.should_stop() {
            let texts = store::unsigned(&state.db, dataset_id, after_id, BATCH).await?;
            let Some(last) = texts.last() else { return Ok(true) };
            after_id = last.id;
            let signatures = tokio::task::spawn_blocking(move || {
                let sign = |text: &Text| Ok((text.id, text.updated_at, Bands::of(&text.shingles()?)));
                texts.iter().map(sign).collect::<ServiceResult<Vec<_>>>()
            })
            .await??;
            let mut tx = self.context.begin().await?;
            store::sign(&mut tx, &signatures).await?;
            tx.commit().await?;
            signed += i64::try_from(signatures.len()).unwrap_or(i64::MAX);
            self.tell(signed.min(self.valid), format!("{} read", format::counted(signed, "record"))).await?;
        }
        Ok(false)
    }

    /// Reading is one half of the work, comparing the other.
    async fn tell(&self, done: i64, message: String) -> ServiceResult<()> {
        self.context.progress(done, self.valid.saturating_mul(2), "steps", message).await
    }

    /// Finds the clusters and stores them. False if the job should stop.
    async fn cluster(&self, threshold: f64) -> ServiceResult<bool> {
        let Some((ids, bands)) = self.signatures().await? else { return Ok(false) };
        let mut clusters = Clusters::new(bands, threshold);
        for band in 0..BANDS {
            let (back, candidates) = tokio::task::spawn_blocking(move || {
                let candidates = clusters.candidates(band);
                (clusters, candidates)
            })
            .await?;
            clusters = back;
            let mut bucket = Bucket::default();
            for candidates in candidates.chunks(COMPARED_AT_ONCE) {
                if self.context.should_stop() {
                    return Ok(false);
                }
                (clusters, bucket) = self.compare(clusters, bucket, candidates, &ids).await?;
            }
            let done =
                self.valid + self.valid * (i64::try_from(band).unwrap_or(0) + 1) / i64::try_from(BANDS).unwrap_or(1);
            self.tell(done, format!("comparing, part {} of {BANDS}", band + 1)).await?;
        }
        self.store(clusters.into_clusters(), &ids, threshold).await
    }

    /// Every valid record that has a signature, and these; `None` if the job should stop.
    async fn signatures(&self) -> ServiceResult<Option<(Vec<i64>, Vec<Bands>)>> {
        let (mut ids, mut bands) = (Vec::new(), Vec::new());
        while !self.context.should_stop() {
            let after_id = ids.last().copied().unwrap_or(0);
            let window = store::signatures(&self.context.state.db, &self.context.dataset_id, after_id, WINDOW).await?;
            if window.is_empty() {
                return Ok(Some((ids, bands)));
            }
            for (id, of_record) in window {
                ids.push(id);
                bands.push(of_record);
            }
        }
        Ok(None)
    }

    /// Reads some candidates' texts and compares them.
    async fn compare(
        &self,
        mut clusters: Clusters,
        mut bucket: Bucket,
        candidates: &[Candidate],
        ids: &[i64],
    ) -> ServiceResult<(Clusters, Bucket)> {
        let id_of = |candidate: &Candidate| ids[candidate.record as usize];
        let mut wanted: Vec<i64> = candidates.iter().map(id_of).collect();
        let candidates: Vec<(Candidate, i64)> =
            candidates.iter().map(|candidate| (*candidate, id_of(candidate))).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let all: HashMap<_, _> = self.shingles_of(&wanted).await?.into_iter().collect();
        let compared = tokio::task::spawn_blocking(move || {
            for (candidate, id) in candidates {
                clusters.compare(&mut bucket, candidate, all.get(&id).cloned());
            }
            (clusters, bucket)
        });
        Ok(compared.await?)
    }

    /// What is compared of these records (ascending), as far as they are there.
    async fn shingles_of(&self, ids: &[i64]) -> ServiceResult<Vec<(i64, Arc<Shingles>)>> {
        let mut all = Vec::with_capacity(ids.len());
        let (mut after_id, mut complete) = (0, false);
        while !complete {
            let texts;
            (texts, complete) = store::texts(&self.context.state.db, &self.context.dataset_id, ids, after_id).await?;
            after_id = texts.last().map_or(i64::MAX, |text| text.id);
            let read = tokio::task::spawn_blocking(move || {
                texts.iter().map(|text| Ok((text.id, Arc::new(text.shingles()?)))).collect::<ServiceResult<Vec<_>>>()
            });
            all.extend(read.await??);
        }
        Ok(all)
    }

    /// The records of a cluster, each with the kept one that it is nearly the same as.
    async fn covered(&self, cluster: &[i64], threshold: f64) -> ServiceResult<Vec<(i64, Option<i64>)>> {
        if let [first, second] = cluster {
            // They hang together by nothing but each other.
            return Ok(vec![(*first, None), (*second, Some(*first))]);
        }
        let mut cover = Cover::new(threshold);
        let mut members = Vec::with_capacity(cluster.len());
        for ids in cluster.chunks(COMPARED_AT_ONCE) {
            let shingles = self.shingles_of(ids).await?;
            let placed = tokio::task::spawn_blocking(move || {
                let placed: Vec<_> = shingles.into_iter().map(|(id, own)| (id, cover.place(id, own))).collect();
                (cover, placed)
            });
            let (back, placed) = placed.await?;
            cover = back;
            members.extend(placed);
        }
        Ok(members)
    }

    /// Stores the clusters under the look, which does not count yet. False if the job should stop.
    async fn store(&self, clusters: Vec<Vec<u32>>, ids: &[i64], threshold: f64) -> ServiceResult<bool> {
        let mut waiting = Vec::new();
        for cluster in clusters {
            if self.context.should_stop() {
                return Ok(false);
            }
            let members: Vec<i64> = cluster.iter().map(|position| ids[*position as usize]).collect();
            // Texts are read before the write lock is taken.
            let covered = Covered { first: members[0], members: self.covered(&members, threshold).await? };
            waiting.push(covered);
            if waiting.iter().map(|cluster: &Covered| cluster.members.len()).sum::<usize>() >= STORED_AT_ONCE {
                self.add(std::mem::take(&mut waiting)).await?;
            }
        }
        self.add(waiting).await?;
        Ok(true)
    }

    async fn add(&self, clusters: Vec<Covered>) -> ServiceResult<()> {
        let mut tx = self.context.begin().await?;
        for Covered { first, members } in clusters {
            for part in members.chunks(STORED_AT_ONCE) {
                store::add(&mut tx, &self.context.dataset_id, self.run_id, first, part).await?;
            }
        }
        tx.commit().await?;
        tokio::time::sleep(large::PAUSE).await;
        Ok(())
    }
}
