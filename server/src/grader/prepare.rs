//! A grader ready to grade: its templates read, its formula parsed, its models found. What cannot work is told here, before the
//! first sample, at the field that it is in.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::GradeError;
use super::exchange::{MAX_PARTS, names};
use super::judge::{Judge, JudgeConfigError};
use super::native::Formula;
use super::template::{Template, TemplateError};
use crate::error::{ServiceError, ServiceResult};
use crate::llm::{Model, endpoints};
use crate::state::AppState;
use crate::types::endpoint::ModelRole;
use crate::types::error::AppError;
use crate::types::grader::{
    GraderConfig, GraderPart, LlmJudge, MultiGrader, ScoreModel, SimilarityMetric, StringOperation,
};

/// Largest script.
const MAX_SCRIPT_BYTES: usize = 256 << 10;
/// The sum of weights may miss 1 by so much.
const WEIGHTS_TOLERANCE: f64 = 1e-6;

/// A grader that can grade.
#[derive(Debug, Clone)]
pub struct Grader {
    pub(super) parts: Vec<Part>,
    pub(super) combine: Combine,
}

/// One grader of it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) threshold: Option<f64>,
    pub(super) kind: Kind,
}

/// How a part scores.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Script(Arc<str>),
    Judge {
        judge: Arc<Judge>,
        model: Arc<Model>,
    },
    StringCheck {
        operation: StringOperation,
        input: Template,
        reference: Template,
    },
    Similarity {
        metric: SimilarityMetric,
        input: Template,
        reference: Template,
    },
    /// Not asked: what it said is handed in.
    Known,
}

/// How the parts' scores become one.
#[derive(Debug, Clone)]
pub(super) enum Combine {
    /// There is one part, and it is that one's.
    Single,
    Weights(Vec<f64>),
    Formula(Formula),
}

/// Checks a grader as it is saved: everything but whether its models can be called, which may change by the day.
pub async fn check(state: &AppState, config: &GraderConfig) -> ServiceResult<()> {
    for (at, leaf) in at_fields(config)? {
        check_leaf(state, leaf).await.map_err(|error| at.of(error))?;
    }
    Ok(())
}

/// Most tokens of a judge's answer: no model writes more, so that a slip of the pen is found.
const MAX_ANSWER_TOKENS: u32 = 1_000_000;

/// Checks the models of a grader as it is saved. (Later an endpoint may be deleted; then the run says so.)
pub async fn check_models(state: &AppState, config: &GraderConfig) -> ServiceResult<()> {
    for (at, leaf) in at_fields(config)? {
        check_model(state, leaf).await.map_err(|error| at.of(error))?;
    }
    Ok(())
}

async fn check_model(state: &AppState, leaf: &GraderConfig) -> ServiceResult<()> {
    let (model, endpoint_id, max_tokens) = match leaf {
        GraderConfig::LlmJudge(judge) => (&judge.model, &judge.endpoint_id, Some(judge.max_tokens)),
        GraderConfig::ScoreModel(judge) => {
            let most = judge.sampling_params.as_ref().and_then(|params| params.max_completions_tokens);
            (&judge.model, &judge.endpoint_id, most)
        }
        _ => return Ok(()),
    };
    let wrong = |field: &str, message: String| Err(AppError::invalid_field(field, message).into());
    if model.chars().count() > endpoints::MAX_MODEL_CHARS {
        let message = format!("The model's name is longer than {} characters.", endpoints::MAX_MODEL_CHARS);
        return wrong("model", message);
    }
    if max_tokens.is_some_and(|most| most > MAX_ANSWER_TOKENS) {
        let most = crate::format::count(i64::from(MAX_ANSWER_TOKENS));
        return wrong("numbers", format!("max_tokens must be at most {most}."));
    }
    let Some(id) = endpoint_id else { return Ok(()) };
    match crate::db::endpoints::get(&state.db, id).await {
        Err(ServiceError::App(AppError::NotFound { .. })) => wrong(
            "model",
            "The judge's endpoint is not known here. Choose one of the endpoints in the settings.".to_owned(),
        ),
        other => other.map(|_| ()),
    }
}

/// Makes a grader ready to grade; refuses what cannot be run here.
pub async fn prepare(state: &AppState, config: &GraderConfig) -> ServiceResult<Grader> {
    prepare_rest(state, config, &|_| false).await
}

