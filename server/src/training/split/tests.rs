//! Hand-worked divisions, and what holds for every one of them.

use super::*;

fn strata(parts: &[(&str, i64, i64)]) -> Vec<Stratum> {
    let topic = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    parts
        .iter()
        .map(|(name, recorded, generated)| Stratum { topic: topic(name), recorded: *recorded, generated: *generated })
        .collect()
}

fn plan(parts: &[(&str, i64, i64)], change: fn(&mut SplitConfig)) -> SplitPlan {
    let mut config = SplitConfig::default();
    change(&mut config);
    plan_split(&strata(parts), &[], &config).unwrap()
}

fn valid_by_topic(plan: &SplitPlan) -> Vec<i64> {
    plan.by_topic.iter().map(|topic| topic.valid).collect()
}

#[test]
fn every_topic_is_divided_by_largest_remainder() {
    // 10% of 255 is 25.5, rounded 26; by hand: 26 * (123, 77, 55) / 255 = 12.54, 7.85, 5.61:
    // whole parts 12, 7, 5, and the two left over go to .85 and .61.
    let plan = plan(&[("a", 123, 0), ("b", 77, 0), ("", 55, 0)], |_| ());
    assert_eq!((plan.train, plan.valid), (229, 26));
    assert_eq!(valid_by_topic(&plan), [12, 8, 6]);
    assert_eq!(plan.by_topic[2], SplitTopic { topic: None, train: 49, valid: 6 });
    assert_eq!(plan.warnings, Vec::<String>::new());
}

#[test]
fn small_numbers_leave_something_on_both_sides() {
    for (rows, expected) in [(1, (1, 0)), (2, (1, 1)), (3, (2, 1)), (15, (13, 2))] {
        let plan = plan(&[("a", rows, 0)], |_| ());
        assert_eq!((plan.train, plan.valid), expected, "{rows} rows");
    }
    let greedy = plan(&[("a", 4, 0)], |config| config.train_ratio = 0.01);
    assert_eq!((greedy.train, greedy.valid), (1, 3), "one row must train");
}

#[test]
fn generated_records_validate_only_if_asked_for() {
    let parts: &[(&str, i64, i64)] = &[("a", 50, 50), ("b", 0, 100)];
    let without = plan(parts, |_| ());
    assert_eq!(valid_by_topic(&without), [20, 0]);
    assert_eq!(valid_by_topic(&plan(parts, |config| config.include_generated_in_valid = true)), [10, 10]);
    assert!(without.warnings.iter().any(|warning| warning.starts_with("1 topic has no validation row")));
    let all = plan(&[("a", 0, 300)], |_| ());
    assert_eq!((all.train, all.valid), (300, 0));
    assert!(all.warnings[0].contains("Generated records do not validate"), "{:?}", all.warnings);
}

#[test]
fn the_export_gives_exactly_the_planned_rows() {
    for stratify in [true, false] {
        let mut config = SplitConfig { stratify_by_topic: stratify, train_ratio: 0.8, ..SplitConfig::default() };
        let plan = plan_split(&strata(&[("a", 300, 40), ("b", 90, 0), ("", 10, 0)]), &[], &config).unwrap();
        let pass = |plan: &SplitPlan| {
            let mut assigner = SplitAssigner::new(plan.clone());
            // 44 rows ten times over: 30 of a, 4 generated of a, 9 of b, 1 without a topic.
            (0..440)
                .map(|row| match row % 44 {
                    0..30 => assigner.next_part(Some("a"), false, None),
                    30..34 => assigner.next_part(Some("a"), true, None),
                    34..43 => assigner.next_part(Some("b"), false, None),
                    _ => assigner.next_part(None, false, None),
                })
                .collect::<Vec<_>>()
        };
        let parts = pass(&plan);
        let valid = |range: std::ops::Range<usize>| {
            let chosen = parts.iter().enumerate();
            let chosen = chosen.filter(|(row, part)| range.contains(&(row % 44)) && **part == SplitPart::Valid);
            chosen.count().cast_signed() as i64
        };
        assert_eq!(valid_by_topic(&plan), [valid(0..30), valid(34..43), valid(43..44)]);
        assert_eq!((valid(30..34), plan.valid), (0, 88), "20% of 440");
        assert_eq!(parts, pass(&plan), "repeatable");
        config.seed += 1;
        let other = plan_split(&strata(&[("a", 300, 40), ("b", 90, 0), ("", 10, 0)]), &[], &config).unwrap();
        assert_ne!(parts, pass(&other), "another seed, another choice");
        assert_eq!(SplitAssigner::new(plan.clone()).next_part(Some("unknown"), false, None), SplitPart::Train);
    }
}

