//! How much one import may bring: a bounded number of records, and no more than the disk has room for. The size of the
//! file does not bound either: a few kilobytes of gzip can hold hundreds of thousands of lines.

use crate::db::{self, Tx};
use crate::disk;
use crate::error::ServiceResult;
use crate::format;
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::import::ImportMode;

/// Asked before a batch is stored; `uncommitted` are the records of this transaction with those of the batch.
pub(super) async fn check(state: &AppState, tx: &mut Tx, import_id: &str, uncommitted: i64) -> ServiceResult<()> {
    let so_far = db::imports::so_far(tx, import_id).await?;
    let limit = state.config.max_import_records;
    if so_far.records.saturating_add(uncommitted) > limit {
        let kept = match so_far.mode {
            ImportMode::Append => format!("The first {} are kept", format::count(so_far.records)),
            ImportMode::Replace => "The records there were before are kept".to_owned(),
        };
        let message = format!(
            "The file holds more than {}, the most one import may bring. {kept}. Split the file, or raise ANNEAL_MAX_IMPORT_RECORDS.",
            format::counted(limit, "record")
        );
        return Err(AppError::TooLarge { message }.into());
    }
    // At its first record an import still needs about as much room as its file has; from then on there must be some.
    let needed = if so_far.records == 0 { so_far.bytes.unsigned_abs() } else { 0 };
    Ok(disk::require_room(&state.config, needed)?)
}
