//! Records: the overlay over the canvas, and how one conversation looks.

mod conversation;
mod pager;
mod record_editor;
mod record_pane;
mod record_table;
mod records_bulk;
mod records_filters;
mod records_overlay;

pub use conversation::{Conversation, LongText};
pub use pager::Pager;
pub use records_overlay::RecordsOverlay;
