//! Training: the split (domain.md section 9).

mod service;
pub mod split;

pub use service::{preview, rows};
