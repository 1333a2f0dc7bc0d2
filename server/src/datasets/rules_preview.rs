//! What a change of the rules would do, asked while it is typed: by the real rules, over all records where they are few, else
//! over a sample of each kind. Stores nothing. Works in small pieces, so that a page that asks anew (and lets go of its former
//! question) costs no more than the piece under way; and ends in time, with the sample that it has by then.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::check_validation_config;
use crate::db::records::scan::{self, Scan};
use crate::db::records::strata;
use crate::db::records::tallies::status_counts;
use crate::db::{self, Of};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::dataset::DatasetRecord;
use crate::types::validation::{RecordStatus, RulesPreview, ValidationConfig, ValidationError};
use crate::validation::preview::{RulesChange, Stratum, Turn, summed, turn};
use crate::validation::{DuplicateKeeper, HygieneGroup, prompt_hash, status_of};

/// Up to so many records each is looked at.
const ALL_UP_TO: i64 = 5_000;
/// Else so many.
const SAMPLE: i64 = 2_000;
/// And of each kind at least so many, if there are.
const OF_EACH_KIND: i64 = 100;
/// Each of the two ways ends after so long.
const TIME: Duration = Duration::from_millis(2_500);
/// Records a piece.
const PIECE: usize = 50;
/// Makes the same question have the same answer.
const SEED: u32 = 42;

/// What the rules would change. Records without a verdict are left out.
pub async fn preview_rules(state: &AppState, id: &str, config: ValidationConfig) -> ServiceResult<RulesPreview> {
    let to = check_validation_config(config)?;
    let from = db::datasets::get(&state.db, id).await?.validation_config;
    let kinds: Vec<HygieneGroup> = status_counts(&state.db, Of::One(id)).await?.remove(id).unwrap_or_default();
    let kinds: Vec<_> = kinds.into_iter().filter(|kind| kind.status != RecordStatus::Pending).collect();
    let total: i64 = kinds.iter().map(|kind| kind.count).sum();
    if from == to {
        return Ok(RulesPreview { total, looked_at: total, ..RulesPreview::default() });
    }
    let change = RulesChange { from, to };
    if total <= ALL_UP_TO
        && let Some(preview) = of_all(state, id, &change, Instant::now() + TIME).await?
    {
        return Ok(preview);
    }
    of_sample(state, id, &change, kinds, Instant::now() + TIME).await
}

/// Every record in its order, duplicates decided anew; `None` if the time is up before the end.
async fn of_all(
    state: &AppState,
    id: &str,
    change: &RulesChange,
    until: Instant,
) -> ServiceResult<Option<RulesPreview>> {
    let mut keeper = DuplicateKeeper::default();
    let mut all = Stratum::default();
    let mut after_id = 0;
    loop {
        let window = i64::try_from(PIECE).unwrap_or(i64::MAX);
        let records = scan::records(&state.db, id, Scan::default(), after_id, window).await?;
        let Some(last) = records.last() else { return Ok(Some(summed(&[all]))) };
        if Instant::now() >= until {
            return Ok(None);
        }
        after_id = last.id;
        for judged in judge(state, change, records, true).await? {
            let Judged { id, before, error_before, errors, span, hash } = judged;
            let original = keeper.decide(id, errors.is_empty(), span.as_deref(), hash);
            if before == RecordStatus::Pending {
                continue;
            }
            let is_copy = errors.is_empty() && original.is_some();
            let after = if is_copy { RecordStatus::Duplicate } else { status_of(&errors) };
            all.total += 1;
            all.add(turn(before, error_before, after, errors.first().copied()));
        }
    }
}

/// Some of each kind, in an order that has nothing to do with theirs, until the time is up. Whether one is a duplicate stays
/// as it is: that depends on records that are not looked at.
async fn of_sample(
    state: &AppState,
    id: &str,
    change: &RulesChange,
    kinds: Vec<HygieneGroup>,
    until: Instant,
) -> ServiceResult<RulesPreview> {
    let total: i64 = kinds.iter().map(|kind| kind.count).sum();
    let mut chosen = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let wanted = (SAMPLE * kind.count / total.max(1)).max(OF_EACH_KIND);
        let ids = strata::sample(&state.db, id, kind.status, kind.first_error, share(wanted, kind.count), SEED).await?;
        chosen.extend(ids.into_iter().map(|id| (id, index)));
    }
    chosen.sort_unstable_by_key(|(id, _)| strata::mixed(*id, SEED));
    let mut sampled: Vec<Stratum> = kinds.iter().map(|kind| Stratum::of(kind.count)).collect();
    for piece in chosen.chunks(PIECE) {
        if Instant::now() >= until {
            break;
        }
        let of: HashMap<i64, usize> = piece.iter().copied().collect();
        let ids: Vec<i64> = piece.iter().map(|(id, _)| *id).collect();
        let records = scan::of_ids(&state.db, id, &ids).await?;
        for judged in judge(state, change, records, false).await? {
            if let Some(stratum) = of.get(&judged.id).and_then(|index| sampled.get_mut(*index)) {
                stratum.add(judged.turn_as_copy());
            }
        }
    }
    Ok(summed(&sampled))
}

/// The part of 2^32 that so many of a number are; a little more, because the drawing is even but not exact.
fn share(wanted: i64, of: i64) -> u32 {
    let part = (wanted as f64 / of.max(1) as f64 * 1.02).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^32 - 1")]
    let share = (part * f64::from(u32::MAX)) as u32;
    share
}

/// A record and what the new rules say of it.
struct Judged {
    id: i64,
    before: RecordStatus,
    error_before: Option<ValidationError>,
    /// Without `duplicate`.
    errors: Vec<ValidationError>,
    span: Option<String>,
    hash: Option<[u8; 16]>,
}

impl Judged {
    /// What becomes of it if it is a duplicate exactly where it is one now.
    fn turn_as_copy(&self) -> Option<Turn> {
        let is_copy = self.before == RecordStatus::Duplicate;
        let after = if is_copy && self.errors.is_empty() { RecordStatus::Duplicate } else { status_of(&self.errors) };
        turn(self.before, self.error_before, after, self.errors.first().copied())
    }
}

async fn judge(
    state: &AppState,
    change: &RulesChange,
    records: Vec<DatasetRecord>,
    with_hashes: bool,
) -> ServiceResult<Vec<Judged>> {
    let (change, tokens) = (change.clone(), state.tokens.clone());
    let one = move |record: DatasetRecord| Judged {
        id: record.id,
        before: record.validation.status,
        error_before: record.validation.errors.first().copied(),
        errors: change.errors(&record, &tokens),
        hash: if with_hashes { prompt_hash(&record.data) } else { None },
        span: record.span_id,
    };
    Ok(tokio::task::spawn_blocking(move || records.into_iter().map(one).collect()).await?)
}
