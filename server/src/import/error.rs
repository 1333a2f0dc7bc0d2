//! Why a file cannot be read, and what it may ask of the machine.

use std::io;

use super::decompress::DecompressFault;
use crate::types::import::{ImportCompression, ImportMode};

/// Why a file could not be read, or not to its end. What becomes of the lines before is [`ImportError::kept_by`]'s to say.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not one line with content.
    #[error(
        "The file is empty: it has no line with content. Check that the export finished, and choose the file again."
    )]
    Empty,
    /// A CSV file without rows.
    #[error(
        "The CSV file has a header row and nothing under it. Check that the export finished, and choose the file again."
    )]
    OnlyHeader,
    /// An image, an archive, a database, UTF-16 text, ...
    #[error(
        "The file is {kind}, which cannot be read as records. Import JSON Lines (one JSON object per line), one JSON array or object, or CSV: UTF-8 text, plain or compressed with gzip or Zstandard."
    )]
    NotText {
        /// What it is, with its article.
        kind: String,
    },
    /// A column mapping that does not fit the file.
    #[error("The columns cannot be read as asked: {reason}")]
    Mapping {
        /// What does not fit, and what to do.
        reason: String,
    },
    /// The compressed file ends too early.
    #[error(
        "The {} file is cut off after line {lines_read}. Copy or download the file again to get the rest.", compression.label()
    )]
    Truncated {
        /// How it is compressed.
        compression: ImportCompression,
        /// The last line that could be read whole; 0 for none.
        lines_read: i64,
    },
    /// The compressed file is damaged.
    #[error(
        "The {} file is damaged after line {lines_read} ({reason}). Copy or download the file again to get the rest.", compression.label()
    )]
    Corrupt {
        /// How it is compressed.
        compression: ImportCompression,
        /// The last line that could be read whole; 0 for none.
        lines_read: i64,
        /// The decompressor's own words.
        reason: String,
    },
    /// Decompresses to far more than any real file does.
    #[error(
        "Reading stopped after line {lines_read}: {decompressed} bytes came out of {compressed} compressed ones, more than {max_ratio} times as many, which looks like a {} bomb. If the file is sound, decompress it first and import the plain file.", compression.label()
    )]
    Bomb {
        /// How it is compressed.
        compression: ImportCompression,
        /// The last line that was read whole.
        lines_read: i64,
        /// Bytes that came out.
        decompressed: u64,
        /// Bytes that went in.
        compressed: u64,
        /// The limit that was passed.
        max_ratio: u64,
    },
    /// Decompresses to more than an upload may have.
    #[error(
        "Reading stopped after line {lines_read}: more than {} come out of the compressed file, the most an upload may have. Split the file, or raise ANNEAL_MAX_UPLOAD_BYTES.", crate::format::bytes(i64::try_from(*limit).unwrap_or(i64::MAX))
    )]
    TooLarge {
        /// The last line that was read whole.
        lines_read: i64,
        /// The limit that was passed, in bytes.
        limit: u64,
    },
    /// The operating system could not read it.
    #[error(
        "The file could not be read after line {lines_read}: {source}. Check the disk and the permissions, then try again."
    )]
    Io {
        /// The last line that was read whole.
        lines_read: i64,
        /// The cause.
        source: io::Error,
    },
    /// A defect of ours: a thread that prepares records gave up.
    #[error(
        "Reading stopped by a defect in Anneal near line {near_line}. Please report this with the lines around that place."
    )]
    Defect {
        /// The last line that was delivered.
        near_line: i64,
    },
}

impl ImportError {
    /// What the dataset has after an import that ended like this; `None` where there was nothing to keep.
    pub fn kept_by(&self, mode: ImportMode) -> Option<&'static str> {
        let began = !matches!(self, Self::Empty | Self::OnlyHeader | Self::NotText { .. } | Self::Mapping { .. });
        match mode {
            ImportMode::Replace => Some("Nothing was replaced: the records there were before are kept."),
            ImportMode::Append => began.then_some("The lines up to there are kept."),
        }
    }

    /// A reader's error after so many lines; only a compressed file has faults of its own.
    pub(super) fn reading(
        error: io::Error,
        lines_read: i64,
        limits: &ImportLimits,
        compression: Option<ImportCompression>,
    ) -> Self {
        let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<DecompressFault>()).cloned();
        let (Some(fault), Some(compression)) = (fault, compression) else {
            return Self::Io { lines_read, source: error };
        };
        match fault {
            DecompressFault::Truncated => Self::Truncated { compression, lines_read },
            DecompressFault::Corrupt(reason) => Self::Corrupt { compression, lines_read, reason },
            DecompressFault::Bomb { decompressed, compressed } => {
                Self::Bomb { compression, lines_read, decompressed, compressed, max_ratio: limits.max_ratio }
            }
            DecompressFault::TooLarge { limit } => Self::TooLarge { lines_read, limit },
        }
    }
}

/// What a file may ask of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportLimits {
    /// Longest line, array element or CSV row, in bytes; a longer one becomes a bad line. It also bounds what stands
    /// around a list of records in a JSON object. Default 16 MiB.
    pub max_line_bytes: usize,
    /// How much of an over-long line is kept, in bytes. Default 64 KiB.
    pub kept_bytes: usize,
    /// Decompressed bytes from which on the ratio is looked at. Default 256 MiB.
    pub bomb_bytes: u64,
    /// Most decompressed bytes per compressed one. Default 300.
    pub max_ratio: u64,
    /// Most decompressed bytes at all. Unlimited by default.
    pub max_decompressed_bytes: u64,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self {
            max_line_bytes: 16 << 20,
            kept_bytes: 64 << 10,
            bomb_bytes: 256 << 20,
            max_ratio: 300,
            max_decompressed_bytes: u64::MAX,
        }
    }
}
