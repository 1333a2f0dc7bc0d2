//! CSV as a stream of rows: the text of each, never more than a limit of it. Where a row ends is told by `csv-core`,
//! byte for byte as the `csv` crate reads it; cells are read from the row's text afterwards, on every core.

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// A row's text.
pub(super) struct Row {
    /// At most the limit of its bytes, without its line end.
    pub kept: Vec<u8>,
    /// How long it is.
    pub length: u64,
    /// The line on which it begins, from 0 for the first line read.
    pub line: i64,
    /// Whether the file ends within it.
    pub is_last: bool,
}

/// Where the splitter stands.
pub(super) struct RowSplitter {
    core: Box<Reader>,
    /// Cells are not wanted here, but have to go somewhere.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// Line ends read so far.
    line_ends: i64,
    ended: bool,
    /// Read already, and to be read again.
    held: Option<Row>,
}

impl RowSplitter {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            core: Box::new(ReaderBuilder::new().delimiter(delimiter).build()),
            cells: vec![0; 64 << 10],
            ends: vec![0; 1 << 10],
            line_ends: 0,
            ended: false,
            held: None,
        }
    }

    /// The next row is this one again.
    pub(super) fn put_back(&mut self, row: Row) {
        self.held = Some(row);
    }

    /// Reads the next row with content; keeps at most `limit + 1` bytes.
    pub(super) fn next(&mut self, reader: &mut impl BufRead, limit: usize) -> io::Result<Option<Row>> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        let mut kept = Vec::new();
        let mut length: u64 = 0;
        let mut first_line = self.line_ends;
        while !self.ended {
            let available = match reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let at_end = available.is_empty();
            let (result, used, _, _) = self.core.read_record(available, &mut self.cells, &mut self.ends);
            let mut body = &available[..used];
            if length == 0 {
                // Empty lines, and the second half of a CR LF, belong to no row.
                let blank = body.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                self.line_ends += count_line_ends(&body[..blank]);
                body = &body[blank..];
                first_line = self.line_ends;
            }
            self.line_ends += count_line_ends(body);
            length += body.len() as u64;
            let room = (limit + 1).saturating_sub(kept.len());
            kept.extend_from_slice(&body[..body.len().min(room)]);
            reader.consume(used);
            self.ended = matches!(result, ReadRecordResult::End);
            if matches!(result, ReadRecordResult::Record) {
                let whole = kept.len() as u64 == length;
                while whole && matches!(kept.last(), Some(b'\n' | b'\r')) {
                    kept.pop();
                    length -= 1;
                }
                return Ok(Some(Row { kept, length, line: first_line, is_last: at_end }));
            }
        }
        Ok(None)
    }
}

fn count_line_ends(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.split(|&byte| byte == b'\n').count() - 1).unwrap_or(i64::MAX)
}
