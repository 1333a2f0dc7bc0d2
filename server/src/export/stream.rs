//! Records as a stream of JSONL, a window at a time.

use bytes::Bytes;
use futures_util::stream::try_unfold;
use futures_util::{Stream, StreamExt};

use super::mask::masked;
use super::{chat_line, native_line};
use crate::db::Db;
use crate::db::records::scan::{self, Scan};
use crate::error::ServiceResult;
use crate::types::dataset::DatasetRecord;
use crate::types::error::AppError;
use crate::types::pii::MaskStyle;
use crate::types::validation::RecordStatus;

/// Records read at once.
const WINDOW: i64 = 50;
/// The same where they are named.
const WINDOW_OF_IDS: usize = 50;

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFormat {
    /// Everything, exactly; importing it again gives the same records.
    Native,
    /// `{"messages": [...]}`; records that have no messages are left out.
    Chat,
}

impl RecordFormat {
    /// By its word in an address.
    pub fn parse(word: Option<&str>) -> Result<Self, AppError> {
        match word {
            None | Some("native") => Ok(Self::Native),
            Some("chat") => Ok(Self::Chat),
            Some(_) => Err(AppError::invalid_field("format", "The format is native or chat.")),
        }
    }

    fn line(self, record: &DatasetRecord, mask: Option<MaskStyle>) -> Option<String> {
        if let Some(style) = mask {
            return self.line(&masked(record, style), None);
        }
        match self {
            Self::Native => Some(native_line(record)),
            Self::Chat => chat_line(record),
        }
    }
}

/// Every record of a dataset, in record order.
pub fn records_jsonl(
    db: Db,
    dataset_id: String,
    format: RecordFormat,
    status: Option<RecordStatus>,
    mask: Option<MaskStyle>,
) -> impl Stream<Item = ServiceResult<Bytes>> + Send {
    let scan = Scan { status, ..Scan::default() };
    lines(db, dataset_id, scan, move |record| format.line(record, mask))
}

/// Those of these records that the dataset has, in record order.
pub fn selected_jsonl(
    db: Db,
    dataset_id: String,
    format: RecordFormat,
    mut ids: Vec<i64>,
    mask: Option<MaskStyle>,
) -> impl Stream<Item = ServiceResult<Bytes>> + Send {
    ids.sort_unstable();
    ids.dedup();
    let windows: Vec<Vec<i64>> = ids.chunks(WINDOW_OF_IDS).map(<[i64]>::to_vec).collect();
    futures_util::stream::iter(windows).then(move |window| {
        let (db, dataset_id) = (db.clone(), dataset_id.clone());
        async move {
            let mut text = String::new();
            for record in scan::of_ids(&db, &dataset_id, &window).await? {
                if let Some(line) = format.line(&record, mask) {
                    text.push_str(&line);
                    text.push('\n');
                }
            }
            Ok(Bytes::from(text))
        }
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
