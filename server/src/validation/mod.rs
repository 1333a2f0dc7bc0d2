//! What makes a record usable for training (domain.md section 3). Everything here is pure: values in,
//! findings out. Deciding `duplicate` needs the store's earlier records, so it is a step of its own.
//!
//! | file | what |
//! |---|---|
//! | [`rules`] | the rules in their order, and the findings of one record |
//! | [`tool_chain`] | tool calls and their results |
//! | [`tokens`] | counting by the real tokenizer, guarded against hostile text |
//! | [`duplicates`] | the prompt's hash, and which record of a group is kept |
//! | [`report`] | the hygiene report and its recommendations |
//! | [`preview`] | what other rules would make of records, or of a sample of them |

pub mod duplicates;
pub mod preview;
pub mod report;
pub mod rules;
mod text;
pub mod tokens;
pub mod tool_chain;

pub use duplicates::{Candidate, Decision, DuplicateKeeper, prompt_hash, resolve_duplicates, status_of};
pub use report::{HygieneCounts, HygieneGroup, hygiene_report};
pub use rules::{Findings, record_findings, validate_record};
pub use text::message_text;
pub use tokens::{TokenCount, TokenCounter, TokenError, estimate_tokens};
pub use tool_chain::validate_tool_chain;