#[test]
fn providers_bounds_are_named() {
    let warned = |rows, ratio: f64, words: &str| {
        let config = SplitConfig { train_ratio: ratio, ..SplitConfig::default() };
        let plan = plan_split(&strata(&[("a", rows, 0)]), &[], &config).unwrap();
        plan.warnings.iter().any(|warning| warning.contains(words))
    };
    assert!(warned(110, 0.9, "refuses fewer than 100") && !warned(112, 0.9, "refuses fewer than 100"));
    assert!(warned(50_002, 0.999_99, "at most 50,000") && !warned(50_001, 0.999_99, "at most 50,000"));
    assert!(warned(20_001, 0.9, "at most 20,000") && !warned(20_000, 0.9, "at most 20,000"));
    assert!(warned(10_010, 0.9, "at most 1,000") && !warned(10_000, 0.9, "at most 1,000"));
    assert!(warned(94, 0.9, "cannot show") && !warned(95, 0.9, "cannot show"));
}

#[test]
fn nonsense_is_refused() {
    for ratio in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        let config = SplitConfig { train_ratio: ratio, ..SplitConfig::default() };
        assert!(matches!(plan_split(&strata(&[("a", 9, 0)]), &[], &config), Err(SplitError::BadRatio(_))), "{ratio}");
    }
    assert_eq!(plan_split(&[], &[], &SplitConfig::default()), Err(SplitError::NoRows));
    assert_eq!(plan_split(&strata(&[("a", 0, 0)]), &[], &SplitConfig::default()), Err(SplitError::NoRows));
}

fn cluster(id: i64, rows: &[(usize, i64)], generated: i64) -> ClusterRows {
    ClusterRows { id, rows: rows.to_vec(), generated }
}

#[test]
fn a_cluster_goes_to_one_side_and_the_rest_makes_up_for_it() {
    // 80 rows alone and 10 clusters of 2: 10% of 100 are 10, of which clusters shall be 10 * 20 / 100 = 2 rows: one.
    let clusters: Vec<ClusterRows> = (0..10).map(|id| cluster(id, &[(0, 2)], 0)).collect();
    let plan = plan_split(&strata(&[("a", 80, 0)]), &clusters, &SplitConfig::default()).unwrap();
    assert_eq!((plan.train, plan.valid, plan.chosen_clusters.len(), plan.kept_together), (90, 10, 1, 10));
    assert_eq!(plan.chosen[&Some("a".to_owned())].len(), 8);
    let mut seen = HashSet::new();
    for seed in 0..100 {
        let config = SplitConfig { seed, ..SplitConfig::default() };
        seen.extend(plan_split(&strata(&[("a", 80, 0)]), &clusters, &config).unwrap().chosen_clusters);
    }
    assert_eq!(seen.len(), 10, "any of them may validate");
}

#[test]
fn where_all_rows_are_in_clusters_the_share_is_missed_by_as_little_as_can_be() {
    // Two topics of five clusters of four each: 10% of 40 are 4 rows, two a topic; none fits there, one fits in all.
    let of = |sizes: &[i64]| {
        let clusters: Vec<ClusterRows> =
            (0..).zip(sizes).map(|(id, size)| cluster(id, &[(usize::try_from(id % 2).unwrap(), *size)], 0)).collect();
        let plan = plan_split(&strata(&[("a", 0, 0), ("b", 0, 0)]), &clusters, &SplitConfig::default()).unwrap();
        (plan.train, plan.valid)
    };
    assert_eq!(of(&[4; 10]), (36, 4));
    // 10% of 50 are 5: the smallest is 7, two too many, which is nearer than none at all.
    assert_eq!(of(&[7, 7, 7, 7, 7, 15]), (43, 7));
    // 10% of 30 are 3: ten is further off than none.
    assert_eq!(of(&[10, 10, 10]), (30, 0));
    assert_eq!(of(&[2]), (2, 0), "something must train");
}

