//! Any bytes as an imported file: no panic, no line without a record or a counted skip, no bad record without its text and
//! reason, and the numbers of lines ascend.

#![no_main]

use std::cell::RefCell;
use std::io::{Seek, SeekFrom, Write};

use anneal_server::import::{ImportLimits, LineSource, parse_line};
use anneal_server::types::import::{CsvField, CsvMapping, ImportFormat};
use libfuzzer_sys::fuzz_target;

/// Small, so that every limit is met.
const LIMITS: ImportLimits = ImportLimits {
    max_line_bytes: 4096,
    kept_bytes: 64,
    bomb_bytes: 1 << 20,
    max_ratio: 100,
    max_decompressed_bytes: 8 << 20,
};

thread_local! {
    static FILE: RefCell<tempfile::NamedTempFile> = RefCell::new(tempfile::NamedTempFile::new().expect("a temporary file"));
}

fuzz_target!(|bytes: &[u8]| {
    FILE.with_borrow_mut(|file| {
        file.as_file().set_len(0).expect("the file is emptied");
        file.seek(SeekFrom::Start(0)).expect("the file is rewound");
        file.write_all(bytes).expect("the file is written");
        read(file.path(), None);
        let named = CsvMapping { columns: [("a".to_owned(), CsvField::Prompt)].into(), no_header: false };
        read(file.path(), Some(&named));
        read(file.path(), Some(&CsvMapping { columns: [].into(), no_header: true }));
    });
});

fn read(path: &std::path::Path, mapping: Option<&CsvMapping>) {
    let Ok(mut source) = LineSource::open(path, LIMITS, mapping) else { return };
    let mut last = 0;
    while let Ok(Some(line)) = source.next_line() {
        assert!(line.number > last, "line {} after {last}", line.number);
        last = line.number;
        let parsed = parse_line(line);
        assert!(!parsed.records.is_empty() || !parsed.skipped.is_empty(), "line {last} is lost");
        for record in parsed.records {
            assert_eq!(record.line, last);
            let is_bad = record.format == ImportFormat::Unreadable;
            assert_eq!((record.raw.is_some(), record.parse_error.is_some()), (is_bad, is_bad));
        }
    }
}
