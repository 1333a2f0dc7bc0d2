//! A file as a stream of numbered lines, in bounded memory: plain or gzip, JSON Lines or one JSON array.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::array::{ArraySplitter, Element};
use super::encoding::decode;
use super::gzip::{BombLimit, Counting, GzipFault, GzipReader};
use super::sniff::{SNIFF_BYTES, is_gzip, not_text};

/// Why a file could not be read, or not to its end. What was read before is kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not one line with content.
    #[error(
        "The file is empty: it has no line with content. Check that the export finished, and choose the file again."
    )]
    Empty,
    /// An image, an archive, a database, UTF-16 text, ...
    #[error(
        "The file is {kind}, not text in UTF-8. Import JSON Lines (one JSON object per line) or one JSON array, plain or compressed with gzip."
    )]
    NotText {
        /// What it is, with its article.
        kind: String,
    },
    /// The compressed file ends too early.
    #[error(
        "The gzip file is cut off after line {lines_read}. The lines up to there are kept; copy or download the file again to get the rest."
    )]
    TruncatedGzip {
        /// The last line that could be read whole; 0 for none.
        lines_read: i64,
    },
    /// The compressed file is damaged.
    #[error(
        "The gzip file is damaged after line {lines_read} ({reason}). The lines up to there are kept; copy or download the file again to get the rest."
    )]
    CorruptGzip {
        /// The last line that could be read whole; 0 for none.
        lines_read: i64,
        /// The decompressor's own words.
        reason: String,
    },
    /// Decompresses to far more than any real file does.
    #[error(
        "Reading stopped after line {lines_read}: {decompressed} bytes came out of {compressed} compressed ones, more than {max_ratio} times as many, which looks like a gzip bomb. If the file is sound, decompress it first and import the plain file."
    )]
    GzipBomb {
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
        "Reading stopped after line {lines_read}: more than {} come out of the compressed file, the most an upload may have. The lines up to there are kept; split the file, or raise ANNEAL_MAX_UPLOAD_BYTES.", crate::format::bytes(i64::try_from(*limit).unwrap_or(i64::MAX))
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
        "Reading stopped by a defect in Anneal near line {near_line}. What was stored before is kept; please report this with the lines around that place."
    )]
    Defect {
        /// The last line that was delivered.
        near_line: i64,
    },
}

/// What a file may ask of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportLimits {
    /// Longest line or array element, in bytes; a longer one becomes a bad line. Default 16 MiB.
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

/// One line with content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// 1-based; blank lines count. In a JSON array: the 1-based element.
    pub number: i64,
    /// What stands there.
    pub content: LineContent,
}

/// What a line holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineContent {
    /// UTF-8 text without its line end.
    Text(String),
    /// A line that is not even text, or too long.
    Bad {
        /// As much of it as is kept, readable.
        raw: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
}

/// A file's lines, one after another.
pub struct LineSource {
    reader: Decompressed,
    limits: ImportLimits,
    line: i64,
    /// Set while inside a top-level JSON array.
    array: Option<ArraySplitter>,
    found_content: bool,
    /// Set from outside to end the reading, in the middle of a line too.
    stop: Arc<AtomicBool>,
}

impl LineSource {
    /// Opens a file and looks at what it is.
    pub fn open(path: &Path, limits: ImportLimits) -> Result<Self, ImportError> {
        let io_error = |source| ImportError::Io { lines_read: 0, source };
        let file = File::open(path).map_err(io_error)?;
        let mut plain = BufReader::with_capacity(BUFFER, file);
        let head = plain.fill_buf().map_err(io_error)?;
        if head.is_empty() {
            return Err(ImportError::Empty);
        }
        let gzip = is_gzip(head);
        let counting = Counting::new(plain);
        let reader = if gzip {
            let limit = BombLimit {
                min_bytes: limits.bomb_bytes,
                max_ratio: limits.max_ratio.max(1),
                max_bytes: limits.max_decompressed_bytes,
            };
            Decompressed::Gzip(Box::new(BufReader::with_capacity(BUFFER, GzipReader::new(counting, limit))))
        } else {
            Decompressed::Plain(counting)
        };
        let mut source = Self { reader, limits, line: 0, array: None, found_content: false, stop: Arc::default() };
        source.begin()?;
        Ok(source)
    }

