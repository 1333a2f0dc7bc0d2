//! Files in: from bytes to records that are ready to be stored, in bounded memory whatever the file.
//!
//! | file | what |
//! |---|---|
//! | [`source`] | a file as a stream of numbered lines: gzip, byte order mark, JSON array, limits |
//! | [`parse`] | one line to one record: chat or native form, or a bad line that is kept |
//! | [`prepare`] | what is derived from a record: preview, hash, findings |
//! | [`pipeline`] | all of it on every core, delivered in order |

mod array;
mod encoding;
mod gzip;
pub mod parse;
pub mod pipeline;
pub mod prepare;
mod sniff;
pub mod source;

pub use parse::{LineForm, ParsedRecord, parse_line};
pub use pipeline::{Batch, ReadSummary, read_batches};
pub use prepare::{Derived, PreparedRecord, derive, prepare};
pub use source::{ImportError, ImportLimits, LineContent, LineSource, SourceLine};

#[cfg(test)]
mod tests;
