//! Keys of those who may have responses graded over HTTP: a key opens the grader of one dataset and nothing else.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::now_ms;
use crate::datasets::new_id;
use crate::db;
use crate::error::{ServiceError, ServiceResult};
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::grader::{GraderKey, NewGraderKey};

const PREFIX: &str = "ank_";
const KEY_BYTES: usize = 32;
const MAX_NAME_CHARS: usize = 100;
const MAX_KEYS: usize = 50;
/// Characters of its end by which a key is told from others.
const HINT_CHARS: usize = 4;
/// A use is noted at most so often.
const NOTED_EVERY_MS: i64 = 60_000;

/// Makes a key. What it answers holds the key itself, which nobody sees again.
pub async fn create_key(state: &AppState, dataset_id: &str, name: &str) -> ServiceResult<NewGraderKey> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        let message = "Give the key a name of 1 to 100 characters, for example that of the training run.";
        return Err(AppError::invalid_field("name", message).into());
    }
    db::datasets::get(&state.db, dataset_id).await?;
    if db::grader_keys::list(&state.db, dataset_id).await?.len() >= MAX_KEYS {
        return Err(AppError::conflict("This grader has 50 keys. Delete those that are not used any more.").into());
    }
    let mut bytes = [0; KEY_BYTES];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| ServiceError::internal("making a key", error))?;
    let secret = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let end = secret.get(secret.len() - HINT_CHARS..).unwrap_or_default();
    let key = GraderKey {
        id: new_id(),
        name: name.to_owned(),
        hint: format!("…{end}"),
        created_at: now_ms(),
        last_used_at: None,
    };
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    db::grader_keys::insert(&mut tx, dataset_id, &key, &hash(&secret)).await?;
    tx.commit().await?;
    Ok(NewGraderKey { key, secret })
}

/// Those of a dataset, newest first.
pub async fn keys(state: &AppState, dataset_id: &str) -> ServiceResult<Vec<GraderKey>> {
    db::datasets::get(&state.db, dataset_id).await?;
    db::grader_keys::list(&state.db, dataset_id).await
}

/// Deletes a key: from now on it opens nothing.
pub async fn delete_key(state: &AppState, dataset_id: &str, key_id: &str) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    db::grader_keys::delete(&mut tx, dataset_id, key_id).await?;
    tx.commit().await?;
    Ok(())
}

/// The dataset whose grader this key opens; `None` if it opens none.
pub async fn open_key(state: &AppState, secret: &str) -> ServiceResult<Option<String>> {
    let hash = hash(secret);
    let Some(found) = db::grader_keys::by_hash(&state.db, &hash).await? else { return Ok(None) };
    if !bool::from(found.hash.ct_eq(&hash)) {
        return Ok(None);
    }
    let now = now_ms();
    if found.key.last_used_at.is_none_or(|at| at + NOTED_EVERY_MS <= now) {
        let mut tx = state.db.begin().await?;
        db::grader_keys::used(&mut tx, &found.key.id, now).await?;
        tx.commit().await?;
    }
    Ok(Some(found.dataset_id))
}

/// Plain: the key is random and long, so it cannot be found by guessing.
fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
