//! Records: the overlay over the canvas, and how one conversation looks.

mod conversation;
mod marked_text;
mod model_calls;
mod near_duplicates;
mod pager;
mod passport;
mod record_columns;
mod record_editor;
mod record_heads;
mod record_pane;
mod record_table;
mod recorded_answer;
mod records_bulk;
mod records_filters;
mod records_overlay;
mod row_list;
mod topic_groups;

pub use conversation::{Conversation, LongText};
pub use model_calls::ModelCalls;
pub use near_duplicates::NearDuplicatesLine;
pub use pager::Pager;
pub use recorded_answer::{RecordedAnswer, first_line};
pub use records_filters::{leaf_topics, topic_options};
pub use records_overlay::RecordsOverlay;
