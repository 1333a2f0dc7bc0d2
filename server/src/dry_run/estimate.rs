//! What a run will ask for and cost, before it starts: measured on some of the dataset's own records, and on what its models
//! have said before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::responses::Responder;
use super::sample::choose_indices;
use super::service::checked;
use crate::db;
use crate::db::llm_calls::Typical;
use crate::db::records::scan::{self, Scan};
use crate::error::ServiceResult;
use crate::grader::{GradeInput, Grader, RecordedResponse, grade_input, recorded_response};
use crate::llm::pricing::cost;
use crate::llm::{ChatRequest, Model, Usage};
use crate::state::AppState;
use crate::types::dataset::DatasetRecord;
use crate::types::dry_run::{DryRunConfig, DryRunEstimate, ResponseSource};
use crate::types::endpoint::CallPurpose;
use crate::types::validation::Tokenizer;
use crate::validation::TokenCounter;

/// Records that are read. Their mean is within a few percent of the dataset's unless its prompts differ wildly.
const READ: i64 = 24;
/// Tokens of a response where none is recorded and none was ever generated.
const ASSUMED_RESPONSE: f64 = 300.0;
/// Tokens of a judge's answer where it never gave one: a score and two sentences.
const ASSUMED_JUDGEMENT: f64 = 120.0;

/// What a run of this configuration will ask for.
pub async fn estimate(state: &AppState, dataset_id: &str, config: DryRunConfig) -> ServiceResult<DryRunEstimate> {
    let checked = checked(state, dataset_id, config).await?;
    let config = &checked.config;
    let scan = Scan { with_output: config.response_source == ResponseSource::Recorded, ..Scan::valid() };
    let count = scan::count(&state.db, dataset_id, scan).await?;
    let mut records = Vec::new();
    for index in choose_indices(count, READ, config.seed, Some("estimate")) {
        records.extend(scan::nth(&state.db, dataset_id, scan, index).await?);
    }
    let prompts = count.min(config.sample_size);
    let responder = match config.response_source {
        ResponseSource::Recorded => None,
        ResponseSource::Generated => Some(Responder::of(state, config, 0).await?),
    };
    let typical_response = match &responder {
        Some(responder) => db::llm_calls::typical(&state.db, responder.model(), CallPurpose::Response).await?,
        None => None,
    };
    let counter = std::sync::Arc::clone(&state.tokens);
    let (grader, asks) = (checked.grader, responder.clone());
    let recorded_tokens = typical_response.as_ref().map(|typical| typical.output_tokens);
    let measured =
        tokio::task::spawn_blocking(move || measure(&records, asks.as_ref(), &grader, &counter, recorded_tokens))
            .await?;
    let mut sum = Sum::default();
    let responses = prompts * config.rollouts_per_prompt;
    if let Some(responder) = &responder {
        sum.add(responder.model(), responses, measured.prompt, measured.response, typical_response.as_ref());
    }
    let judged = responses + graded_twice(config, prompts);
    for (model, tokens) in &measured.judges {
        let typical = db::llm_calls::typical(&state.db, model, CallPurpose::Judge).await?;
        let output = typical.as_ref().map_or(ASSUMED_JUDGEMENT, |typical| typical.output_tokens);
        if typical.is_none() {
            sum.assumed
                .push(format!("{} has not judged yet: {ASSUMED_JUDGEMENT} tokens an answer are assumed.", model.name));
        }
        sum.add(model, judged, *tokens, output, typical.as_ref());
    }
    if measured.is_response_assumed {
        sum.assumed.push(format!("No response is recorded: {ASSUMED_RESPONSE} tokens each are assumed."));
    }
    Ok(DryRunEstimate {
        prompts,
        response_calls: responder.map_or(0, |_| responses),
        judge_calls: judged * i64::try_from(measured.judges.len()).unwrap_or(0),
        input_tokens: whole(sum.input),
        output_tokens: whole(sum.output),
        cost: sum.cost,
        seconds: sum.seconds(),
        measured_on: measured.records,
        assumed: sum.assumed,
    })
}

/// Second gradings: of each prompt's best response, and of the others too in a share of the prompts.
fn graded_twice(config: &DryRunConfig, prompts: i64) -> i64 {
    if config.regraded_share <= 0.0 {
        return 0;
    }
    prompts + whole(prompts as f64 * config.regraded_share * (config.rollouts_per_prompt - 1) as f64)
}

/// Mean tokens of one call.
struct Measured {
    prompt: f64,
    response: f64,
    is_response_assumed: bool,
    /// Each judge with its request's tokens.
    judges: Vec<(Model, f64)>,
    records: i64,
}

