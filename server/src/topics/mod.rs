//! Topics: the hierarchy and its changes, labelling by keyword, the service over both.

mod carry;
pub mod hierarchy;
pub mod keywords;
mod service;

pub use carry::finish_all;
pub(crate) use carry::{go_on, records_along, refuse_while_carrying};
pub(crate) use service::check_leaf;
pub use service::{assign, edit, import, set_targets, start_categorize};