    /// Once set, the next read of the file fails: whoever sets it wants nothing more of it.
    pub fn stop_handle(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    fn check_stop(&self) -> io::Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(io::Error::other("the reading was stopped")) } else { Ok(()) }
    }

    /// Bytes of the file (compressed, where it is) that were read so far.
    pub fn bytes_read(&self) -> u64 {
        match &self.reader {
            Decompressed::Plain(reader) => reader.consumed,
            Decompressed::Gzip(reader) => reader.get_ref().compressed(),
        }
    }

    /// The next line with content; `None` at the end of the file.
    pub fn next_line(&mut self) -> Result<Option<SourceLine>, ImportError> {
        loop {
            let next = if self.array.is_some() { self.next_element()? } else { self.next_plain_line()? };
            match next {
                Next::Line(content) => {
                    self.found_content = true;
                    return Ok(Some(SourceLine { number: self.line, content }));
                }
                Next::Nothing => {}
                Next::End if self.found_content => return Ok(None),
                Next::End => return Err(ImportError::Empty),
            }
        }
    }

    /// Refuses what is no text, drops the byte order mark and sees whether an array begins.
    fn begin(&mut self) -> Result<(), ImportError> {
        let head = self.reader.fill_buf().map_err(|error| import_error(error, 0, &self.limits))?;
        if head.is_empty() {
            return Err(ImportError::Empty);
        }
        let sniffed = &head[..head.len().min(SNIFF_BYTES)];
        if let Some(kind) = not_text(sniffed) {
            return Err(ImportError::NotText { kind: kind.to_owned() });
        }
        let mark = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let text = &head[mark..];
        let array_at = text.len() - text.trim_ascii_start().len();
        if begins_array(text) {
            self.reader.consume(mark + array_at + 1);
            self.array = Some(ArraySplitter::default());
        } else {
            self.reader.consume(mark);
        }
        Ok(())
    }

    /// Passes over empty lines at the buffer's speed: a file may hold a thousand million of them.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            self.check_stop()?;
            let buffer = self.reader.fill_buf()?;
            let ends = buffer.iter().take_while(|&&byte| byte == b'\n').count();
            let whole_buffer = ends == buffer.len();
            self.line += i64::try_from(ends).unwrap_or(i64::MAX);
            self.reader.consume(ends);
            if ends == 0 || !whole_buffer {
                return Ok(());
            }
        }
    }

    fn next_plain_line(&mut self) -> Result<Next, ImportError> {
        self.skip_line_ends().map_err(|error| import_error(error, self.line, &self.limits))?;
        let limit = self.limits.max_line_bytes;
        let mut bytes = Vec::new();
        // Two more than the limit: a line of just that length may still have its CR and LF.
        let read = (&mut self.reader).take(limit as u64 + 2).read_until(b'\n', &mut bytes);
        let read = read.map_err(|error| import_error(error, self.line, &self.limits))?;
        if read == 0 {
            return Ok(Next::End);
        }
        let ended = bytes.last() == Some(&b'\n');
        if ended {
            bytes.pop();
        }
        let mut length = bytes.len() as u64;
        if !ended && read > limit {
            length += self.skip_rest_of_line().map_err(|error| import_error(error, self.line, &self.limits))?;
        }
        if bytes.last() == Some(&b'\r') && length == bytes.len() as u64 {
            bytes.pop();
            length -= 1;
        }
        self.line += 1;
        if bytes.trim_ascii().is_empty() && length <= limit as u64 {
            return Ok(Next::Nothing);
        }
        Ok(Next::Line(self.content(bytes, length, "line")))
    }

    /// Reads on to the next line end without keeping anything; gives the bytes before it.
    fn skip_rest_of_line(&mut self) -> io::Result<u64> {
        let mut scratch = Vec::with_capacity(BUFFER);
        let mut skipped = 0;
        loop {
            self.check_stop()?;
            scratch.clear();
            let read = (&mut self.reader).take(BUFFER as u64).read_until(b'\n', &mut scratch)? as u64;
            if scratch.last() == Some(&b'\n') {
                return Ok(skipped + read - 1);
            }
            if read == 0 {
                return Ok(skipped);
            }
            skipped += read;
        }
    }

    fn next_element(&mut self) -> Result<Next, ImportError> {
        let Some(array) = self.array.as_mut() else { return Ok(Next::End) };
        let element = array.next(&mut self.reader, self.limits.max_line_bytes);
        let element = element.map_err(|error| import_error(error, self.line, &self.limits))?;
        let content = match element {
            Element::End => {
                // What follows the closing bracket is read as lines, so that nothing is lost.
                self.array = None;
                return Ok(Next::Nothing);
            }
            Element::Blank => {
                self.line += 1;
                return Ok(Next::Nothing);
            }
            Element::Bytes { kept, length } => self.content(kept, length, "array element"),
            Element::CutOff { kept, length } => match self.content(kept, length, "array element") {
                // Perhaps only the closing bracket is missing: the parser will know.
                whole @ LineContent::Text(_) => whole,
                LineContent::Bad { raw, reason } => {
                    LineContent::Bad { raw, reason: format!("{reason} The file ends before the array is closed.") }
                }
            },
        };
        self.line += 1;
        Ok(Next::Line(content))
    }

    fn content(&self, mut bytes: Vec<u8>, length: u64, unit: &str) -> LineContent {
        let limit = self.limits.max_line_bytes;
        if bytes.len() > limit {
            bytes.truncate(self.limits.kept_bytes);
            // A character that is cut in two is dropped rather than misread.
            let cut = bytes.utf8_chunks().last().map_or(0, |chunk| chunk.invalid().len());
            bytes.truncate(bytes.len() - cut);
            let raw = decode(bytes).map_or_else(|text| text, |decoded| decoded.text);
            let reason = format!(
                "this {unit} is {length} bytes long, over the limit of {limit}; only its first {} bytes are kept. Split it, or \
                 shorten its messages.",
                self.limits.kept_bytes
            );
            return LineContent::Bad { raw, reason };
        }
        match decode(bytes) {
            Err(text) => LineContent::Text(text),
            Ok(decoded) => LineContent::Bad {
                reason: format!(
                    "byte 0x{:02X} at column {} is not valid UTF-8; the file seems to be in Latin-1 or Windows-1252. Save it as \
                     UTF-8 and import it again.",
                    decoded.byte, decoded.column
                ),
                raw: decoded.text,
            },
        }
    }
}

