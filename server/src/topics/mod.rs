//! Topics: the hierarchy and its changes, labelling by keyword, the service over both.

pub mod hierarchy;
pub mod keywords;
mod service;

pub use service::{assign, edit, import, set_targets, start_categorize};
