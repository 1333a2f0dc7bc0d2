//! A file as a stream of numbered lines, in bounded memory: plain, gzip or Zstandard; JSON Lines, one JSON array, JSON
//! objects around a list of records, or CSV. An array's or list's element and a CSV row are lines like any other.

use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::array::{ArraySplitter, Element};
use super::container::{Shape, shape_of};
use super::csv_table::CsvTable;
use super::decompress::Peeked;
use super::encoding::decode;
use super::error::{ImportError, ImportLimits};
use super::object::{ObjectSplitter, Piece};
use super::opened::{BUFFER, FileText, Opened};
use super::rows::{Row, RowSplitter};
use super::sniff::{SNIFF_BYTES, not_text};
use crate::types::import::{CsvMapping, ImportCompression, ImportContainer};

/// One line with content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// 1-based; blank lines count. In a JSON array or list: the 1-based element; in a CSV file the line on which the row
    /// begins, the header (if there is one) being line 1.
    pub number: i64,
    /// What stands there.
    pub content: LineContent,
}

/// What a line holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineContent {
    /// UTF-8 text without its line end.
    Text(String),
    /// A row of a CSV file, as it stands there.
    Row {
        /// Its text without its line end.
        text: String,
        /// Whether the file ends within it, perhaps in an open quote.
        is_last: bool,
        /// The file's columns.
        table: Arc<CsvTable>,
    },
    /// A line that is not even text, or too long.
    Bad {
        /// As much of it as is kept, readable.
        raw: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
}

impl LineContent {
    /// What stands there, as far as it is kept.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Row { text, .. } | Self::Bad { raw: text, .. } => text,
        }
    }
}

/// A file's lines, one after another.
pub struct LineSource {
    reader: Peeked<FileText>,
    limits: ImportLimits,
    compression: Option<ImportCompression>,
    container: ImportContainer,
    cutter: Cutter,
    line: i64,
    found_content: bool,
    /// Set from outside to end the reading, in the middle of a line too.
    stop: Arc<AtomicBool>,
}

/// What cuts the text into lines.
enum Cutter {
    Lines,
    Array(ArraySplitter),
    Object(Box<ObjectSplitter>),
    Rows(Box<RowSplitter>, Arc<CsvTable>),
}

impl LineSource {
    /// Opens a file and looks at what it is. The mapping is for CSV files; others pass it over. One that does not fit the
    /// file's columns is an error.
    pub fn open(path: &Path, limits: ImportLimits, mapping: Option<&CsvMapping>) -> Result<Self, ImportError> {
        let source = Self::open_unchecked(path, limits, mapping)?;
        let asked = mapping.and_then(|_| source.csv_table());
        match asked.and_then(|table| table.mapping.problem(&table.header)) {
            Some(reason) => Err(ImportError::Mapping { reason }),
            None => Ok(source),
        }
    }

    /// The same with a mapping that may not fit.
    pub fn open_unchecked(
        path: &Path,
        limits: ImportLimits,
        mapping: Option<&CsvMapping>,
    ) -> Result<Self, ImportError> {
        let Opened { reader, compression, stop } = Opened::open(path, &limits)?;
        let mut source = Self {
            reader: Peeked::new(reader, HEAD, BUFFER),
            limits,
            compression,
            container: ImportContainer::Jsonl,
            cutter: Cutter::Lines,
            line: 0,
            found_content: false,
            stop,
        };
        source.begin(mapping)?;
        Ok(source)
    }

