//! OpenAI's graders that need no model, over rendered texts and known scores: pure functions.
//!
//! | module | what lives there |
//! |---|---|
//! | [`string_check`] | equal, unequal, contains |
//! | [`text_similarity`] | which metric is which package's, and the longest texts |
//! | `ngrams`, `meteor`, `porter`, `lcs`, `tokens` | the metrics, their stemmer, their words |
//! | [`formula`] | `calculate_output` |

pub mod formula;
mod lcs;
mod meteor;
mod ngrams;
mod porter;
#[cfg(test)]
mod similarity_tests;
pub mod string_check;
pub mod text_similarity;
mod tokens;

pub use formula::{Formula, FormulaError};
pub use string_check::string_check;
pub use text_similarity::{SimilarityError, text_similarity};
