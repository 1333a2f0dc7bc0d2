//! Two versions of a grader, compared line by line: pure but for the time it may take.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline, group_diff_ops};

use crate::types::grader::{DiffHunk, DiffLine, GraderConfig, GraderDiff, GraderVersion, LineChange};

/// Comparing takes at most about this long; what is not compared by then counts as changed.
const TIME: Duration = Duration::from_millis(500);
/// Unchanged lines shown around a change.
const AROUND: usize = 3;
/// Most lines sent; a person reads no more, and a page of more is slow.
const MAX_LINES: usize = 2_000;
/// Most characters sent of a line.
const MAX_CHARS: usize = 2_000;

/// What changed from one version to another.
pub fn diff(from: &GraderVersion, to: &GraderVersion) -> GraderDiff {
    let (old, new) = (text_of(&from.config), text_of(&to.config));
    let compared = diff_texts(&old, &new, Some(Instant::now() + TIME));
    GraderDiff { from: from.version, to: to.version, ..compared }
}

/// What a person compares: the source of a script; else the config as JSON, its texts with line breaks.
fn text_of(config: &GraderConfig) -> String {
    match config {
        GraderConfig::Script { script } => script.clone(),
        GraderConfig::Python(python) => python.source.clone(),
        other => serde_json::to_value(other).map(|value| readable(&value)).unwrap_or_default(),
    }
}

/// JSON over several lines. A text of several lines stands between lines of `"""`, so that a change of one of its lines is
/// one changed line; it is for reading and is no JSON then.
fn readable(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, 0);
    text
}

