//! The finder of personal data and secrets: a hand-written scanner, pure and without `regex`, so that the browser highlights
//! by the same rules by which the server counts and masks.
//!
//! | file | what |
//! |---|---|
//! | [`mod@find`] | one walk over a text, which asks the others where something may begin |
//! | `email`, `numbers`, `phone`, `secrets` | what counts as what, and what only looks like it |
//! | [`values`] | the texts inside a record's JSON: which kinds it has, and masking them |
//!
//! Every rule reads a bounded number of bytes around the place where it is asked, and what was read as one word is not
//! read again: time grows with the length of the text alone, whatever it is.
//!
//! Precision comes before recall. A date, price, version, order number, UUID or hash is no phone number; a bare run of
//! digits is one only after a word such as "phone". What it finds in the data at hand: docs/benchmarks.md.

mod email;
pub mod find;
mod numbers;
mod phone;
mod secrets;
pub mod values;

pub use find::{PiiFind, find};
pub use values::{Masker, kinds_in_text, kinds_in_value};

#[cfg(test)]
mod tests;
