//! The dataset's canvas page: one file per part.

pub mod steps;
