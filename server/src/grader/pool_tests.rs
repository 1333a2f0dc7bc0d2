//! The pool itself: logs, seeds, limits, dying and foreign workers, load.

use std::path::PathBuf;

use serde_json::json;

use super::error::GradeError;
use super::protocol::{MAX_MESSAGE_BYTES, REQUESTS_PER_WORKER};
use super::test_support::{input, pool, worker_command};
use super::{GradeInput, ScriptLimits, ScriptPool, ScriptSample, WorkerCommand};

#[tokio::test]
async fn logs_and_reasoning_are_kept_and_bounded() {
    let pool = pool(1);
    let script = "function grade(input) {
        console.log('a', 1, { b: [2] }, null, undefined); console.warn('w'); console.error('x'.repeat(5000));
        for (let i = 0; i < 200; i++) console.info(i);
        return { score: 1, reasoning: 'é'.repeat(20000) } }";
    let graded = pool.grade(script, &input("r"), 0).await.unwrap();
    assert!(graded.logs[0].starts_with("a 1 {") && graded.logs[0].ends_with("null undefined"), "{}", graded.logs[0]);
    assert_eq!(graded.logs[1], "w");
    assert_eq!(graded.logs[2].chars().count(), 2_000);
    assert!(graded.logs[2].ends_with("x…"));
    assert_eq!(graded.logs.len(), 101);
    assert_eq!(graded.logs[100], "(further lines were left out)");
    let reasoning = graded.reasoning.unwrap();
    assert_eq!(reasoning.chars().count(), 10_000);
    assert!(reasoning.ends_with("é…"));

    let (result, logs) =
        pool.grade_with_logs("function grade() { console.log('before'); throw 1 }", &input("r"), 0).await;
    assert!(matches!(result, Err(GradeError::Threw { .. })), "{result:?}");
    assert_eq!(logs, ["before"]);
}

#[tokio::test]
async fn a_seed_repeats_and_another_differs() {
    let pool = pool(2);
    let script = "function grade() { Math.random(); return Math.random() }";
    let first = pool.grade(script, &input("r"), 1).await.unwrap().score;
    let again = pool.grade(script, &input("r"), 1).await.unwrap().score;
    let other = pool.grade(script, &input("r"), 2).await.unwrap().score;
    assert_eq!(first.to_bits(), again.to_bits());
    assert_ne!(first.to_bits(), other.to_bits());
    // SplitMix64 from 0, first value 0xE220A8397B1DCDAF (the generator's published test vector), / 2^64 (Python).
    let zero = pool.grade("function grade() { return Math.random() }", &input("r"), 0).await.unwrap().score;
    assert!((zero - 0.883_310_808_213_642_6).abs() < 1e-12, "{zero}");
}

fn samples(inputs: &[GradeInput]) -> Vec<ScriptSample<'_>> {
    inputs.iter().zip(0..).map(|(input, seed)| ScriptSample { input, seed }).collect()
}

#[tokio::test]
async fn a_batch_answers_every_sample_in_its_order() {
    let pool = pool(1);
    assert!(pool.grade_batch("function grade() { return 1 }", &[]).await.is_empty());
    assert_eq!(pool.idle_workers(), 0);
    let script = "globalThis.seen = (globalThis.seen || 0) + 1;
        function grade(input) { console.log(input.response); return seen === 1 ? Number(input.response) : -1 }";
    let inputs: Vec<GradeInput> = (0..100).map(|number| input(&format!("{}", f64::from(number) / 100.0))).collect();
    let grades = pool.grade_batch(script, &samples(&inputs)).await;
    assert_eq!(grades.len(), 100);
    for (grade, input) in grades.iter().zip(&inputs) {
        assert_eq!(grade.result.as_ref().map(|verdict| verdict.score), Ok(input.response.parse().unwrap()));
        assert_eq!(grade.logs.join("\n"), input.response);
    }
    assert_eq!(pool.idle_workers(), 1);
}

