//! What is there of a look: its clusters and their records as they are now, and what was set aside.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};

use super::super::{Db, Reader, Tx};
use crate::error::ServiceResult;

/// A cluster as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterRow {
    /// Its name.
    pub cluster: i64,
    /// Its earliest record.
    pub kept: i64,
    /// Its records.
    pub total: i64,
}

/// The clusters of a look from ?3 to ?4, each with two or more records that are there; ?1 is the look, ?2 the dataset.
macro_rules! clusters_there {
    () => {
        "SELECT m.cluster, MIN(m.record_id) AS kept, COUNT(*) AS total,
                COUNT(d.record_id) = COUNT(*) AND MIN(d.cluster) = MAX(d.cluster) AS is_set_aside
         FROM near_duplicate_members m CROSS JOIN records r ON r.id = m.record_id
           LEFT JOIN near_duplicate_dismissals d ON d.record_id = m.record_id
         WHERE m.run_id = ?1 AND r.dataset_id = ?2 AND r.status = 'valid' AND m.cluster BETWEEN ?3 AND ?4
         GROUP BY m.cluster HAVING COUNT(*) > 1"
    };
}

/// A query on [`clusters_there`], of every cluster of a look or of one.
fn of_look<'a>(
    sql: &'static str,
    dataset_id: &'a str,
    run_id: i64,
    cluster: Option<i64>,
) -> sqlx::query::Query<'a, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    let (first, last) = cluster.map_or((i64::MIN, i64::MAX), |cluster| (cluster, cluster));
    sqlx::query(sql).bind(run_id).bind(dataset_id).bind(first).bind(last)
}

/// A page of the clusters that are not set aside, by their earliest record; or one.
pub async fn clusters(
    db: &Db,
    dataset_id: &str,
    run_id: i64,
    cluster: Option<i64>,
    first: i64,
    limit: i64,
) -> ServiceResult<Vec<ClusterRow>> {
    const PAGE: &str = concat!(clusters_there!(), " AND NOT is_set_aside ORDER BY m.cluster LIMIT ?5 OFFSET ?6");
    let query = of_look(PAGE, dataset_id, run_id, cluster).bind(limit).bind(first);
    let rows = query.fetch_all(db.read()).await?;
    let read = |row: &SqliteRow| {
        Ok(ClusterRow { cluster: row.try_get("cluster")?, kept: row.try_get("kept")?, total: row.try_get("total")? })
    };
    rows.iter().map(read).collect()
}

/// A record of a cluster as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The record.
    pub id: i64,
    /// The start of its last user message.
    pub preview: String,
    /// Messages in its prompt.
    pub message_count: i64,
    /// Its label.
    pub topic: Option<String>,
    /// The kept record that it is nearly the same as, if that is still there.
    pub like: Option<i64>,
}

