//! What scripts find under `helpers`: pure functions over texts and JSON. Documented for users in
//! `docs/graders.md`, a row each. Some take time by the product of two lengths: what bounds them is the
//! worker's CPU limit, as it bounds the script itself.

mod calls;
mod json;
mod schema;
mod words;

pub use calls::calls;
pub use json::{is_json, parse_json};
pub use schema::{SchemaFindings, matches_schema};
pub use words::{contains_all, contains_any, count, edit_distance, jaccard, word_count};

pub use super::native::text_similarity::ratio as similarity;
