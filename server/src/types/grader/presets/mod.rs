//! Graders to start from: editable copies, whose judges take the default model.

use super::config::{GraderConfig, GraderPart, LlmJudge, MultiGrader};

/// A grader to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraderPreset {
    /// How good an answer is as a whole.
    Quality,
    /// 0.7 accuracy + 0.3 completeness.
    Correctness,
    /// 0.3 tool selected + 0.3 parameters valid + 0.4 result used.
    ToolUsage,
    /// 0.5 valid JSON + 0.5 required fields.
    FormatCompliance,
    /// 0.6 answers the question + 0.4 brevity.
    Conciseness,
}

impl GraderPreset {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Quality, Self::Correctness, Self::ToolUsage, Self::FormatCompliance, Self::Conciseness];

    /// The word in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quality => "quality",
            Self::Correctness => "correctness",
            Self::ToolUsage => "tool_usage",
            Self::FormatCompliance => "format_compliance",
            Self::Conciseness => "conciseness",
        }
    }

    /// What it is called, and of what it is made.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Quality => "Quality: one judge",
            Self::Correctness => "Correctness: accuracy and completeness (judges)",
            Self::ToolUsage => "Tool usage: right tool, valid parameters (scripts), result used (judge)",
            Self::FormatCompliance => "Format compliance: valid JSON, required fields (scripts)",
            Self::Conciseness => "Conciseness: answers the question (judge), brevity (script)",
        }
    }

    /// The grader.
    pub fn config(self) -> GraderConfig {
        let quality = include_str!("quality.mustache");
        let accuracy = include_str!("accuracy.mustache");
        let completeness = include_str!("completeness.mustache");
        let result_used = include_str!("result_used.mustache");
        let answers = include_str!("answers_question.mustache");
        match self {
            Self::Quality => judge(quality),
            Self::Correctness => {
                multi([("accuracy", 0.7, judge(accuracy)), ("completeness", 0.3, judge(completeness))])
            }
            Self::ToolUsage => multi([
                ("tool_selected", 0.3, script(include_str!("tool_selected.js"))),
                ("parameters_valid", 0.3, script(include_str!("parameters_valid.js"))),
                ("result_used", 0.4, judge(result_used)),
            ]),
            Self::FormatCompliance => multi([
                ("valid_json", 0.5, script(include_str!("valid_json.js"))),
                ("required_fields", 0.5, script(include_str!("required_fields.js"))),
            ]),
            Self::Conciseness => {
                multi([("answers_question", 0.6, judge(answers)), ("brevity", 0.4, script(include_str!("brevity.js")))])
            }
        }
    }
}

fn judge(prompt: &str) -> GraderConfig {
    GraderConfig::LlmJudge(LlmJudge { prompt: prompt.to_owned(), ..LlmJudge::default() })
}

fn script(source: &str) -> GraderConfig {
    GraderConfig::Script { script: source.to_owned() }
}

fn multi<const N: usize>(parts: [(&str, f64, GraderConfig); N]) -> GraderConfig {
    let weights = parts.iter().map(|(_, weight, _)| *weight).collect();
    let part =
        |(name, _, grader): (&str, f64, GraderConfig)| GraderPart { name: name.to_owned(), grader, threshold: None };
    GraderConfig::Multi(MultiGrader { graders: parts.into_iter().map(part).collect(), weights, calculate_output: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_specification_s() {
        let weights = |preset: GraderPreset| match preset.config() {
            GraderConfig::Multi(multi) => multi.weights,
            _ => Vec::new(),
        };
        assert_eq!(weights(GraderPreset::Quality), [] as [f64; 0]);
        assert_eq!(weights(GraderPreset::Correctness), [0.7, 0.3]);
        assert_eq!(weights(GraderPreset::ToolUsage), [0.3, 0.3, 0.4]);
        assert_eq!(weights(GraderPreset::FormatCompliance), [0.5, 0.5]);
        assert_eq!(weights(GraderPreset::Conciseness), [0.6, 0.4]);
    }
}