/// Records of a cluster, in record order.
pub async fn members(
    db: &Db,
    dataset_id: &str,
    run_id: i64,
    cluster: i64,
    first: i64,
    limit: i64,
) -> ServiceResult<Vec<MemberRow>> {
    let rows = sqlx::query(
        "SELECT r.id, r.preview, r.message_count, r.topic, (SELECT k.id FROM records k
             WHERE k.id = m.like_id AND k.dataset_id = r.dataset_id AND k.status = 'valid') AS like_id
         FROM near_duplicate_members m CROSS JOIN records r ON r.id = m.record_id
         WHERE m.run_id = ? AND m.cluster = ? AND r.dataset_id = ? AND r.status = 'valid'
         ORDER BY m.record_id LIMIT ? OFFSET ?",
    )
    .bind(run_id)
    .bind(cluster)
    .bind(dataset_id)
    .bind(limit)
    .bind(first)
    .fetch_all(db.read())
    .await?;
    let read = |row: &SqliteRow| {
        Ok(MemberRow {
            id: row.try_get("id")?,
            preview: row.try_get("preview")?,
            message_count: row.try_get("message_count")?,
            topic: row.try_get("topic")?,
            like: row.try_get("like_id")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Every record of a look with its cluster, those set aside too. (Those that are no longer there may be among them.)
pub async fn all_members(db: impl Reader, run_id: i64) -> ServiceResult<Vec<(i64, i64)>> {
    let mut query = QueryBuilder::new("SELECT record_id, cluster FROM near_duplicate_members WHERE run_id = ");
    query.push_bind(run_id);
    db.rows(query).await?.iter().map(|row| Ok((row.try_get("record_id")?, row.try_get("cluster")?))).collect()
}

/// What "keep one of each" deletes: of each cluster (or of one) every record that is nearly the same as a kept one which is there,
/// and what is marked as a duplicate and has the same prompt as one of these: it would take its place.
macro_rules! deletable {
    () => {
        concat!(
            "WITH there AS (",
            clusters_there!(),
            " AND NOT is_set_aside),
             others AS (SELECT r.id, r.prompt_hash FROM there CROSS JOIN near_duplicate_members m
                 ON m.run_id = ?1 AND m.cluster = there.cluster
               CROSS JOIN records r ON r.id = m.record_id CROSS JOIN records k ON k.id = m.like_id
               WHERE r.dataset_id = ?2 AND r.status = 'valid' AND k.dataset_id = ?2 AND k.status = 'valid'),
             deletable AS (SELECT id FROM others UNION
               SELECT c.id FROM others o CROSS JOIN records c INDEXED BY records_by_prompt
                 ON c.dataset_id = ?2 AND c.prompt_hash = o.prompt_hash AND c.status = 'duplicate') "
        )
    };
}

/// The first records that "keep one of each" deletes, in record order.
pub async fn deletable(
    tx: &mut Tx,
    dataset_id: &str,
    run_id: i64,
    cluster: Option<i64>,
    limit: i64,
) -> ServiceResult<Vec<i64>> {
    const FIRST: &str = concat!(deletable!(), "SELECT id FROM deletable ORDER BY id LIMIT ?5");
    let rows = of_look(FIRST, dataset_id, run_id, cluster).bind(limit).fetch_all(&mut **tx).await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// How many they are.
pub async fn count_deletable(db: &Db, dataset_id: &str, run_id: i64, cluster: Option<i64>) -> ServiceResult<i64> {
    const COUNT: &str = concat!(deletable!(), "SELECT COUNT(*) AS n FROM deletable");
    let row = of_look(COUNT, dataset_id, run_id, cluster).fetch_one(db.read()).await?;
    Ok(row.try_get("n")?)
}

/// What is there of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct There {
    clusters: i64,
    members: i64,
    deletable: i64,
    set_aside: i64,
}

/// Counts it: a walk over all members, which is why no writer waits for it.
pub async fn count(db: &Db, dataset_id: &str, run_id: i64) -> ServiceResult<There> {
    const SUMS: &str = concat!(
        "WITH there AS (",
        clusters_there!(),
        ") SELECT COUNT(*) AS clusters, COALESCE(SUM(is_set_aside), 0) AS set_aside,
                  COALESCE(SUM(total) FILTER (WHERE NOT is_set_aside), 0) AS members FROM there"
    );
    let there = of_look(SUMS, dataset_id, run_id, None).fetch_one(db.read()).await?;
    let set_aside: i64 = there.try_get("set_aside")?;
    Ok(There {
        clusters: there.try_get::<i64, _>("clusters")? - set_aside,
        members: there.try_get("members")?,
        deletable: count_deletable(db, dataset_id, run_id, None).await?,
        set_aside,
    })
}

/// Stores what was counted.
pub async fn set_counts(tx: &mut Tx, run_id: i64, there: There) -> ServiceResult<()> {
    sqlx::query("UPDATE near_duplicate_runs SET clusters = ?, members = ?, deletable = ?, set_aside = ? WHERE id = ?")
        .bind(there.clusters)
        .bind(there.members)
        .bind(there.deletable)
        .bind(there.set_aside)
        .bind(run_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether deleting these records makes others valid: those that were duplicates of one of them.
pub async fn frees_others(tx: &mut Tx, dataset_id: &str, ids: &[i64]) -> ServiceResult<bool> {
    let row = sqlx::query(
        "WITH gone AS (SELECT r.id, r.prompt_hash, r.span_id FROM json_each(?2) CROSS JOIN records r ON r.id = value
             WHERE r.dataset_id = ?1 AND r.status = 'valid')
         SELECT EXISTS (SELECT 1 FROM gone CROSS JOIN records c INDEXED BY records_by_prompt
             ON c.dataset_id = ?1 AND c.prompt_hash = gone.prompt_hash AND c.status = 'duplicate'
             WHERE c.id NOT IN (SELECT value FROM json_each(?2)))
           OR EXISTS (SELECT 1 FROM gone CROSS JOIN records c INDEXED BY records_by_span
             ON c.dataset_id = ?1 AND c.span_id = gone.span_id AND c.status = 'duplicate'
             WHERE c.id NOT IN (SELECT value FROM json_each(?2))) AS frees",
    )
    .bind(dataset_id)
    .bind(serde_json::to_string(ids)?)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("frees")?)
}

/// Sets a cluster of a look aside.
pub async fn set_aside(tx: &mut Tx, run_id: i64, cluster: i64) -> ServiceResult<u64> {
    let changed = sqlx::query(
        "INSERT OR REPLACE INTO near_duplicate_dismissals (record_id, cluster)
         SELECT record_id, cluster FROM near_duplicate_members WHERE run_id = ? AND cluster = ?",
    )
    .bind(run_id)
    .bind(cluster)
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected())
}

/// Brings back what was set aside: one cluster of a look, or all of them.
pub async fn bring_back(tx: &mut Tx, run_id: i64, cluster: Option<i64>) -> ServiceResult<()> {
    sqlx::query(
        "DELETE FROM near_duplicate_dismissals WHERE record_id IN
           (SELECT record_id FROM near_duplicate_members WHERE run_id = ?1 AND (?2 IS NULL OR cluster = ?2))",
    )
    .bind(run_id)
    .bind(cluster)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
