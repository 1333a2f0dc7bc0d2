//! What the pool and a worker say to each other: length-prefixed frames over one socket.
//!
//! A frame is a little-endian `u32` length and that many bytes. The first frame to a worker is its
//! [`ScriptLimits`] as JSON; every later one is a [`Message`]: its kind (1 byte), and the script's source,
//! or a sample's seed (8 bytes) and input as JSON; so neither script nor input is escaped and parsed a
//! second time, and a script is sent once for many samples. Checks and samples are answered in their
//! order, by one frame each: an [`Answer`] as JSON, written before the next message is begun, so that
//! whoever waits knows which sample a dying worker was at.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::error::GradeError;

/// The largest message to a worker, in bytes: a script, or the input of one sample.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// The largest answer, in bytes: 100 log lines and a reasoning, every character escaped, fit three times.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The longest reasoning kept, in characters.
pub const MAX_REASONING_CHARS: usize = 10_000;
/// The most log lines kept of one sample.
pub const MAX_LOG_LINES: usize = 100;
/// The longest log line or error message kept, in characters.
pub const MAX_LINE_CHARS: usize = 2_000;
/// Samples and checks a worker serves before a fresh one takes its place.
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

/// What a worker is told, a frame each. A script stays the worker's until the next one; every check and
/// every sample is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// The source that later messages mean. Not answered.
    Script(&'a str),
    /// Compile the script, run its top level and look for `grade`.
    Check,
    /// Grade one sample in a global scope of its own.
    Sample {
        /// Seed of `Math.random`.
        seed: u64,
        /// The sample as JSON.
        input: &'a [u8],
    },
}

const SCRIPT: u8 = 0;
const CHECK: u8 = 1;
const SAMPLE: u8 = 2;

impl<'a> Message<'a> {
    /// The bytes of this message, its frame's length in front, ready to be sent.
    pub fn to_frame(self) -> Result<Vec<u8>, GradeError> {
        let (kind, seed, payload) = match self {
            Self::Script(source) => (SCRIPT, None, source.as_bytes()),
            Self::Check => (CHECK, None, &b""[..]),
            Self::Sample { seed, input } => (SAMPLE, Some(seed), input),
        };
        let bytes = 1 + if seed.is_some() { 8 } else { 0 } + payload.len();
        let too_large = GradeError::TooLarge { bytes, limit: MAX_MESSAGE_BYTES };
        if bytes > MAX_MESSAGE_BYTES {
            return Err(too_large);
        }
        let mut frame = Vec::with_capacity(4 + bytes);
        frame.extend_from_slice(&u32::try_from(bytes).map_err(|_| too_large)?.to_le_bytes());
        frame.push(kind);
        if let Some(seed) = seed {
            frame.extend_from_slice(&seed.to_le_bytes());
        }
        frame.extend_from_slice(payload);
        Ok(frame)
    }

    /// Reads a message out of a frame's bytes; `None` if they are none.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        match kind {
            SCRIPT => std::str::from_utf8(rest).ok().map(Self::Script),
            CHECK if rest.is_empty() => Some(Self::Check),
            SAMPLE => {
                let (seed, input) = rest.split_first_chunk::<8>()?;
                Some(Self::Sample { seed: u64::from_le_bytes(*seed), input })
            }
            _ => None,
        }
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
    // In one piece, so that the reader is woken once.
    let mut frame = Vec::with_capacity(4 + bytes.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(bytes);
    writer.write_all(&frame)
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
    fn messages_survive_their_frames() {
        let sample = Message::Sample { seed: 0x0102_0304_0506_0708, input: b"{\"a\":1}" };
        // Kind and seed are 9 bytes, the input is 7; the script is 7, two umlauts of two bytes among them.
        for (message, length) in [(sample, 16_u32), (Message::Script("grüße"), 8), (Message::Check, 1)] {
            let frame = message.to_frame().unwrap();
            assert_eq!(frame[..4], length.to_le_bytes());
            let bytes = read_frame(&mut frame.as_slice(), MAX_MESSAGE_BYTES).unwrap().unwrap();
            assert_eq!(Message::parse(&bytes), Some(message));
        }
    }

    #[test]
    fn garbage_is_no_message() {
        let cases: [&[u8]; 5] = [
            b"",
            b"\x02\0\0\0\0\0\0\0",   // a byte short of a seed
            b"\x03\0\0\0\0\0\0\0\0", // unknown kind
            b"\x01more",             // a check says nothing else
            b"\0\xff\xfe",           // the script is no UTF-8
        ];
        for case in cases {
            assert_eq!(Message::parse(case), None, "{case:?}");
        }
    }

    #[test]
    fn large_frames_are_refused_on_both_sides() {
        let input = vec![b' '; MAX_MESSAGE_BYTES];
        let expected = GradeError::TooLarge { bytes: MAX_MESSAGE_BYTES + 9, limit: MAX_MESSAGE_BYTES };
        assert_eq!(Message::Sample { seed: 0, input: &input }.to_frame(), Err(expected));
        let announced = 101_u32.to_le_bytes();
        assert!(read_frame(&mut announced.as_slice(), 100).is_err());
    }

    #[test]
    fn a_closed_stream_is_an_end_and_a_cut_one_an_error() {
        assert!(read_frame(&mut [].as_slice(), 100).unwrap().is_none());
        assert!(read_frame(&mut [5, 0, 0, 0, b'a'].as_slice(), 100).is_err());
    }
}
