//! Room on the disk: what brings much data in looks before it fills the disk up, on which a database can write no more.

use std::path::Path;

use crate::config::Config;
use crate::format;
use crate::types::error::AppError;

/// Bytes that this user may still write where `path` lies; `None` where the system does not tell.
fn free_bytes(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(path).ok()?;
        disk.f_bavail.checked_mul(disk.f_frsize)
    }
    #[cfg(not(unix))]
    {
        let _unknown = path;
        None
    }
}

/// Refuses what would leave less of the data folder's disk free than is configured. `needed` is what is known of the
/// coming data: 0 asks only whether there is room for the next piece.
pub fn require_room(config: &Config, needed: u64) -> Result<(), AppError> {
    match free_bytes(&config.data_dir) {
        Some(free) => check(free, needed, config.min_free_disk_bytes),
        None => Ok(()),
    }
}

fn check(free: u64, needed: u64, kept_free: u64) -> Result<(), AppError> {
    if free >= needed.saturating_add(kept_free) {
        return Ok(());
    }
    let bytes = |value: u64| format::bytes(i64::try_from(value).unwrap_or(i64::MAX));
    let wanted = if needed == 0 { String::new() } else { format!(" {} are about to come in, and", bytes(needed)) };
    Err(AppError::Unavailable {
        message: format!(
            "The disk with the data folder has {} left:{wanted} {} are kept free so that the database can go on working. Free some space (delete datasets or other files), choose another data folder, or lower ANNEAL_MIN_FREE_DISK_BYTES.",
            bytes(free),
            bytes(kept_free)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fill_the_disk_is_refused() {
        for (free, needed, kept_free, fits) in [
            (100, 0, 100, true),
            (99, 0, 100, false),
            (150, 50, 100, true),
            (150, 51, 100, false),
            (0, 0, 0, true),
            (9, u64::MAX, 1, false),
        ] {
            assert_eq!(check(free, needed, kept_free).is_ok(), fits, "{free} {needed} {kept_free}");
        }
        let message = check(5 << 20, 7 << 20, 256 << 20).unwrap_err().to_string();
        assert!(message.contains("5.0 MiB left: 7.0 MiB are"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn the_system_tells_how_much_is_left() {
        assert!(free_bytes(&std::env::temp_dir()).is_some_and(|free| free > 0));
        assert_eq!(free_bytes(Path::new("/no such folder")), None);
    }
}
