//! Top-level JSON objects of any size: the elements of the list of records inside, one by one, then what stands around
//! it. An object without such a list is one record, over however many lines it is written.

use std::io::{self, BufRead};

use super::array::{ArraySplitter, Element};

/// Names under which exports keep their list of records, at the top level: provider and Langfuse pages (`data`,
/// `traces`, `observations`), OpenTelemetry (`resourceSpans`; `batches` in Tempo; `spans`), promptfoo (`results`, or
/// `results` within `results`), and what scripts write.
pub(super) const LISTS: [&str; 11] = [
    "data",
    "records",
    "traces",
    "observations",
    "results",
    "resourceSpans",
    "batches",
    "spans",
    "items",
    "examples",
    "rows",
];

/// The list that may stand one level deeper, in an object of the same name (promptfoo).
pub(super) const NESTED_LIST: &str = "results";

/// Fields that only a record has: what follows them in the same object is part of it, not a list of records.
const RECORD_FIELDS: [&str; 8] =
    ["messages", "conversations", "prompt", "completion", "question", "instruction", "request", "custom_id"];

/// What the next step gives.
pub(super) enum Piece {
    /// An element of the list, or a whole object without one, or what stood around a list: at most the limit of its
    /// bytes, and its real length.
    Bytes { kept: Vec<u8>, length: u64 },
    /// Nothing but blanks between two commas.
    Blank,
    /// The file ended within an object or its list; the bytes are what stood of it.
    CutOff { kept: Vec<u8>, length: u64 },
    /// Something that is no object follows; it has not been read.
    Other,
    /// The end of the file.
    End,
}

/// Where the splitter stands.
pub(super) struct ObjectSplitter {
    /// False where the file's first object is known to be a record itself.
    takes_lists: bool,
    /// Set while the list of records is read.
    list: Option<ArraySplitter>,
    /// What stands around the list so far, and how long it really is.
    rest: Vec<u8>,
    rest_length: u64,
    state: Scan,
}

/// Where in the object the scan is.
#[derive(Default)]
struct Scan {
    depth: u64,
    in_string: bool,
    escaped: bool,
    /// The name being read or read last, on the first or second level; at most [`MAX_NAME`] bytes.
    name: Vec<u8>,
    /// Whether a string that begins now is a name.
    expects_name: bool,
    in_name: bool,
    /// Whether the second level is the object under [`NESTED_LIST`].
    in_nested: bool,
    /// The list whose first element has not been seen yet.
    at_list_start: bool,
    seen_record_field: bool,
}

/// Longer names are none that are looked for.
const MAX_NAME: usize = 32;

/// What one byte means.
enum Step {
    Goes,
    /// The first element of the list of records begins here; the byte belongs to it.
    ListBegins,
    ObjectEnds,
}

impl ObjectSplitter {
    pub(super) fn new(takes_lists: bool) -> Self {
        Self { takes_lists, list: None, rest: Vec::new(), rest_length: 0, state: Scan::default() }
    }

    /// Whether the list that is found is one of records, as far as these bytes tell.
    pub(super) fn finds_list(head: &[u8]) -> bool {
        let mut state = Scan::default();
        head.iter()
            .map(|&byte| state.step(byte))
            .take_while(|step| !matches!(step, Step::ObjectEnds))
            .any(|step| matches!(step, Step::ListBegins))
    }

    /// Reads up to the next piece. Keeps at most `limit + 1` bytes of it.
    pub(super) fn next(&mut self, reader: &mut impl BufRead, limit: usize) -> io::Result<Piece> {
        loop {
            if let Some(list) = &mut self.list {
                match list.next(reader, limit)? {
                    Element::Bytes { kept, length } => return Ok(Piece::Bytes { kept, length }),
                    Element::Blank => return Ok(Piece::Blank),
                    Element::CutOff { kept, length } => return Ok(Piece::CutOff { kept, length }),
                    Element::End => {
                        self.list = None;
                        self.state.depth -= 1;
                        self.keep(b"]", limit);
                    }
                }
            }
            let available = match reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if available.is_empty() {
                return Ok(self.end());
            }
            if self.state.depth == 0 {
                match between_objects(available) {
                    Between::Blank(0) => {}
                    Between::Blank(length) => {
                        reader.consume(length);
                        continue;
                    }
                    Between::Other => return Ok(Piece::Other),
                }
            }
            let (used, step) = self.scan(available);
            let body = available[..used].to_vec();
            reader.consume(used);
            self.keep(&body, limit);
            match step {
                Step::Goes => {}
                Step::ListBegins => self.list = Some(ArraySplitter::default()),
                Step::ObjectEnds => return Ok(self.object()),
            }
        }
    }

