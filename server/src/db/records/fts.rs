//! Table `records_fts`: the words of every record, for search. Rows that go take theirs along by a trigger.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Db, Tx, from_json};
use super::write::ROWS_PER_STATEMENT;
use crate::datasets::search::{RecordTexts, indexed_words};
use crate::error::ServiceResult;

/// Stores the words of new records, or new words of one.
pub(super) async fn put<T: AsRef<str> + Sync>(tx: &mut Tx, words: &[(i64, T)]) -> ServiceResult<()> {
    for chunk in words.chunks(ROWS_PER_STATEMENT) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO records_fts (rowid, words) ");
        query.push_values(chunk, |mut row, (id, words)| {
            row.push_bind(*id).push_bind(words.as_ref());
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// Records of a step of [`catch_up`].
const STEP: i64 = 500;

/// Indexes the next records that an earlier version stored without an index. Answers the id it reached and the last one
/// there is to do; `None` when nothing is left. A stop loses nothing: each step is stored with the place it reached.
pub async fn catch_up(db: &Db) -> ServiceResult<Option<(i64, i64)>> {
    let mut tx = db.begin().await?;
    let row = sqlx::query("SELECT after_id, up_to_id FROM records_fts_backlog").fetch_optional(&mut *tx).await?;
    let Some(row) = row else { return Ok(None) };
    let (after_id, up_to_id): (i64, i64) = (row.try_get("after_id")?, row.try_get("up_to_id")?);
    let rows =
        sqlx::query("SELECT id, data, item, metadata, raw FROM records WHERE id > ? AND id <= ? ORDER BY id LIMIT ?")
            .bind(after_id)
            .bind(up_to_id)
            .bind(STEP)
            .fetch_all(&mut *tx)
            .await?;
    let texts = read_words(&rows)?;
    let Some((reached, _)) = texts.last() else {
        sqlx::query("DELETE FROM records_fts_backlog").execute(&mut *tx).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let reached: i64 = *reached;
    put(&mut tx, &texts).await?;
    sqlx::query("UPDATE records_fts_backlog SET after_id = ?").bind(reached).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Some((reached, up_to_id)))
}

/// Indexes the records of a dataset from one id to another, which were copied there without their words.
pub(super) async fn index_copied(tx: &mut Tx, dataset_id: &str, first: i64, last: i64) -> ServiceResult<()> {
    let rows =
        sqlx::query("SELECT id, data, item, metadata, raw FROM records WHERE dataset_id = ? AND id BETWEEN ? AND ?")
            .bind(dataset_id)
            .bind(first)
            .bind(last)
            .fetch_all(&mut **tx)
            .await?;
    put(tx, &read_words(&rows)?).await
}

fn read_words(rows: &[SqliteRow]) -> ServiceResult<Vec<(i64, String)>> {
    let mut texts = Vec::with_capacity(rows.len());
    for row in rows {
        let words = indexed_words(RecordTexts {
            data: &from_json("records.data", row.try_get("data")?)?,
            item: &from_json("records.item", row.try_get("item")?)?,
            metadata: &from_json("records.metadata", row.try_get("metadata")?)?,
            raw: row.try_get("raw")?,
        });
        texts.push((row.try_get("id")?, words));
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of a version without the index are found once they were caught up with, however many steps that takes.
    #[tokio::test]
    async fn records_of_earlier_versions_are_indexed() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("test.sqlite")).await.unwrap();
        assert_eq!(catch_up(&db).await.unwrap(), None);
        let mut tx = db.begin().await.unwrap();
        let setup = r"INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES ('d', 'd', '{}', 1, 1);
            WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200)
            INSERT INTO records (id, dataset_id, status, data, raw, created_at, updated_at)
            SELECT n * 2, 'd', 'valid', json_object('input', json_object('messages', json_array(json_object('role', 'user', 'content', 'Order ' || n)))),
                   CASE n WHEN 7 THEN 'a bad line' END, 1, 1 FROM n;
            INSERT INTO records_fts_backlog SELECT 1, 0, MAX(id) FROM records;";
        sqlx::raw_sql(setup).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(catch_up(&db).await.unwrap(), Some((1000, 2400)));
        crate::datasets::search::catch_up(&db).await.unwrap();
        assert_eq!(catch_up(&db).await.unwrap(), None);
        for (words, expected) in [("order", vec![1199]), ("1200", vec![1]), ("bad", vec![1]), ("nothing", vec![0])] {
            let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM records_fts WHERE words MATCH ?")
                .bind(words)
                .fetch_one(db.read())
                .await
                .unwrap();
            assert_eq!(vec![count], expected, "{words}");
        }
        // A record that goes takes its words along.
        let mut tx = db.begin().await.unwrap();
        sqlx::raw_sql("DELETE FROM records WHERE id > 20").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM records_fts WHERE words MATCH 'order'")
            .fetch_one(db.read())
            .await
            .unwrap();
        assert_eq!(count, 9);
    }
}
