//! OpenAI's `calculate_output`: arithmetic over the parts' scores.
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = sign { ("*" | "/") sign }
//! sign    = "-" sign | "+" sign | power
//! power   = atom [ "^" sign ]
//! atom    = number | name | function "(" sum { "," sum } ")" | "(" sum ")"
//! ```
//!
//! So `^` binds strongest and to the right (`2^3^2` is `2^9`), then the sign (`-2^2` is -4, `2^-1` is 0.5),
//! then `*` and `/`, then `+` and `-`. `log` is the natural logarithm, `floor` and `ceil` round down and up.
//! `min` and `max` take one value or more, the other functions one. A name that is followed by `(` is a
//! function, else a part's.

use std::fmt;

use thiserror::Error;

mod parse;
#[cfg(test)]
mod tests;
mod tokens;

/// The longest formula, in bytes.
pub const MAX_FORMULA_BYTES: usize = 4_000;
/// Brackets, signs and powers within one another.
pub const MAX_FORMULA_DEPTH: usize = 64;

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {column}: {message}")]
pub struct FormulaError {
    /// In characters, from 1.
    pub column: usize,
    /// A sentence without its full stop.
    pub message: String,
}

impl FormulaError {
    fn new(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into() }
    }
}

/// A formula that parses and whose names are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// Operands before their operators, so that a sum of two thousand terms needs no deep recursion.
    steps: Vec<Step>,
}

/// What to do with the values so far, and where that stands in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    column: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Number(f64),
    /// By its place among the names.
    Part(usize),
    Negate,
    Binary(Operator),
    /// With how many values.
    Call(Function, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Min,
    Max,
    Abs,
    Floor,
    Ceil,
    Exp,
    Sqrt,
    Log,
}

impl Function {
    const ALL: [Self; 8] = [Self::Min, Self::Max, Self::Abs, Self::Floor, Self::Ceil, Self::Exp, Self::Sqrt, Self::Log];

    const fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Abs => "abs",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
            Self::Exp => "exp",
            Self::Sqrt => "sqrt",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Formula {
    /// Reads a formula over the parts called `names`: what a grader is checked with before it is saved.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, FormulaError> {
        parse::parse(text, names).map(|steps| Self { steps })
    }

    /// Its value, where the part at each place of the `names` scored as the same place here says. A result
    /// that is no finite number, anywhere in the formula, is an error.
    pub fn evaluate(&self, scores: &[f64]) -> Result<f64, FormulaError> {
        let mut values: Vec<f64> = Vec::new();
        for step in &self.steps {
            let error = |message: String| FormulaError::new(step.column, message);
            let arguments = match step.kind {
                Kind::Number(_) | Kind::Part(_) => 0,
                Kind::Negate => 1,
                Kind::Binary(_) => 2,
                Kind::Call(_, count) => count,
            };
            // The parser has put as many there.
            let arguments = values.split_off(values.len().saturating_sub(arguments));
            let result = match (step.kind, arguments.as_slice()) {
                (Kind::Number(number), _) => number,
                (Kind::Part(index), _) => match scores.get(index) {
                    Some(score) if score.is_finite() => *score,
                    _ => return Err(error("the part that stands here has no score".to_owned())),
                },
                (Kind::Negate, [value]) => -value,
                (Kind::Binary(operator), [left, right]) => operator.applied(*left, *right).map_err(error)?,
                (Kind::Call(function, _), [first, others @ ..]) => function.applied(*first, others).map_err(error)?,
                _ => return Err(error("a value is missing".to_owned())),
            };
            if !result.is_finite() {
                return Err(error("the result is too large for a number".to_owned()));
            }
            // Minus zero becomes zero.
            values.push(result + 0.0);
        }
        values.pop().ok_or_else(|| FormulaError::new(1, "the formula is empty"))
    }

    /// Whether the part at this place of the `names` stands in the formula.
    pub fn uses(&self, part: usize) -> bool {
        self.steps.iter().any(|step| step.kind == Kind::Part(part))
    }
}

/// The formula with other words in place of some names; functions keep theirs. For a text that parses.
pub fn with_names(text: &str, renamed: impl Fn(&str) -> Option<String>) -> Result<String, FormulaError> {
    let tokens = tokens::tokens(text)?;
    let mut rewritten = String::with_capacity(text.len());
    let mut copied = 0;
    for (index, token) in tokens.iter().enumerate() {
        let tokens::TokenKind::Name(name) = &token.kind else { continue };
        let is_function = tokens.get(index + 1).is_some_and(|next| next.kind == tokens::TokenKind::Sign('('));
        if !is_function && let Some(other) = renamed(name) {
            rewritten.push_str(&text[copied..token.start]);
            rewritten.push_str(&other);
            copied = token.start + name.len();
        }
    }
    rewritten.push_str(&text[copied..]);
    Ok(rewritten)
}

impl Operator {
    fn applied(self, left: f64, right: f64) -> Result<f64, String> {
        let result = match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide if right == 0.0 => return Err(format!("{left} is divided by 0")),
            Self::Divide => left / right,
            Self::Power => left.powf(right),
        };
        if result.is_nan() { Err(format!("{left} ^ {right} is no real number")) } else { Ok(result) }
    }
}

impl Function {
    fn applied(self, first: f64, others: &[f64]) -> Result<f64, String> {
        Ok(match self {
            Self::Min => others.iter().copied().fold(first, f64::min),
            Self::Max => others.iter().copied().fold(first, f64::max),
            Self::Abs => first.abs(),
            Self::Floor => first.floor(),
            Self::Ceil => first.ceil(),
            Self::Exp => first.exp(),
            Self::Sqrt if first < 0.0 => return Err(format!("the square root of {first}, which is below 0")),
            Self::Sqrt => first.sqrt(),
            Self::Log if first <= 0.0 => return Err(format!("the logarithm of {first}, which is not above 0")),
            Self::Log => first.ln(),
        })
    }
}
