//! Writing to the terminal. What others wrote can do nothing there but be read, and a reader that has gone (`| head`) is
//! no error: whatever is still to be said is left unsaid.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anneal_server::format;

/// Set once something could not be written that somebody wanted to read.
static FAILED: AtomicBool = AtomicBool::new(false);

/// A line of the result.
pub fn say(text: &str) {
    write_out(&harmless(text));
}

/// A line of the result for a program, as it is.
pub fn say_exactly(text: &str) {
    write_out(text);
}

/// A line to standard error. Nobody can be told if that fails.
pub fn complain(text: &str) {
    let _nobody_reads = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// The line of standard error that moves.
pub fn replace_line(text: &str) {
    let mut terminal = std::io::stderr();
    let _nobody_reads = write!(terminal, "\r\x1b[K{}", harmless(text)).and_then(|()| terminal.flush());
}

/// Whether the result could not be written, for another reason than that nobody reads it.
pub fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

fn write_out(text: &str) {
    let Err(error) = writeln!(std::io::stdout().lock(), "{text}") else { return };
    if error.kind() != ErrorKind::BrokenPipe && !FAILED.swap(true, Ordering::Relaxed) {
        complain(&format!("anneal: the output could not be written: {error}."));
    }
}

/// Text in which nothing moves the cursor, changes colours or turns what stands beside it around.
fn harmless(text: &str) -> String {
    format::visible(text).replace('\r', "[U+000D]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_can_only_be_read() {
        for (text, shown) in [
            ("plain, Größe, שלום\n\tx", "plain, Größe, שלום\n\tx"),
            ("\u{1b}[31mred\u{9b}0m\u{7}", "[U+001B][31mred[U+009B]0m[U+0007]"),
            ("all is well\rbad", "all is well[U+000D]bad"),
            ("invoice\u{202e}fdp\u{200f}", "invoice[U+202E]fdp[U+200F]"),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }
}
