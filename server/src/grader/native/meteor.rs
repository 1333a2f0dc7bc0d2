//! METEOR as nltk computes it, without WordNet: words match if they are the same, else if their stems are.
//! Synonyms are no matches here, so a score is at most nltk's.

use std::collections::HashMap;

use super::porter::stem;

/// nltk's defaults: weight of precision, shape and weight of the penalty for fragments.
const ALPHA: f64 = 0.9;
const BETA: i32 = 3;
const GAMMA: f64 = 0.5;

/// nltk's `meteor_score` of one reference, its WordNet empty.
pub fn meteor(input: &[&str], reference: &[&str]) -> f64 {
    let lower = |words: &[&str]| words.iter().map(|word| word.to_lowercase()).enumerate().collect::<Vec<_>>();
    let (mut left, mut right) = (lower(input), lower(reference));
    let mut pairs = matched(&mut left, &mut right);
    for (_, word) in left.iter_mut().chain(&mut right) {
        *word = stem(word);
    }
    pairs.extend(matched(&mut left, &mut right));
    if pairs.is_empty() {
        return 0.0;
    }
    pairs.sort_unstable();
    let hits = pairs.len() as f64;
    let (precision, recall) = (hits / input.len() as f64, hits / reference.len() as f64);
    let mean = precision * recall / (ALPHA * precision + (1.0 - ALPHA) * recall);
    let neighbours = pairs.windows(2).filter(|two| two[1].0 == two[0].0 + 1 && two[1].1 == two[0].1 + 1).count();
    let chunks = (pairs.len() - neighbours) as f64;
    (1.0 - GAMMA * (chunks / hits).powi(BETA)) * mean
}

/// Pairs words from the end on, each with the last equal one that is left, and takes them out.
fn matched(left: &mut Vec<(usize, String)>, right: &mut Vec<(usize, String)>) -> Vec<(usize, usize)> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, (_, word)) in right.iter().enumerate() {
        places.entry(word).or_default().push(index);
    }
    let mut pairs = Vec::new();
    let (mut used_left, mut used_right) = (vec![false; left.len()], vec![false; right.len()]);
    for (index, (place, word)) in left.iter().enumerate().rev() {
        if let Some(other) = places.get_mut(word.as_str()).and_then(Vec::pop) {
            pairs.push((*place, right[other].0));
            (used_left[index], used_right[other]) = (true, true);
        }
    }
    for (words, used) in [(left, used_left), (right, used_right)] {
        let mut used = used.into_iter();
        words.retain(|_| !used.next().unwrap_or(false));
    }
    pairs
}
