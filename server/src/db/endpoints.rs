//! Tables `endpoints` and `default_models`.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Db, Reader, Tx, from_json, unknown_word};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::TimestampMs;
use crate::types::endpoint::{DefaultModels, EndpointModel, ModelChoice, ModelPrice, ModelRole};
use crate::types::error::AppError;

/// An endpoint as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointRow {
    /// UUID v7.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Checked when it was saved.
    pub base_url: String,
    /// Where its key is.
    pub key: StoredKey,
    /// Calls at once.
    pub concurrency: u32,
    /// Calls a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute.
    pub tokens_per_minute: Option<u32>,
    /// Seconds an attempt may take.
    pub timeout_s: u32,
    /// What its models cost.
    pub prices: Vec<ModelPrice>,
    /// What it offered last.
    pub models: Vec<EndpointModel>,
    /// When that was.
    pub models_at: Option<TimestampMs>,
}

/// Where an endpoint's key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredKey {
    /// It needs none.
    None,
    /// In this variable of the environment.
    Environment(String),
    /// Here, encrypted.
    Sealed {
        /// See `secrets`.
        bytes: Vec<u8>,
        /// How it ends.
        hint: String,
    },
}

impl StoredKey {
    fn source(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Environment(_) => "environment",
            Self::Sealed { .. } => "stored",
        }
    }
}

fn read_row(row: &SqliteRow) -> ServiceResult<EndpointRow> {
    let key = match row.try_get::<&str, _>("key_source")? {
        "none" => StoredKey::None,
        "environment" => StoredKey::Environment(row.try_get("key_variable")?),
        "stored" => StoredKey::Sealed { bytes: row.try_get("key_sealed")?, hint: row.try_get("key_hint")? },
        other => return Err(unknown_word("endpoints.key_source", other)),
    };
    Ok(EndpointRow {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        base_url: row.try_get("base_url")?,
        key,
        concurrency: row.try_get("concurrency")?,
        requests_per_minute: row.try_get("requests_per_minute")?,
        tokens_per_minute: row.try_get("tokens_per_minute")?,
        timeout_s: row.try_get("timeout_s")?,
        prices: from_json("endpoints.prices", row.try_get("prices")?)?,
        models: from_json("endpoints.models", row.try_get("models")?)?,
        models_at: row.try_get("models_at")?,
    })
}

/// Every endpoint, by name.
pub async fn list(db: impl Reader) -> ServiceResult<Vec<EndpointRow>> {
    let query = QueryBuilder::<Sqlite>::new("SELECT * FROM endpoints ORDER BY name COLLATE NOCASE");
    db.rows(query).await?.iter().map(read_row).collect()
}

/// One endpoint; 404 if there is none.
pub async fn get(db: impl Reader, id: &str) -> ServiceResult<EndpointRow> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM endpoints WHERE id = ");
    query.push_bind(id.to_owned());
    let rows = db.rows(query).await?;
    rows.first().map_or_else(|| Err(AppError::not_found(format!("Endpoint {id}")).into()), read_row)
}

/// Stores an endpoint, new or changed; its list of models is [`set_models`]'s, and empty at another address. A name that another one has is refused.
pub async fn put(tx: &mut Tx, endpoint: &EndpointRow) -> ServiceResult<()> {
    let (variable, sealed, hint) = match &endpoint.key {
        StoredKey::None => (None, None, None),
        StoredKey::Environment(variable) => (Some(variable), None, None),
        StoredKey::Sealed { bytes, hint } => (None, Some(bytes), Some(hint)),
    };
    let stored = sqlx::query(
        "INSERT INTO endpoints (id, name, base_url, key_source, key_variable, key_sealed, key_hint, concurrency,
                                requests_per_minute, tokens_per_minute, timeout_s, prices, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)
         ON CONFLICT (id) DO UPDATE SET name = ?2, base_url = ?3, key_source = ?4, key_variable = ?5, key_sealed = ?6,
             key_hint = ?7, concurrency = ?8, requests_per_minute = ?9, tokens_per_minute = ?10, timeout_s = ?11,
             prices = ?12, updated_at = ?13,
             models = CASE WHEN base_url = ?3 THEN models ELSE '[]' END,
             models_at = CASE WHEN base_url = ?3 THEN models_at END",
    )
    .bind(&endpoint.id)
    .bind(&endpoint.name)
    .bind(&endpoint.base_url)
    .bind(endpoint.key.source())
    .bind(variable)
    .bind(sealed)
    .bind(hint)
    .bind(endpoint.concurrency)
    .bind(endpoint.requests_per_minute)
    .bind(endpoint.tokens_per_minute)
    .bind(endpoint.timeout_s)
    .bind(serde_json::to_string(&endpoint.prices)?)
    .bind(now_ms())
    .execute(&mut **tx)
    .await;
    match stored {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            let message = format!("Another endpoint is called \"{}\" already. Choose another name.", endpoint.name);
            Err(AppError::invalid_field("name", message).into())
        }
        other => Ok(other.map(|_| ())?),
    }
}

/// Stores what an endpoint offers.
pub async fn set_models(tx: &mut Tx, id: &str, models: &[EndpointModel]) -> ServiceResult<()> {
    sqlx::query("UPDATE endpoints SET models = ?, models_at = ? WHERE id = ?")
        .bind(serde_json::to_string(models)?)
        .bind(now_ms())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes an endpoint, and what it was the default for; 404 if there is none.
pub async fn delete(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    let deleted = sqlx::query("DELETE FROM endpoints WHERE id = ?").bind(id).execute(&mut **tx).await?;
    if deleted.rows_affected() == 0 {
        return Err(AppError::not_found(format!("Endpoint {id}")).into());
    }
    Ok(())
}

/// What is used where nothing else is said.
pub async fn defaults(db: impl Reader) -> ServiceResult<DefaultModels> {
    let rows = db.rows(QueryBuilder::<Sqlite>::new("SELECT * FROM default_models")).await?;
    let mut defaults = DefaultModels::default();
    for row in &rows {
        let word: &str = row.try_get("role")?;
        let role = ModelRole::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| unknown_word("default_models.role", word))?;
        let choice = ModelChoice { endpoint_id: row.try_get("endpoint_id")?, model: row.try_get("model")? };
        defaults.set(role, Some(choice));
    }
    Ok(defaults)
}

/// Sets or clears what is used for a role.
pub async fn set_default(tx: &mut Tx, role: ModelRole, choice: Option<&ModelChoice>) -> ServiceResult<()> {
    let Some(ModelChoice { endpoint_id, model }) = choice else {
        sqlx::query("DELETE FROM default_models WHERE role = ?").bind(role.as_str()).execute(&mut **tx).await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO default_models (role, endpoint_id, model) VALUES (?1, ?2, ?3)
         ON CONFLICT (role) DO UPDATE SET endpoint_id = ?2, model = ?3",
    )
    .bind(role.as_str())
    .bind(endpoint_id)
    .bind(model)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many endpoints there are.
pub async fn count(db: &Db) -> ServiceResult<i64> {
    Ok(sqlx::query("SELECT COUNT(*) FROM endpoints").fetch_one(db.read()).await?.try_get(0)?)
}
