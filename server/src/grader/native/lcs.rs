//! The length of a longest common subsequence, 64 places of one sequence at a time (Hyyrö 2004).

use std::collections::HashMap;
use std::hash::Hash;

/// How many symbols the longest common subsequence of two sequences has.
pub fn lcs_length<T: Copy + Eq + Hash>(left: &[T], right: &[T]) -> usize {
    // What both begin or end with belongs to a longest one.
    let prefix = left.iter().zip(right).take_while(|(one, other)| one == other).count();
    let (left, right) = (&left[prefix..], &right[prefix..]);
    let suffix = left.iter().rev().zip(right.iter().rev()).take_while(|(one, other)| one == other).count();
    let (left, right) = (&left[..left.len() - suffix], &right[..right.len() - suffix]);
    let (long, short) = if left.len() < right.len() { (right, left) } else { (left, right) };
    prefix + suffix + if short.is_empty() { 0 } else { middle(short, long) }
}

/// Steps of 64 places that [`lcs_length`] may take.
pub fn lcs_steps(left: usize, right: usize) -> usize {
    left.min(right).div_ceil(64).saturating_mul(left.max(right))
}

fn middle<T: Copy + Eq + Hash>(pattern: &[T], text: &[T]) -> usize {
    // Where each symbol stands in the pattern: (word, bits), ascending. One mask a word and symbol would
    // take the product of their numbers in memory.
    let mut places: HashMap<T, Vec<(usize, u64)>> = HashMap::new();
    for (index, symbol) in pattern.iter().enumerate() {
        let (word, bit) = (index / 64, 1 << (index % 64));
        let words = places.entry(*symbol).or_default();
        match words.last_mut() {
            Some((last, bits)) if *last == word => *bits |= bit,
            _ => words.push((word, bit)),
        }
    }
    // A zero bit marks a place at which the subsequence grew.
    let mut row = vec![u64::MAX; pattern.len().div_ceil(64)];
    for symbol in text {
        let Some(words) = places.get(symbol) else { continue };
        let mut words = words.iter().peekable();
        let mut carry = false;
        for (index, value) in row.iter_mut().enumerate() {
            let mask = words.next_if(|(word, _)| *word == index).map_or(0, |(_, bits)| *bits);
            let matched = *value & mask;
            let (sum, first) = value.overflowing_add(matched);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *value = sum | (*value & !mask);
        }
    }
    // Places beyond the pattern have no mask, so they stay ones.
    row.iter().map(|word| word.count_zeros() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook's table.
    fn slow(left: &[u64], right: &[u64]) -> usize {
        let mut row = vec![0; right.len() + 1];
        for one in left {
            let mut diagonal = 0;
            for (index, other) in right.iter().enumerate() {
                let above = row[index + 1];
                row[index + 1] = if one == other { diagonal + 1 } else { above.max(row[index]) };
                diagonal = above;
            }
        }
        row[right.len()]
    }

    #[test]
    fn it_is_the_textbook_s_length() {
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let symbols = 1 + random(6);
            let mut text = |longest| (0..random(longest)).map(|_| random(symbols)).collect::<Vec<_>>();
            let (left, right) = (text(300), text(200));
            assert_eq!(lcs_length(&left, &right), slow(&left, &right), "{left:?} {right:?}");
        }
        assert_eq!(lcs_length::<u8>(&[], &[]), 0);
        assert_eq!(lcs_length(b"a", b""), 0);
    }

    #[test]
    fn steps_are_counted_by_the_shorter_one() {
        assert_eq!(lcs_steps(64, 1_000), 1_000);
        assert_eq!(lcs_steps(1_000, 65), 2_000);
        assert_eq!(lcs_steps(0, 5), 0);
    }
}
