//! Topics: what the records are about (domain.md section 4).

pub mod hierarchy;
pub mod keywords;