    /// Bytes of the file (compressed, where it is) that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.reader.get_ref().bytes_read()
    }

    /// Once set, the next read of the file fails: whoever sets it wants nothing more of it.
    pub fn stop_handle(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// How the file is compressed.
    pub fn compression(&self) -> Option<ImportCompression> {
        self.compression
    }

    /// What holds the records together.
    pub fn container(&self) -> ImportContainer {
        self.container
    }

    /// A CSV file's columns.
    pub fn csv_table(&self) -> Option<&Arc<CsvTable>> {
        match &self.cutter {
            Cutter::Rows(_, table) => Some(table),
            _ => None,
        }
    }

    /// The next line with content; `None` at the end of the file.
    pub fn next_line(&mut self) -> Result<Option<SourceLine>, ImportError> {
        loop {
            let next = match &mut self.cutter {
                Cutter::Lines => self.next_plain_line(),
                Cutter::Array(_) => self.next_element(),
                Cutter::Object(_) => self.next_piece(),
                Cutter::Rows(..) => self.next_row(),
            };
            match next.map_err(|error| self.error(error))? {
                Next::Line(content) => {
                    self.found_content = true;
                    return Ok(Some(SourceLine { number: self.line, content }));
                }
                Next::Nothing => {}
                Next::End if self.found_content => return Ok(None),
                Next::End if matches!(self.cutter, Cutter::Rows(..)) => return Err(ImportError::OnlyHeader),
                Next::End => return Err(ImportError::Empty),
            }
        }
    }

    fn error(&self, error: io::Error) -> ImportError {
        ImportError::reading(error, self.line, &self.limits, self.compression)
    }

    /// Refuses what is no text, drops the byte order mark and sees what holds the records together.
    fn begin(&mut self, mapping: Option<&CsvMapping>) -> Result<(), ImportError> {
        if self.reader.head().is_empty() {
            let error = self.reader.take_error();
            return Err(error.map_or(ImportError::Empty, |error| self.error(error)));
        }
        let head = self.reader.head();
        if let Some(kind) = not_text(&head[..head.len().min(SNIFF_BYTES)]) {
            return Err(ImportError::NotText { kind: kind.to_owned() });
        }
        let mark = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let text = &head[mark..];
        let blank = text.len() - text.trim_ascii_start().len();
        let shape = shape_of(text, self.reader.is_whole(), mapping);
        self.reader.consume(mark);
        match shape {
            Shape::Lines => {}
            Shape::Array => {
                self.reader.consume(blank + 1);
                self.container = ImportContainer::Array;
                self.cutter = Cutter::Array(ArraySplitter::default());
            }
            Shape::Object { takes_lists } => {
                self.container = ImportContainer::Object;
                self.cutter = Cutter::Object(Box::new(ObjectSplitter::new(takes_lists)));
            }
            Shape::Csv { delimiter } => self.begin_csv(delimiter, mapping)?,
        }
        Ok(())
    }

    fn begin_csv(&mut self, delimiter: u8, mapping: Option<&CsvMapping>) -> Result<(), ImportError> {
        let mut rows = RowSplitter::new(delimiter);
        let first = rows.next(&mut self.reader, self.limits.max_line_bytes).map_err(|error| self.error(error))?;
        let names = first.as_ref().map(|row| row.kept.clone()).unwrap_or_default();
        let names = decode(names).map_or_else(|text| text, |decoded| decoded.text);
        let table = CsvTable::new(&names, delimiter, mapping);
        self.container = ImportContainer::Csv;
        match first.filter(|_| mapping.is_some_and(|mapping| mapping.no_header)) {
            Some(row) => rows.put_back(row),
            None => self.line = 1,
        }
        self.cutter = Cutter::Rows(Box::new(rows), Arc::new(table));
        Ok(())
    }

    /// Passes over empty lines at the buffer's speed: a file may hold a thousand million of them.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
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

    fn next_plain_line(&mut self) -> io::Result<Next> {
        self.skip_line_ends()?;
        let limit = self.limits.max_line_bytes;
        let mut bytes = Vec::new();
        // Two more than the limit: a line of just that length may still have its CR and LF.
        let read = (&mut self.reader).take(limit as u64 + 2).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(Next::End);
        }
        let ended = bytes.last() == Some(&b'\n');
        if ended {
            bytes.pop();
        }
        let mut length = bytes.len() as u64;
        if !ended && read > limit {
            length += self.skip_rest_of_line()?;
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

    fn next_element(&mut self) -> io::Result<Next> {
        let Cutter::Array(array) = &mut self.cutter else { return Ok(Next::Nothing) };
        let element = array.next(&mut self.reader, self.limits.max_line_bytes)?;
        let content = match element {
            Element::End => {
                // What follows the closing bracket is read as lines, so that nothing is lost.
                self.cutter = Cutter::Lines;
                return Ok(Next::Nothing);
            }
            Element::Blank => {
                self.line += 1;
                return Ok(Next::Nothing);
            }
            Element::Bytes { kept, length } => self.content(kept, length, "array element"),
            Element::CutOff { kept, length } => self.cut_off(kept, length, "array element"),
        };
        self.line += 1;
        Ok(Next::Line(content))
    }

    fn next_piece(&mut self) -> io::Result<Next> {
        let Cutter::Object(object) = &mut self.cutter else { return Ok(Next::Nothing) };
        let content = match object.next(&mut self.reader, self.limits.max_line_bytes)? {
            Piece::End => return Ok(Next::End),
            Piece::Other => {
                self.cutter = Cutter::Lines;
                return Ok(Next::Nothing);
            }
            Piece::Blank => {
                self.line += 1;
                return Ok(Next::Nothing);
            }
            Piece::Bytes { kept, length } => self.content(kept, length, "JSON object"),
            Piece::CutOff { kept, length } => self.cut_off(kept, length, "JSON object"),
        };
        self.line += 1;
        Ok(Next::Line(content))
    }

    fn next_row(&mut self) -> io::Result<Next> {
        let Cutter::Rows(rows, table) = &mut self.cutter else { return Ok(Next::Nothing) };
        let table = table.clone();
        let Some(Row { kept, length, line, is_last }) = rows.next(&mut self.reader, self.limits.max_line_bytes)? else {
            return Ok(Next::End);
        };
        // Old Macs end lines with a CR alone: then rows are counted, so that no two have one number.
        self.line = (line + 1).max(self.line + 1);
        Ok(Next::Line(match self.content(kept, length, "row") {
            LineContent::Text(text) => LineContent::Row { text, is_last, table },
            bad => bad,
        }))
    }

    /// The last element of a list that is never closed. Perhaps only the closing bracket is missing: the parser will know.
    fn cut_off(&self, kept: Vec<u8>, length: u64, unit: &str) -> LineContent {
        match self.content(kept, length, unit) {
            LineContent::Bad { raw, reason } => {
                LineContent::Bad { raw, reason: format!("{reason} The file ends before it is closed.") }
            }
            whole => whole,
        }
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

/// The start that is looked at to tell what holds the records together.
const HEAD: usize = 256 * 1024;

enum Next {
    Line(LineContent),
    /// A blank line, or a step without content.
    Nothing,
    End,
}
