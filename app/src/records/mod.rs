//! Records: the overlay over the canvas, and how one conversation looks.

mod conversation;
mod near_duplicates;
mod pager;
mod record_editor;
mod record_pane;
mod record_table;
mod recorded_answer;
mod records_bulk;
mod records_filters;
mod records_overlay;

pub use conversation::{Conversation, LongText};
pub use near_duplicates::NearDuplicatesLine;
pub use pager::Pager;
pub use recorded_answer::{RecordedAnswer, first_line};
pub use records_filters::{leaf_topics, topic_options};
pub use records_overlay::RecordsOverlay;
