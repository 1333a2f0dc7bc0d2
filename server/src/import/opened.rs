//! A file's text, however it is compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::decompress::{BombLimit, Counting, Decompressor, compression_of};
use super::error::{ImportError, ImportLimits};
use crate::types::import::ImportCompression;

/// Bytes read ahead, of the file and of its decompressed form.
pub(super) const BUFFER: usize = 64 * 1024;

/// An open file.
pub(super) struct Opened {
    pub reader: FileText,
    /// How it is compressed.
    pub compression: Option<ImportCompression>,
    /// Once set, the next read fails.
    pub stop: Arc<AtomicBool>,
}

impl Opened {
    pub(super) fn open(path: &Path, limits: &ImportLimits) -> Result<Self, ImportError> {
        let io_error = |source| ImportError::Io { lines_read: 0, source };
        let file = File::open(path).map_err(io_error)?;
        let mut plain = BufReader::with_capacity(BUFFER, file);
        let head = plain.fill_buf().map_err(io_error)?;
        if head.is_empty() {
            return Err(ImportError::Empty);
        }
        let compression = compression_of(head);
        let counting = Counting::new(plain);
        let inner = match compression {
            None => Decompressed::Plain(counting),
            Some(compression) => {
                let limit = BombLimit {
                    min_bytes: limits.bomb_bytes,
                    max_ratio: limits.max_ratio.max(1),
                    max_bytes: limits.max_decompressed_bytes,
                };
                Decompressed::Compressed(Box::new(Decompressor::new(counting, compression, limit).map_err(io_error)?))
            }
        };
        let stop = Arc::<AtomicBool>::default();
        Ok(Self { reader: FileText { inner, stop: stop.clone() }, compression, stop })
    }
}

/// A file's text, which fails once nobody wants more: a line without end, or thousands of millions of empty ones, give nobody else the
/// chance to stop. Asked once a buffer.
pub(super) struct FileText {
    inner: Decompressed,
    stop: Arc<AtomicBool>,
}

impl FileText {
    /// Bytes of the file (compressed, where it is) that were read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        match &self.inner {
            Decompressed::Plain(reader) => reader.consumed,
            Decompressed::Compressed(reader) => reader.compressed(),
        }
    }
}

impl Read for FileText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("the reading was stopped"));
        }
        self.inner.read(buffer)
    }
}

/// The file's text, whatever it is wrapped in.
enum Decompressed {
    Plain(Counting<BufReader<File>>),
    Compressed(Box<Decompressor<BufReader<File>>>),
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Compressed(reader) => reader.read(buffer),
        }
    }
}
