//! Reading and preparing on every core, delivered in the file's order, in bounded memory.
//!
//! A reader thread cuts the file into batches and deals them out to the workers in turn; batch `i` goes to
//! worker `i % n`, and the caller takes the results in the same turn. So the order needs no buffer, and a slow batch
//! holds everything behind it: at most three batches per worker exist at a time.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::error::{ImportError, ImportLimits};
use super::prepare::{PreparedLine, PreparedRecord, prepare_line};
use super::source::{LineSource, SourceLine};
use crate::types::import::{Counts, CsvMapping, ImportFormat, SkipReason};
use crate::types::validation::ValidationConfig;
use crate::validation::TokenCounter;

/// Some consecutive lines, ready to be stored. A line may give many records or none: all that it gives is in one batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// In line order; empty where all that was read was passed over.
    pub records: Vec<PreparedRecord>,
    /// What was passed over.
    pub skipped: Counts<SkipReason>,
    /// Bytes of the file (compressed, where it is) read up to here.
    pub bytes_read: u64,
    /// The number of the last line in it.
    pub last_line: i64,
}

/// How a file is to be read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The rules that the records are checked by.
    pub config: ValidationConfig,
    /// What the file may ask of the machine.
    pub limits: ImportLimits,
    /// What the columns of a CSV file are; without it they are guessed by their names.
    pub csv_mapping: Option<CsvMapping>,
    /// Lines up to this one are passed over (0: none), so that an import resumes where it stopped.
    pub skip_until_line: i64,
}

/// What was read in all. After a resume only what lies behind the lines that were skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Records that were delivered.
    pub records: i64,
    /// Of them, by format.
    pub formats: Counts<ImportFormat>,
    /// What was passed over, by reason.
    pub skipped: Counts<SkipReason>,
    /// The number of the last line delivered; 0 for none.
    pub last_line: i64,
    /// Bytes of the file read.
    pub bytes_read: u64,
    /// Whether `on_batch` ended the reading.
    pub stopped: bool,
}

/// Reads a file and hands its records to `on_batch` in order, on the calling thread, in batches of at most
/// 256 lines or about 1 MiB of text. `on_batch` ends the reading with [`ControlFlow::Break`]; it is also called without
/// a batch whenever none came for [`IDLE`], so that it can give up what it holds, or end a reading that is long in a gap.
///
/// On an error everything that could be read before it has been delivered.
pub fn read_batches(
    path: &Path,
    options: &ReadOptions,
    mut on_batch: impl FnMut(Option<Batch>) -> ControlFlow<()> + Send,
) -> Result<ReadSummary, ImportError> {
    let source = LineSource::open(path, options.limits, options.csv_mapping.as_ref())?;
    let tokens = TokenCounter::new();
    let prepare = |line| prepare_line(line, &options.config, &tokens);
    run(source, options.skip_until_line, &prepare, &mut on_batch)
}

/// A batch on its way to a worker.
struct Lines {
    lines: Vec<SourceLine>,
    bytes_read: u64,
}

/// How long a caller waits for a batch without being called.
pub const IDLE: Duration = Duration::from_millis(400);

const BATCH_LINES: usize = 256;
const BATCH_BYTES: usize = 1 << 20;
/// More workers would only wait for the reader and for the store.
const MAX_WORKERS: usize = 8;

