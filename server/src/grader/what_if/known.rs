//! Which parts of a draft are parts of the grader compared with, and what those said. A part is known by its config, not by
//! its name or its place: renamed, moved, weighted otherwise or taken out of a combination it is the same part.

use super::super::grading::Said;
use super::super::judge::{normalized, range_of};
use super::source::StoredSample;
use crate::types::grader::{GraderConfig, PartScore};

/// For each part of the draft the place of its equal among those of `graded`. `drafts` are the draft as it is written and with
/// the default model filled in: a part is the same in either way. Of equal ones that of the same name goes first, then one
/// that no other part has taken: two equal judges may have said different things.
pub(super) fn same_parts(drafts: &[&GraderConfig], graded: &GraderConfig) -> Vec<Option<usize>> {
    let theirs = parts(graded);
    let ours: Vec<Vec<(&str, &GraderConfig)>> = drafts.iter().map(|draft| parts(draft)).collect();
    let Some(first) = ours.first() else { return Vec::new() };
    let equals = |part: usize| {
        let is_equal = |place: &usize| {
            ours.iter().any(|draft| draft.get(part).is_some_and(|(_, config)| *config == theirs[*place].1))
        };
        (0..theirs.len()).filter(is_equal).collect::<Vec<usize>>()
    };
    let mut places: Vec<Option<usize>> = first
        .iter()
        .enumerate()
        .map(|(part, (name, _))| equals(part).into_iter().find(|place| theirs[*place].0 == *name))
        .collect();
    for part in 0..places.len() {
        if places[part].is_none() {
            let equals = equals(part);
            let untaken = equals.iter().find(|place| !places.contains(&Some(**place)));
            places[part] = untaken.or(equals.first()).copied();
        }
    }
    places
}

/// Name and config; a grader that stands alone has no name.
fn parts(config: &GraderConfig) -> Vec<(&str, &GraderConfig)> {
    match config {
        GraderConfig::Multi(multi) => multi.graders.iter().map(|part| (part.name.as_str(), &part.grader)).collect(),
        one => vec![("", one)],
    }
}

/// What is stored of a sample for each part of the draft.
pub(super) fn said(sample: &StoredSample, graded: &GraderConfig, places: &[Option<usize>]) -> Vec<Option<Said>> {
    let theirs = parts(graded);
    let of_place = |place: &Option<usize>| {
        let (name, config) = *theirs.get((*place)?)?;
        match graded {
            GraderConfig::Multi(_) => match sample.parts.iter().find(|part| part.name == name) {
                Some(part) => said_of_part(part, config),
                // A sample that failed before its parts were asked; one with a score has parts, but for those of an old version.
                None if sample.score.is_none() => sample.error.as_ref().map(Said::error),
                None => None,
            },
            _ => said_alone(sample, config),
        }
    };
    places.iter().map(of_place).collect()
}

fn said_of_part(part: &PartScore, config: &GraderConfig) -> Option<Said> {
    match (part.score, &part.error) {
        (Some(raw), _) => Some(Said::before(raw, normalized(range(config), raw), part.sub_scores.clone())),
        (None, error) => error.as_ref().map(Said::error),
    }
}

/// What a grader without parts said is the sample's own score; its parts are a judge's other numbers.
fn said_alone(sample: &StoredSample, config: &GraderConfig) -> Option<Said> {
    let Some(score) = sample.score else { return sample.error.as_ref().map(Said::error) };
    let [low, high] = range(config);
    let sub_scores = sample.parts.iter().filter_map(|part| Some((part.name.clone(), part.score?))).collect();
    Some(Said::before(low + score * (high - low), score, sub_scores))
}

