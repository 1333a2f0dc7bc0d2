//! A dry run's verdict as JUnit XML, for CI: a test for the verdict, one for each finding, one for each check that passed.

use std::fmt::Write;

use anneal_server::types::dry_run::{DryRunReport, Verdict};

/// The document. A finding that caps the verdict below GO is a failure, any other one is told in `system-out`.
pub(super) fn document(dataset: &str, report: &DryRunReport) -> String {
    let mut cases = Vec::new();
    match &report.diagnosis {
        None => cases.push(failed("verdict", "no verdict", "Not one sample was scored.")),
        Some(diagnosis) => {
            cases.push(match diagnosis.verdict {
                Verdict::Go => passed("verdict", &diagnosis.summary),
                verdict => failed("verdict", verdict.as_str(), &diagnosis.summary),
            });
            for finding in &diagnosis.findings {
                let text = format!("{} {} {}", finding.message, finding.causes, finding.action_text);
                cases.push(match finding.verdict_at_best {
                    Some(_) => failed(&finding.id, &finding.message, &text),
                    None => passed(&finding.id, &text),
                });
            }
            cases.extend(diagnosis.passed.iter().map(|check| passed(&check.message, "fine")));
        }
    }
    let failures = cases.iter().filter(|case| case.contains("<failure")).count();
    let seconds = report.duration_ms as f64 / 1_000.0;
    let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        document,
        "<testsuite name=\"anneal dry-run: {}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\">",
        escaped(dataset),
        cases.len(),
    );
    document.push_str(&cases.concat());
    document.push_str("</testsuite>\n");
    document
}

fn passed(name: &str, text: &str) -> String {
    format!(
        "  <testcase classname=\"anneal\" name=\"{}\"><system-out>{}</system-out></testcase>\n",
        escaped(name),
        escaped(text)
    )
}

fn failed(name: &str, message: &str, text: &str) -> String {
    format!(
        "  <testcase classname=\"anneal\" name=\"{}\"><failure message=\"{}\">{}</failure></testcase>\n",
        escaped(name),
        escaped(message),
        escaped(text)
    )
}

/// For text and attributes of XML 1.0, which has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            control if control.is_control() => escaped.push('\u{FFFD}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_cannot_break_the_document() {
        assert_eq!(escaped("a<b>&\"c\"\u{0}\u{1b}é\n"), "a&lt;b&gt;&amp;&quot;c&quot;\u{FFFD}\u{FFFD}é\n");
    }
}