/// Of every kind of death one, between samples that are none the worse for it.
#[tokio::test]
async fn a_killed_worker_costs_its_batch_one_sample() {
    let limits = ScriptLimits { deadline_ms: 3_000, ..ScriptLimits::default() };
    let pool = ScriptPool::new(limits, worker_command(), 1);
    let script = "function grade(input) {
        const r = input.response;
        if (r === 'cpu') for (;;);
        if (r === 'memory') return 'x'.repeat(1 << 30).length;
        if (r === 'stack') { let o = {}; for (let i = 0; i < 50000; i++) o = { o }; return JSON.stringify(o).length }
        if (r === 'throw') throw new Error('mine');
        return Math.random() }";
    let kinds = ["a", "cpu", "b", "c", "memory", "memory", "d", "throw", "stack", "e", "cpu", "cpu", "f"];
    let mut inputs: Vec<GradeInput> = kinds.iter().map(|kind| input(kind)).collect();
    inputs[6].response = "x".repeat(MAX_MESSAGE_BYTES);
    let grades = pool.grade_batch(script, &samples(&inputs)).await;
    assert_eq!(grades.len(), kinds.len());
    for (index, (kind, grade)) in kinds.iter().zip(&grades).enumerate() {
        match (*kind, &grade.result) {
            ("cpu", Err(GradeError::CpuLimit { ms: 100 }))
            | (
                "memory",
                Err(GradeError::MemoryLimit { mib: 64 } | GradeError::Threw { .. } | GradeError::CpuLimit { .. }),
            )
            | ("throw", Err(GradeError::Threw { .. }))
            | ("d", Err(GradeError::TooLarge { .. })) => {}
            ("stack", result) => assert!(result.is_err(), "{result:?}"),
            // The same score as alone, whoever was killed before.
            (_, Ok(verdict)) => {
                let alone = pool.grade(script, &inputs[index], index as u64).await.unwrap();
                assert_eq!(alone.score.to_bits(), verdict.score.to_bits(), "{kind}");
            }
            (kind, other) => panic!("{kind}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn deadlines_are_those_of_single_samples() {
    let limits = ScriptLimits { cpu_ms: 3_600_000, memory_mib: 64, deadline_ms: 400 };
    let pool = ScriptPool::new(limits, worker_command(), 1);
    let script = "function grade(input) { if (input.response === 'spin') for (;;); return 1 }";
    let inputs: Vec<GradeInput> = ["a", "spin", "b", "spin", "c"].map(input).into();
    let grades = pool.grade_batch(script, &samples(&inputs)).await;
    let late = |grade: &super::ScriptGrade| grade.result == Err(GradeError::Deadline { ms: 400 });
    assert_eq!(grades.iter().map(late).collect::<Vec<_>>(), [false, true, false, true, false]);
    // A batch may take longer than a sample: fifty of some 20 ms each.
    let slow = "function grade(input) { let n = 0; for (let i = 0; i < 100000; i++) n += i; return 1 }";
    let inputs: Vec<GradeInput> = (0..50).map(|_| input("a")).collect();
    assert!(pool.grade_batch(slow, &samples(&inputs)).await.iter().all(|grade| grade.result.is_ok()));
}

#[tokio::test]
async fn a_batch_longer_than_a_worker_s_life_takes_several() {
    let pool = pool(1);
    let inputs: Vec<GradeInput> = (0..=REQUESTS_PER_WORKER).map(|_| input("a")).collect();
    let grades = pool.grade_batch("function grade() { return 0.5 }", &samples(&inputs)).await;
    assert!(grades.len() == inputs.len() && grades.iter().all(|grade| grade.result.is_ok()));
    let broken = pool.grade_batch("function grade( {", &samples(&inputs[..3])).await;
    assert!(broken.iter().all(|grade| matches!(grade.result, Err(GradeError::Compile { .. }))), "{broken:?}");
}

#[tokio::test]
async fn a_spare_worker_stands_ready_after_a_kill() {
    let pool = pool(1);
    pool.grade("function grade() { return 1 }", &input("r"), 0).await.unwrap();
    for _ in 0..100 {
        if pool.spare_process().is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let spare = pool.spare_process();
    assert!(spare.is_some());
    pool.grade("function grade() { for (;;); }", &input("r"), 0).await.unwrap_err();
    pool.grade("function grade() { return 1 }", &input("r"), 0).await.unwrap();
    assert_eq!(pool.idle_process(), spare);
}

#[tokio::test]
async fn check_finds_what_would_fail_every_sample() {
    let pool = pool(1);
    assert_eq!(pool.check("function grade(input) { return input.never.touched }").await, Ok(()));
    assert_eq!(pool.check("const x = 1").await, Err(GradeError::NoGradeFunction));
    let syntax = pool.check("function grade() {\n  return (1;\n}").await;
    assert!(matches!(syntax, Err(GradeError::Compile { line: 2, column: 12, .. })), "{syntax:?}");
    assert_eq!(pool.check("for (;;);").await, Err(GradeError::CpuLimit { ms: 100 }));
    let thrown = pool.check("null.x; function grade() {}").await;
    assert!(matches!(thrown, Err(GradeError::Threw { line: Some(1), .. })), "{thrown:?}");
}

#[tokio::test]
async fn samples_too_large_are_refused_and_large_ones_graded() {
    let pool = pool(1);
    let script = "function grade(input) { return input.response.length / 1000000 }";
    let mut large = input("");
    large.response = "x".repeat(1_000_000);
    assert_eq!(pool.grade(script, &large, 0).await.map(|graded| graded.score), Ok(1.0));
    large.response = "x".repeat(MAX_MESSAGE_BYTES);
    let refused = pool.grade(script, &large, 0).await;
    assert!(matches!(refused, Err(GradeError::TooLarge { .. })), "{refused:?}");
    // Deeper than a worker reads: an error of this sample, and the worker lives on.
    let mut deep = input("r");
    deep.reference_answer = (0..200).fold(json!(1), |value, _| json!([value]));
    let refused = pool.grade(script, &deep, 0).await;
    assert!(matches!(refused, Err(GradeError::Crashed { .. })), "{refused:?}");
    assert_eq!(pool.grade(script, &input(""), 0).await.map(|graded| graded.score), Ok(0.0));
}

#[tokio::test]
async fn keys_of_the_input_cannot_forge_prototypes() {
    let mut forged = input("r");
    forged.metadata =
        json!({ "__proto__": { "isAdmin": true }, "constructor": 1, "0": "zero" }).as_object().unwrap().clone();
    let script = "function grade(input) {
        const clean = ({}).isAdmin === undefined && input.metadata.isAdmin === undefined;
        return clean && input.metadata[0] === 'zero' && Object.keys(input.metadata).length === 3 ? 1 : 0 }";
    assert_eq!(pool(1).grade(script, &forged, 0).await.map(|graded| graded.score), Ok(1.0));
}

#[tokio::test]
async fn a_script_that_waits_without_work_meets_the_deadline() {
    // The CPU limit is out of reach, so the clock on the wall must stop it.
    let limits = ScriptLimits { cpu_ms: 3_600_000, memory_mib: 64, deadline_ms: 300 };
    let pool = ScriptPool::new(limits, worker_command(), 1);
    let spun = pool.grade("function grade() { for (;;); }", &input("r"), 0).await;
    assert_eq!(spun.unwrap_err(), GradeError::Deadline { ms: 300 });
}

#[tokio::test]
async fn programs_that_are_no_workers_are_errors_not_hangs() {
    let script = "function grade() { return 1 }";
    for (program, arguments, expected) in [
        ("/nowhere/anneal", vec![], "no grading process could be started"),
        ("/", vec![], "no grading process could be started"),
        ("/bin/sh", vec!["-c", "exit 3"], "ended without an answer"),
        ("/bin/sh", vec!["-c", "exit 71"], "could not set its own limits"),
        ("/bin/sh", vec!["-c", "kill -9 $$"], "killed from outside"),
        ("/bin/sh", vec!["-c", "sleep 100"], "gave no answer within 1500 ms"),
        ("/bin/sh", vec!["-c", "yes >&0"], "gave no proper answer"),
        ("/bin/sh", vec!["-c", "printf '\\002\\000\\000\\000[]' >&0; sleep 100"], "gave no proper answer"),
    ] {
        // Short only where it must be met: a busy machine may take long to start a shell.
        let deadline_ms = if expected.contains("1500 ms") { 1_500 } else { 30_000 };
        let limits = ScriptLimits { deadline_ms, ..ScriptLimits::default() };
        let arguments: Vec<_> = arguments.into_iter().map(Into::into).collect();
        let command = WorkerCommand { program: PathBuf::from(program), arguments: arguments.clone() };
        let error = ScriptPool::new(limits, command, 1).grade(script, &input("r"), 0).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{program} {arguments:?}: {error}");
    }
}

#[tokio::test]
async fn a_worker_that_died_while_idle_costs_nobody_a_sample() {
    let pool = pool(1);
    let whole = "function grade() { return 1 }";
    assert_eq!(pool.grade(whole, &input("r"), 0).await.map(|graded| graded.score), Ok(1.0));
    pool.kill_idle();
    assert_eq!(pool.grade(whole, &input("r"), 0).await.map(|graded| graded.score), Ok(1.0));
}

#[tokio::test]
async fn many_samples_share_few_workers_which_are_replaced_in_time() {
    let pool = pool(2);
    let mut tasks = Vec::new();
    for number in 0..u64::from(REQUESTS_PER_WORKER) + 100 {
        let pool = pool.clone();
        // Every ninth script takes its worker down.
        let script = if number % 9 == 4 {
            "function grade() { for (;;); }"
        } else {
            "function grade() { return Math.random() }"
        };
        let script = if number > 60 { "function grade() { return Math.random() }" } else { script };
        tasks.push(tokio::spawn(async move { (number, pool.grade(script, &input("r"), number).await) }));
    }
    for task in tasks {
        let (number, result) = task.await.unwrap();
        if number <= 60 && number % 9 == 4 {
            assert_eq!(result, Err(GradeError::CpuLimit { ms: 100 }), "{number}");
        } else {
            assert!(result.is_ok(), "{number}: {result:?}");
        }
    }
    assert!(pool.idle_workers() <= 2);
}

#[tokio::test]
async fn a_dropped_grading_takes_its_worker_with_it() {
    let limits = ScriptLimits { cpu_ms: 60_000, deadline_ms: 60_000, ..ScriptLimits::default() };
    let pool = ScriptPool::new(limits, worker_command(), 1);
    let sample = input("r");
    let endless = pool.grade("function grade() { for (;;); }", &sample, 0);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(200), endless).await.is_err());
    // The only permit is free again, and no half-read worker is left.
    assert_eq!(pool.idle_workers(), 0);
    assert_eq!(pool.grade("function grade() { return 1 }", &sample, 0).await.map(|graded| graded.score), Ok(1.0));
}

