//! Zstandard, JSON objects around records, and CSV: whole files, sound and hostile ones.

use std::fmt::Write as _;
use std::io::Write;
use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::tests::{bad_lines, chat, gzip, read, read_with, reasons};
use super::*;
use crate::types::import::{CsvField, CsvMapping, ImportCompression, ImportFormat, SkipReason};

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

/// Reads a file that must be read to its end: line, whether it is read, and preview of each record.
fn lines(bytes: &[u8]) -> Vec<(i64, bool, String)> {
    let (records, result) = read(bytes);
    result.unwrap();
    records
        .into_iter()
        .map(|record| (record.line, record.format != ImportFormat::Unreadable, record.derived.preview))
        .collect()
}

fn good(line: i64, text: &str) -> (i64, bool, String) {
    (line, true, text.to_owned())
}

#[test]
fn zstandard_is_read_like_gzip() {
    let (a, b) = (chat("question a"), chat("question b"));
    let expected = vec![good(1, "question a"), good(2, "question b")];
    let skippable = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(format!("{a}\n{b}").as_bytes())].concat();
    let frames = [zstd(format!("{a}\n").as_bytes()), zstd(b.as_bytes())].concat();
    for file in
        [zstd(format!("\u{feff}{a}\r\n{b}").as_bytes()), frames, skippable, zstd(format!("[{a},{b}]").as_bytes())]
    {
        assert_eq!(lines(&file), expected);
    }
    assert!(matches!(read(&zstd(b"")).1, Err(ImportError::Empty)));
    let nested = read(&zstd(&gzip(b"x"))).1;
    assert!(matches!(&nested, Err(ImportError::NotText { kind }) if kind == "a gzip file inside a compressed file"));
    let nested = read(&gzip(&zstd(b"x"))).1;
    assert!(
        matches!(&nested, Err(ImportError::NotText { kind }) if kind == "a Zstandard file inside a compressed file")
    );
}

#[test]
fn damaged_zstandard_keeps_what_was_read() {
    // Enough that does not compress for several blocks of 128 KiB.
    let noise = |n: u64| {
        (0..60)
            .map(|at| char::from(b'a' + u8::try_from((n * 7919 + at * at * 104_729) % 26).unwrap()))
            .collect::<String>()
    };
    let text: String = (0..20_000).map(|n| chat(&format!("{n} {}", noise(n))) + "\n").collect();
    let whole = zstd(text.as_bytes());
    let (records, result) = read(&whole[..whole.len() / 2]);
    let Err(ImportError::Truncated { lines_read, compression: ImportCompression::Zstd }) = result else {
        panic!("{result:?}")
    };
    assert!(lines_read > 100 && lines_read < 20_000, "{lines_read}");
    assert_eq!(i64::try_from(records.len()).unwrap(), lines_read);
    assert!(records.iter().all(|record| record.format == ImportFormat::Chat));
    let error = read(&whole[..whole.len() / 2]).1.unwrap_err().to_string();
    assert!(error.contains("The Zstandard file is cut off after line"), "{error}");

    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    let (records, result) = read(&damaged);
    assert!(matches!(result, Err(ImportError::Corrupt { lines_read: 1.., .. })), "{result:?}");
    assert!(!records.is_empty());
    let trailing = read(&[&whole[..], b"garbage"].concat()).1;
    assert!(matches!(trailing, Err(ImportError::Corrupt { lines_read: 20_000, .. })), "{trailing:?}");
    assert!(matches!(read(&whole[..5]).1, Err(ImportError::Truncated { lines_read: 0, .. })));
}

#[test]
fn a_zstandard_bomb_is_stopped() {
    let mut text = format!("{}\n", chat("question a")).into_bytes();
    text.resize(40 << 20, b'x');
    let bomb = zstd(&text);
    let limits = ImportLimits { bomb_bytes: 8 << 20, ..ImportLimits::default() };
    let (records, result) = read_with(&bomb, limits);
    assert_eq!(records.len(), 1);
    let error = result.unwrap_err();
    assert!(matches!(error, ImportError::Bomb { lines_read: 1, .. }), "{error}");
    assert!(error.to_string().contains("looks like a Zstandard bomb"), "{error}");
    let limits = ImportLimits { max_decompressed_bytes: 8 << 20, ..ImportLimits::default() };
    assert!(matches!(read_with(&bomb, limits).1, Err(ImportError::TooLarge { lines_read: 1, .. })));
    // A window of 4 GiB is more than a file may ask for.
    let frame = b"\x28\xb5\x2f\xfd\x00\xb0\x01\x00\x00";
    assert!(matches!(read(frame).1, Err(ImportError::Corrupt { lines_read: 0, .. })), "{:?}", read(frame).1);
}

