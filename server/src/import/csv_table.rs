//! A CSV file's columns: the delimiter and the header told by the file's start, and what each column is.

use std::collections::BTreeSet;

use crate::types::import::{CsvField, CsvMapping};

/// What is known of a file's columns; shared by its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvTable {
    /// `,`, `;`, a tab or `|`.
    pub delimiter: u8,
    /// The columns' names; no two are equal and none is empty.
    pub header: Vec<String>,
    /// What each column is: as asked for, else as guessed.
    pub mapping: CsvMapping,
}

impl CsvTable {
    /// Reads the first row; a mapping that was asked for is taken as it is.
    pub(super) fn new(first_row: &str, delimiter: u8, mapping: Option<&CsvMapping>) -> Self {
        let header = names_of(cells_of(first_row, delimiter), mapping);
        let mapping = match mapping {
            Some(mapping) if mapping.no_header && mapping.columns.is_empty() => guess_by_place(&header),
            Some(mapping) => mapping.clone(),
            None => guess(&header),
        };
        Self { delimiter, header, mapping }
    }
}

/// The cells of one row.
pub(super) fn cells_of(row: &str, delimiter: u8) -> Vec<String> {
    rows_of(row.as_bytes(), delimiter, 1).pop().unwrap_or_default()
}

/// Delimiters in the order of preference between equals.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows that are looked at to tell a delimiter.
const SNIFFED_ROWS: usize = 20;

/// The delimiter, if a text that is no JSON is CSV: its first row names a prompt, or it has the columns of
/// the mapping that was asked for, or most of its rows have as many cells as the first.
pub(super) fn delimiter_of(text: &[u8], whole: bool, mapping: Option<&CsvMapping>) -> Option<u8> {
    let candidates = DELIMITERS.into_iter().filter_map(|delimiter| {
        let mut rows = rows_of(text, delimiter, SNIFFED_ROWS + 1);
        if !whole || rows.len() > SNIFFED_ROWS {
            // The last row may be cut off by the end of what is looked at.
            rows.truncate(rows.len().saturating_sub(1).max(1));
        }
        score(&rows, mapping).map(|score| (score, delimiter))
    });
    // The first of equals.
    candidates.rev().max_by_key(|(score, _)| *score).map(|(_, delimiter)| delimiter)
}

/// How much speaks for a delimiter: columns whose name is known, then columns at all. `None`: it is no CSV.
fn score(rows: &[Vec<String>], mapping: Option<&CsvMapping>) -> Option<(usize, usize)> {
    let (header, rest) = rows.split_first()?;
    let header = names_of(header.clone(), mapping);
    let known = match mapping {
        Some(mapping) => mapping.columns.keys().filter(|column| header.contains(column)).count(),
        None => guess(&header).columns.len(),
    };
    let fitting = rest.iter().filter(|row| row.len() == header.len()).count();
    let is_table = header.len() > 1 && fitting > 0 && fitting * 2 >= rest.len();
    let is_named = header.iter().all(|name| name.chars().count() <= 60 && !name.starts_with(['{', '[', '<']));
    let holds_json_lines = rest.iter().any(|row| row.first().is_some_and(|cell| cell.starts_with('{')));
    let is_csv = match mapping {
        Some(mapping) => mapping.no_header || known > 0 || is_table || guess(&header).has_prompt(),
        None => guess(&header).has_prompt() || (is_table && is_named && !holds_json_lines),
    };
    is_csv.then_some((known, header.len()))
}

fn rows_of(text: &[u8], delimiter: u8, limit: usize) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text);
    let rows = reader.byte_records().take(limit).map_while(Result::ok);
    rows.map(|row| row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()).collect()
}

/// The columns' names, by the first row's cells.
fn names_of(first_row: Vec<String>, mapping: Option<&CsvMapping>) -> Vec<String> {
    if mapping.is_some_and(|mapping| mapping.no_header) {
        return (0..first_row.len()).map(CsvMapping::unnamed).collect();
    }
    distinct(first_row)
}

/// Names without blanks around them; an empty one is called after its place, a second one of the same name is numbered.
fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut distinct = Vec::with_capacity(names.len());
    for (at, name) in names.into_iter().enumerate() {
        let name = name.trim();
        let name = if name.is_empty() { CsvMapping::unnamed(at) } else { name.to_owned() };
        let numbered = (2_usize..).map(|number| format!("{name} ({number})"));
        let name = std::iter::once(name.clone()).chain(numbered).find(|name| !seen.contains(name)).unwrap_or(name);
        seen.insert(name.clone());
        distinct.push(name);
    }
    distinct
}