/// As [`prepare`], but for the parts (by their places) of which is known what they said: those need not be able to run here.
pub(super) async fn prepare_rest(
    state: &AppState,
    config: &GraderConfig,
    is_known: &(dyn Fn(usize) -> bool + Sync),
) -> ServiceResult<Grader> {
    let leaves = at_fields(config)?;
    for (index, (at, leaf)) in leaves.iter().enumerate() {
        if !is_known(index) {
            check_leaf(state, leaf).await.map_err(|error| at.of(error))?;
        }
    }
    let mut parts = Vec::new();
    for (index, (at, leaf)) in leaves.into_iter().enumerate() {
        let kind =
            if is_known(index) { Kind::Known } else { kind_of(state, leaf).await.map_err(|error| at.of(error))? };
        parts.push(Part { name: at.name().to_owned(), threshold: at.threshold(), kind });
    }
    let combine = match config {
        GraderConfig::Multi(multi) => combine_of(multi)?,
        _ => Combine::Single,
    };
    Ok(Grader { parts, combine })
}

/// With the default judge's model written into judges that name none: a version means the same tomorrow.
pub async fn with_models(state: &AppState, mut config: GraderConfig) -> ServiceResult<GraderConfig> {
    let judge = crate::db::endpoints::defaults(&state.db).await?.judge;
    let Some(default) = judge else { return Ok(config) };
    let fill = |config: &mut GraderConfig| {
        let (GraderConfig::LlmJudge(LlmJudge { model, endpoint_id, .. })
        | GraderConfig::ScoreModel(ScoreModel { model, endpoint_id, .. })) = config
        else {
            return;
        };
        if model.trim().is_empty() && endpoint_id.as_ref().is_none_or(|id| *id == default.endpoint_id) {
            model.clone_from(&default.model);
        }
        endpoint_id.get_or_insert_with(|| default.endpoint_id.clone());
    };
    match &mut config {
        GraderConfig::Multi(multi) => multi.graders.iter_mut().for_each(|part| fill(&mut part.grader)),
        one => fill(one),
    }
    Ok(config)
}

/// Where an error is.
#[derive(Debug, Clone, Copy)]
enum At<'a> {
    Whole,
    Part(usize, &'a GraderPart),
}

impl At<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Whole => "score",
            Self::Part(_, part) => &part.name,
        }
    }

    fn threshold(self) -> Option<f64> {
        match self {
            Self::Whole => None,
            Self::Part(_, part) => part.threshold,
        }
    }

    /// The error with the part that it is in: field `parts.2.prompt`.
    fn of(self, error: ServiceError) -> ServiceError {
        match (self, error) {
            (Self::Part(index, part), ServiceError::App(AppError::Invalid { field, message })) => {
                let field = field.unwrap_or_else(|| "name".to_owned());
                AppError::invalid_field(&format!("parts.{index}.{field}"), format!("{}: {message}", part.name)).into()
            }
            (Self::Part(_, part), ServiceError::App(AppError::Conflict { message })) => {
                AppError::conflict(format!("{}: {message}", part.name)).into()
            }
            (_, error) => error,
        }
    }
}

/// The graders that score, once what combines them is checked.
fn at_fields(config: &GraderConfig) -> Result<Vec<(At<'_>, &GraderConfig)>, AppError> {
    match config {
        GraderConfig::Multi(multi) => {
            check_multi(multi)?;
            combine_of(multi)?;
            Ok(multi.graders.iter().enumerate().map(|(index, part)| (At::Part(index, part), &part.grader)).collect())
        }
        one => Ok(vec![(At::Whole, one)]),
    }
}

fn check_multi(multi: &MultiGrader) -> Result<(), AppError> {
    let wrong = |field: &str, message: String| Err(AppError::invalid_field(field, message));
    if multi.graders.is_empty() || multi.graders.len() > MAX_PARTS {
        return wrong(
            "graders",
            format!("A combination has 1 to {MAX_PARTS} graders; this one has {}.", multi.graders.len()),
        );
    }
    let mut seen = BTreeSet::new();
    for (index, part) in multi.graders.iter().enumerate() {
        let at = |field: &str| format!("parts.{index}.{field}");
        if !names::is_name(&part.name) {
            let message = format!(
                "“{}” is no name for a part. Use a letter or _ first, then letters, digits and _ (a formula has to tell it from its own words).",
                part.name
            );
            return wrong(&at("name"), message);
        }
        if !seen.insert(part.name.as_str()) {
            return wrong(&at("name"), format!("Two graders are called {}. Give them different names.", part.name));
        }
        if matches!(part.grader, GraderConfig::Multi(_)) {
            return wrong(
                &at("grader"),
                format!("{} is itself a combination. Put its graders here in its place.", part.name),
            );
        }
        if part.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
            return wrong(&at("threshold"), format!("{}: the threshold must be from 0 to 1.", part.name));
        }
    }
    Ok(())
}

