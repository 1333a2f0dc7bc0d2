//! Reading gzip: several members in a row, cut-off files, bombs.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Why decompressing stopped; travels inside an [`io::Error`] because that is what a reader can give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum GzipFault {
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

/// All members of a gzip file as one stream. Zero bytes after the last member are padding (tape archives have
/// it) and are ignored; anything else there is [`GzipFault::Corrupt`].
pub(super) struct GzipReader<R: BufRead> {
    /// The member being read; `None` after the last one.
    member: Option<GzDecoder<Counting<R>>>,
    compressed: u64,
    decompressed: u64,
    limit: BombLimit,
}

impl<R: BufRead> GzipReader<R> {
    pub(super) fn new(inner: Counting<R>, limit: BombLimit) -> Self {
        Self { compressed: inner.consumed, member: Some(GzDecoder::new(inner)), decompressed: 0, limit }
    }

    /// Compressed bytes read so far.
    pub(super) fn compressed(&self) -> u64 {
        self.compressed
    }
}

impl<R: BufRead> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = self.member.as_mut() else { return Ok(0) };
            let result = member.read(buffer);
            self.compressed = member.get_ref().consumed;
            let read = result.map_err(|error| gzip_fault(&error))?;
            self.decompressed += read as u64;
            let (decompressed, compressed) = (self.decompressed, self.compressed);
            if decompressed > self.limit.max_bytes {
                return Err(io::Error::other(GzipFault::TooLarge { limit: self.limit.max_bytes }));
            }
            if decompressed > self.limit.min_bytes && decompressed / self.limit.max_ratio > compressed {
                return Err(io::Error::other(GzipFault::Bomb { decompressed, compressed }));
            }
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.member = self.member.take().map(GzDecoder::into_inner).map(next_member).transpose()?.flatten();
        }
    }
}

fn gzip_fault(error: &io::Error) -> io::Error {
    let fault = match error.kind() {
        io::ErrorKind::UnexpectedEof => GzipFault::Truncated,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => GzipFault::Corrupt(error.to_string()),
        kind => return io::Error::new(kind, error.to_string()),
    };
    io::Error::other(fault)
}

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
                return Err(io::Error::other(GzipFault::Corrupt(reason)));
            }
        }
    }
}
