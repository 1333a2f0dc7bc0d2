//! Anneal's pages. See the map below.
pub mod contexts;
pub mod ui;
