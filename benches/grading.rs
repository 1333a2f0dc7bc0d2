//! Script grading: the sandbox against the same engine in the same process, one worker against two, the first
//! grade after a kill, and good samples among hostile ones. Prints medians; only ratios travel.
//!
//! `grading [SAMPLES]` (see `benches/run.sh`)

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::error::Error;
use std::time::{Duration, Instant};

use anneal_server::grader::{
    GradeInput, ScriptLimits, ScriptPool, ScriptSample, WORKER_ARGUMENT, WorkerCommand, worker_main,
};
use anneal_server::types::grader::STARTER_SCRIPT;
use boa_engine::{Context, JsValue, Script, Source, js_string};
use serde_json::{Value, json};

const RUNS: usize = 7;
const BATCH: usize = 32;
const SHORT_SCRIPT: &str = "function grade(input) { return Math.min(1, input.response.length / 1000) }";
const HOSTILE_SCRIPT: &str = "function grade(input) {
    if (input.response === 'loop') for (;;);
    if (input.response === 'memory') return 'x'.repeat(1 << 30).length;
    return Math.min(1, input.response.length / 1000) }";

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == WORKER_ARGUMENT) {
        worker_main();
    }
    let samples = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(640);
    tokio::runtime::Runtime::new()?.block_on(measure(samples))
}

async fn measure(samples: usize) -> Result<(), Box<dyn Error>> {
    let inputs: Vec<GradeInput> = (0..samples).map(input).collect();
    for (name, script) in [("short script", SHORT_SCRIPT), ("starter script", STARTER_SCRIPT)] {
        throughput(name, script, &inputs).await?;
    }
    after_a_kill().await?;
    among_hostile_ones(&inputs).await
}

/// Runs alternate, so that what else the machine does meets all of them.
async fn throughput(name: &str, script: &str, inputs: &[GradeInput]) -> Result<(), Box<dyn Error>> {
    let one = pool(1)?;
    let two = pool(2)?;
    let (mut alone, mut single, mut double) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let started = Instant::now();
        let expected: Vec<f64> = inputs.iter().map(|input| in_process(script, input)).collect::<Result<_, _>>()?;
        let figures = [
            started.elapsed(),
            timed(&one, 1, script, inputs, &expected).await?,
            timed(&two, 2, script, inputs, &expected).await?,
        ];
        // The first run starts the workers.
        if run > 0 {
            alone.push(figures[0]);
            single.push(figures[1]);
            double.push(figures[2]);
        }
    }
    let rate = |times: &[Duration]| inputs.len() as f64 / median(times.iter().map(Duration::as_secs_f64));
    let ratio = |times: &[Duration], others: &[Duration]| {
        median(times.iter().zip(others).map(|(time, other)| time.as_secs_f64() / other.as_secs_f64()))
    };
    println!(
        "{name}: in process {:.0}/s, one worker {:.0}/s ({:.2} of it), two workers {:.0}/s ({:.2} of one)",
        rate(&alone),
        rate(&single),
        ratio(&alone, &single),
        rate(&double),
        ratio(&single, &double),
    );
    Ok(())
}

