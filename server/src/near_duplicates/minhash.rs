//! Signatures: the minima of 128 hash functions over a prompt's shingles, in sixteen bands of eight. Pure.
//!
//! The share of minima that two prompts have in common estimates their Jaccard similarity s, and all eight of a band are
//! the same with a probability of s^8. So two prompts share at least one band, and are compared, with 1 - (1 - s^8)^16: 0.61
//! at s = 0.7, 0.95 at 0.8, 0.9998 at 0.9. Below 0.7 most pairs would be missed: that bounds the threshold that can be asked for.

use xxhash_rust::xxh3::xxh3_64;

use super::shingles::{Shingles, mix};

/// Hash functions.
const HASHES: usize = 128;
/// Bands that a signature is cut into.
pub const BANDS: usize = 16;
/// Minima of a band.
const ROWS: usize = HASHES / BANDS;

/// Grows with every change of what a signature is made from; stored ones of another version are made anew.
pub const VERSION: i64 = 1;

/// A signature by its bands: the eight minima of each, hashed to 32 bits. (That two different ones fall together costs a
/// comparison, among a million records some hundred a band, and never a wrong pair.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bands(pub [u32; BANDS]);

impl Bands {
    /// Of a prompt.
    pub fn of(shingles: &Shingles) -> Self {
        let minima = minima(shingles);
        let mut bands = [0; BANDS];
        for (band, rows) in bands.iter_mut().zip(minima.as_chunks::<ROWS>().0) {
            let mut bytes = [0; ROWS * 4];
            for (place, row) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(rows) {
                *place = row.to_le_bytes();
            }
            *band = high(xxh3_64(&bytes));
        }
        Self(bands)
    }

    /// As it is stored.
    pub fn to_bytes(self) -> Vec<u8> {
        self.0.iter().flat_map(|band| band.to_le_bytes()).collect()
    }

    /// The inverse; `None` for what is no signature.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<4>();
        let chunks: &[[u8; 4]; BANDS] = chunks.try_into().ok()?;
        rest.is_empty().then(|| Self(chunks.map(u32::from_le_bytes)))
    }
}

/// A hash function is `(h ^ a) * b`, with b odd: one-to-one on 32 bits, and cheap for the processor to do several of at once.
/// Their numbers are drawn by splitmix64 from a fixed seed.
const FUNCTIONS: ([u32; HASHES], [u32; HASHES]) = {
    let (mut xors, mut factors) = ([0; HASHES], [0; HASHES]);
    let mut n = 0;
    while n < HASHES {
        xors[n] = high(mix(0x616e_6e65_616c ^ ((n as u64) << 1)));
        factors[n] = high(mix(0x616e_6e65_616c ^ (((n as u64) << 1) | 1))) | 1;
        n += 1;
    }
    (xors, factors)
};

fn minima(shingles: &Shingles) -> [u32; HASHES] {
    let (xors, factors) = &FUNCTIONS;
    let mut minima = [u32::MAX; HASHES];
    for hash in shingles.hashes() {
        let hash = high(*hash);
        for ((minimum, xor), factor) in minima.iter_mut().zip(xors).zip(factors) {
            *minimum = (*minimum).min((hash ^ xor).wrapping_mul(*factor));
        }
    }
    minima
}

const fn high(value: u64) -> u32 {
    (value >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two texts without a word twice that have `common` of their shingles in common: a shared start of `common + 2` words, then
    /// `own` other words each. Jaccard: common / (common + 2 * own).
    fn pair(round: usize, common: usize, own: usize) -> (Shingles, Shingles) {
        let text = |side: &str| {
            let shared = (0..common + 2).map(|n| format!("s{round}x{n}"));
            let words: Vec<String> = shared.chain((0..own).map(|n| format!("{side}{round}x{n}"))).collect();
            Shingles::of_text(&words.join(" "))
        };
        (text("l"), text("r"))
    }

    fn share_a_band(left: &Shingles, right: &Shingles) -> bool {
        Bands::of(left).0.iter().zip(Bands::of(right).0).any(|(left, right)| *left == right)
    }

    #[test]
    fn minima_estimate_the_similarity() {
        // 40 / (40 + 20) = 2/3 over 200 pairs, 25,600 comparisons: standard deviation 0.003 if all were independent.
        let mut equal = 0;
        for round in 0..200 {
            let (left, right) = pair(round, 40, 10);
            assert!((left.jaccard(&right) - 2.0 / 3.0).abs() < 1e-12);
            equal += minima(&left).iter().zip(minima(&right)).filter(|(left, right)| **left == *right).count();
        }
        let estimate = equal as f64 / (200.0 * HASHES as f64);
        assert!((estimate - 2.0 / 3.0).abs() < 0.015, "{estimate}");
    }

    /// 1 - (1 - s^8)^16 at four similarities, over 400 pairs each: within four standard deviations (at most 0.025).
    #[test]
    fn recall_is_what_the_formula_says() {
        for (common, own) in [(14, 3), (16, 2), (36, 2), (12, 6)] {
            let similarity = common as f64 / (common + 2 * own) as f64;
            let expected = 1.0 - (1.0 - similarity.powi(8)).powi(16);
            let found = (0..400)
                .filter(|round| {
                    let (left, right) = pair(*round, common, own);
                    assert!((left.jaccard(&right) - similarity).abs() < 1e-12);
                    share_a_band(&left, &right)
                })
                .count();
            let deviation = 4.0 * (expected * (1.0 - expected) / 400.0).sqrt() + 0.005;
            let got = found as f64 / 400.0;
            assert!((got - expected).abs() < deviation, "{similarity}: {got}, not {expected}");
        }
    }

    #[test]
    fn different_prompts_share_nothing_and_equal_ones_all() {
        let (left, right) = pair(1, 0, 30);
        assert!(!share_a_band(&left, &right));
        assert_eq!(Bands::of(&left), Bands::of(&left.clone()));
    }

    #[test]
    fn a_signature_is_stored_as_64_bytes_and_stays_the_same_for_ever() {
        let bands = Bands::of(&Shingles::of_text("Where is my order number 4711?"));
        assert_eq!((bands.to_bytes().len(), Bands::from_bytes(&bands.to_bytes())), (64, Some(bands)));
        assert_eq!(Bands::from_bytes(&[0; 63]), None);
        assert_eq!(Bands::from_bytes(&[0; 68]), None);
        // If these change, VERSION must grow: stored signatures would no longer fit new ones.
        assert_eq!((VERSION, bands.0[0], bands.0[15]), (1, GOLDEN.0, GOLDEN.1));
    }

    const GOLDEN: (u32, u32) = (4_023_480_031, 59_533_616);
}
