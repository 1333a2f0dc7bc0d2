//! Whole files through the public door: real ones, and every hostile one we could think of.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;
use crate::types::import::ImportFormat;
use crate::types::validation::{Tokenizer, ValidationConfig, ValidationError};
use crate::validation::TokenCounter;

pub(super) fn read_file(path: &Path, limits: ImportLimits) -> (Vec<PreparedRecord>, Result<ReadSummary, ImportError>) {
    let mut records = Vec::new();
    let result = read_batches(path, &ReadOptions { limits, ..ReadOptions::default() }, |batch| {
        records.extend(batch.into_iter().flat_map(|batch| batch.records));
        ControlFlow::Continue(())
    });
    (records, result)
}

pub(super) fn bad_lines(summary: &ReadSummary) -> i64 {
    summary.formats.get(ImportFormat::Unreadable)
}

/// Why each bad line is one.
pub(super) fn reasons(records: &[PreparedRecord]) -> Vec<String> {
    let bad = records.iter().filter(|record| record.format == ImportFormat::Unreadable);
    bad.map(|record| record.derived.findings.details.clone().unwrap()).collect()
}

pub(super) fn read_with(bytes: &[u8], limits: ImportLimits) -> (Vec<PreparedRecord>, Result<ReadSummary, ImportError>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read_file(file.path(), limits)
}

pub(super) fn read(bytes: &[u8]) -> (Vec<PreparedRecord>, Result<ReadSummary, ImportError>) {
    read_with(bytes, ImportLimits::default())
}

