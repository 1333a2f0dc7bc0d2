//! Table `topic_hierarchies`: every saved version; the highest is the current one.

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
