//! Table `settings`: what holds for the whole program, by name.

use sqlx::Row;

use super::{Db, Tx};
use crate::error::ServiceResult;

/// Whether the endpoints of the environment were taken over: the time when.
pub const ENDPOINTS_READ: &str = "endpoints_read_from_environment";
/// Whether kept answers of models are used: "on" or "off".
pub const RESPONSE_CACHE: &str = "response_cache";

/// What is stored under `name`.
pub async fn get(db: &Db, name: &str) -> ServiceResult<Option<String>> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = ?").bind(name).fetch_optional(db.read()).await?;
    row.map(|row| Ok(row.try_get("value")?)).transpose()
}

/// Stores `value` under `name`.
pub async fn set(tx: &mut Tx, name: &str, value: &str) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