fn combine_of(multi: &MultiGrader) -> Result<Combine, AppError> {
    if let Some(text) = &multi.calculate_output {
        let names: Vec<&str> = multi.graders.iter().map(|part| part.name.as_str()).collect();
        let formula = Formula::parse(text, &names).map_err(|error| {
            AppError::invalid_field("calculate_output", format!("The formula cannot be used: {error}"))
        })?;
        if !(0..names.len()).any(|part| formula.uses(part)) {
            let words = format!(
                "The formula uses none of the parts, so that every response would get the same. Write it with their names: {}.",
                names.join(", ")
            );
            return Err(AppError::invalid_field("calculate_output", words));
        }
        return Ok(Combine::Formula(formula));
    }
    let weights = &multi.weights;
    let wrong = |message: String| Err(AppError::invalid_field("weights", message));
    if weights.len() != multi.graders.len() {
        return wrong(format!(
            "There are {} graders and {} weights. Give every grader one.",
            multi.graders.len(),
            weights.len()
        ));
    }
    if let Some(weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
        return wrong(format!("A weight is {weight}. Weights are 0 or more."));
    }
    let sum: f64 = weights.iter().sum();
    if (sum - 1.0).abs() > WEIGHTS_TOLERANCE {
        return wrong(format!(
            "The weights add up to {}, not to 1. Change them, or have them normalized.",
            rounded(sum)
        ));
    }
    Ok(Combine::Weights(weights.clone()))
}

