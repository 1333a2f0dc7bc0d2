//! Copying a dataset's records, with their hand scores, into another one, a bounded number a transaction. Ids move by one offset, so that what names
//! another record (the kept one of a duplicate, the parent of a generated one) can be translated without a table of ids.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::Tx;
use super::fts;
use crate::error::ServiceResult;

/// What is copied where.
#[derive(Debug, Clone)]
pub struct Copying<'a> {
    /// The dataset that is copied.
    pub from: &'a str,
    /// The copy.
    pub to: &'a str,
    /// What is added to an id.
    pub offset: i64,
    /// What stands in `details` before the kept record's id.
    pub kept_prefix: &'a str,
}

/// The records there are to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first id.
    pub first: i64,
    /// The last id.
    pub last: i64,
    /// How many.
    pub records: i64,
}

/// The records of a dataset; `None` if it has none.
pub async fn extent(tx: &mut Tx, dataset_id: &str) -> ServiceResult<Option<Extent>> {
    let row = sqlx::query("SELECT MIN(id) AS first, MAX(id) AS last, COUNT(*) AS n FROM records WHERE dataset_id = ?")
        .bind(dataset_id)
        .fetch_one(&mut **tx)
        .await?;
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get("first")?, row.try_get("last")?);
    let records = row.try_get("n")?;
    Ok(first.zip(last).map(|(first, last)| Extent { first, last, records }))
}

/// A piece of the copied dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its last record.
    pub last: i64,
    /// How many.
    pub records: i64,
}

/// Copies the next records after `after_id` up to `up_to_id`; `None`: there are no more.
pub async fn copy(
    tx: &mut Tx,
    copying: &Copying<'_>,
    after_id: i64,
    up_to_id: i64,
    limit: i64,
) -> ServiceResult<Option<Piece>> {
    let row = sqlx::query(
        "SELECT MAX(id) AS last, COUNT(*) AS n FROM
           (SELECT id FROM records WHERE dataset_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?)",
    )
    .bind(copying.from)
    .bind(after_id)
    .bind(up_to_id)
    .bind(limit)
    .fetch_one(&mut **tx)
    .await?;
    let Some(last) = row.try_get("last")? else { return Ok(None) };
    let mut query = insertion(&columns(tx).await?, copying);
    query.push(" AND r.id > ").push_bind(after_id).push(" AND r.id <= ").push_bind(last).push(" ORDER BY r.id");
    query.build().execute(&mut **tx).await?;
    copy_hand_scores(tx, copying, after_id, last).await?;
    fts::index_copied(tx, copying.to, after_id + 1 + copying.offset, last + copying.offset).await?;
    Ok(Some(Piece { last, records: row.try_get("n")? }))
}