fn write_value(text: &mut String, value: &Value, depth: usize) {
    let indent = |depth: usize| "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            text.push_str("{\n");
            for (name, field) in fields {
                // (Writing into a String does not fail.)
                let _ = write!(text, "{}{}: ", indent(depth + 1), Value::from(name.as_str()));
                write_value(text, field, depth + 1);
                text.push('\n');
            }
            let _ = write!(text, "{}}}", indent(depth));
        }
        Value::Array(entries) if !entries.is_empty() => {
            text.push_str("[\n");
            for entry in entries {
                text.push_str(&indent(depth + 1));
                write_value(text, entry, depth + 1);
                text.push('\n');
            }
            let _ = write!(text, "{}]", indent(depth));
        }
        Value::String(words) if words.contains('\n') => {
            text.push_str("\"\"\"\n");
            for line in words.split('\n') {
                let _ = writeln!(text, "{}{line}", indent(depth + 1));
            }
            let _ = write!(text, "{}\"\"\"", indent(depth));
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

/// The difference of two texts; the versions' numbers are the caller's.
fn diff_texts(old: &str, new: &str, deadline: Option<Instant>) -> GraderDiff {
    let old: Vec<&str> = old.split('\n').collect();
    let new: Vec<&str> = new.split('\n').collect();
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
    let is_rough = deadline.is_some_and(|deadline| Instant::now() > deadline);
    let (mut added, mut removed) = (0, 0);
    for op in ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        removed += op.old_range().len();
        added += op.new_range().len();
    }
    let mut room = MAX_LINES;
    let mut shown = 0;
    let mut hunks = Vec::new();
    for group in group_diff_ops(ops, AROUND) {
        let Some(first) = group.first() else { continue };
        let mut hunk = DiffHunk {
            from_line: first.old_range().start + 1,
            to_line: first.new_range().start + 1,
            lines: Vec::new(),
        };
        for op in &group {
            for line in lines_of(op, &old, &new).take(room - hunk.lines.len().min(room)) {
                shown += usize::from(line.change != LineChange::Same);
                hunk.lines.push(line);
            }
        }
        room -= hunk.lines.len().min(room);
        hunks.push(hunk);
        if room == 0 {
            break;
        }
    }
    GraderDiff { from: 0, to: 0, added, removed, hunks, left_out: added + removed - shown, is_rough }
}

/// The lines of one run: what went before what came.
fn lines_of<'a>(op: &DiffOp, old: &'a [&'a str], new: &'a [&'a str]) -> impl Iterator<Item = DiffLine> + use<'a> {
    let is_same = matches!(op, DiffOp::Equal { .. });
    let line = |change: LineChange| move |text: &&str| DiffLine { change, text: cut(text) };
    let first = if is_same { LineChange::Same } else { LineChange::Removed };
    let before = old.get(op.old_range()).unwrap_or_default().iter().map(line(first));
    let after = if is_same { &[][..] } else { new.get(op.new_range()).unwrap_or_default() };
    before.chain(after.iter().map(line(LineChange::Added)))
}

/// A line as it is sent: a carriage return is made visible, for it may be all that changed.
fn cut(line: &str) -> String {
    let line = line.replace('\r', "␍");
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::grader::LlmJudge;

    /// "-old", "+new", " same", with "@" and both first lines before each hunk.
    fn shown(diff: &GraderDiff) -> Vec<String> {
        let line = |line: &DiffLine| {
            let sign = match line.change {
                LineChange::Same => ' ',
                LineChange::Added => '+',
                LineChange::Removed => '-',
            };
            format!("{sign}{}", line.text)
        };
        let hunk = |hunk: &DiffHunk| {
            std::iter::once(format!("@{},{}", hunk.from_line, hunk.to_line))
                .chain(hunk.lines.iter().map(line))
                .collect::<Vec<_>>()
        };
        diff.hunks.iter().flat_map(hunk).collect()
    }

    #[test]
    fn changes_come_with_the_lines_around_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16";
        let diff = diff_texts(old, new, None);
        assert_eq!((diff.added, diff.removed, diff.left_out, diff.is_rough), (2, 1, 0, false));
        assert_eq!(
            shown(&diff),
            ["@2,2", " 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8", "@13,13", " 13", " 14", " 15", "+16"]
        );
    }

    #[test]
    fn the_same_text_has_no_changes() {
        for text in ["", "a", "a\nb\n"] {
            let diff = diff_texts(text, text, None);
            assert_eq!((diff.added, diff.removed, diff.hunks.len()), (0, 0, 0), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(shown(&diff_texts("a\r\nb", "a\nb", None)), ["@1,1", "-a␍", "+a", " b"]);
        assert_eq!(shown(&diff_texts("a", "a\n", None)), ["@1,1", " a", "+"], "a last line break");
    }

    #[test]
    fn huge_texts_are_bounded() {
        let many =
            |factor: u32, of: u32| (0..120_000).map(|n| (n * factor % of).to_string()).collect::<Vec<_>>().join("\n");
        let old = many(7, 1_000);
        let new = many(11, 997);
        let started = Instant::now();
        let diff = diff_texts(&old, &new, Some(Instant::now() + Duration::from_millis(50)));
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        let lines: usize = diff.hunks.iter().map(|hunk| hunk.lines.len()).sum();
        assert_eq!((lines, diff.is_rough), (MAX_LINES, true));
        assert!(diff.left_out > 0 && diff.left_out < diff.added + diff.removed);
        let long = diff_texts("", &"x".repeat(300_000), None);
        assert_eq!(shown(&long).iter().map(|line| line.chars().count()).max(), Some(MAX_CHARS + 2));
    }

    #[test]
    fn a_prompt_is_compared_line_by_line() {
        let judge =
            |prompt: &str| GraderConfig::LlmJudge(LlmJudge { prompt: prompt.to_owned(), ..LlmJudge::default() });
        let diff = diff_texts(&text_of(&judge("Be strict.\nScore it.")), &text_of(&judge("Be kind.\nScore it.")), None);
        assert_eq!(
            shown(&diff).into_iter().take(7).collect::<Vec<_>>(),
            [
                "@1,1",
                " {",
                "   \"type\": \"llm_judge\"",
                "   \"prompt\": \"\"\"",
                "-    Be strict.",
                "+    Be kind.",
                "     Score it."
            ]
        );
        assert_eq!(
            readable(&serde_json::json!({"a": [], "b": {}, "c": [1.50, null], "d": "x\\ny"})),
            "{\n  \"a\": []\n  \"b\": {}\n  \"c\": [\n    1.5\n    null\n  ]\n  \"d\": \"x\\\\ny\"\n}"
        );
    }
}
