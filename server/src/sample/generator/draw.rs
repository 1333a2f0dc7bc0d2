//! Seeded choices, and the small template language of the sample's texts.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of repeatable choices (ChaCha: the same numbers on every platform and in every version).
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// Everything drawn follows from the seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number of `0..bound`. The bias of the remainder is below 1 in 10^15 for the bounds used here.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.0.next_u64() % bound).unwrap_or(0)
    }

    /// A number of `low..=high`.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of them.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    /// The position of one of the weights, each as likely as it is large.
    pub(super) fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        0
    }

    /// Puts them into a random order.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// Writes out a template: `[a|b|c]` is one of the three (nesting allowed), `{name}` the slot of that name.
/// An unknown slot stays as it stands, for the tests to find.
pub(super) fn write_out(template: &str, slots: &[(&'static str, String)], draw: &mut Draw) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['[', '{']) {
        out.push_str(&rest[..at]);
        let inner = &rest[at + 1..];
        if rest.as_bytes()[at] == b'[' {
            let (options, end) = options(inner);
            let chosen = options[draw.below(options.len())];
            out.push_str(&write_out(chosen, slots, draw));
            rest = &inner[end..];
        } else {
            let end = inner.find('}').unwrap_or(inner.len());
            let name = &inner[..end];
            match slots.iter().find(|(slot, _)| *slot == name) {
                Some((_, value)) => out.push_str(value),
                None => out.push_str(&rest[at..(at + end + 2).min(rest.len())]),
            }
            rest = inner.get(end + 1..).unwrap_or("");
        }
    }
    out.push_str(rest);
    out
}

/// The options of a bracket that has just been opened, and where the text goes on behind it.
fn options(inner: &str) -> (Vec<&str>, usize) {
    let (mut options, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, character) in inner.char_indices() {
        match character {
            '[' => depth += 1,
            ']' if depth > 0 => depth -= 1,
            '|' if depth == 0 => {
                options.push(&inner[start..at]);
                start = at + 1;
            }
            ']' => {
                options.push(&inner[start..at]);
                return (options, at + 1);
            }
            _ => (),
        }
    }
    options.push(&inner[start..]);
    (options, inner.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_choose_and_fill() {
        let slots = [("name", "Ada".to_owned())];
        let mut draw = Draw::new(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            seen.insert(write_out("[Hi|Hello [there|you]], {name}[!|]", &slots, &mut draw));
        }
        let expected =
            ["Hello there, Ada", "Hello there, Ada!", "Hello you, Ada", "Hello you, Ada!", "Hi, Ada", "Hi, Ada!"];
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(write_out("{nobody} x", &slots, &mut draw), "{nobody} x");
    }

    #[test]
    fn weights_are_kept() {
        let mut draw = Draw::new(2);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[draw.weighted(&[1, 0, 3])] += 1;
        }
        // Binomial(10,000, 1/4): 2,500 with a standard deviation of 43.
        assert!(counts[1] == 0 && (2_280..2_720).contains(&counts[0]), "{counts:?}");
    }
}