/// Grades everything in batches, `streams` at a time; every score must be the expected one.
async fn timed(
    pool: &ScriptPool,
    streams: usize,
    script: &str,
    inputs: &[GradeInput],
    expected: &[f64],
) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    let mut tasks = Vec::new();
    for stream in 0..streams {
        let (pool, script) = (pool.clone(), script.to_owned());
        let batches: Vec<Vec<GradeInput>> =
            inputs.chunks(BATCH).skip(stream).step_by(streams).map(<[GradeInput]>::to_vec).collect();
        let expected: Vec<Vec<f64>> =
            expected.chunks(BATCH).skip(stream).step_by(streams).map(<[f64]>::to_vec).collect();
        tasks.push(tokio::spawn(async move {
            for (batch, expected) in batches.iter().zip(expected) {
                let samples: Vec<_> = batch.iter().map(|input| ScriptSample { input, seed: 1 }).collect();
                for (grade, expected) in pool.grade_batch(&script, &samples).await.into_iter().zip(expected) {
                    let score = grade.result.map_err(|error| error.to_string())?.score;
                    if (score - expected).abs() > 1e-12 {
                        return Err(format!("{score} in a worker, {expected} in process"));
                    }
                }
            }
            Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(started.elapsed())
}

/// The same engine without any sandbox: a fresh context, parse, call, collect.
fn in_process(script: &str, input: &GradeInput) -> Result<f64, Box<dyn Error>> {
    let failed = |error: boa_engine::JsError| error.to_string();
    let mut context = Context::default();
    let input: Value = serde_json::to_value(input)?;
    let script = Script::parse(Source::from_bytes(script), None, &mut context).map_err(failed)?;
    script.evaluate(&mut context).map_err(failed)?;
    let grade = context.eval(Source::from_bytes("grade")).map_err(failed)?;
    let grade = grade.as_callable().ok_or("no function `grade`")?;
    let input = JsValue::from_json(&input, &mut context).map_err(failed)?;
    let graded = grade.call(&JsValue::undefined(), &[input], &mut context).map_err(failed)?;
    let score = match graded.as_object() {
        Some(object) => object.get(js_string!("score"), &mut context).map_err(failed)?,
        None => graded,
    };
    drop(context);
    boa_engine::gc::force_collect();
    score.as_number().ok_or_else(|| "no score".into())
}

/// From the answer that the worker was killed to the next sample's score.
async fn after_a_kill() -> Result<(), Box<dyn Error>> {
    let pool = pool(1)?;
    let (good, endless) = (input(3), GradeInput { response: "loop".to_owned(), ..input(3) });
    pool.grade(HOSTILE_SCRIPT, &good, 1).await?;
    let mut times = Vec::new();
    for _ in 0..40 {
        if pool.grade(HOSTILE_SCRIPT, &endless, 1).await.is_ok() {
            return Err("an endless loop has a score".into());
        }
        let started = Instant::now();
        pool.grade(HOSTILE_SCRIPT, &good, 1).await?;
        times.push(started.elapsed());
    }
    let milliseconds: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1_000.0).collect();
    let longest = milliseconds.iter().copied().fold(0.0, f64::max);
    println!(
        "first grade after a kill: median {:.2} ms, longest of 40 {longest:.2} ms",
        median(milliseconds.iter().copied())
    );
    Ok(())
}

/// Every tenth sample loops, every tenth wants a gigabyte.
async fn among_hostile_ones(inputs: &[GradeInput]) -> Result<(), Box<dyn Error>> {
    let pool = pool(2)?;
    let limits = pool.limits();
    let mut mixed = inputs[..inputs.len().min(200)].to_vec();
    for (index, input) in mixed.iter_mut().enumerate() {
        match index % 10 {
            3 => "loop".clone_into(&mut input.response),
            7 => "memory".clone_into(&mut input.response),
            _ => {}
        }
    }
    let started = Instant::now();
    let mut good = 0;
    let mut loops = 0;
    for batch in mixed.chunks(BATCH) {
        let samples: Vec<_> = batch.iter().map(|input| ScriptSample { input, seed: 1 }).collect();
        for (input, grade) in batch.iter().zip(pool.grade_batch(HOSTILE_SCRIPT, &samples).await) {
            let is_hostile = matches!(input.response.as_str(), "loop" | "memory");
            loops += usize::from(input.response == "loop");
            match grade.result {
                Ok(verdict) if !is_hostile && (verdict.score - score(input)).abs() < 1e-12 => good += 1,
                Err(_) if is_hostile => {}
                other => return Err(format!("{}: {other:?}", input.response).into()),
            }
        }
    }
    let in_loops = loops as f64 * limits.cpu_ms as f64 / 1_000.0;
    println!(
        "{} samples, a fifth of them hostile: all {good} good ones scored right, {:.2} s, {in_loops:.2} s of them the loops' CPU limit",
        mixed.len(),
        started.elapsed().as_secs_f64(),
    );
    Ok(())
}

fn score(input: &GradeInput) -> f64 {
    (input.response.chars().count() as f64 / 1_000.0).min(1.0)
}

fn pool(size: usize) -> Result<ScriptPool, Box<dyn Error>> {
    let limits = ScriptLimits { deadline_ms: 30_000, ..ScriptLimits::default() };
    Ok(ScriptPool::new(limits, WorkerCommand::this_program()?, size))
}

/// A short conversation with an answer of some 400 characters, each another.
fn input(number: usize) -> GradeInput {
    let response = format!("Your order {number} arrives on Monday. ").repeat(11);
    let messages = vec![
        json!({ "role": "system", "content": "You answer customers of a shop, politely and briefly." }),
        json!({ "role": "user", "content": format!("Where is my order {number}, and when will it arrive?") }),
    ];
    GradeInput {
        messages,
        response: response.clone(),
        last_user_message: format!("Where is my order {number}, and when will it arrive?"),
        tools: Vec::new(),
        tool_calls: Vec::new(),
        system_prompt: "You answer customers of a shop, politely and briefly.".to_owned(),
        reference_answer: json!(format!("Order {number} will be there on Monday.")),
        metadata: serde_json::Map::new(),
        item: serde_json::Map::new(),
        sample: anneal_server::grader::input::SampleView {
            output_text: response,
            output_json: Value::Null,
            output_tools: Vec::new(),
        },
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
