//! Numbers worked out by hand unless a comment says otherwise.

use super::*;
use crate::types::topics::TopicNode;

fn hierarchy(leaves: &[&str]) -> TopicHierarchy {
    let nodes = leaves.iter().map(|name| TopicNode { name: (*name).to_owned(), ..TopicNode::default() }).collect();
    TopicHierarchy { version: 1, nodes }
}

fn report(counts: &[(&str, i64)], targets: Option<&[(&str, f64)]>) -> CoverageReport {
    let leaves: Vec<&str> = counts.iter().map(|(name, _)| *name).collect();
    let valid = counts.iter().map(|(_, count)| count).sum();
    let counts = CoverageCounts {
        total_records: valid,
        valid_records: valid,
        by_topic: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        uncategorized: 0,
    };
    let targets: Option<TargetDistribution> =
        targets.map(|targets| targets.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect());
    analyze_coverage(&counts, &hierarchy(&leaves), targets.as_ref(), 7)
}

/// A small linear congruence (Knuth's MMIX): test cases without a random crate.
fn numbers(seed: u64) -> impl FnMut(u64) -> i64 {
    let mut state = seed;
    move |bound| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % bound).cast_signed()
    }
}

#[test]
fn even_targets_by_hand() {
    let report = report(&[("a", 50), ("b", 30), ("c", 16), ("d", 4)], None);
    let shares: Vec<f64> = report.distribution.iter().map(|topic| topic.percentage).collect();
    assert_eq!(shares, [50.0, 30.0, 16.0, 4.0]);
    let gaps: Vec<f64> = report.distribution.iter().map(|topic| topic.gap).collect();
    assert_eq!(gaps, [-25.0, -5.0, 9.0, 21.0]);
    use TopicStatus::{Ok, Over, Under};
    assert_eq!(report.distribution.iter().map(|topic| topic.status).collect::<Vec<_>>(), [Over, Ok, Under, Under]);
    // c: (16 + n) / (100 + n) >= 0.2 -> n >= 5; d: (4 + n) / (100 + n) >= 0.2 -> n >= 20.
    assert_eq!(report.distribution.iter().map(|topic| topic.needed).collect::<Vec<_>>(), [0, 0, 5, 20]);
    assert_eq!(report.balance_score, Some(0.08));
    assert_eq!(report.balance_rating, Some(BalanceRating::Critical));
    // scipy.stats.entropy([50, 30, 16, 4]) = 1.129733, exp 3.094832.
    assert!((report.effective_topics.unwrap() - 3.094_831_613_8).abs() < 1e-6);
    assert_eq!((report.timestamp, report.uncategorized_count), (7, 0));
}

#[test]
fn targets_of_ones_own() {
    // Attainments 60/50 = 1.2, 30/30 = 1, 10/20 = 0.5: balance 0.5 / 1.2.
    let report = report(&[("a", 60), ("b", 30), ("c", 10)], Some(&[("a", 50.0), ("b", 30.0), ("c", 20.0)]));
    assert!((report.balance_score.unwrap() - 0.416_666_666_7).abs() < 1e-9);
    assert_eq!(report.balance_rating, Some(BalanceRating::Fair));
    // The tolerance of c is 5 points; (10 + n) / (100 + n) >= 0.15 -> n >= 5.88.
    assert_eq!((report.distribution[2].tolerance, report.distribution[2].needed), (5.0, 6));
    // A target below 5 has a tolerance of its own.
    let small = self::report(&[("a", 98), ("b", 2)], Some(&[("a", 96.0), ("b", 4.0)]));
    assert_eq!((small.distribution[1].tolerance, small.distribution[1].status), (1.0, TopicStatus::Under));
}

