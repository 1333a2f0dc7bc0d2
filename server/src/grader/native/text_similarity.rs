//! OpenAI's `text_similarity`. OpenAI names its measures but not the packages behind them, nor their
//! settings; these are the common ones:
//!
//! | metric | the same as |
//! |---|---|
//! | `fuzzy_match` | `rapidfuzz.fuzz.ratio(a, b) / 100` |
//! | `bleu` | `sacrebleu.sentence_bleu(input, [reference]).score / 100` (13a words, exponential smoothing, effective order) |
//! | `gleu` | `nltk.translate.gleu_score.sentence_gleu([reference.split()], input.split())` |
//! | `meteor` | `nltk.translate.meteor_score` of the words between blanks, without WordNet's synonyms |
//! | `rouge_1` to `rouge_5`, `rouge_l` | `rouge_score`'s F-measure, no stemmer (its words are of a-z and 0-9 only) |

use thiserror::Error;

use super::lcs::{lcs_length, lcs_steps};
use super::{meteor, ngrams, tokens};
use crate::types::grader::SimilarityMetric;

/// The longest text compared: whatever counts words takes a fraction of a second for it.
pub const MAX_TEXT_BYTES: usize = 2 << 20;
/// The most work of a measure that compares everything with everything: some 0.2 s.
const MAX_STEPS: usize = 1 << 28;

/// Why two texts have no similarity.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SimilarityError {
    /// Needs a model that embeds.
    #[error(
        "cosine compares embeddings, which are not made here; use fuzzy_match, bleu, gleu, meteor or a rouge metric, or run this grader at OpenAI"
    )]
    NeedsEmbeddings,
    /// One of the texts.
    #[error("a text of {bytes} bytes is too long to compare; at most {} are possible", MAX_TEXT_BYTES)]
    TooLong {
        /// Of the longer one.
        bytes: usize,
    },
    /// Both of them together.
    #[error(
        "the texts are too long to compare with one another ({input} and {reference} {unit}): the time grows with the product of their lengths; use rouge_1, bleu or gleu, or shorter texts"
    )]
    TooMuchWork {
        /// Length of the input.
        input: usize,
        /// Length of the reference.
        reference: usize,
        /// `characters` or `words`.
        unit: &'static str,
    },
}

/// How alike two texts are, 0 to 1, by a metric; the second is what the first should be like.
pub fn text_similarity(metric: SimilarityMetric, input: &str, reference: &str) -> Result<f64, SimilarityError> {
    if metric == SimilarityMetric::Cosine {
        return Err(SimilarityError::NeedsEmbeddings);
    }
    let bytes = input.len().max(reference.len());
    if bytes > MAX_TEXT_BYTES {
        return Err(SimilarityError::TooLong { bytes });
    }
    let rouge_n = |order| Ok(ngrams::rouge_n(&tokens::rouge(input), &tokens::rouge(reference), order));
    match metric {
        SimilarityMetric::FuzzyMatch => fuzzy_match(input, reference),
        SimilarityMetric::Bleu => Ok(ngrams::bleu(&tokens::bleu_13a(input), &tokens::bleu_13a(reference))),
        SimilarityMetric::Gleu => Ok(ngrams::gleu(&tokens::by_blanks(input), &tokens::by_blanks(reference))),
        SimilarityMetric::Meteor => Ok(meteor::meteor(&tokens::by_blanks(input), &tokens::by_blanks(reference))),
        SimilarityMetric::Cosine => Err(SimilarityError::NeedsEmbeddings),
        SimilarityMetric::Rouge1 => rouge_n(1),
        SimilarityMetric::Rouge2 => rouge_n(2),
        SimilarityMetric::Rouge3 => rouge_n(3),
        SimilarityMetric::Rouge4 => rouge_n(4),
        SimilarityMetric::Rouge5 => rouge_n(5),
        SimilarityMetric::RougeL => rouge_l(&tokens::rouge(input), &tokens::rouge(reference)),
    }
}

/// Twice the longest common subsequence of characters, by the sum of the lengths; two empty texts are alike.
pub fn ratio(left: &str, right: &str) -> f64 {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let length = left.len() + right.len();
    if length == 0 { 1.0 } else { 2.0 * lcs_length(&left, &right) as f64 / length as f64 }
}

fn fuzzy_match(input: &str, reference: &str) -> Result<f64, SimilarityError> {
    if input != reference {
        bounded(input.chars().count(), reference.chars().count(), "characters")?;
    }
    Ok(ratio(input, reference))
}

fn rouge_l(input: &[String], reference: &[String]) -> Result<f64, SimilarityError> {
    bounded(input.len(), reference.len(), "words")?;
    let input: Vec<&str> = input.iter().map(String::as_str).collect();
    let reference: Vec<&str> = reference.iter().map(String::as_str).collect();
    Ok(ngrams::f_measure(lcs_length(&input, &reference), input.len(), reference.len()))
}

fn bounded(input: usize, reference: usize, unit: &'static str) -> Result<(), SimilarityError> {
    if lcs_steps(input, reference) > MAX_STEPS {
        return Err(SimilarityError::TooMuchWork { input, reference, unit });
    }
    Ok(())
}