    /// Follows bytes up to the next one that means something; gives how many were used.
    fn scan(&mut self, available: &[u8]) -> (usize, Step) {
        for (at, &byte) in available.iter().enumerate() {
            match self.state.step(byte) {
                Step::ListBegins if self.takes_lists => return (at, Step::ListBegins),
                Step::ListBegins => {
                    // It is a record's own list: go on as if nothing were.
                    self.state.at_list_start = false;
                    self.state.step(byte);
                }
                Step::ObjectEnds => return (at + 1, Step::ObjectEnds),
                Step::Goes => {}
            }
        }
        (available.len(), Step::Goes)
    }

    fn keep(&mut self, body: &[u8], limit: usize) {
        self.rest_length += body.len() as u64;
        let room = (limit + 1).saturating_sub(self.rest.len());
        self.rest.extend_from_slice(&body[..body.len().min(room)]);
    }

    fn object(&mut self) -> Piece {
        self.state = Scan::default();
        Piece::Bytes { kept: std::mem::take(&mut self.rest), length: std::mem::take(&mut self.rest_length) }
    }

    fn end(&mut self) -> Piece {
        if self.rest.trim_ascii().is_empty() {
            return Piece::End;
        }
        self.state = Scan::default();
        Piece::CutOff { kept: std::mem::take(&mut self.rest), length: std::mem::take(&mut self.rest_length) }
    }
}

impl Scan {
    fn step(&mut self, byte: u8) -> Step {
        if self.in_string {
            self.in_string(byte);
            return Step::Goes;
        }
        if byte.is_ascii_whitespace() {
            return Step::Goes;
        }
        if self.at_list_start && byte == b'{' {
            self.at_list_start = false;
            return Step::ListBegins;
        }
        self.at_list_start = false;
        match byte {
            b'"' => self.begin_string(),
            b'{' => {
                self.in_nested |= self.depth == 1 && self.name == NESTED_LIST.as_bytes();
                self.depth += 1;
                self.expects_name = self.depth == 1 || (self.depth == 2 && self.in_nested);
            }
            b'[' => {
                self.at_list_start = self.is_list();
                self.depth += 1;
                self.expects_name = false;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.in_nested &= self.depth > 1;
                self.expects_name = false;
                if self.depth == 0 {
                    return Step::ObjectEnds;
                }
            }
            b',' => self.expects_name = self.depth == 1 || (self.depth == 2 && self.in_nested),
            b':' => self.expects_name = false,
            _ => {}
        }
        Step::Goes
    }

    fn in_string(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_string = false;
                if self.in_name {
                    self.in_name = false;
                    let name = self.name.as_slice();
                    self.seen_record_field |=
                        self.depth == 1 && RECORD_FIELDS.iter().any(|field| field.as_bytes() == name);
                }
                return;
            }
            _ => {}
        }
        if self.in_name && self.name.len() < MAX_NAME {
            self.name.push(byte);
        }
    }

    fn begin_string(&mut self) {
        self.in_string = true;
        self.in_name = self.expects_name;
        if self.in_name {
            self.name.clear();
        }
    }

    /// Whether a list that begins now stands where exports keep their records.
    fn is_list(&self) -> bool {
        let name = self.name.as_slice();
        !self.seen_record_field
            && match self.depth {
                1 => LISTS.iter().any(|list| list.as_bytes() == name),
                2 => self.in_nested && name == NESTED_LIST.as_bytes(),
                _ => false,
            }
    }
}

enum Between {
    /// So many bytes mean nothing; 0 where an object begins.
    Blank(usize),
    Other,
}

/// Blanks and commas may stand between two objects.
fn between_objects(available: &[u8]) -> Between {
    let blank = available.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
    match available.get(blank) {
        Some(b'{') | None => Between::Blank(blank),
        Some(_) if blank > 0 => Between::Blank(blank),
        Some(_) => Between::Other,
    }
}
