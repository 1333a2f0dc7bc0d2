//! The scenarios, a file per topic.

mod account_access;
mod billing;
mod order_status;
mod product_questions;
mod returns_refunds;
mod technical_support;

use super::scenario::Scenario;

/// Topic, how many of a thousand records are about it, and its scenarios.
pub(super) const TOPICS: [(&str, usize, &[Scenario]); 6] = [
    ("order_status", 187, order_status::SCENARIOS),
    ("returns_refunds", 179, returns_refunds::SCENARIOS),
    ("billing", 168, billing::SCENARIOS),
    ("account_access", 152, account_access::SCENARIOS),
    ("product_questions", 174, product_questions::SCENARIOS),
    ("technical_support", 140, technical_support::SCENARIOS),
];