fn run(
    source: LineSource,
    skip_until_line: i64,
    prepare: &(impl Fn(SourceLine) -> PreparedLine + Sync),
    on_batch: &mut impl FnMut(Option<Batch>) -> ControlFlow<()>,
) -> Result<ReadSummary, ImportError> {
    let worker_count = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MAX_WORKERS);
    thread::scope(|scope| {
        let mut inputs = Vec::with_capacity(worker_count);
        let mut outputs = Vec::with_capacity(worker_count);
        let mut workers = Vec::with_capacity(worker_count);
        for _ in 0..worker_count {
            let (input, lines) = sync_channel::<Lines>(1);
            let (batches, output) = sync_channel::<Batch>(1);
            inputs.push(input);
            outputs.push(output);
            workers.push(scope.spawn(move || work(lines, batches, prepare)));
        }
        let stop = source.stop_handle();
        let reader = scope.spawn(move || read(source, skip_until_line, &inputs));
        let summary = deliver(outputs, on_batch);
        stop.store(true, Ordering::Relaxed);
        // All channels are closed by now, so every thread comes to its end: a join cannot hang.
        let read = reader.join();
        let ends: Vec<thread::Result<()>> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        let all_well = ends.iter().all(Result::is_ok);
        match read {
            // Whatever the reader was in the middle of when it was told to stop.
            Ok(_) if all_well && summary.stopped => Ok(summary),
            Ok(result) if all_well => result.map(|()| summary),
            _ => Err(ImportError::Defect { near_line: summary.last_line }),
        }
    })
}

/// The reader: deals batches out in turn until the file ends or nobody listens.
fn read(mut source: LineSource, skip_until_line: i64, inputs: &[SyncSender<Lines>]) -> Result<(), ImportError> {
    let mut turn = inputs.iter().cycle();
    loop {
        let mut lines = Vec::new();
        let mut bytes = 0;
        let end = loop {
            match source.next_line() {
                Ok(Some(line)) if line.number <= skip_until_line => {}
                Ok(Some(line)) => {
                    bytes += line.content.text().len();
                    lines.push(line);
                    if lines.len() >= BATCH_LINES || bytes >= BATCH_BYTES {
                        break None;
                    }
                }
                Ok(None) => break Some(Ok(())),
                Err(error) => break Some(Err(error)),
            }
        };
        if !lines.is_empty() {
            let batch = Lines { lines, bytes_read: source.bytes_read() };
            let delivered = turn.next().is_some_and(|input| input.send(batch).is_ok());
            if !delivered {
                // Stopped by the caller, or a worker died; whoever joins the threads knows which.
                return Ok(());
            }
        }
        if let Some(result) = end {
            return result;
        }
    }
}

fn work(lines: Receiver<Lines>, batches: SyncSender<Batch>, prepare: &impl Fn(SourceLine) -> PreparedLine) {
    for batch in lines {
        let mut prepared = Batch { bytes_read: batch.bytes_read, ..Batch::default() };
        for line in batch.lines.into_iter().map(prepare) {
            prepared.last_line = line.number;
            prepared.skipped.add_all(&line.skipped);
            prepared.records.extend(line.records);
        }
        if batches.send(prepared).is_err() {
            return;
        }
    }
}

