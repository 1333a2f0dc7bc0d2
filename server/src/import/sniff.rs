//! What a file is, by its first bytes: people upload screenshots and archives too.

/// The leading bytes that are looked at.
pub(super) const SNIFF_BYTES: usize = 8192;

/// One zero byte among so many others makes a file binary. Text with a stray one is text: its line is kept as a bad
/// record. (UTF-16 of ASCII has one in two.)
const ZERO_IN: usize = 16;

/// What the content is, in words, if it is no UTF-8 text. A byte order mark decides for UTF-16.
pub(super) fn not_text(head: &[u8]) -> Option<&'static str> {
    let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind);
    let riff = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    let tar = head.get(257..262) == Some(b"ustar");
    let start = head.trim_ascii_start();
    let html = [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)));
    let zeros = head.split(|byte| *byte == 0).count() - 1;
    known
        .or(html.then_some("an HTML page (of a site that asked for a login, perhaps)"))
        .or(riff.then_some("a WebP image"))
        .or(tar.then_some("a tar archive"))
        .or((zeros * ZERO_IN > head.len())
            .then_some("binary data (it holds zero bytes; UTF-16 text without its mark looks like that too)"))
}

/// Byte order marks, then containers and compressions, then documents and images.
const MAGIC: [(&[u8], &str); 23] = [
    (b"\xFF\xFE\x00\x00", "UTF-32 text"),
    (b"\xFF\xFE", "UTF-16 text (little-endian)"),
    (b"\xFE\xFF", "UTF-16 text (big-endian)"),
    (b"\x1f\x8b", "a gzip file inside a compressed file"),
    (b"\x28\xB5\x2F\xFD", "a Zstandard file inside a compressed file"),
    (b"\xFD7zXZ\x00", "an xz-compressed file"),
    (b"BZh", "a bzip2-compressed file"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
    (b"PK\x03\x04", "a ZIP archive (or an Office document, which is one)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x89PNG\r\n\x1A\n", "a PNG image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"\x7FELF", "a program"),
    (b"MZ\x90", "a Windows program"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"OggS", "an Ogg file"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_their_first_bytes() {
        let cases: [(&[u8], Option<&str>); 11] = [
            (b"\n<!DOCTYPE HTML><title>502", Some("an HTML page (of a site that asked for a login, perhaps)")),
            (b"\xFF\xFE\x00\x00{\x00\x00\x00", Some("UTF-32 text")),
            (b"", None),
            (b"{\"messages\": []}", None),
            (b"\xEF\xBB\xBF{}", None),
            (b"caf\xe9", None),
            (b"\x89PNG\r\n\x1A\n\x00\x00", Some("a PNG image")),
            (b"%PDF-1.7", Some("a PDF document")),
            (b"\xFF\xFE{\x00", Some("UTF-16 text (little-endian)")),
            (b"SQLite format 3\x00", Some("an SQLite database")),
            (b"RIFF\x01\x02\x03\x04WEBPVP8", Some("a WebP image")),
        ];
        for (head, expected) in cases {
            assert_eq!(not_text(head), expected, "{head:?}");
        }
        assert!(not_text(b"{\x00}\x00").unwrap().starts_with("binary data"));
        assert_eq!(not_text(b"{\"messages\": [{\"role\": \"user\", \"content\": \"a\0b\"}]}"), None);
    }
}
