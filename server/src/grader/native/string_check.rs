//! OpenAI's `string_check`.

use crate::types::grader::StringOperation;

/// 1 if the check holds, else 0. `like` and `ilike` mean "contains", as OpenAI's do; there are no wildcards.
pub fn string_check(operation: StringOperation, input: &str, reference: &str) -> f64 {
    let holds = match operation {
        StringOperation::Eq => input == reference,
        StringOperation::Ne => input != reference,
        StringOperation::Like => input.contains(reference),
        StringOperation::Ilike => input.to_lowercase().contains(&reference.to_lowercase()),
    };
    if holds { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StringOperation::{Eq, Ilike, Like, Ne};

    #[test]
    fn each_operation_holds_where_it_should() {
        let cases = [
            (Eq, "yes", "yes", 1.0),
            (Eq, "yes", "Yes", 0.0),
            (Eq, "yes ", "yes", 0.0),
            (Eq, "", "", 1.0),
            (Ne, "yes", "no", 1.0),
            (Ne, "", "", 0.0),
            (Like, "the answer is 42.", "42", 1.0),
            (Like, "The Answer", "answer", 0.0),
            (Like, "anything", "", 1.0),
            (Like, "100%", "%", 1.0),
            (Like, "abc", "a%c", 0.0),
            (Ilike, "The Answer", "answer", 1.0),
            (Ilike, "GRÜẞE", "grüß", 1.0),
            (Ilike, "ΟΔΟΣ", "οδος", 1.0),
            (Ilike, "", "x", 0.0),
        ];
        for (operation, input, reference, expected) in cases {
            let score = string_check(operation, input, reference);
            assert!((score - expected).abs() < f64::EPSILON, "{operation:?} {input:?} {reference:?}: {score}");
        }
    }
}
