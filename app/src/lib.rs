//! Anneal's pages. See the map below.
pub mod contexts;
pub mod finetune;
pub mod records;
pub mod ui;
