//! The floor under an import: the same rows, with the same indices and the same index of words, by prepared statements in
//! one transaction, and nothing else. Prints the seconds it took.
//!
//! `bare_write IMPORTED.sqlite NEW.sqlite` (see `benches/import.mjs`).

#![expect(clippy::print_stdout, reason = "the figure is what it is run for")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use anneal_server::datasets::search::{RecordTexts, indexed_words};
use anneal_server::db::Db;
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [imported, new] = arguments.as_slice() else { return Err("bare_write IMPORTED.sqlite NEW.sqlite".into()) };
    // The schema, and nothing in it.
    Db::open(Path::new(new)).await?.close().await;
    let mut from = open(imported).await?;
    let mut to = open(new).await?;
    for table in ["datasets", "jobs", "imports"] {
        copy_table(&mut from, &mut to, table).await?;
    }
    let rows = sqlx::query("SELECT * FROM records ORDER BY id").fetch_all(&mut from).await?;
    let words = rows.iter().map(words_of).collect::<Result<Vec<_>, _>>()?;
    let columns = names(&rows);
    let insert = insert_into("records", &columns);

    let started = Instant::now();
    let mut tx = to.begin().await?;
    for (row, words) in rows.iter().zip(&words) {
        bound(&insert, row, &columns)?.execute(&mut *tx).await?;
        let id: i64 = row.try_get("id")?;
        sqlx::query("INSERT INTO records_fts (rowid, words) VALUES (?, ?)")
            .bind(id)
            .bind(words)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    println!("{:.3}", started.elapsed().as_secs_f64());
    Ok(())
}

/// As the program opens its store.
async fn open(path: &str) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .pragma("cache_size", "-96000")
        .pragma("wal_autocheckpoint", "16000")
        .connect()
        .await
}

async fn copy_table(from: &mut SqliteConnection, to: &mut SqliteConnection, table: &str) -> Result<(), Box<dyn Error>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(&mut *from).await?;
    let columns = names(&rows);
    let insert = insert_into(table, &columns);
    for row in &rows {
        bound(&insert, row, &columns)?.execute(&mut *to).await?;
    }
    Ok(())
}

fn names(rows: &[SqliteRow]) -> Vec<String> {
    use sqlx::Column;
    rows.first().map(|row| row.columns().iter().map(|column| column.name().to_owned()).collect()).unwrap_or_default()
}

fn insert_into(table: &str, columns: &[String]) -> String {
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), vec!["?"; columns.len()].join(", "))
}

/// The statement with every value of the row as it is stored.
fn bound<'a>(
    insert: &'a str,
    row: &'a SqliteRow,
    columns: &[String],
) -> Result<sqlx::query::Query<'a, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>, sqlx::Error> {
    use sqlx::{TypeInfo, ValueRef};
    let mut query = sqlx::query(sqlx::AssertSqlSafe(insert));
    for (index, _) in columns.iter().enumerate() {
        let value = row.try_get_raw(index)?;
        query = match value.type_info().name() {
            _ if value.is_null() => query.bind(None::<i64>),
            "INTEGER" => query.bind(row.try_get::<i64, _>(index)?),
            "REAL" => query.bind(row.try_get::<f64, _>(index)?),
            "BLOB" => query.bind(row.try_get::<Vec<u8>, _>(index)?),
            _ => query.bind(row.try_get::<&str, _>(index)?),
        };
    }
    Ok(query)
}

fn words_of(row: &SqliteRow) -> Result<String, Box<dyn Error>> {
    let (data, item, metadata): (Value, Map<String, Value>, Map<String, Value>) = (
        serde_json::from_str(row.try_get("data")?)?,
        serde_json::from_str(row.try_get("item")?)?,
        serde_json::from_str(row.try_get("metadata")?)?,
    );
    Ok(indexed_words(RecordTexts { data: &data, item: &item, metadata: &metadata, raw: row.try_get("raw")? }))
}