#[test]
fn lists_of_records_are_read_by_element_whatever_their_size() {
    let long = "x".repeat(2000);
    for (head, tail) in [
        ("{\"evalId\": \"e\", \"data\": [", "], \"meta\": {\"page\": [1, {\"a\": \"]}\"}]}}"),
        ("{\n  \"results\": {\"n\": [[1]], \"results\": [\n", "\n], \"stats\": {}},\n \"config\": {}\n}\n"),
    ] {
        for count in [1, 3, 400] {
            let elements: Vec<String> = (1..=count).map(|n| chat(&format!("{n} ] }} \\\" {long}"))).collect();
            let (records, result) = read(format!("{head}{}{tail}", elements.join(",\n")).as_bytes());
            let summary = result.unwrap();
            assert_eq!(summary.formats, [(ImportFormat::Chat, count)].into_iter().collect());
            assert_eq!(summary.skipped, [(SkipReason::Wrapper, 1)].into_iter().collect());
            let numbers: Vec<i64> = records.iter().map(|record| record.line).collect();
            assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
        }
    }
}

#[test]
fn objects_over_several_lines_are_records() {
    let pretty = |text: &str| {
        let value: Value = serde_json::from_str(&chat(text)).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    let (a, b) = (pretty("question a"), pretty("question b"));
    let expected = vec![good(1, "question a"), good(2, "question b")];
    assert_eq!(lines(format!("{a}\n{b}\n").as_bytes()), expected);
    assert_eq!(lines(format!("\u{feff}\n{a},\r\n{b}").as_bytes()), expected);
    // What is no object after them is read as lines; an object that is cut off is kept.
    let found = lines(format!("{a}\noops\n{}", chat("question b")).as_bytes());
    assert_eq!(found, vec![good(1, "question a"), (2, false, "oops".to_owned()), good(3, "question b")]);
    let found = lines(format!("{a}\n{}", &b[..b.len() - 2]).as_bytes());
    assert_eq!((found.len(), found[1].1), (2, false));
    // A record's own list of that name is no list of records.
    let record = "{\n\"items\": [{\"sku\": 1}],\n\"messages\": [{\"role\": \"user\", \"content\": \"question a\"}]}";
    assert_eq!(lines(record.as_bytes()), vec![good(1, "question a")]);
}

#[test]
fn cut_off_lists_and_long_surroundings_are_kept() {
    let (a, b) = (chat("question a"), chat("question b"));
    let (records, result) = read(format!("{{\"data\": [{a},\n{b},\n{{\"messages\": [").as_bytes());
    let summary = result.unwrap();
    assert_eq!((summary.formats.get(ImportFormat::Chat), bad_lines(&summary)), (2, 2));
    assert_eq!(records[2].raw.as_deref(), Some("\n{\"messages\": ["));
    assert_eq!(records[3].raw.as_deref(), Some("{\"data\": []"));
    let limits = ImportLimits { max_line_bytes: 1000, kept_bytes: 100, ..ImportLimits::default() };
    let config = "c".repeat(5000);
    let (records, _) = read_with(format!("{{\"config\": \"{config}\", \"data\": [{a},\n{b}]}}").as_bytes(), limits);
    assert_eq!(records.len(), 3);
    assert!(
        reasons(&records)[0].contains("this JSON object is 5026 bytes long, over the limit of 1000"),
        "{:?}",
        reasons(&records)
    );
    assert_eq!(records[2].raw.as_ref().unwrap().len(), 100);
}

/// One line of many records: none is lost and none comes twice, wherever the import is stopped.
#[test]
fn a_line_of_many_records_is_in_one_batch() {
    let span = |line: usize, n: usize| {
        let messages =
            json!([{"role": "user", "parts": [{"type": "text", "content": format!("question {line}/{n}")}]}])
                .to_string();
        json!({"traceId": "t", "spanId": format!("{line}-{n}"), "name": "chat",
            "attributes": [{"key": "gen_ai.input.messages", "value": {"stringValue": messages}}]})
    };
    let mut text = String::new();
    for line in 0..40 {
        let spans: Vec<Value> =
            (0..100).map(|n| span(line, n)).chain([json!({"traceId": "t", "name": "db", "attributes": []})]).collect();
        writeln!(text, "{}", json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})).unwrap();
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let (mut seen, mut options, mut passed_over, mut rounds) = (Vec::new(), ReadOptions::default(), 0, 0);
    loop {
        let mut last = None;
        let summary = read_batches(file.path(), &options, |batch| {
            let Some(batch) = batch else { return ControlFlow::Continue(()) };
            assert_eq!(batch.records.len() % 100, 0, "a batch ends inside a line");
            seen.extend(batch.records.iter().map(|record| record.span_id.clone().unwrap()));
            last = Some(batch.last_line);
            ControlFlow::Break(())
        })
        .unwrap();
        passed_over += summary.skipped.get(SkipReason::OtherSpan);
        rounds += 1;
        match last {
            Some(line) => options.skip_until_line = line,
            None => break,
        }
    }
    let expected: Vec<String> = (0..40).flat_map(|line| (0..100).map(move |n| format!("{line}-{n}"))).collect();
    assert_eq!(seen, expected);
    assert!(rounds > 1, "{rounds}");
    assert_eq!(passed_over, 40);
}

