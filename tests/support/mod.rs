//! The harness: [`app::TestApp`] is a server on its own data folder and port; [`records`] builds input.

pub mod app;
pub mod records;
