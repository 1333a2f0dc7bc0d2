//! Integration tests: the real router over a real SQLite file, told through the public doors (HTTP, command
//! line). One crate, so that everything is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop where it is"
)]

mod airline_policy;
mod bulk_actions;
mod calibration;
mod command_line;
mod dataset_undo;
mod deletions;
mod demo_endpoint;
mod downloads;
mod dry_run_history;
mod dry_runs;
mod duplicates;
mod endpoints;
mod events;
mod fidelity;
mod grader_endpoint;
mod grader_endpoint_judges;
mod graders;
mod import_losses;
mod import_previews;
mod import_undo;
mod imports;
mod judges;
mod large_changes;
mod near_duplicates;
mod pages;
mod passports;
mod personal_data;
mod races;
mod records_list;
mod refusals;
mod resets;
mod rollouts;
mod round_trip;
mod rules_preview;
mod sample;
mod security;
mod support;
mod test_endpoint;
mod topics_coverage;
mod uploads;
mod validation;
mod what_if;