/// Reads a file that must be read to its end: line, form and preview of each record.
fn lines(bytes: &[u8]) -> Vec<(i64, ImportFormat, String)> {
    let (records, result) = read(bytes);
    result.unwrap();
    records.into_iter().map(|record| (record.line, record.format, record.derived.preview)).collect()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn chat(text: &str) -> String {
    json!({"messages": [{"role": "user", "content": text}]}).to_string()
}

fn good(line: i64, text: &str) -> (i64, ImportFormat, String) {
    (line, ImportFormat::Chat, text.to_owned())
}

fn bad(line: i64, raw: &str) -> (i64, ImportFormat, String) {
    (line, ImportFormat::Unreadable, raw.to_owned())
}

#[test]
fn line_ends_marks_and_blank_lines() {
    let (a, b) = (chat("question a"), chat("question b"));
    let expected = vec![good(1, "question a"), good(2, "question b")];
    assert_eq!(lines(format!("{a}\n{b}\n").as_bytes()), expected);
    assert_eq!(lines(format!("{a}\n{b}").as_bytes()), expected);
    assert_eq!(lines(format!("{a}\r\n{b}\r\n").as_bytes()), expected);
    assert_eq!(lines(format!("\u{feff}{a}\n{b}").as_bytes()), expected);
    assert_eq!(lines(&gzip(format!("\u{feff}{a}\r\n{b}").as_bytes())), expected);
    assert_eq!(lines(&[gzip(format!("{a}\n").as_bytes()), gzip(b.as_bytes())].concat()), expected);
    assert_eq!(lines(&[gzip(format!("{a}\n{b}").as_bytes()), vec![0; 512]].concat()), expected);
    let spread = vec![good(3, "question a"), good(6, "question b")];
    assert_eq!(lines(format!("\n \t\n{a}\r\n\r\n\n{b}\n\n").as_bytes()), spread);
}

#[test]
fn arrays_are_read_by_element() {
    let (a, b) = (chat("a, [b] {c} \"d\" \\"), chat("question b"));
    let expected = vec![good(1, "a, [b] {c} \"d\" \\"), good(2, "question b")];
    for text in [
        format!("[{a},{b}]"),
        format!(" \n[\n  {a} ,\r\n\n  {b}\n]\n"),
        format!("\u{feff}[{a},{b},]"),
        format!("[{a},{b}"),
    ] {
        assert_eq!(lines(text.as_bytes()), expected, "{text}");
    }
    // Not a record, a blank between commas, and lines behind the array: kept and numbered.
    let text = format!("[{a}, 7, , {{\"x\": 1}}, {b}]\n{b}\noops");
    let forms: Vec<_> = lines(text.as_bytes()).into_iter().map(|(line, form, _)| (line, form)).collect();
    use ImportFormat::{Chat, Unreadable as Bad};
    assert_eq!(forms, vec![(1, Chat), (2, Bad), (4, Bad), (5, Chat), (7, Chat), (8, Bad)]);
    // Cut off within an element; an element without its comma; a string that never ends.
    assert_eq!(lines(format!("[{a},{{\"messages\": [").as_bytes())[1], bad(2, "{\"messages\": ["));
    assert_eq!(lines(format!("[{b} {b}]").as_bytes()), vec![bad(1, &format!("{b} {b}"))]);
    assert_eq!(lines(b"[{\"messages\": \"abc]"), vec![bad(1, "{\"messages\": \"abc]")]);
    // A bracket alone makes no array: log lines, and lists that are lines.
    assert_eq!(
        lines(format!("[2024-01-01] start\n{b}").as_bytes()),
        vec![bad(1, "[2024-01-01] start"), good(2, "question b")]
    );
    assert_eq!(lines(format!("[{{\"x\": 1}}]\n{b}").as_bytes()), vec![bad(1, "[{\"x\": 1}]"), good(2, "question b")]);
}

#[test]
fn files_without_content_are_empty() {
    for bytes in [&b""[..], b"\n\r\n  \n", b"\xEF\xBB\xBF", b"[]", b"[ \n ]\n", &gzip(b""), &gzip(b"\n\n")] {
        let (records, result) = read(bytes);
        assert!(records.is_empty());
        assert!(matches!(result, Err(ImportError::Empty)), "{bytes:?}: {result:?}");
    }
    let missing = read_file(Path::new("/nowhere/at/all"), ImportLimits::default()).1;
    assert!(matches!(missing, Err(ImportError::Io { lines_read: 0, .. })));
}

#[test]
fn files_that_are_no_text_are_named() {
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(chat("q").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cases: [(Vec<u8>, &str); 5] = [
        (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec(), "a PNG image"),
        (gzip(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR"), "a PNG image"),
        (gzip(&gzip(b"x")), "a gzip file inside a compressed file"),
        (utf16, "UTF-16 text (little-endian)"),
        (b"PK\x03\x04abc".to_vec(), "a ZIP archive (or an Office document, which is one)"),
    ];
    for (bytes, expected) in cases {
        let (records, result) = read(&bytes);
        assert!(records.is_empty());
        assert!(matches!(&result, Err(ImportError::NotText { kind }) if kind == expected), "{result:?}");
    }
}

#[test]
fn lines_that_are_not_utf8_are_kept_readable() {
    let mut bytes = format!("{}\n", chat("question a")).into_bytes();
    bytes.extend_from_slice(b"{\"messages\": \"caf\xe9 \x80\"}\r\n");
    bytes.extend_from_slice(chat("question b").as_bytes());
    let (records, result) = read(&bytes);
    assert_eq!(bad_lines(&result.unwrap()), 1);
    assert_eq!(records.len(), 3);
    assert_eq!(records[1].raw.as_deref(), Some("{\"messages\": \"café €\"}"));
    assert_eq!(records[1].derived.findings.errors, vec![ValidationError::InvalidDataStructure]);
    let details = records[1].derived.findings.details.clone().unwrap();
    assert!(details.starts_with("line 2: byte 0xE9 at column 18 is not valid UTF-8"), "{details}");
}

#[test]
fn a_50_mb_line_is_one_bad_line_among_good_ones() {
    let mut bytes = format!("{}\n{{\"messages\": \"", chat("question a")).into_bytes();
    let start = bytes.len() - 14;
    bytes.resize(start + 50_000_000, b'x');
    bytes.extend_from_slice(format!("\n{}\n", chat("question b")).as_bytes());
    let (records, result) = read(&bytes);
    assert_eq!(result.unwrap().last_line, 3);
    let lines: Vec<_> = records.iter().map(|record| (record.line, record.format)).collect();
    assert_eq!(lines, vec![(1, ImportFormat::Chat), (2, ImportFormat::Unreadable), (3, ImportFormat::Chat)]);
    assert_eq!(records[1].raw.as_ref().unwrap().len(), 64 << 10);
    let details = records[1].derived.findings.details.clone().unwrap();
    assert!(details.contains("50000000 bytes long, over the limit of 16777216"), "{details}");
}

#[test]
fn the_line_limit_is_exact_and_holds_for_elements_too() {
    let line = chat("ü question"); // its last bytes within `kept_bytes` may cut a character
    let limits = |max| ImportLimits { max_line_bytes: max, kept_bytes: 42, ..ImportLimits::default() };
    for ending in ["", "\n", "\r\n"] {
        let (records, _) = read_with(format!("{line}{ending}").as_bytes(), limits(line.len()));
        assert_eq!((records.len(), records[0].format), (1, ImportFormat::Chat), "{ending:?}");
        let (records, _) = read_with(format!("{line}{ending}").as_bytes(), limits(line.len() - 1));
        assert_eq!((records.len(), records[0].format), (1, ImportFormat::Unreadable), "{ending:?}");
        assert!(records[0].derived.findings.details.as_ref().unwrap().contains(&format!("{} bytes long", line.len())));
        assert!(line.starts_with(records[0].raw.as_ref().unwrap()));
    }
    let (records, _) = read_with(format!("[{line},{line} ]").as_bytes(), limits(line.len()));
    let forms: Vec<_> = records.iter().map(|record| record.format).collect();
    assert_eq!(forms, vec![ImportFormat::Chat, ImportFormat::Unreadable]);
}

#[test]
fn deep_nesting_is_a_bad_line() {
    let deep = format!("{{\"messages\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let open = "{\"a\":".repeat(10_000);
    for text in [format!("{deep}\n{open}\n{}", chat("question b")), format!("[{deep},{},{open}", chat("question b"))] {
        let (records, result) = read(text.as_bytes());
        assert_eq!(bad_lines(&result.unwrap()), 2);
        let details: Vec<_> = reasons(&records);
        assert!(details.iter().all(|detail| detail.contains("nested more than 127 levels deep")), "{details:?}");
        assert_eq!(records[0].raw.as_deref(), Some(deep.as_str()));
    }
}

#[test]
fn damaged_gzip_keeps_what_was_read() {
    // Text that does not compress to nothing, so that the cut falls between lines that can be read.
    let text: String =
        (0..3000).flat_map(|n| [chat(&format!("question {}", n * 7919 % 3001)), "\n".to_owned()]).collect();
    let whole = gzip(text.as_bytes());
    let (records, result) = read(&whole[..whole.len() / 2]);
    let Err(ImportError::Truncated { lines_read, .. }) = result else { panic!("{result:?}") };
    assert!(lines_read > 100 && lines_read < 3000);
    assert_eq!(i64::try_from(records.len()).unwrap(), lines_read);
    assert!(records.iter().all(|record| record.format == ImportFormat::Chat));

    // Only the checksum is missing: every line was read.
    let (records, result) = read(&whole[..whole.len() - 4]);
    assert!(matches!(result, Err(ImportError::Truncated { lines_read: 3000, .. })));
    assert_eq!(records.len(), 3000);

    let (records, result) = read(&[&whole[..], b"garbage"].concat());
    assert!(matches!(result, Err(ImportError::Corrupt { lines_read: 3000, .. })), "{result:?}");
    assert_eq!(records.len(), 3000);

    assert!(matches!(read(&whole[..5]).1, Err(ImportError::Truncated { lines_read: 0, .. })));
    assert!(matches!(
        read(b"\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").1,
        Err(ImportError::Corrupt { lines_read: 0, .. })
    ));
}

#[test]
fn a_gzip_bomb_is_stopped() {
    let mut encoder = GzEncoder::new(format!("{}\n", chat("question a")).into_bytes(), Compression::default());
    encoder.get_mut().clear();
    encoder.write_all(format!("{}\n", chat("question a")).as_bytes()).unwrap();
    let zeros = vec![b'x'; 1 << 20];
    for _ in 0..20 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let limits = ImportLimits { bomb_bytes: 8 << 20, ..ImportLimits::default() };
    let (records, result) = read_with(&bomb, limits);
    assert_eq!(records.len(), 1);
    let Err(error @ ImportError::Bomb { lines_read: 1, .. }) = result else { panic!("{result:?}") };
    assert!(error.to_string().contains("more than 300 times as many"), "{error}");
    // Nor may more come out than an upload may have, whatever the ratio.
    let limits = ImportLimits { max_decompressed_bytes: 8 << 20, ..ImportLimits::default() };
    let (records, result) = read_with(&bomb, limits);
    assert_eq!(records.len(), 1);
    let Err(error @ ImportError::TooLarge { lines_read: 1, .. }) = result else { panic!("{result:?}") };
    assert!(error.to_string().contains("more than 8.0 MiB come out of the compressed file"), "{error}");
    // The same ratio below the size that matters is a repetitive file, no bomb.
    assert!(read(&bomb).1.is_ok());
}

#[test]
fn empty_lines_are_counted_and_passed_over() {
    let (records, result) =
        read(format!("{}{}\r\n\n \n{}", "\n".repeat(200_000), chat("question a"), chat("question b")).as_bytes());
    assert_eq!(records.iter().map(|record| record.line).collect::<Vec<_>>(), vec![200_001, 200_004]);
    assert_eq!(result.unwrap().records, 2);
}

#[test]
fn mixed_and_malformed_lines_are_all_kept() {
    let native = json!({"data": {"input": {"messages": [{"role": "user", "content": "native question"}]}, "output": {}}, "span_id": "s"});
    let text = format!(
        "{native}\n{}\nnot json\n{{\"a\": 1}} trailing\n{{\"foo\": 1, \"bar\": 2}}\n[1]\n42\n{{\"messages\": [",
        chat("chat question")
    );
    let (records, result) = read(text.as_bytes());
    let summary = result.unwrap();
    assert_eq!(
        (
            summary.records,
            summary.formats.get(ImportFormat::Native),
            summary.formats.get(ImportFormat::Chat),
            bad_lines(&summary)
        ),
        (8, 1, 1, 6)
    );
    let errors = reasons(&records);
    let expected = "this line is no record: expected {\"messages\": [...]}, {\"data\": {\"input\": {\"messages\": [...]}, \"output\": {...}}} or another form that Anneal reads, found";
    assert_eq!(
        errors,
        vec![
            "line 3: this is not valid JSON: expected ident at column 2.".to_owned(),
            "line 4: this is not valid JSON: trailing characters at column 10.".to_owned(),
            format!("line 5: {expected} an object with foo, bar."),
            format!("line 6: {expected} a list."),
            format!("line 7: {expected} a number."),
            "line 8: this is not valid JSON: EOF while parsing a list at column 14, so it was probably cut off."
                .to_owned(),
        ]
    );
    assert_eq!(records[4].raw.as_deref(), Some("{\"foo\": 1, \"bar\": 2}"));
}

#[test]
fn fields_find_their_places() {
    let line = |value: serde_json::Value| {
        parse_line(SourceLine { number: 1, content: LineContent::Text(value.to_string()) }).records.remove(0)
    };
    let (user, answer, call) = (
        json!({"role": "user", "content": "q"}),
        json!({"role": "assistant", "content": "a"}),
        json!({"role": "tool"}),
    );

    let parsed = line(
        json!({"messages": [user, answer, call, answer, answer], "tools": [1], "tool_choice": "auto", "topic": "t",
        "metadata": {"m": 1}, "span_id": "s", "reference_answer": "r", "seed": 7, "is_generated": true, "evaluation": {"score": 1}}),
    );
    assert_eq!(
        parsed.data,
        json!({"input": {"messages": [user, answer, call], "tools": [1], "tool_choice": "auto"},
        "output": {"messages": [answer, answer], "finish_reason": null}})
    );
    assert_eq!(json!(parsed.item), json!({"reference_answer": "r", "seed": 7}));
    assert_eq!(json!(parsed.metadata), json!({"m": 1}));
    assert_eq!((parsed.topic.as_deref(), parsed.span_id.as_deref(), parsed.is_generated), (Some("t"), Some("s"), true));
    assert_eq!(parsed.evaluation, Some(json!({"score": 1})));

    // No list of messages: the content stays, and validation says what is wrong with it.
    let parsed = line(json!({"messages": {"role": "user"}, "topic": 5, "metadata": [1], "span_id": null}));
    assert_eq!(parsed.data, json!({"input": {"messages": {"role": "user"}}, "output": {}}));
    assert_eq!(json!(parsed.item), json!({"topic": 5, "metadata": [1]}));
    assert_eq!((parsed.topic, parsed.span_id), (None, None));

    let bare = line(json!({"input": {"messages": [user], "x": 1}, "output": {"y": 2}, "note": "n"}));
    assert_eq!(bare.data, json!({"input": {"messages": [user], "x": 1}, "output": {"y": 2}}));
    assert_eq!((bare.format, json!(bare.item)), (ImportFormat::Native, json!({"note": "n"})));

    let findings =
        |value| prepare(line(value), &ValidationConfig::default(), &TokenCounter::new()).derived.findings.errors;
    assert_eq!(findings(json!({"data": {"output": {}}})), vec![ValidationError::MissingInput]);
    assert_eq!(findings(json!({"data": 5})), vec![ValidationError::InvalidDataStructure]);
    assert_eq!(findings(json!({"messages": {}})), vec![ValidationError::EmptyMessages]);
    assert_eq!(findings(json!({"messages": [answer]})), vec![ValidationError::EmptyMessages]);
    assert_eq!(findings(json!({"messages": null})), vec![ValidationError::MissingMessages]);
}

/// The real files lie beside the project, not in it: in `shared/data` of a folder above it.
fn real_file(name: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(2);
    let found = above.map(|folder| folder.join("shared/data").join(name)).find(|path| path.exists());
    if found.is_none() {
        let skipped = format!("skipped: no shared/data/{name} in any folder above the project\n");
        std::io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    found
}

#[test]
fn the_airline_files_import_whole() {
    for (name, rows, form) in
        [("airline_chat.jsonl.gz", 200, ImportFormat::Chat), ("airline_spans.jsonl.gz", 603, ImportFormat::Native)]
    {
        let Some(path) = real_file(name) else { continue };
        let (records, result) = read_file(&path, ImportLimits::default());
        let summary = result.unwrap();
        assert_eq!((summary.records, bad_lines(&summary), summary.last_line), (rows, 0, rows));
        assert_eq!(summary.bytes_read, fs::metadata(&path).unwrap().len());
        assert!(records.iter().all(|record| record.format == form && record.derived.prompt_hash.is_some()));
    }
}

/// Python tiktoken 0.14 counts 1,598,399 (o200k_base) and 1,601,544 (cl100k_base) tokens in the 603 prompts.
#[test]
fn the_airline_spans_have_python_tiktokens_counts() {
    let Some(path) = real_file("airline_spans.jsonl.gz") else { return };
    let (records, _) = read_file(&path, ImportLimits::default());
    let counter = TokenCounter::new();
    let sum = |tokenizer| -> usize {
        let data = records.iter().map(|record| serde_json::from_str::<Value>(&record.data).unwrap());
        let prompts = data.map(|data| data["input"]["messages"].as_array().unwrap().clone());
        prompts.map(|messages| counter.count_messages(tokenizer, &messages).unwrap().tokens).sum()
    };
    assert_eq!((sum(Tokenizer::O200kBase), sum(Tokenizer::Cl100kBase)), (1_598_399, 1_601_544));
    let invalid = records.iter().filter(|record| !record.derived.findings.errors.is_empty());
    let details: Vec<_> = invalid.map(|record| record.derived.findings.errors.clone()).collect();
    let mut kinds: Vec<_> = details.concat();
    kinds.dedup();
    assert!(
        kinds
            .iter()
            .all(|kind| matches!(kind, ValidationError::UserMessageTooShort | ValidationError::ExceedsMaxTokens)),
        "{kinds:?}"
    );
}

#[test]
fn the_banking_files_import_whole() {
    let Some(path) = real_file("banking77_test.jsonl.gz") else { return };
    let (records, result) = read_file(&path, ImportLimits::default());
    assert_eq!((result.unwrap().formats.get(ImportFormat::Chat), records.len()), (3080, 3080));
    assert!(records.iter().all(|record| record.derived.ends_with_user && record.metadata.contains("\"label\":")));
}