fn range(config: &GraderConfig) -> [f64; 2] {
    match config {
        GraderConfig::ScoreModel(model) => range_of(model),
        _ => [0.0, 1.0],
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::StoredResponse;
    use super::*;
    use crate::types::grader::{GraderPart, LlmJudge, MultiGrader, ScoreModel};

    fn judge(prompt: &str, model: &str) -> GraderConfig {
        GraderConfig::LlmJudge(LlmJudge { prompt: prompt.to_owned(), model: model.to_owned(), ..LlmJudge::default() })
    }

    fn multi(parts: &[(&str, GraderConfig)]) -> GraderConfig {
        let part = |(name, grader): &(&str, GraderConfig)| GraderPart {
            name: (*name).to_owned(),
            grader: grader.clone(),
            threshold: None,
        };
        GraderConfig::Multi(MultiGrader { graders: parts.iter().map(part).collect(), ..MultiGrader::default() })
    }

    fn sample(score: Option<f64>, error: Option<&str>, parts: Vec<PartScore>) -> StoredSample {
        StoredSample {
            position: 0,
            prompt: 0,
            repeat: 0,
            record_id: 1,
            topic: None,
            response: StoredResponse::Chars(3),
            score,
            error: error.map(str::to_owned),
            parts,
            finished_at: 0,
        }
    }

    #[test]
    fn a_part_is_known_by_its_config() {
        let graded = multi(&[("a", judge("p", "m")), ("b", judge("q", "m")), ("c", judge("p", "m"))]);
        let same = |draft: &GraderConfig| same_parts(&[draft], &graded);
        assert_eq!(same(&graded), [Some(0), Some(1), Some(2)]);
        // Moved, renamed, and one that is new.
        let moved =
            multi(&[("x", judge("q", "m")), ("c", judge("p", "m")), ("y", judge("p", "m")), ("z", judge("r", "m"))]);
        assert_eq!(same(&moved), [Some(1), Some(2), Some(0), None]);
        // The same name is not enough; neither is all but the model, the temperature or the tokens.
        let mut warm = LlmJudge { prompt: "p".to_owned(), model: "m".to_owned(), ..LlmJudge::default() };
        warm.temperature = Some(0.5);
        let mut short = LlmJudge { temperature: Some(0.0), ..warm.clone() };
        short.max_tokens = 10;
        let others = [
            ("a", judge("p!", "m")),
            ("b", judge("q", "n")),
            ("c", GraderConfig::LlmJudge(warm)),
            ("d", GraderConfig::LlmJudge(short)),
        ];
        assert_eq!(same(&multi(&others)), [None; 4]);
        // Out of the combination; the model filled in.
        assert_eq!(same(&judge("q", "m")), [Some(1)]);
        assert_eq!(same_parts(&[&judge("q", ""), &judge("q", "m")], &graded), [Some(1)]);
        assert_eq!(same_parts(&[&graded], &judge("p", "m")), [Some(0), None, Some(0)]);
    }

    #[test]
    fn stored_scores_are_what_the_parts_said() {
        let model = |range| {
            GraderConfig::ScoreModel(ScoreModel {
                model: "m".to_owned(),
                endpoint_id: None,
                input: Vec::new(),
                range,
                sampling_params: None,
            })
        };
        let graded = multi(&[("a", model(Some([1.0, 5.0]))), ("b", judge("p", "m"))]);
        let part = |name: &str, score: Option<f64>, error: Option<&str>| PartScore {
            name: name.to_owned(),
            score,
            error: error.map(str::to_owned),
            ..PartScore::default()
        };
        let places = [Some(1), Some(0), None];
        // A part keeps its own number: 4 of 1 to 5 is 0.75.
        let stored = sample(None, Some("b: late"), vec![part("a", Some(4.0), None), part("b", None, Some("late"))]);
        let known = said(&stored, &graded, &places);
        assert!(known[0].as_ref().is_some_and(|said| said.score.is_none()) && known[2].is_none());
        let of_a = known[1].as_ref().unwrap();
        assert_eq!((of_a.raw, of_a.score), (Some(4.0), Some(0.75)));
        // Alone, the score is stored as it counts: 0.75 was 4.
        let alone = said(&sample(Some(0.75), None, Vec::new()), &model(Some([1.0, 5.0])), &[Some(0)]);
        assert_eq!((alone[0].as_ref().unwrap().raw, alone[0].as_ref().unwrap().score), (Some(4.0), Some(0.75)));
        // Failed as a whole: every part did. A score without parts is one of a version that kept none.
        let failed = said(&sample(None, Some("deleted"), Vec::new()), &graded, &places);
        assert!(failed[0].as_ref().is_some_and(|said| said.score.is_none()));
        assert!(said(&sample(Some(0.5), None, Vec::new()), &graded, &places).iter().all(Option::is_none));
    }
}