/// Whether the file is one JSON array of records: a bracket with an object (or nothing) in it. A first line that is
/// a whole array by itself with more lines after it is a line like any other.
fn begins_array(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let Some(inside) = text.strip_prefix(b"[") else { return false };
    if !matches!(inside.trim_ascii_start().first(), None | Some(b'{' | b']')) {
        return false;
    }
    let Some(line_end) = text.iter().position(|&byte| byte == b'\n') else { return true };
    let (first, rest) = text.split_at(line_end);
    rest.trim_ascii().is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(first).is_err()
}

/// Bytes read ahead, of the file and of its decompressed form.
const BUFFER: usize = 64 * 1024;

enum Next {
    Line(LineContent),
    /// A blank line, or a step without content.
    Nothing,
    End,
}

/// The file's text, whatever it is wrapped in.
enum Decompressed {
    Plain(Counting<BufReader<File>>),
    Gzip(Box<BufReader<GzipReader<BufReader<File>>>>),
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Gzip(reader) => reader.read(buffer),
        }
    }
}

impl BufRead for Decompressed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Plain(reader) => reader.fill_buf(),
            Self::Gzip(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::Plain(reader) => reader.consume(amount),
            Self::Gzip(reader) => reader.consume(amount),
        }
    }
}

fn import_error(error: io::Error, lines_read: i64, limits: &ImportLimits) -> ImportError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<GzipFault>()).cloned() {
        Some(GzipFault::Truncated) => ImportError::TruncatedGzip { lines_read },
        Some(GzipFault::Corrupt(reason)) => ImportError::CorruptGzip { lines_read, reason },
        Some(GzipFault::Bomb { decompressed, compressed }) => {
            ImportError::GzipBomb { lines_read, decompressed, compressed, max_ratio: limits.max_ratio }
        }
        Some(GzipFault::TooLarge { limit }) => ImportError::TooLarge { lines_read, limit },
        None => ImportError::Io { lines_read, source: error },
    }
}
