//! Training: the split (domain.md section 9).

pub mod split;
