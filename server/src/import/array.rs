//! A top-level JSON array, element by element: the bytes of each element, never the whole array.

use std::io::{self, BufRead};

/// One element, or the end.
pub(super) enum Element {
    /// Its bytes (at most the limit) and its real length.
    Bytes { kept: Vec<u8>, length: u64 },
    /// Nothing but blanks between two commas: counted like a blank line.
    Blank,
    /// The closing bracket has been read.
    End,
    /// The file ended before the closing bracket; the bytes are what stood of the last element.
    CutOff { kept: Vec<u8>, length: u64 },
}

/// Where the splitter stands within the element.
#[derive(Default)]
pub(super) struct ArraySplitter {
    depth: u64,
    in_string: bool,
    escaped: bool,
    /// Set when the closing bracket was met right after an element, which is handed out first.
    closed: bool,
}

impl ArraySplitter {
    /// Reads up to the next comma or closing bracket on the top level. Keeps at most `limit + 1` bytes.
    pub(super) fn next(&mut self, reader: &mut impl BufRead, limit: usize) -> io::Result<Element> {
        if self.closed {
            return Ok(Element::End);
        }
        let mut kept = Vec::new();
        let mut length: u64 = 0;
        loop {
            let available = match reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if available.is_empty() {
                self.closed = true;
                return Ok(if kept.trim_ascii().is_empty() { Element::End } else { Element::CutOff { kept, length } });
            }
            let end = available.iter().position(|&byte| self.ends_element(byte));
            let body = &available[..end.unwrap_or(available.len())];
            length += body.len() as u64;
            let room = (limit + 1).saturating_sub(kept.len());
            kept.extend_from_slice(&body[..body.len().min(room)]);
            let Some(at) = end else {
                let used = available.len();
                reader.consume(used);
                continue;
            };
            self.closed = available[at] == b']';
            reader.consume(at + 1);
            let blank = length <= limit as u64 && kept.trim_ascii().is_empty();
            return Ok(match (blank, self.closed) {
                (true, true) => Element::End,
                (true, false) => Element::Blank,
                (false, _) => Element::Bytes { kept, length },
            });
        }
    }

    /// Follows one byte; true for the comma or bracket that ends the element.
    fn ends_element(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b']' if self.depth == 0 => return true,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' => return self.depth == 0,
            _ => {}
        }
        false
    }
}
