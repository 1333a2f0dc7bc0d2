//! The harness: [`app::TestApp`] is a server on its own data folder and port, [`process`] the program as a
//! process; [`records`] builds input.

pub mod app;
pub mod process;
pub mod records;
