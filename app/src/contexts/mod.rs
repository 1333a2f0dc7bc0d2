//! State in context: the open dataset ([`FinetuneProcess`]) and what the URL selects ([`PageQuery`]).

pub mod event_stream;
mod finetune_process;
mod live_jobs;
mod page_query;

pub use finetune_process::*;
pub use page_query::{ANY_TOPIC, NearView, PageDialog, PageQuery, pairs_of, query_string};
