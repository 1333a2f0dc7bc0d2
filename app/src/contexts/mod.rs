//! State in context: the open dataset ([`FinetuneProcess`]).

mod finetune_process;

pub use finetune_process::*;
