//! Near-duplicates: records whose prompts say nearly the same (domain.md section 9).
//!
//! | file | what it does |
//! |---|---|
//! | [`shingles`] | what of a prompt is compared, and how alike two prompts are (exact Jaccard) |
//! | [`minhash`] | a signature in sixteen bands: prompts that are alike share a band |
//! | [`clusters`] | candidates of a band, whom they are compared with, and the clusters that come of it |
//! | [`service`] | looking, pages of clusters, keeping one of each, setting aside; the work is `jobs::near_duplicates` |
//!
//! Nothing is removed unasked. Two records are a pair if the Jaccard similarity of their shingles reaches the threshold of the
//! run; that is computed exactly for every pair found. Which pairs are found is up to the bands: see [`minhash::BANDS`].

pub mod clusters;
pub mod minhash;
pub mod service;
pub mod shingles;

pub(crate) use service::recount;
pub use service::{dismiss, keep_one, page, start};
