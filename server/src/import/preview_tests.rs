//! The preview: what a person sees before anything is imported.

use std::io::Write;

use serde_json::json;

use super::tests::{chat, gzip};
use super::*;
use crate::types::import::{CsvField, CsvMapping, ImportCompression, ImportContainer, ImportFormat, ImportPreview};
use crate::types::validation::ValidationConfig;

fn look(bytes: &[u8], mapping: Option<&CsvMapping>) -> Result<ImportPreview, ImportError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    preview(file.path(), &ValidationConfig::default(), ImportLimits::default(), mapping)
}

#[test]
fn the_start_of_a_long_file_is_shown() {
    let text: String = (0..5000).map(|n| chat(&format!("question number {n}")) + "\n").collect();
    let preview = look(&gzip(format!("oops\n{text}").as_bytes()), None).unwrap();
    assert_eq!((preview.compression, preview.container), (Some(ImportCompression::Gzip), ImportContainer::Jsonl));
    assert_eq!((preview.records, preview.valid, preview.is_complete), (200, 199, false));
    assert_eq!(preview.formats.get(ImportFormat::Chat), 199);
    let shown: Vec<i64> = preview.conversations.iter().map(|conversation| conversation.line).collect();
    assert_eq!(shown, [2, 3, 4, 5, 6]);
    assert_eq!((preview.problems_total, preview.problems[0].line), (1, 1));
    assert!(preview.problems[0].message.contains("not valid JSON"), "{:?}", preview.problems);
    assert_eq!(serde_json::from_value::<ImportPreview>(json!(preview)).unwrap(), preview);
}

#[test]
fn conversations_are_short() {
    let messages: Vec<_> = (0..50).map(|n| json!({"role": "user", "content": format!("{n} ").repeat(3000)})).collect();
    let answer =
        json!({"role": "assistant", "content": null, "tool_calls": [{"id": "1", "function": {"name": "track"}}]});
    let long = json!({"messages": messages});
    let short = json!({"messages": [{"role": "user", "content": "a question"}, answer], "tools": [{"function": {"name": "track"}}]});
    let preview = look(format!("{long}\n{short}").as_bytes(), None).unwrap();
    assert!(preview.is_complete);
    let [first, second] = preview.conversations.as_slice() else { panic!("{preview:?}") };
    assert_eq!((first.messages.len(), first.messages_left_out), (20, 30));
    assert_eq!((first.messages[0].text.chars().count(), first.messages[0].is_cut), (2000, true));
    assert_eq!((second.tools.as_slice(), second.messages[1].is_answer), (&["track".to_owned()][..], true));
    assert_eq!(second.messages[1].tool_calls, ["track"]);
}

#[test]
fn columns_are_guessed_or_asked_for() {
    let text = "Nr;Frage;answer\n1;Wo ist mein Paket?;Hier\n2;Warum nicht?;Darum\n";
    let csv = look(text.as_bytes(), None).unwrap();
    assert_eq!((csv.container, csv.records, csv.valid), (ImportContainer::Csv, 2, 0));
    let columns = csv.csv.unwrap();
    assert_eq!((columns.delimiter, columns.header.join(",")), (';', "Nr,Frage,answer".to_owned()));
    assert_eq!(columns.mapping.columns, [("answer".to_owned(), CsvField::Completion)].into());
    assert!(columns.mapping_problem.unwrap().contains("Name one of Nr, Frage, answer"));
    assert_eq!(columns.rows, [["1", "Wo ist mein Paket?", "Hier"], ["2", "Warum nicht?", "Darum"]]);

    let mapping = CsvMapping { columns: [("Frage".to_owned(), CsvField::Prompt)].into(), no_header: false };
    let csv = look(text.as_bytes(), Some(&mapping)).unwrap();
    assert_eq!((csv.valid, csv.csv.unwrap().mapping_problem), (2, None));
    let wrong = CsvMapping { columns: [("Fragen".to_owned(), CsvField::Prompt)].into(), no_header: false };
    let preview = look(text.as_bytes(), Some(&wrong)).unwrap();
    assert_eq!((preview.records, preview.valid), (0, 0), "nothing is told that another mapping would make");
    let csv = preview.csv.unwrap();
    assert_eq!(csv.rows.len(), 2);
    assert!(csv.mapping_problem.unwrap().contains("no column \"Fragen\""));
    assert_eq!(csv.mapping, wrong);
}

/// The first row is data too: it is read, counted and shown, and stands on line 1.
#[test]
fn a_csv_file_may_have_no_header() {
    let text = "1;Wo ist mein Paket?;Hier\n2;Warum nicht?;Darum\n";
    let unmapped = CsvMapping { no_header: true, ..CsvMapping::default() };
    let preview = look(text.as_bytes(), Some(&unmapped)).unwrap();
    let columns = preview.csv.unwrap();
    assert_eq!((preview.records, columns.header.join(",")), (0, "column 1,column 2,column 3".to_owned()));
    assert_eq!(columns.rows, [["1", "Wo ist mein Paket?", "Hier"], ["2", "Warum nicht?", "Darum"]]);
    assert!(columns.mapping_problem.unwrap().contains("Name one of column 1, column 2, column 3"));

    let columns = [("column 2", CsvField::Prompt), ("column 3", CsvField::Completion)];
    let mapping = CsvMapping { columns: columns.map(|(name, field)| (name.to_owned(), field)).into(), no_header: true };
    let preview = look(text.as_bytes(), Some(&mapping)).unwrap();
    assert_eq!((preview.records, preview.valid), (2, 2));
    let first = &preview.conversations[0];
    assert_eq!((first.line, first.messages[0].text.as_str()), (1, "Wo ist mein Paket?"));
    // A file of one or two columns is told by their places, whatever it says.
    for text in ["What is it? Tell me\nWhy is it so\n", "What is it?,this\nWhy is it so?,because\n"] {
        let preview = look(text.as_bytes(), Some(&unmapped)).unwrap();
        assert_eq!((preview.records, preview.valid), (2, 2), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let whole =
        gzip((0..3000).map(|n| chat(&format!("question {}", n * 7919 % 3001)) + "\n").collect::<String>().as_bytes());
    let cut = look(&whole[..whole.len() / 60], None).unwrap();
    assert!(cut.error.as_ref().is_some_and(|error| error.contains("The gzip file is cut off")), "{cut:?}");
    assert!(cut.records > 0 && !cut.is_complete);
    assert!(matches!(look(b"\x89PNG\r\n\x1A\n\0", None), Err(ImportError::NotText { .. })));
    assert!(matches!(look(b"\n\n", None), Err(ImportError::Empty)));
    // A million lines that are no records come to an end.
    let spans = json!({"name": "db", "traceId": "t", "attributes": {}}).to_string() + "\n";
    let passed_over = look(spans.repeat(100_000).as_bytes(), None).unwrap();
    assert_eq!((passed_over.records, passed_over.skipped.total()), (0, 2000));
}