#[test]
fn csv_rows_have_the_numbers_of_their_lines() {
    let rows = "\u{feff}prompt,completion\r\n\"one\r\nquestion\",a\r\n\r\ntwo questions,b\r\nthree questions,";
    let expected = vec![good(2, "one question"), good(5, "two questions"), good(6, "three questions")];
    assert_eq!(lines(rows.as_bytes()), expected);
    assert_eq!(lines(&zstd(rows.as_bytes())), expected);
    // Old Macs' line ends: rows are counted.
    let expected = vec![good(2, "question one"), good(3, "question two")];
    assert_eq!(lines(b"prompt,completion\rquestion one,a\rquestion two,b\r"), expected);
    assert!(matches!(read(b"prompt,completion\n\n").1, Err(ImportError::OnlyHeader)));
    // A resumed import goes on at the next row.
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(rows.as_bytes()).unwrap();
    let mut seen = Vec::new();
    let options = ReadOptions { skip_until_line: 2, ..ReadOptions::default() };
    read_batches(file.path(), &options, |batch| {
        seen.extend(batch.iter().flat_map(|batch| &batch.records).map(|record| record.line));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(seen, [5, 6]);
}

#[test]
fn hostile_csv_is_kept_row_by_row() {
    let (records, result) = read(b"prompt,completion\na question here,b\nc\nd,e,f\n\"open, never\nclosed,x\ny,z\n");
    let summary = result.unwrap();
    assert_eq!((summary.formats.get(ImportFormat::Csv), bad_lines(&summary)), (1, 3));
    let reasons = reasons(&records);
    assert!(reasons[0].starts_with("line 3: this row has 1 cells where the header has 2"), "{reasons:?}");
    assert!(reasons[1].starts_with("line 4: this row has 3 cells where the header has 2"), "{reasons:?}");
    assert!(reasons[2].starts_with("line 5: a quote is opened here and never closed"), "{reasons:?}");
    assert_eq!(records[3].raw.as_deref(), Some("\"open, never\nclosed,x\ny,z"));
    assert_eq!(records[2].item, r#"{"prompt":"d","completion":"e","column 3":"f"}"#);

    // Latin-1, and a zero byte far from the start (some cells hold one: it is text all the same).
    let mut bytes = b"prompt,completion\ncaf\xe9 au lait,x\n".to_vec();
    (0..2000).for_each(|n| bytes.extend_from_slice(format!("question number {n},a\n").as_bytes()));
    bytes.extend_from_slice(b"a \0 zero byte,b\n");
    let (records, result) = read(&bytes);
    assert_eq!((records.len(), bad_lines(&result.unwrap())), (2002, 1));
    assert_eq!(records[0].raw.as_deref(), Some("café au lait,x"));
    assert!(records[2001].data.contains("a \\u0000 zero byte"));
    // Near the start it is no different; where they are many, the file is binary.
    let (records, result) = read(b"prompt,completion\na \0 zero byte,c\n");
    assert_eq!((records.len(), bad_lines(&result.unwrap())), (1, 0));
    assert!(records[0].data.contains("a \\u0000 zero byte"));
    assert!(matches!(read(b"prompt,completion\na\0\0\0\0b,c\n").1, Err(ImportError::NotText { .. })));

    // A huge row among good ones, in a quote that is closed and in one that is not.
    let limits = ImportLimits { max_line_bytes: 100_000, kept_bytes: 50, ..ImportLimits::default() };
    let huge = "x\n".repeat(400_000);
    for (end, rows) in [("\",b\nquestion two,c\n", 3), ("", 2)] {
        let (records, _) = read_with(format!("prompt,completion\nquestion one,a\n\"{huge}{end}").as_bytes(), limits);
        assert_eq!(records.len(), rows);
        assert_eq!((records[1].line, records[1].raw.as_ref().unwrap().len()), (3, 50));
        assert!(records[1].derived.findings.details.as_ref().unwrap().contains("this row is 80000"));
        assert!(rows == 2 || records[2].line == 400_004 && records[2].format == ImportFormat::Csv);
    }
}

#[test]
fn columns_that_nobody_knows_are_asked_for() {
    let text = "Frage;Antwort\nWo ist mein Paket?;Hier\nWarum, bitte?;Darum\n";
    let (records, result) = read(text.as_bytes());
    assert_eq!(bad_lines(&result.unwrap()), 2);
    assert!(reasons(&records)[0].contains("no column is known to be the prompt (there are Frage, Antwort)"));
    assert_eq!(records[0].item, r#"{"Frage":"Wo ist mein Paket?","Antwort":"Hier"}"#);

    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let mapped = |columns: &[(&str, CsvField)]| {
        let columns = columns.iter().map(|(name, field)| ((*name).to_owned(), *field)).collect();
        let options =
            ReadOptions { csv_mapping: Some(CsvMapping { columns, no_header: false }), ..ReadOptions::default() };
        read_batches(file.path(), &options, |_| ControlFlow::Continue(()))
    };
    let summary = mapped(&[("Frage", CsvField::Prompt), ("Antwort", CsvField::Completion)]).unwrap();
    assert_eq!(summary.formats.get(ImportFormat::Csv), 2);
    let error = mapped(&[("Fragen", CsvField::Prompt)]).unwrap_err();
    assert!(
        matches!(&error, ImportError::Mapping { .. }) && error.to_string().contains("no column \"Fragen\""),
        "{error}"
    );
    // Text that is no table stays lines; JSON is never CSV.
    assert_eq!(lines(b"some, words\nother words\n").len(), 2);
}

#[test]
fn cells_become_what_their_columns_are() {
    let text = "messages,tools,reference_answer,span_id,metadata,note\n\
        \"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"a question\"\"},{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":\"\"b\"\"}]\",\
        \"[{\"\"name\"\":\"\"t\"\"}]\",gold,s1,\"{\"\"k\"\":1}\",n\n{oops,,,,,\n";
    let (records, _) = read(text.as_bytes());
    let record = &records[0];
    assert_eq!(
        record.data,
        json!({"input": {"messages": [{"role": "user", "content": "a question"}], "tools": [{"type": "function", "function": {"name": "t"}}]},
            "output": {"messages": [{"role": "assistant", "content": "b"}], "finish_reason": null}})
        .to_string()
    );
    assert_eq!(
        (record.item.as_str(), record.metadata.as_str()),
        (r#"{"reference_answer":"gold","note":"n"}"#, r#"{"k":1}"#)
    );
    assert_eq!(record.span_id.as_deref(), Some("s1"));
    assert!(reasons(&records)[0].contains("the cell in column \"messages\" is no JSON list of messages"));
    let system = lines("system,question,answer\nBe kind.,What is it?,That.\n".as_bytes());
    assert_eq!(system, vec![good(2, "What is it?")]);
}