/// Takes the batches in the turn in which they were dealt out. The outputs are dropped at the end, which tells every
/// worker, and through them the reader, to stop.
fn deliver(outputs: Vec<Receiver<Batch>>, on_batch: &mut impl FnMut(Option<Batch>) -> ControlFlow<()>) -> ReadSummary {
    let mut summary = ReadSummary::default();
    for output in outputs.iter().cycle() {
        let batch = loop {
            match output.recv_timeout(IDLE) {
                Ok(batch) => break Some(batch),
                Err(RecvTimeoutError::Timeout) if on_batch(None).is_continue() => {}
                Err(RecvTimeoutError::Timeout) => {
                    summary.stopped = true;
                    return summary;
                }
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        // The first worker without a batch is the end: its successors in turn have none either.
        let Some(batch) = batch else { break };
        for record in &batch.records {
            summary.records += 1;
            summary.formats.add(record.format, 1);
        }
        summary.skipped.add_all(&batch.skipped);
        summary.last_line = batch.last_line;
        summary.bytes_read = batch.bytes_read;
        if on_batch(Some(batch)).is_break() {
            summary.stopped = true;
            break;
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn numbered_file(lines: usize) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for number in 1..=lines {
            writeln!(file, r#"{{"messages": [{{"role": "user", "content": "this is question number {number}"}}]}}"#)
                .unwrap();
        }
        file
    }

    fn read_numbers(file: &tempfile::NamedTempFile, skip: i64, stop_after: usize) -> (ReadSummary, Vec<i64>) {
        let mut numbers = Vec::new();
        let mut batches = 0;
        let on_batch = |batch: Option<Batch>| {
            let Some(batch) = batch else { return ControlFlow::Continue(()) };
            assert!(!batch.records.is_empty() && batch.records.len() <= BATCH_LINES);
            assert_eq!(batch.records.last().unwrap().line, batch.last_line);
            numbers.extend(batch.records.iter().map(|record| record.line));
            batches += 1;
            if batches == stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ReadOptions { skip_until_line: skip, ..ReadOptions::default() };
        let summary = read_batches(file.path(), &options, on_batch).unwrap();
        (summary, numbers)
    }

    #[test]
    fn lines_arrive_in_order_once_each() {
        let file = numbered_file(5000);
        let (summary, numbers) = read_numbers(&file, 0, usize::MAX);
        assert_eq!(numbers, (1..=5000).collect::<Vec<i64>>());
        assert_eq!(
            (summary.records, summary.formats.get(ImportFormat::Chat), summary.last_line, summary.stopped),
            (5000, 5000, 5000, false)
        );
        assert_eq!(summary.bytes_read, std::fs::metadata(file.path()).unwrap().len());
    }

    #[test]
    fn reading_stops_and_resumes_where_it_stopped() {
        let file = numbered_file(3000);
        let (first, mut numbers) = read_numbers(&file, 0, 2);
        assert_eq!((first.records, first.stopped), (512, true));
        let (second, rest) = read_numbers(&file, first.last_line, usize::MAX);
        assert_eq!((second.records, second.last_line), (2488, 3000));
        numbers.extend(rest);
        assert_eq!(numbers, (1..=3000).collect::<Vec<i64>>());
        // Resuming a file that was read whole gives nothing, and is no error.
        assert_eq!(read_numbers(&file, 3000, usize::MAX), (ReadSummary::default(), vec![]));
    }

    /// An endless line (here: a pipe that gives more whenever it is asked) delivers no batch and must not hold anyone.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_gap_without_batches_can_be_ended() {
        let zeros = Path::new("/dev/zero");
        assert!(matches!(
            read_batches(zeros, &ReadOptions::default(), |_| ControlFlow::Break(())),
            Err(ImportError::NotText { .. })
        ));
        // What begins as text and never ends.
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        let path = fifo.clone();
        let endless = thread::spawn(move || {
            let mut pipe = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            let chunk = vec![b'x'; 1 << 16];
            while pipe.write_all(&chunk).is_ok() {}
        });
        let mut called_without = 0;
        let summary = read_batches(&fifo, &ReadOptions::default(), |batch| {
            assert!(batch.is_none());
            called_without += 1;
            if called_without == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(summary.unwrap(), ReadSummary { stopped: true, ..ReadSummary::default() });
        endless.join().unwrap();
    }

    #[test]
    fn a_panicking_worker_is_an_error_and_no_hang() {
        let file = numbered_file(5000);
        let source = LineSource::open(file.path(), ImportLimits::default(), None).unwrap();
        let (config, tokens) = (ValidationConfig::default(), TokenCounter::new());
        let prepare = |line: SourceLine| {
            assert!(line.number != 1000, "on purpose");
            prepare_line(line, &config, &tokens)
        };
        let mut delivered = 0;
        let result = run(source, 0, &prepare, &mut |batch: Option<Batch>| {
            delivered = batch.map_or(delivered, |batch| batch.last_line);
            ControlFlow::Continue(())
        });
        assert!(matches!(result, Err(ImportError::Defect { near_line }) if near_line == delivered && delivered < 1000));
    }
}
