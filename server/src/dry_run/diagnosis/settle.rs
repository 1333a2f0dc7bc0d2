//! Whether an interval has settled on which side of a bound the truth lies, and how many more samples would settle it.

use crate::types::dry_run::Interval;

/// The most further samples that are ever proposed: a dry run takes no more than 10,000.
pub const MOST_FURTHER_SAMPLES: i64 = 10_000;

/// Sums of floats may miss a bound by their last digits; no bound is finer than this.
pub(super) const SLACK: f64 = 1e-9;

/// Which side of a bound says NO-GO. The bound itself is fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadSide {
    /// Values below it.
    Below,
    /// Values above it.
    Above,
}

/// What an interval says of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The whole interval is on the good side, or on the bound.
    Clear,
    /// The bound cuts the interval; so many further samples would probably settle it.
    Straddles(i64),
    /// The whole interval is on the bad side.
    Broken,
}

/// Where `interval`, with `estimate` from `count` samples, stands to `bound`.
pub(super) fn standing(estimate: f64, interval: Interval, count: i64, bound: f64, bad: BadSide) -> Standing {
    let (clear, broken) = match bad {
        BadSide::Below => (interval.low >= bound - SLACK, interval.high < bound - SLACK),
        BadSide::Above => (interval.high <= bound + SLACK, interval.low > bound + SLACK),
    };
    if broken {
        Standing::Broken
    } else if clear {
        Standing::Clear
    } else {
        Standing::Straddles(samples_to_settle(estimate, interval, count, bound))
    }
}

/// How many further samples would make the half-width smaller than the distance to the bound.
///
/// Half-widths shrink with the root of the count: with `h` the distance from the estimate to that end of the interval
/// which lies across the bound and `d` the distance from the estimate to the bound, `count * (h / d)^2` samples in all
/// make `h` equal to `d`. Less the samples already there, rounded up to a readable number, at least 10 and at most
/// [`MOST_FURTHER_SAMPLES`] (which is also the answer for an estimate on the bound: no number settles that).
pub(super) fn samples_to_settle(estimate: f64, interval: Interval, count: i64, bound: f64) -> i64 {
    let half_width = if estimate < bound { interval.high - estimate } else { estimate - interval.low };
    let half_width = half_width.max((interval.high - interval.low) / 2.0);
    let distance = (estimate - bound).abs();
    if distance <= SLACK {
        return MOST_FURTHER_SAMPLES;
    }
    let further = count as f64 * (half_width / distance).powi(2) - count as f64;
    if further >= MOST_FURTHER_SAMPLES as f64 {
        return MOST_FURTHER_SAMPLES;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be below 10,000 just above")]
    readable(further.max(0.0).ceil() as i64)
}

/// Up to the next multiple of 10 below 100, of 50 below 1,000, of 500 from there on.
fn readable(number: i64) -> i64 {
    let step = match number {
        ..=100 => 10,
        101..=1_000 => 50,
        _ => 500,
    };
    ((number + step - 1) / step * step).clamp(10, MOST_FURTHER_SAMPLES)
}

/// Wilson's score interval (1927) for a share: honest at shares near 0 and 1, where plus-minus is not.
pub(crate) fn share_interval(share: f64, count: i64) -> Interval {
    let (n, z_squared) = (count.max(1) as f64, 1.959_963_984_540_054f64.powi(2));
    let center = (share + z_squared / (2.0 * n)) / (1.0 + z_squared / n);
    let half = (share * (1.0 - share) * z_squared / n + (z_squared / (2.0 * n)).powi(2)).sqrt() / (1.0 + z_squared / n);
    Interval { low: (center - half).max(0.0), high: (center + half).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: f64, high: f64) -> Interval {
        Interval { low, high }
    }

    #[test]
    fn an_interval_is_clear_cut_or_broken() {
        use BadSide::{Above, Below};
        let table = [
            (0.15, (0.10, 0.20), 0.10, Below, Standing::Clear),
            (0.08, (0.06, 0.099), 0.10, Below, Standing::Broken),
            // By hand: h = 0.04, d = 0.02: 100 * 4 = 400 in all, 300 more.
            (0.08, (0.05, 0.12), 0.10, Below, Standing::Straddles(300)),
            // h = 0.05, d = 0.04: 100 * 1.5625 = 157, 57 more, readable 60.
            (0.14, (0.09, 0.19), 0.10, Below, Standing::Straddles(60)),
            (0.10, (0.09, 0.11), 0.10, Below, Standing::Straddles(MOST_FURTHER_SAMPLES)),
            (0.0999, (0.05, 0.15), 0.10, Below, Standing::Straddles(MOST_FURTHER_SAMPLES)),
            (0.85, (0.80, 0.90), 0.90, Above, Standing::Clear),
            (0.95, (0.91, 0.97), 0.90, Above, Standing::Broken),
            (0.92, (0.88, 0.96), 0.90, Above, Standing::Straddles(300)),
            (0.10, (0.10, 0.10), 0.10, Below, Standing::Clear),
        ];
        for (estimate, (low, high), bound, bad, expected) in table {
            assert_eq!(
                standing(estimate, interval(low, high), 100, bound, bad),
                expected,
                "{estimate} [{low}, {high}]"
            );
        }
    }

    #[test]
    fn so_many_more_samples_do_settle_it() {
        // The half-width at the proposed count, by the root law, is no longer than the distance.
        for (estimate, low, high, count) in [(0.13, 0.08, 0.19, 40), (0.07, 0.02, 0.13, 25), (0.11, 0.085, 0.14, 300)] {
            let further = samples_to_settle(estimate, interval(low, high), count, 0.10);
            let half: f64 = if estimate < 0.10 { high - estimate } else { estimate - low };
            let shrunk = half * (count as f64 / (count + further) as f64).sqrt();
            assert!(shrunk <= (estimate - 0.10f64).abs(), "{estimate}: {shrunk} after {further} more");
        }
    }

    #[test]
    fn proposals_are_readable_and_capped() {
        for (number, expected) in
            [(0, 10), (10, 10), (11, 20), (100, 100), (101, 150), (1_000, 1_000), (1_001, 1_500), (9_999, 10_000)]
        {
            assert_eq!(readable(number), expected);
        }
    }

    #[test]
    fn the_share_interval_agrees_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(method="wilson").
        for (k, n, low, high) in
            [(0, 30, 0.0, 0.113_513_4), (5, 50, 0.043_475_4, 0.213_602_2), (300, 300, 0.987_357, 1.0)]
        {
            let interval = share_interval(f64::from(k) / f64::from(n), i64::from(n));
            assert!((interval.low - low).abs() < 1e-4 && (interval.high - high).abs() < 1e-4, "{k}/{n}: {interval:?}");
        }
    }
}