fn rounded(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

async fn check_leaf(state: &AppState, leaf: &GraderConfig) -> ServiceResult<()> {
    match leaf {
        GraderConfig::Script { script } => check_script(state, script).await,
        GraderConfig::LlmJudge(judge) => Ok(Judge::of(judge).map(|_| ()).map_err(judge_error)?),
        GraderConfig::ScoreModel(model) => Ok(Judge::of_score_model(model).map(|_| ()).map_err(judge_error)?),
        GraderConfig::StringCheck(check) => Ok(two(&check.input, &check.reference).map(|_| ())?),
        GraderConfig::TextSimilarity(similarity) => Ok(two(&similarity.input, &similarity.reference).map(|_| ())?),
        // Kept and shown; `kind_of` says why it is not run. A combination in a combination was refused before.
        GraderConfig::Python(_) | GraderConfig::Multi(_) => Ok(()),
    }
}

async fn check_script(state: &AppState, script: &str) -> ServiceResult<()> {
    let wrong = |message: String| Err(AppError::invalid_field("script", message).into());
    if script.trim().is_empty() {
        return wrong("The script is empty. Define function grade(input) { return a number from 0 to 1 }.".to_owned());
    }
    if script.len() > MAX_SCRIPT_BYTES {
        return wrong("The script is larger than 256 KiB. Take data out of it; graders reach the record's fields through input.item.".to_owned());
    }
    match state.scripts.check(script).await {
        Ok(()) => Ok(()),
        Err(error @ GradeError::Unavailable { .. }) => Err(ServiceError::internal("starting a script worker", error)),
        Err(error) => wrong(error.to_string()),
    }
}

fn judge_error(error: JudgeConfigError) -> AppError {
    let field = match &error {
        JudgeConfigError::Prompt(_) | JudgeConfigError::EmptyPrompt | JudgeConfigError::NoResponse => "prompt",
        JudgeConfigError::Schema(_) => "output_schema",
        JudgeConfigError::Number(_) => "numbers",
        JudgeConfigError::Role(_) => "input",
    };
    AppError::invalid_field(field, error.to_string())
}

fn two(input: &str, reference: &str) -> Result<(Template, Template), AppError> {
    let at = |field: &'static str| move |error: TemplateError| AppError::invalid_field(field, error.to_string());
    Ok((Template::parse(input).map_err(at("input"))?, Template::parse(reference).map_err(at("reference"))?))
}

async fn kind_of(state: &AppState, leaf: &GraderConfig) -> ServiceResult<Kind> {
    Ok(match leaf {
        GraderConfig::Script { script } => Kind::Script(Arc::from(script.as_str())),
        GraderConfig::LlmJudge(config) => {
            judge_kind(state, Judge::of(config).map_err(judge_error)?, config.endpoint_id.as_deref()).await?
        }
        GraderConfig::ScoreModel(config) => {
            judge_kind(state, Judge::of_score_model(config).map_err(judge_error)?, config.endpoint_id.as_deref())
                .await?
        }
        GraderConfig::StringCheck(check) => {
            let (input, reference) = two(&check.input, &check.reference)?;
            Kind::StringCheck { operation: check.operation, input, reference }
        }
        GraderConfig::TextSimilarity(similarity) => {
            if similarity.evaluation_metric == SimilarityMetric::Cosine {
                return Err(AppError::conflict("Text similarity by cosine is kept and can be exported, but it is not run here: it compares embeddings, which graders do not ask for. Choose fuzzy_match or another measure to test it and to run a dry run.").into());
            }
            let (input, reference) = two(&similarity.input, &similarity.reference)?;
            Kind::Similarity { metric: similarity.evaluation_metric, input, reference }
        }
        GraderConfig::Python(_) => {
            return Err(AppError::conflict("A Python grader is kept and can be exported, but it is not run here: only the provider that trains has its environment. Write it as a script (JavaScript) to test it and to run a dry run.").into());
        }
        GraderConfig::Multi(_) => return Err(AppError::invalid("A combination cannot hold another one.").into()),
    })
}

async fn judge_kind(state: &AppState, judge: Judge, endpoint_id: Option<&str>) -> ServiceResult<Kind> {
    let model = endpoints::model_for(state, ModelRole::Judge, endpoint_id, judge.model().trim()).await?;
    Ok(Kind::Judge { judge: Arc::new(judge), model: Arc::new(model) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn multi(weights: &[f64], names: &[&str], formula: Option<&str>) -> MultiGrader {
        let script = GraderConfig::Script { script: "function grade() { return 1 }".to_owned() };
        let part = |name: &&str| GraderPart { name: (*name).to_owned(), grader: script.clone(), threshold: None };
        MultiGrader {
            graders: names.iter().map(part).collect(),
            weights: weights.to_vec(),
            calculate_output: formula.map(str::to_owned),
        }
    }

    fn refused(multi: MultiGrader) -> (String, String) {
        match at_fields(&GraderConfig::Multi(multi)) {
            Err(AppError::Invalid { field: Some(field), message }) => (field, message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn weights_must_add_up() {
        let fine = |weights: &[f64]| combine_of(&multi(weights, &["a", "b", "c"], None)).is_ok();
        assert!(fine(&[0.2, 0.3, 0.5]) && fine(&[1.0, 0.0, 0.0]) && fine(&[1.0 / 3.0; 3]));
        assert!(fine(&[0.2, 0.3, 0.500_000_9]));
        for (weights, words) in [
            (&[0.2, 0.3, 0.6][..], "add up to 1.1"),
            (&[0.2, 0.3, 0.500_01], "add up to 1.00001"),
            (&[1.5, -0.5, 0.0], "A weight is -0.5"),
            (&[f64::NAN, 0.5, 0.5], "NaN"),
            (&[f64::INFINITY, 0.0, 0.0], "inf"),
            (&[0.5, 0.5], "3 graders and 2 weights"),
            (&[], "3 graders and 0 weights"),
        ] {
            let (field, message) = refused(multi(weights, &["a", "b", "c"], None));
            assert_eq!(field, "weights");
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn parts_have_names_of_their_own() {
        let (field, _) = refused(multi(&[], &[], None));
        assert_eq!(field, "graders");
        let (field, message) = refused(multi(&[0.5, 0.5], &["a", "a"], None));
        assert_eq!(field, "parts.1.name");
        assert!(message.contains("Two graders"));
        assert_eq!(refused(multi(&[1.0], &["a b"], None)).0, "parts.0.name");
        let mut nested = multi(&[1.0], &["a"], None);
        nested.graders[0].grader = GraderConfig::Multi(multi(&[1.0], &["a"], None));
        assert_eq!(refused(nested).0, "parts.0.grader");
        let mut steep = multi(&[1.0], &["a"], None);
        steep.graders[0].threshold = Some(1.5);
        assert_eq!(refused(steep).0, "parts.0.threshold");
        let many: Vec<String> = (0..21).map(|index| format!("p{index}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(refused(multi(&[], &many, Some("p0"))).0, "graders");
    }

    #[test]
    fn formulas_know_the_parts() {
        assert!(combine_of(&multi(&[], &["a", "b"], Some("0.5 * a + min(b, 1) / 2"))).is_ok());
        for formula in ["a + c", "a +", "", "f(a)", "2", "1 / 0"] {
            assert_eq!(refused(multi(&[], &["a", "b"], Some(formula))).0, "calculate_output", "{formula}");
        }
    }
}