fn measure(
    records: &[DatasetRecord],
    responder: Option<&Responder>,
    grader: &Grader,
    counter: &TokenCounter,
    typical_response: Option<f64>,
) -> Measured {
    let responses: Vec<RecordedResponse> = records.iter().filter_map(recorded_response).collect();
    let recorded = mean(responses.iter().map(|response| text_tokens(counter, &response.as_shown())));
    let response = typical_response.or(recorded);
    let prompts = records.iter().filter_map(|record| responder?.request(record).ok());
    let prompt = mean(prompts.map(|request| request_tokens(counter, &request)));
    let mut judges: Vec<(Model, Vec<f64>)> = Vec::new();
    for record in records {
        let said = recorded_response(record).unwrap_or_default();
        let input: GradeInput = grade_input(record, &said);
        for (place, (model, request)) in grader.questions(&input).into_iter().enumerate() {
            if judges.len() <= place {
                judges.push((model.clone(), Vec::new()));
            }
            let missing = if said == RecordedResponse::default() { response.unwrap_or(ASSUMED_RESPONSE) } else { 0.0 };
            judges[place].1.extend(request.map(|request| request_tokens(counter, &request) + missing));
        }
    }
    Measured {
        prompt: prompt.unwrap_or(0.0),
        response: response.unwrap_or(ASSUMED_RESPONSE),
        is_response_assumed: responder.is_some() && response.is_none(),
        judges: judges.into_iter().map(|(model, tokens)| (model, mean(tokens.into_iter()).unwrap_or(0.0))).collect(),
        records: i64::try_from(records.len()).unwrap_or(i64::MAX),
    }
}

/// What calls add up to.
#[derive(Default)]
struct Sum {
    input: f64,
    output: f64,
    cost: Option<f64>,
    /// By endpoint: seconds that its calls take at as many at once as it takes; `None`: unknown.
    by_endpoint: BTreeMap<String, Option<f64>>,
    assumed: Vec<String>,
    calls: i64,
}

impl Sum {
    fn add(&mut self, model: &Model, calls: i64, input: f64, output: f64, typical: Option<&Typical>) {
        let each = Usage {
            prompt_tokens: whole(input).unsigned_abs(),
            completion_tokens: whole(output).unsigned_abs(),
            ..Usage::default()
        };
        let price = cost(model.price.as_ref(), Some(&each)).map(|each| each * calls as f64);
        let before = if self.calls == 0 { Some(0.0) } else { self.cost };
        self.cost = before.zip(price).map(|(sum, price)| sum + price);
        self.calls += calls;
        self.input += input * calls as f64;
        self.output += output * calls as f64;
        let limits = &model.target.limits;
        let by_rate =
            |per_minute: Option<u32>, amount: f64| per_minute.map_or(0.0, |rate| amount * 60.0 / f64::from(rate));
        let tokens = (input + output) * calls as f64;
        let seconds = typical.map(|typical| {
            let by_calls = calls as f64 / f64::from(limits.concurrency) * typical.latency_s;
            by_calls
                .max(by_rate(limits.requests_per_minute, calls as f64))
                .max(by_rate(limits.tokens_per_minute, tokens))
        });
        let known = self.by_endpoint.entry(model.target.id.clone()).or_insert(Some(0.0));
        *known = known.zip(seconds).map(|(sum, seconds)| sum + seconds);
    }

    /// Endpoints work side by side. Without a model a run takes no time worth telling.
    fn seconds(&self) -> Option<f64> {
        self.by_endpoint.values().try_fold(0.0_f64, |longest, seconds| Some(longest.max((*seconds)?)))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn text_tokens(counter: &TokenCounter, text: &str) -> f64 {
    // What cannot be counted has some four bytes a token.
    counter.count_text(Tokenizer::O200kBase, text).map_or(text.len() as f64 / 4.0, |count| count.tokens as f64)
}

/// Texts alone, and tool definitions and schemas as JSON; what the wire adds to each message is some tokens more.
fn request_tokens(counter: &TokenCounter, request: &ChatRequest) -> f64 {
    let texts = counter.count_messages(Tokenizer::O200kBase, &request.messages);
    let texts = texts.map_or_else(|_| bytes(&request.messages) / 4.0, |count| count.tokens as f64);
    let beside = [request.tools.as_ref(), request.schema.as_ref().map(|schema| &schema.schema)];
    texts + beside.into_iter().flatten().map(|value| text_tokens(counter, &value.to_string())).sum::<f64>()
}

fn bytes(messages: &[Value]) -> f64 {
    messages.iter().map(|message| message.to_string().len()).sum::<usize>() as f64
}

/// The nearest whole number.
fn whole(number: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a rounded number of tokens, far below the limit")]
    let whole = number.round() as i64;
    whole
}
