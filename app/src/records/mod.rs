//! Records: the overlay over the canvas, and how one conversation looks.

mod conversation;
mod query;
mod record_editor;
mod record_pane;
mod record_table;
mod records_filters;
mod records_overlay;

pub use conversation::Conversation;
pub use records_overlay::RecordsOverlay;