#[test]
fn the_edges_of_balance() {
    let balance = |counts, targets| report(counts, targets).balance_score;
    assert_eq!(balance(&[("a", 0), ("b", 0)], None), None, "no record gives none, not 1");
    assert_eq!(balance(&[], None), None);
    assert_eq!(balance(&[("a", 5), ("b", 0)], None), Some(0.0));
    assert_eq!(balance(&[("a", 3)], None), Some(1.0));
    assert_eq!(balance(&[("a", 5), ("b", 7)], Some(&[("a", 100.0), ("b", 0.0)])), Some(1.0), "a target of 0 stays out");
    assert_eq!(balance(&[("a", 0), ("b", 7)], Some(&[("a", 100.0), ("b", 0.0)])), Some(0.0));
    for (score, rating) in [
        (1.0, "excellent"),
        (0.8, "excellent"),
        (0.799, "good"),
        (0.6, "good"),
        (0.599, "fair"),
        (0.4, "fair"),
        (0.399, "poor"),
        (0.2, "poor"),
        (0.199, "critical"),
        (0.0, "critical"),
    ] {
        assert_eq!(get_balance_rating(score).as_str(), rating, "{score}");
    }
    assert!(report(&[("a", 0), ("b", 0)], None).effective_topics.is_none());
    assert!((report(&[("a", 9), ("b", 9), ("c", 9)], None).effective_topics.unwrap() - 3.0).abs() < 1e-12);
}

#[test]
fn labels_that_are_no_leaves_count_as_uncategorized() {
    let mut tree = hierarchy(&["a", "b"]);
    tree.nodes[1].children = hierarchy(&["b1", "b2"]).nodes;
    let counts = CoverageCounts {
        total_records: 40,
        valid_records: 33,
        by_topic: [("a", 10), ("b", 4), ("b1", 10), ("gone", 6)].map(|(name, count)| (name.to_owned(), count)).into(),
        uncategorized: 3,
    };
    let report = analyze_coverage(&counts, &tree, None, 0);
    assert_eq!(report.distribution.iter().map(|topic| topic.topic.as_str()).collect::<Vec<_>>(), ["a", "b1", "b2"]);
    assert_eq!((report.total_records, report.valid_records, report.uncategorized_count), (40, 33, 13));
    assert!((report.distribution[0].percentage - 50.0).abs() < 1e-12, "of the categorized");
    assert!(report.recommendations[0].starts_with("13 valid records (39%) carry none of the topics"));
}

#[test]
fn needed_is_the_smallest_number() {
    let mut number = numbers(1);
    for _ in 0..4_000 {
        let total = number(400);
        let count = number(total.unsigned_abs() + 1);
        let target = [number(101) as f64, 100.0 / (1 + number(12)) as f64, number(1_001) as f64 / 10.0]
            [usize::try_from(number(3)).unwrap()];
        let found = needed(count, total, target);
        let share =
            |added: i64| if total + added == 0 { 0.0 } else { (count + added) as f64 * 100.0 / (total + added) as f64 };
        let (low, high) = (target - (target / 4.0).min(5.0) - 1e-9, target + (target / 4.0).min(5.0) + 1e-9);
        let smallest = (0..=20 * (total + 1)).find(|added| share(*added) >= low).unwrap();
        assert_eq!(found, smallest, "{count} of {total}, target {target}");
        // If any number brings it within tolerance on both sides, it is this one, unless it is over already.
        if share(0) <= high
            && let Some(within) = (0..=smallest + 2).find(|added| (low..=high).contains(&share(*added)))
        {
            assert_eq!(found, within, "{count} of {total}, target {target}");
        }
    }
    // Target 100: (0 + n) / (10 + n) >= 0.95 -> n >= 190. Nothing there: one record is all of it.
    assert_eq!((needed(0, 10, 100.0), needed(0, 0, 100.0), needed(0, 0, 25.0)), (190, 1, 1));
    assert_eq!((needed(0, 10, 0.0), needed(10, 10, 0.0), needed(9, 10, 50.0)), (0, 0, 0));
    assert_eq!(needed(0, 1_000_000, 100.0), 19_000_000);
}

#[test]
fn balance_stays_within_bounds_and_additions_reach_their_aim() {
    let mut number = numbers(2);
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    for _ in 0..1_000 {
        let topics = usize::try_from(1 + number(7)).unwrap();
        let counts: Vec<(&str, i64)> = names[..topics].iter().map(|name| (*name, number(60))).collect();
        let report = report(&counts, None);
        let Some(balance) = report.balance_score else { continue };
        assert!((0.0..=1.0).contains(&balance));
        let effective = report.effective_topics.unwrap();
        assert!(effective >= 1.0 - 1e-9 && effective <= topics as f64 + 1e-9);
        for aim in [0.6, 0.8] {
            let additions = advice::additions_for(&report.distribution, aim);
            let after = |fewer: Option<&str>| {
                let grown: Vec<(&str, i64)> = counts
                    .iter()
                    .map(|(name, count)| {
                        let added = additions.iter().find(|(topic, _)| topic == name).map_or(0, |(_, added)| *added);
                        (*name, count + added - i64::from(fewer == Some(*name)))
                    })
                    .collect();
                self::report(&grown, None).balance_score.unwrap()
            };
            assert!(after(None) >= aim - 1e-9, "{counts:?} + {additions:?}");
            for (topic, _) in &additions {
                assert!(after(Some(topic)) < aim, "one of {topic} fewer is not enough: {counts:?} + {additions:?}");
            }
        }
    }
}