#[test]
fn a_cluster_of_generated_and_recorded_rows_trains_unless_generated_ones_may_validate() {
    let clusters = [cluster(1, &[(0, 5)], 1)];
    let config = SplitConfig { train_ratio: 0.5, ..SplitConfig::default() };
    let plan = plan_split(&strata(&[("a", 5, 0)]), &clusters, &config).unwrap();
    assert_eq!((plan.train, plan.valid, plan.chosen_clusters.len()), (5, 5, 0));
    let config = SplitConfig { include_generated_in_valid: true, ..config };
    for seed in 0..20 {
        let plan = plan_split(&strata(&[("a", 5, 0)]), &clusters, &SplitConfig { seed, ..config }).unwrap();
        assert_eq!((plan.train, plan.valid), (5, 5));
    }
}

/// For any strata and clusters: no cluster on both sides, the counts are those of the pass, and where enough rows are in no
/// cluster the share is exact and every topic within one unit of its part.
#[test]
fn no_pair_stands_across_the_split() {
    let mut state = 1_u64;
    let mut below = move |bound: u64| {
        state = crate::near_duplicates::shingles::mix(state);
        i64::try_from(state % bound).unwrap()
    };
    for round in 0..200 {
        let topics: Vec<String> = (0..=below(4)).map(|topic| format!("topic {topic}")).collect();
        let parts: Vec<(&str, i64, i64)> = topics.iter().map(|topic| (topic.as_str(), below(200), below(10))).collect();
        let clusters: Vec<ClusterRows> = (0..below(30))
            .map(|id| {
                let mut rows = vec![(usize::try_from(below(topics.len() as u64)).unwrap(), 1 + below(4))];
                let other = usize::try_from(below(topics.len() as u64)).unwrap();
                if other != rows[0].0 {
                    rows.push((other, 1));
                }
                cluster(id, &rows, i64::from(below(10) == 0))
            })
            .collect();
        let config = SplitConfig {
            train_ratio: 0.5 + below(49) as f64 / 100.0,
            stratify_by_topic: below(3) > 0,
            include_generated_in_valid: below(2) == 0,
            seed: round,
        };
        let Ok(plan) = plan_split(&strata(&parts), &clusters, &config) else { continue };
        let total = plan.train + plan.valid;
        let wanted = rounded_share(total, 1.0 - config.train_ratio).max(1).min(total - 1);
        let alone: i64 = parts.iter().map(|(_, recorded, _)| recorded).sum();
        if alone >= wanted {
            assert_eq!(plan.valid, wanted, "{parts:?} {clusters:?} {config:?}");
        }
        // The pass: every topic's rows alone, then the clusters' rows.
        let mut assigner = SplitAssigner::new(plan.clone());
        let mut valid = vec![0; topics.len()];
        for (topic, (name, recorded, generated)) in parts.iter().enumerate() {
            for row in 0..recorded + generated {
                let part = assigner.next_part(Some(name), row >= *recorded, None);
                valid[topic] += i64::from(part == SplitPart::Valid);
            }
        }
        for cluster in &clusters {
            let mut sides = HashSet::new();
            for (topic, rows) in &cluster.rows {
                for _ in 0..*rows {
                    let part = assigner.next_part(Some(&topics[*topic]), false, Some(cluster.id));
                    valid[*topic] += i64::from(part == SplitPart::Valid);
                    sides.insert(format!("{part:?}"));
                }
            }
            assert_eq!(sides.len(), 1, "{cluster:?}");
        }
        assert_eq!(valid_by_topic(&plan), valid, "{parts:?} {clusters:?} {config:?}");
        assert_eq!(plan.valid, valid.iter().sum::<i64>());
    }
}