/// What people say of responses belongs to the records.
async fn copy_hand_scores(tx: &mut Tx, copying: &Copying<'_>, after_id: i64, last_id: i64) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO hand_scores (dataset_id, record_id, response_hash, score, note, created_at)
         SELECT ?, record_id + ?, response_hash, score, note, created_at FROM hand_scores
         WHERE dataset_id = ? AND record_id > ? AND record_id <= ?",
    )
    .bind(copying.to)
    .bind(copying.offset)
    .bind(copying.from)
    .bind(after_id)
    .bind(last_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Every column there is, whichever migration added it.
async fn columns(tx: &mut Tx) -> ServiceResult<Vec<String>> {
    let rows = sqlx::query("SELECT name FROM pragma_table_info('records') ORDER BY cid").fetch_all(&mut **tx).await?;
    rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
}

fn insertion(columns: &[String], copying: &Copying<'_>) -> QueryBuilder<Sqlite> {
    let offset = copying.offset;
    let mut query = QueryBuilder::new("INSERT INTO records (");
    query.push(columns.join(", ")).push(") SELECT ");
    for (index, column) in columns.iter().enumerate() {
        query.push(if index == 0 { "" } else { ", " });
        match column.as_str() {
            "id" => query.push("r.id + ").push_bind(offset),
            "dataset_id" => query.push_bind(copying.to.to_owned()),
            "import_id" => query.push("i.id"),
            "duplicate_of" => query.push("r.duplicate_of + ").push_bind(offset),
            // Its parent may have been deleted, and would not be copied.
            "source_record_id" => query
                .push("(SELECT p.id + ")
                .push_bind(offset)
                .push(" FROM records p WHERE p.id = r.source_record_id AND p.dataset_id = r.dataset_id)"),
            "details" => query
                .push("CASE WHEN r.duplicate_of IS NULL THEN r.details ELSE REPLACE(r.details, ")
                .push_bind(copying.kept_prefix.to_owned())
                .push(" || r.duplicate_of || ',', ")
                .push_bind(copying.kept_prefix.to_owned())
                .push(" || (r.duplicate_of + ")
                .push_bind(offset)
                .push(") || ',') END"),
            other => query.push("r.").push(other),
        };
    }
    query.push(" FROM records r LEFT JOIN imports i ON i.copied_from = r.import_id AND i.dataset_id = ");
    query.push_bind(copying.to.to_owned()).push(" WHERE r.dataset_id = ").push_bind(copying.from.to_owned());
    query
}

#[cfg(test)]
mod tests {
    use super::super::super::Db;
    use super::*;

    /// A generated record's parent goes along, unless it was deleted; a piece ends where the next one begins.
    #[tokio::test]
    async fn records_that_name_others_name_the_copies_and_keep_their_hand_scores() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("test.sqlite")).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let setup = "INSERT INTO datasets (id, name, validation_config, created_at, updated_at)
                VALUES ('d', 'd', '{}', 1, 1), ('trash', 'd', '{}', 1, 1), ('copy', 'c', '{}', 1, 1);
            INSERT INTO records (id, dataset_id, status, source_record_id, duplicate_of, details, data, created_at, updated_at) VALUES
                (3, 'd', 'valid', NULL, NULL, NULL, 'null', 1, 1), (4, 'trash', 'valid', NULL, NULL, NULL, 'null', 1, 1),
                (7, 'd', 'valid', 3, NULL, 'like record 3, says the user', 'null', 1, 1), (8, 'd', 'valid', 4, NULL, NULL, 'null', 1, 1),
                (9, 'd', 'duplicate', NULL, 3, 'x' || CHAR(10) || 'like record 3, which is kept', 'null', 1, 1);
            INSERT INTO hand_scores (dataset_id, record_id, response_hash, score, note, created_at) VALUES
                ('d', 3, x'01', 0.75, 'why', 5), ('trash', 4, x'01', 0.5, '', 5), ('d', 9, x'02', 0.0, '', 6);";
        sqlx::raw_sql(setup).execute(&mut *tx).await.unwrap();
        assert_eq!(extent(&mut tx, "d").await.unwrap(), Some(Extent { first: 3, last: 9, records: 4 }));
        assert_eq!(extent(&mut tx, "copy").await.unwrap(), None);
        let copying = Copying { from: "d", to: "copy", offset: 100, kept_prefix: "like record " };
        assert_eq!(copy(&mut tx, &copying, 0, 9, 2).await.unwrap(), Some(Piece { last: 7, records: 2 }));
        assert_eq!(copy(&mut tx, &copying, 7, 9, 2).await.unwrap(), Some(Piece { last: 9, records: 2 }));
        assert_eq!(copy(&mut tx, &copying, 9, 9, 2).await.unwrap(), None);
        let rows = sqlx::query("SELECT json_array(id, source_record_id, duplicate_of, details) AS row FROM records WHERE dataset_id = 'copy' ORDER BY id")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        let rows: Vec<String> = rows.iter().map(|row| row.try_get("row").unwrap()).collect();
        assert_eq!(
            rows,
            [
                "[103,null,null,null]",
                r#"[107,103,null,"like record 3, says the user"]"#,
                "[108,null,null,null]",
                r#"[109,null,103,"x\nlike record 103, which is kept"]"#,
            ]
        );
        let scores = sqlx::query("SELECT json_array(record_id, HEX(response_hash), score, note, created_at) AS row FROM hand_scores WHERE dataset_id = 'copy' ORDER BY record_id")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        let scores: Vec<String> = scores.iter().map(|row| row.try_get("row").unwrap()).collect();
        assert_eq!(scores, [r#"[103,"01",0.75,"why",5]"#, r#"[109,"02",0.0,"",6]"#]);
    }
}