#[test]
fn targets_must_fit_the_leaves() {
    let check = |targets: &[(&str, f64)]| {
        let targets = targets.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect();
        validate_targets(&targets, &["a", "b", "c"])
    };
    assert_eq!(check(&[("a", 33.33), ("b", 33.33), ("c", 33.33)]), Ok(()));
    assert_eq!(check(&[("a", 100.0), ("b", 0.0), ("c", 0.0)]), Ok(()));
    for (targets, word) in [
        (&[("a", 50.0), ("b", 50.0)][..], "“c” has no target share"),
        (&[("a", 50.0), ("b", 25.0), ("c", 25.0), ("d", 0.0)], "“d” is not a topic"),
        (&[("a", 75.0), ("b", 50.0), ("c", -25.0)], "is -25. It must be a number from 0 to 100"),
        (&[("a", 1e308), ("b", 0.0), ("c", 0.0)], "is 1e308."),
        (&[("a", 100.5), ("b", 0.0), ("c", 0.0)], "is 100.5."),
        (&[("a", f64::NAN), ("b", 50.0), ("c", 50.0)], "is NaN"),
        (&[("a", f64::INFINITY), ("b", 0.0), ("c", 0.0)], "is inf"),
        (&[("a", 33.0), ("b", 33.0), ("c", 33.98)], "add up to 99.98%"),
    ] {
        let message = check(targets).unwrap_err();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn targets_that_no_longer_fit_are_named_and_not_used() {
    let report = report(&[("a", 5), ("b", 5)], Some(&[("a", 100.0)]));
    assert!((report.distribution[0].target_percentage - 50.0).abs() < 1e-12);
    assert!(report.recommendations[0].contains("“b” has no target share"), "{:?}", report.recommendations);
}

#[test]
fn recommendations_say_what_reaches_what() {
    assert_eq!(
        report(&[("a", 50), ("b", 30), ("c", 16), ("d", 4)], None).recommendations,
        [
            // 0.6 * 50 = 30 records each: 14 of c, 26 of d.
            "Add 40 records, 26 of “d”, 14 of “c”: that lifts the balance from 0.08 (critical) to 0.60 (good).",
            // 4 + 20 = 24; the smallest is then c with 16 of 50.
            "“d” has 4 records (4.0%, target 25.0%): 20 more bring it to its target's tolerance, and the balance to 0.32 (poor).",
            "“c” has 16 records (16.0%, target 25.0%): 5 more bring it to its target's tolerance, and the balance to 0.08 (critical).",
            "“a” has 50.0% of the records, over its target of 25.0%: add to the others rather than delete.",
        ]
    );
    let fine = report(&[("a", 50), ("b", 48)], None).recommendations;
    assert_eq!(fine, ["Nothing needs adding: the balance is 0.96, and every topic is within tolerance of its target."]);
    assert!(report(&[], None).recommendations[0].starts_with("There are no topics yet"));
    assert!(report(&[("a", 0)], None).recommendations[0].starts_with("There are no valid records yet"));
    let unlabelled =
        CoverageCounts { total_records: 9, valid_records: 9, uncategorized: 9, ..CoverageCounts::default() };
    let report = analyze_coverage(&unlabelled, &hierarchy(&["a"]), None, 0);
    assert!(report.recommendations[0].starts_with("None of the 9 valid records carries one of the topics"));
}

#[test]
fn hundreds_of_topics_do_not_make_hundreds_of_lines() {
    let names: Vec<String> = (0..300).map(|index| format!("topic {index:03}")).collect();
    let counts: Vec<(&str, i64)> = names.iter().zip(0..).map(|(name, index)| (name.as_str(), index)).collect();
    let report = report(&counts, None);
    assert!(report.recommendations.len() <= 8, "{:#?}", report.recommendations);
}
