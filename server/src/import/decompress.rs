//! Reading compressed files: gzip and Zstandard under the same limits and with the same errors. Several members (frames)
//! in a row are one stream; cut-off files, damaged ones and bombs are told apart.
//!
//! Zstandard is decoded by `zstd` (the reference C library): it hands out every byte as soon as it is decoded, so a
//! cut-off file keeps its lines up to the cut. The pure-Rust decoder holds back a whole window (megabytes) until the end.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use crate::types::import::ImportCompression;

/// Why decompressing stopped; travels inside an [`io::Error`] because that is what a reader can give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecompressFault {
    #[error("the compressed data ends in the middle")]
    Truncated,
    #[error("{0}")]
    Corrupt(String),
    #[error("{decompressed} bytes came out of {compressed}")]
    Bomb { decompressed: u64, compressed: u64 },
    #[error("more than {limit} bytes come out of it")]
    TooLarge { limit: u64 },
}

/// When decompressed data is too much of a good thing: more than `max_bytes`, or more than `min_bytes` *and* more
/// than `max_ratio` times what was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct BombLimit {
    pub min_bytes: u64,
    pub max_ratio: u64,
    pub max_bytes: u64,
}

/// Counts the bytes that a reader has handed out.
pub(super) struct Counting<R> {
    inner: R,
    pub(super) consumed: u64,
}

impl<R> Counting<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, consumed: 0 }
    }
}

impl<R: BufRead> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.consumed += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counting<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.consumed += amount as u64;
        self.inner.consume(amount);
    }
}

/// How a file that begins with these bytes is compressed.
pub(super) fn compression_of(head: &[u8]) -> Option<ImportCompression> {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    if head.starts_with(GZIP) {
        Some(ImportCompression::Gzip)
    } else if head.starts_with(ZSTD) || is_skippable_frame(head) {
        Some(ImportCompression::Zstd)
    } else {
        None
    }
}

/// A Zstandard file may begin with a frame of somebody's own (RFC 8878, 3.1.2): pzstd and seekable files do.
fn is_skippable_frame(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// A compressed file as one stream of what is in it.
pub(super) struct Decompressor<R: BufRead> {
    decoder: Decoder<R>,
    /// What has been read and come out so far.
    compressed: u64,
    decompressed: u64,
    limit: BombLimit,
}

enum Decoder<R: BufRead> {
    /// The member being read; `None` after the last one.
    Gzip(Option<GzDecoder<Counting<R>>>),
    /// All frames: the library goes on to the next one by itself.
    Zstd(Box<zstd::stream::read::Decoder<'static, Counting<R>>>),
}

/// Largest Zstandard window, as a power of two: 128 MiB, what the `zstd` program accepts unasked.
const ZSTD_WINDOW_LOG: u32 = 27;

impl<R: BufRead> Decompressor<R> {
    pub(super) fn new(inner: Counting<R>, compression: ImportCompression, limit: BombLimit) -> io::Result<Self> {
        let compressed = inner.consumed;
        let decoder = match compression {
            ImportCompression::Gzip => Decoder::Gzip(Some(GzDecoder::new(inner))),
            ImportCompression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(inner)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Decoder::Zstd(Box::new(decoder))
            }
        };
        Ok(Self { decoder, compressed, decompressed: 0, limit })
    }

    /// Compressed bytes read so far.
    pub(super) fn compressed(&self) -> u64 {
        self.compressed
    }

    /// Takes what has come out into account; too much of it is an error.
    fn count(&mut self, read: usize) -> io::Result<()> {
        self.decompressed += read as u64;
        let (decompressed, compressed) = (self.decompressed, self.compressed);
        if decompressed > self.limit.max_bytes {
            return Err(io::Error::other(DecompressFault::TooLarge { limit: self.limit.max_bytes }));
        }
        if decompressed > self.limit.min_bytes && decompressed / self.limit.max_ratio > compressed {
            return Err(io::Error::other(DecompressFault::Bomb { decompressed, compressed }));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match &mut self.decoder {
                Decoder::Gzip(None) => return Ok(0),
                Decoder::Gzip(Some(member)) => {
                    let result = member.read(buffer);
                    self.compressed = member.get_ref().consumed;
                    result
                }
                Decoder::Zstd(decoder) => {
                    let result = decoder.read(buffer);
                    self.compressed = decoder.get_ref().consumed;
                    result
                }
            };
            let read = result.map_err(|error| fault(&error))?;
            self.count(read)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match &mut self.decoder {
                Decoder::Zstd(_) => return Ok(0),
                Decoder::Gzip(member) => {
                    *member = member.take().map(GzDecoder::into_inner).map(next_member).transpose()?.flatten();
                }
            }
        }
    }
}

/// The decoders' own errors in our words. Errors of the file itself (a disk that cannot be read) come from the operating
/// system and carry its number; the libraries' do not.
fn fault(error: &io::Error) -> io::Error {
    if error.raw_os_error().is_some() {
        return io::Error::new(error.kind(), error.to_string());
    }
    let fault = match error.kind() {
        io::ErrorKind::UnexpectedEof => DecompressFault::Truncated,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            DecompressFault::Corrupt(error.to_string())
        }
        kind => return io::Error::new(kind, error.to_string()),
    };
    io::Error::other(fault)
}

/// Zero bytes after the last gzip member are padding (tape archives have it) and are ignored; anything else
/// there is [`DecompressFault::Corrupt`].
fn next_member<R: BufRead>(mut inner: Counting<R>) -> io::Result<Option<GzDecoder<Counting<R>>>> {
    loop {
        let available = inner.fill_buf()?;
        match available.first() {
            None => return Ok(None),
            Some(0) => {
                let zeros = available.iter().take_while(|&&byte| byte == 0).count();
                inner.consume(zeros);
            }
            Some(0x1f) => return Ok(Some(GzDecoder::new(inner))),
            Some(_) => {
                let reason = "something that is not gzip follows the compressed data".to_owned();
                return Err(io::Error::other(DecompressFault::Corrupt(reason)));
            }
        }
    }
}

/// The start of a stream, looked at before it is read: as many bytes as were asked for, or all there are. An error that
/// came after them is kept for whoever reads so far.
pub(super) struct Peeked<R> {
    head: Vec<u8>,
    at: usize,
    error: Option<io::Error>,
    inner: BufReader<R>,
    whole: bool,
}

impl<R: Read> Peeked<R> {
    pub(super) fn new(inner: R, length: usize, buffer: usize) -> Self {
        let mut inner = BufReader::with_capacity(buffer, inner);
        let mut head = Vec::new();
        let result = (&mut inner).take(length as u64).read_to_end(&mut head);
        let whole = result.is_ok() && head.len() < length;
        Self { head, at: 0, error: result.err(), inner, whole }
    }

    /// What is left of the start.
    pub(super) fn head(&self) -> &[u8] {
        self.head.get(self.at..).unwrap_or_default()
    }

    /// Whether the start is all there is.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The error that came after the start, if that is all that can be said.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    pub(super) fn get_ref(&self) -> &R {
        self.inner.get_ref()
    }
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Peeked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.head.len() {
            return Ok(&self.head[self.at..]);
        }
        match self.error.take() {
            Some(error) => Err(error),
            None => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.at < self.head.len() {
            self.at += amount;
            if self.at >= self.head.len() {
                self.head = Vec::new();
                self.at = 0;
            }
        } else {
            self.inner.consume(amount);
        }
    }
}
