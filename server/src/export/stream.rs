//! Records as a stream of JSONL, a window at a time.

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;

use super::{chat_line, native_line};
use crate::db::Db;
use crate::db::records::scan::{self, Scan};
use crate::error::ServiceResult;
use crate::types::dataset::DatasetRecord;
use crate::types::validation::RecordStatus;

/// Records read at once.
const WINDOW: i64 = 50;

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFormat {
    /// Everything, exactly; importing it again gives the same records.
    Native,
    /// `{"messages": [...]}`; records that have no messages are left out.
    Chat,
}

/// Every record of a dataset, in record order.
pub fn records_jsonl(
    db: Db,
    dataset_id: String,
    format: RecordFormat,
    status: Option<RecordStatus>,
) -> impl Stream<Item = ServiceResult<Bytes>> + Send {
    let scan = Scan { status, ..Scan::default() };
    lines(db, dataset_id, scan, move |record| match format {
        RecordFormat::Native => Some(native_line(record)),
        RecordFormat::Chat => chat_line(record),
    })
}

/// A line per record that has one, in record order.
pub fn lines(
    db: Db,
    dataset_id: String,
    scan: Scan<'static>,
    line: impl FnMut(&DatasetRecord) -> Option<String> + Send,
) -> impl Stream<Item = ServiceResult<Bytes>> + Send {
    try_unfold((db, dataset_id, 0_i64, line), move |(db, dataset_id, cursor, mut line)| async move {
        let records = scan::records(&db, &dataset_id, scan, cursor, WINDOW).await?;
        let Some(last) = records.last() else { return Ok(None) };
        let cursor = last.id;
        let mut text = String::new();
        for record in &records {
            if let Some(one) = line(record) {
                text.push_str(&one);
                text.push('\n');
            }
        }
        Ok(Some((Bytes::from(text), (db, dataset_id, cursor, line))))
    })
}
