//! The command line. The worker check comes first: a script worker must find no runtime and no store.

// Pages are deeply nested types, and they are laid out in this crate (see anneal-app).
#![recursion_limit = "512"]

mod cli;

use std::process::ExitCode;

use anneal_server::grader::{WORKER_ARGUMENT, worker_main};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == WORKER_ARGUMENT) {
        worker_main();
    }
    cli::main()
}