/// Column names that say what the column is, the surest first; compared without case, blanks, `_`, `-` and `.`.
/// Langfuse's tables export `input`, `output` and `expectedOutput`; promptfoo's test files say `__expected`.
const NAMES: [(CsvField, &[&str]); 11] = [
    (CsvField::Messages, &["messages", "conversation", "conversations", "chat", "chathistory"]),
    (
        CsvField::Prompt,
        &[
            "prompt",
            "question",
            "instruction",
            "usermessage",
            "userprompt",
            "userinput",
            "query",
            "user",
            "human",
            "request",
            "input",
        ],
    ),
    (
        CsvField::Completion,
        &[
            "completion",
            "answer",
            "response",
            "assistant",
            "assistantmessage",
            "modeloutput",
            "modelresponse",
            "reply",
            "output",
        ],
    ),
    (CsvField::System, &["system", "systemprompt", "systemmessage"]),
    (CsvField::Tools, &["tools"]),
    (CsvField::Topic, &["topic", "category"]),
    (
        CsvField::ReferenceAnswer,
        &[
            "referenceanswer",
            "reference",
            "expectedoutput",
            "expectedanswer",
            "expected",
            "groundtruth",
            "gold",
            "idealanswer",
            "ideal",
        ],
    ),
    (CsvField::SpanId, &["spanid"]),
    (CsvField::Metadata, &["metadata"]),
    (CsvField::Score, &["score"]),
    // Alpaca's second column; only beside an instruction, see `guess`.
    (CsvField::Context, &["input", "context"]),
];

/// What the columns are by their names. Each field is given once, to the surest name; all other columns are item data.
pub(super) fn guess(header: &[String]) -> CsvMapping {
    let plain: Vec<String> = header
        .iter()
        .map(|name| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
        .collect();
    let mut mapping = CsvMapping::default();
    for (field, names) in NAMES {
        if field == CsvField::Context && !plain.iter().any(|name| name == "instruction") {
            continue;
        }
        let found = names.iter().find_map(|wanted| plain.iter().position(|name| name == wanted));
        if let Some(column) = found.and_then(|at| header.get(at))
            && !mapping.columns.contains_key(column)
        {
            mapping.columns.insert(column.clone(), field);
        }
    }
    mapping
}

/// What columns without names are: one alone is the prompt, of two the second is the answer; of more nobody can say.
fn guess_by_place(header: &[String]) -> CsvMapping {
    let fields: &[CsvField] = if header.len() <= 2 { &[CsvField::Prompt, CsvField::Completion] } else { &[] };
    CsvMapping { columns: header.iter().cloned().zip(fields.iter().copied()).collect(), no_header: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(names: &[&str]) -> Vec<(String, CsvField)> {
        let header: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        guess(&header).columns.into_iter().collect()
    }

    #[test]
    fn columns_are_guessed_by_their_names() {
        use CsvField::{Completion, Context, Messages, Prompt, ReferenceAnswer, System};
        let pair = |name: &str, field| (name.to_owned(), field);
        assert_eq!(guessed(&["Prompt", "Completion"]), [pair("Completion", Completion), pair("Prompt", Prompt)]);
        assert_eq!(
            guessed(&["instruction", "input", "output"]),
            [pair("input", Context), pair("instruction", Prompt), pair("output", Completion)]
        );
        assert_eq!(
            guessed(&["id", "input", "output", "expectedOutput"]),
            [pair("expectedOutput", ReferenceAnswer), pair("input", Prompt), pair("output", Completion)]
        );
        assert_eq!(
            guessed(&["messages", "System_Prompt", "n"]),
            [pair("System_Prompt", System), pair("messages", Messages)]
        );
        assert_eq!(guessed(&["a", "b"]), []);
    }

    #[test]
    fn delimiters_are_told_and_text_is_no_csv() {
        let cases: [(&str, Option<u8>); 11] = [
            ("prompt,completion\na,b\n", Some(b',')),
            ("prompt;completion\n\"a;b\",c\n", Some(b';')),
            ("question\tanswer\na, b\tc\n", Some(b'\t')),
            ("question\nwhat, if?\n", Some(b',')),
            ("a|b\n1|2\n", Some(b'|')),
            ("a,b\n1,2\n3\n", Some(b',')),
            ("a,b\n1,2\n3\n4\n", None),
            ("just a line\nand, another\n", None),
            ("oops\n", None),
            ("a, b\n{\"messages\": [], \"x\": 1}\n", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(delimiter_of(text.as_bytes(), true, None), expected, "{text}");
        }
        let mapping = CsvMapping { columns: [("Frage".to_owned(), CsvField::Prompt)].into(), no_header: false };
        assert_eq!(delimiter_of(b"Frage\nwas?\n", true, Some(&mapping)), Some(b','));
        assert_eq!(delimiter_of(b"Nr;Frage\n1;was?\n2\n", true, Some(&mapping)), Some(b';'));
        let unnamed = CsvMapping { no_header: true, ..CsvMapping::default() };
        assert_eq!(delimiter_of(b"was?\nwarum?\n", true, Some(&unnamed)), Some(b','));
    }

    #[test]
    fn headers_are_distinct() {
        let header = CsvTable::new("a, a ,,a (2),\"x,\"\"y\"", b',', None).header;
        assert_eq!(header, ["a", "a (2)", "column 3", "a (2) (2)", "x,\"y"]);
        let unnamed = CsvMapping { no_header: true, ..CsvMapping::default() };
        assert_eq!(CsvTable::new("was?, das!", b',', Some(&unnamed)).header, ["column 1", "column 2"]);
    }
}