/// What the kernel says of a worker that has graded: the limits are in force, not merely asked for.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_worker_has_given_up_what_it_does_not_need() {
    let pool = pool(1);
    pool.grade("function grade() { return 1 }", &input("r"), 0).await.unwrap();
    let process = PathBuf::from(format!("/proc/{}", pool.idle_process().unwrap()));
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().map(str::to_owned).take(2).collect::<Vec<_>>()
    };
    for name in ["Max open files", "Max processes", "Max file size", "Max core file size"] {
        assert_eq!(limit(name), ["0", "0"], "{name}");
    }
    assert_eq!(limit("Max cpu time"), ["60", "61"]);
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
    assert_eq!(field("NoNewPrivs:").as_deref(), Some("1"));
    if PathBuf::from("/proc/sys/kernel/seccomp/actions_avail").exists()
        && cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))
    {
        assert_eq!(field("Seccomp:").as_deref(), Some("2"), "the system call filter");
    }
    let in_use: u64 = field("VmSize:").unwrap().split(' ').next().unwrap().parse().unwrap();
    let allowed: u64 = limit("Max address space")[0].parse().unwrap();
    assert!(
        allowed > in_use * 1024 - 64 * 1024 * 1024 && allowed < in_use * 1024 + 64 * 1024 * 1024 + 1,
        "{allowed} of {in_use} KiB"
    );
    // Readable for the superuser only, since the process is not dumpable.
    if let Ok(environment) = std::fs::read(process.join("environ")) {
        assert!(environment.is_empty(), "{}", String::from_utf8_lossy(&environment));
    }
    if let Ok(descriptors) = std::fs::read_dir(process.join("fd")) {
        // Standard input, output and error, and the copy of the socket it works on.
        assert_eq!(descriptors.count(), 4);
    }
}
