//! The dry run's only source of randomness: seeded, and the same on every platform and in every version.
//!
//! The draws below the bound are written out here because `rand` promises no stable values for its own; ChaCha is a
//! specified cipher (RFC 8439, eight rounds), so a seed means the same sample for ever.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use xxhash_rust::xxh3::xxh3_128;

/// A stream of its own for each pair of seed and purpose. No purpose's draws depend on how many others there are.
pub(crate) fn stream(seed: u64, purpose: &[u8]) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..24].copy_from_slice(&xxh3_128(purpose).to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// A number of `0..bound`, each equally likely (Lemire 2019, multiplication with rejection). `bound` must not be 0.
pub(crate) fn below(random: &mut ChaCha8Rng, bound: u64) -> u64 {
    debug_assert!(bound > 0, "there is no number below 0");
    loop {
        let product = u128::from(random.next_u64()) * u128::from(bound);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the product are what is wanted")]
        let (high, low) = ((product >> 64) as u64, product as u64);
        // Products whose lower half lies below 2^64 mod bound would make some numbers likelier than others. That is less
        // than the bound, so the slow remainder is needed only there.
        if low >= bound || low >= bound.wrapping_neg() % bound.max(1) {
            return high;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_seed_and_purpose() {
        let first = |seed, purpose: &[u8]| stream(seed, purpose).next_u64();
        assert_eq!(first(1, b"a"), first(1, b"a"));
        assert_ne!(first(1, b"a"), first(2, b"a"));
        assert_ne!(first(1, b"a"), first(1, b"b"));
    }

    #[test]
    fn draws_stay_below_the_bound_and_reach_it() {
        let mut random = stream(7, b"bound");
        let mut seen = [0u32; 3];
        for _ in 0..3_000 {
            seen[usize::try_from(below(&mut random, 3)).unwrap()] += 1;
        }
        // Binomial(3000, 1/3): standard deviation 25.8; five of them on either side.
        assert!(seen.iter().all(|count| (871..=1_129).contains(count)), "{seen:?}");
        assert_eq!(below(&mut random, 1), 0);
        assert!(below(&mut random, u64::MAX) < u64::MAX);
    }
}
