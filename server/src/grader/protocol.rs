//! What the pool and a worker say to each other: length-prefixed frames over one socket.
//!
//! A frame is a little-endian `u32` length and that many bytes. The first frame to a worker is its
//! [`ScriptLimits`] as JSON; every later one is a request, and is answered by one frame: an [`Answer`]
//! as JSON. A request is kind (1 byte), seed (8 bytes), length of the script (4 bytes), the script, and
//! the input as JSON; so neither script nor input is escaped and parsed a second time.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::error::GradeError;

/// The largest request, in bytes: script and input of one sample.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;
/// The largest answer, in bytes: 100 log lines and a reasoning, every character escaped, fit three times.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The longest reasoning kept, in characters.
pub const MAX_REASONING_CHARS: usize = 10_000;
/// The most log lines kept of one sample.
pub const MAX_LOG_LINES: usize = 100;
/// The longest log line or error message kept, in characters.
pub const MAX_LINE_CHARS: usize = 2_000;
/// Requests a worker serves before a fresh one takes its place.
pub const REQUESTS_PER_WORKER: u32 = 500;

/// What a script may use for one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptLimits {
    /// CPU time in milliseconds, kept by the operating system's profiling timer; at least 1.
    pub cpu_ms: u64,
    /// Address space in MiB beyond what the worker has at its start; the engine itself needs some 32.
    pub memory_mib: u64,
    /// Time on the wall in milliseconds, kept by the parent.
    pub deadline_ms: u64,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self { cpu_ms: 100, memory_mib: 64, deadline_ms: 2_000 }
    }
}

/// A score and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// 0..=1.
    pub score: f64,
    /// The script's own explanation, at most 10,000 characters.
    pub reasoning: Option<String>,
    /// What the script logged: at most 100 lines of 2,000 characters.
    pub logs: Vec<String>,
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The score and its reasoning; `None` for a check that found nothing wrong.
    pub result: Result<Option<Verdict>, GradeError>,
    /// What the script logged.
    pub logs: Vec<String>,
    /// Whether the worker cannot be used again (its engine panicked).
    pub is_last: bool,
}

/// A score as the engine gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 0..=1.
    pub score: f64,
    /// The script's own explanation.
    pub reasoning: Option<String>,
}

/// What a worker is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// Compile the script, run its top level and look for `grade`.
    Check,
    /// Grade one sample.
    Grade,
}

/// A request as the worker reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// What to do.
    pub kind: RequestKind,
    /// Seed of `Math.random`.
    pub seed: u64,
    /// The script's source.
    pub script: &'a str,
    /// The input as JSON; empty for a check.
    pub input: &'a [u8],
}

const REQUEST_HEADER_BYTES: usize = 1 + 8 + 4;

impl<'a> Request<'a> {
    /// The bytes of this request, its frame's length in front, ready to be sent.
    pub fn to_frame(self) -> Result<Vec<u8>, GradeError> {
        let bytes = REQUEST_HEADER_BYTES + self.script.len() + self.input.len();
        let too_large = GradeError::TooLarge { bytes, limit: MAX_REQUEST_BYTES };
        if bytes > MAX_REQUEST_BYTES {
            return Err(too_large);
        }
        let (Ok(frame_length), Ok(script_length)) = (u32::try_from(bytes), u32::try_from(self.script.len())) else {
            return Err(too_large);
        };
        let mut frame = Vec::with_capacity(4 + bytes);
        frame.extend_from_slice(&frame_length.to_le_bytes());
        frame.push(match self.kind {
            RequestKind::Check => 0,
            RequestKind::Grade => 1,
        });
        frame.extend_from_slice(&self.seed.to_le_bytes());
        frame.extend_from_slice(&script_length.to_le_bytes());
        frame.extend_from_slice(self.script.as_bytes());
        frame.extend_from_slice(self.input);
        Ok(frame)
    }

    /// Reads a request out of a frame's bytes; `None` if they are none.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let (seed, rest) = rest.split_first_chunk::<8>()?;
        let (script_length, rest) = rest.split_first_chunk::<4>()?;
        let (script, input) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*script_length)).ok()?)?;
        let kind = match kind {
            0 => RequestKind::Check,
            1 => RequestKind::Grade,
            _ => return None,
        };
        Some(Self { kind, seed: u64::from_le_bytes(*seed), script: std::str::from_utf8(script).ok()?, input })
    }
}

/// Reads one frame; `None` at the end of the stream.
pub fn read_frame(reader: &mut impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0_u8; 4];
    match reader.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = frame_length(length, limit)?;
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes one frame.
pub fn write_frame(writer: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    writer.write_all(&length.to_le_bytes())?;
    writer.write_all(bytes)?;
    writer.flush()
}

/// The length that four bytes announce, refused where it is above `limit`.
pub fn frame_length(bytes: [u8; 4], limit: usize) -> io::Result<usize> {
    let length = usize::try_from(u32::from_le_bytes(bytes)).map_err(io::Error::other)?;
    if length > limit {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame of {length} bytes, at most {limit} are allowed"),
        ));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_its_frame() {
        let request =
            Request { kind: RequestKind::Grade, seed: 0x0102_0304_0506_0708, script: "grüße", input: b"{\"a\":1}" };
        let frame = request.to_frame().unwrap();
        // 13 bytes of header, 7 of script (two umlauts of two bytes), 7 of input.
        assert_eq!(frame[..4], 27_u32.to_le_bytes());
        let bytes = read_frame(&mut frame.as_slice(), MAX_REQUEST_BYTES).unwrap().unwrap();
        assert_eq!(Request::parse(&bytes), Some(request));
    }

    #[test]
    fn garbage_is_no_request() {
        let cases: [&[u8]; 5] = [
            b"",
            b"\x01\0\0\0\0\0\0\0\0\0\0\0",              // a byte short of a header
            b"\x02\0\0\0\0\0\0\0\0\0\0\0\0",            // unknown kind
            b"\x01\0\0\0\0\0\0\0\0\xff\xff\xff\xffabc", // script longer than the frame
            b"\x01\0\0\0\0\0\0\0\0\x02\0\0\0\xff\xfe",  // script is no UTF-8
        ];
        for case in cases {
            assert_eq!(Request::parse(case), None, "{case:?}");
        }
    }

    #[test]
    fn large_frames_are_refused_on_both_sides() {
        let input = vec![b' '; MAX_REQUEST_BYTES];
        let request = Request { kind: RequestKind::Grade, seed: 0, script: "", input: &input };
        let expected = GradeError::TooLarge { bytes: MAX_REQUEST_BYTES + 13, limit: MAX_REQUEST_BYTES };
        assert_eq!(request.to_frame(), Err(expected));
        let announced = 101_u32.to_le_bytes();
        assert!(read_frame(&mut announced.as_slice(), 100).is_err());
    }

    #[test]
    fn a_closed_stream_is_an_end_and_a_cut_one_an_error() {
        assert!(read_frame(&mut [].as_slice(), 100).unwrap().is_none());
        assert!(read_frame(&mut [5, 0, 0, 0, b'a'].as_slice(), 100).is_err());
    }
}
