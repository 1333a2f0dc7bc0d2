//! Measures that count word sequences: BLEU, GLEU, ROUGE-N.

use std::collections::HashMap;

/// Longest sequence that BLEU and GLEU look at.
const MAX_ORDER: usize = 4;

/// sacrebleu's `sentence_bleu` / 100: exponential smoothing, effective order. Takes its 13a tokens.
pub fn bleu(input: &[String], reference: &[String]) -> f64 {
    let mut smoothing = 1.0;
    let mut logarithms = Vec::new();
    let mut any = false;
    for order in 1..=MAX_ORDER {
        let total = sequences(input.len(), order);
        if total == 0 {
            break;
        }
        let shared = shared(&count(input, order), &count(reference, order));
        any |= shared > 0;
        let precision = if shared > 0 {
            shared as f64 / total as f64
        } else {
            smoothing *= 2.0;
            1.0 / (smoothing * total as f64)
        };
        logarithms.push(precision.ln());
    }
    if !any {
        return 0.0;
    }
    let (length, wanted) = (input.len() as f64, reference.len() as f64);
    let brevity = if length < wanted { (1.0 - wanted / length).exp() } else { 1.0 };
    // Rounding may carry it a hair above 1.
    (brevity * (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp()).min(1.0)
}

/// nltk's `sentence_gleu`: shared sequences of one to four words, by the larger number of sequences.
pub fn gleu(input: &[&str], reference: &[&str]) -> f64 {
    let mut hits = 0;
    let (mut of_input, mut of_reference) = (0, 0);
    for order in 1..=MAX_ORDER {
        hits += shared(&count(input, order), &count(reference, order));
        of_input += sequences(input.len(), order);
        of_reference += sequences(reference.len(), order);
    }
    let all = of_input.max(of_reference);
    if all == 0 { 0.0 } else { hits as f64 / all as f64 }
}

/// rouge_score's F-measure of sequences of `order` words.
pub fn rouge_n(input: &[String], reference: &[String], order: usize) -> f64 {
    let hits = shared(&count(input, order), &count(reference, order));
    f_measure(hits, sequences(input.len(), order), sequences(reference.len(), order))
}

/// The harmonic mean of precision and recall.
pub fn f_measure(hits: usize, of_input: usize, of_reference: usize) -> f64 {
    let precision = hits as f64 / of_input.max(1) as f64;
    let recall = hits as f64 / of_reference.max(1) as f64;
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

fn sequences(words: usize, order: usize) -> usize {
    (words + 1).saturating_sub(order)
}

fn count<T: std::hash::Hash + Eq>(words: &[T], order: usize) -> HashMap<&[T], usize> {
    let mut counts = HashMap::new();
    for sequence in words.windows(order) {
        *counts.entry(sequence).or_insert(0) += 1;
    }
    counts
}

fn shared<T: std::hash::Hash + Eq>(left: &HashMap<&[T], usize>, right: &HashMap<&[T], usize>) -> usize {
    left.iter().map(|(sequence, count)| right.get(sequence).map_or(0, |other| *count.min(other))).sum()
}
