//! The sample dataset: made by a seeded generator in the project, without external data.

pub mod generator;
