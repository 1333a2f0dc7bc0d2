//! Files in: from bytes to records that are ready to be stored, in bounded memory whatever the file.
//!
//! | file | what |
//! |---|---|
//! | [`source`] | a file as a stream of numbered lines: what it is wrapped in, what cuts it, limits |
//! | `opened`, `decompress`, `sniff`, `encoding` | the open file; gzip and Zstandard; what is no text; text that is not UTF-8 |
//! | `container` | lines, an array, objects or CSV: told by the file's start |
//! | `array`, `object`, `rows` | what cuts each of them into lines, never holding more than one |
//! | `csv_table` | a CSV file's delimiter and columns |
//! | [`formats`] | one line to its records, one file per format; the list of formats and their order |
//! | [`prepare`] | what is derived from a record: preview, hash, findings |
//! | [`pipeline`] | all of it on every core, delivered in order |
//! | [`preview`] | the start of a file, to be shown before it is imported |

mod array;
mod container;
mod csv_table;
mod decompress;
mod encoding;
mod error;
pub mod formats;
mod object;
mod opened;
mod pattern;
pub mod pipeline;
pub mod prepare;
pub mod preview;
mod rows;
mod sniff;
pub mod source;

pub use csv_table::CsvTable;
pub use error::{ImportError, ImportLimits};
pub use formats::{ParsedLine, ParsedRecord, parse_line};
pub use pipeline::{Batch, ReadOptions, ReadSummary, read_batches};
pub use prepare::{Derived, PreparedLine, PreparedRecord, derive, pii_beside, prepare};
pub use preview::preview;
pub use source::{LineContent, LineSource, SourceLine};

#[cfg(test)]
mod container_tests;
#[cfg(test)]
mod preview_tests;
#[cfg(test)]
mod tests;
