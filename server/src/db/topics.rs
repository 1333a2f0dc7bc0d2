//! Table `topic_hierarchies`: every saved version; the highest is the current one. Table `topic_changes`: labels that are
//! still to be carried along.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Of, Reader, Tx, from_json};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::topics::TopicHierarchy;

/// The current hierarchy.
pub async fn current(db: impl Reader, dataset_id: &str) -> ServiceResult<Option<TopicHierarchy>> {
    Ok(current_of(db, Of::One(dataset_id)).await?.remove(dataset_id))
}

/// The current hierarchy by dataset.
pub async fn current_of(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, TopicHierarchy>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT dataset_id, version, nodes FROM topic_hierarchies t WHERE ");
    of.push(&mut query, "dataset_id");
    query.push(" AND version = (SELECT MAX(version) FROM topic_hierarchies WHERE dataset_id = t.dataset_id)");
    let mut hierarchies = HashMap::new();
    for row in db.rows(query).await? {
        let hierarchy = TopicHierarchy {
            version: row.try_get("version")?,
            nodes: from_json("topic_hierarchies.nodes", row.try_get("nodes")?)?,
        };
        // The last topic was deleted: a version, but no topics.
        if !hierarchy.nodes.is_empty() {
            hierarchies.insert(row.try_get("dataset_id")?, hierarchy);
        }
    }
    Ok(hierarchies)
}

/// Stores a hierarchy under its version, which must be new.
pub async fn insert(tx: &mut Tx, dataset_id: &str, hierarchy: &TopicHierarchy) -> ServiceResult<()> {
    sqlx::query("INSERT INTO topic_hierarchies (dataset_id, version, nodes, created_at) VALUES (?, ?, ?, ?)")
        .bind(dataset_id)
        .bind(hierarchy.version)
        .bind(serde_json::to_string(&hierarchy.nodes)?)
        .bind(now_ms())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The highest version number used so far, 0 for none (an emptied hierarchy keeps counting).
pub async fn last_version(tx: &mut Tx, dataset_id: &str) -> ServiceResult<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM topic_hierarchies WHERE dataset_id = ?")
        .bind(dataset_id)
        .fetch_one(&mut **tx)
        .await?;
    Ok(row.try_get("version")?)
}

/// What becomes of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicChange {
    /// As records carry it.
    pub from: String,
    /// What they shall carry; `None`: nothing.
    pub to: Option<String>,
}

/// A change that is still to be carried along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// Its row.
    pub id: i64,
    /// What becomes of the label.
    pub change: TopicChange,
    /// Only records up to this id carried the label when the topics changed.
    pub up_to_id: i64,
}

/// Stores a change that is to be carried along by the records there are.
pub async fn insert_change(tx: &mut Tx, dataset_id: &str, change: &TopicChange) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO topic_changes (dataset_id, from_topic, to_topic, up_to_id)
         VALUES (?1, ?2, ?3, (SELECT COALESCE(MAX(id), 0) FROM records WHERE dataset_id = ?1))",
    )
    .bind(dataset_id)
    .bind(&change.from)
    .bind(&change.to)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether it is still to be carried along.
pub async fn has_change(tx: &mut Tx, id: i64) -> ServiceResult<bool> {
    Ok(sqlx::query("SELECT 1 FROM topic_changes WHERE id = ?").bind(id).fetch_optional(&mut **tx).await?.is_some())
}

/// Every record has it.
pub async fn delete_change(tx: &mut Tx, id: i64) -> ServiceResult<()> {
    sqlx::query("DELETE FROM topic_changes WHERE id = ?").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// What is still to be carried along, by dataset.
pub async fn changes_of(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, Vec<StoredChange>>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM topic_changes WHERE ");
    of.push(&mut query, "dataset_id");
    query.push(" ORDER BY dataset_id, id");
    let mut changes = HashMap::<String, Vec<StoredChange>>::new();
    for row in db.rows(query).await? {
        let change = StoredChange {
            id: row.try_get("id")?,
            change: TopicChange { from: row.try_get("from_topic")?, to: row.try_get("to_topic")? },
            up_to_id: row.try_get("up_to_id")?,
        };
        changes.entry(row.try_get("dataset_id")?).or_default().push(change);
    }
    Ok(changes)
}

/// The same of one dataset.
pub async fn changes(db: impl Reader, dataset_id: &str) -> ServiceResult<Vec<StoredChange>> {
    Ok(changes_of(db, Of::One(dataset_id)).await?.remove(dataset_id).unwrap_or_default())
}

/// Deletes every version of the hierarchy.
pub async fn delete_all(tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    sqlx::query("DELETE FROM topic_hierarchies WHERE dataset_id = ?").bind(dataset_id).execute(&mut **tx).await?;
    Ok(())
}

/// Copies every version of the hierarchy to another dataset, which has none.
pub async fn copy_all(tx: &mut Tx, from: &str, to: &str) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO topic_hierarchies (dataset_id, version, nodes, created_at)
         SELECT ?, version, nodes, created_at FROM topic_hierarchies WHERE dataset_id = ?",
    )
    .bind(to)
    .bind(from)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
