//! A formula's words.

use super::{FormulaError, MAX_FORMULA_BYTES};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Name(String),
    /// One of `+-*/^(),`.
    Sign(char),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes, from 0.
    pub start: usize,
}

/// All tokens, or the first character that belongs to none.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FormulaError> {
    if text.len() > MAX_FORMULA_BYTES {
        let message = format!("the formula has {} bytes; at most {MAX_FORMULA_BYTES} are possible", text.len());
        return Err(FormulaError::new(1, message));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        let length = match first {
            blank if blank.is_whitespace() => first.len_utf8(),
            '+' | '-' | '*' | '/' | '^' | '(' | ')' | ',' => {
                tokens.push(Token { kind: TokenKind::Sign(first), column, start });
                1
            }
            '0'..='9' | '.' => {
                let length = number_length(rest);
                let number = rest[..length].parse::<f64>().ok().filter(|number| number.is_finite());
                let Some(number) = number else {
                    return Err(FormulaError::new(column, format!("`{}` is no number", &rest[..length])));
                };
                tokens.push(Token { kind: TokenKind::Number(number), column, start });
                length
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                tokens.push(Token { kind: TokenKind::Name(rest[..length].to_owned()), column, start });
                length
            }
            other => {
                let message = format!("`{other}` means nothing here; a formula has numbers, names and + - * / ^ ( ) ,");
                return Err(FormulaError::new(column, message));
            }
        };
        column += rest[..length].chars().count();
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// Digits, dots, and an exponent where one follows: `1.5e-3`.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let length = digits(text);
    let Some(exponent) = text[length..].strip_prefix(['e', 'E']) else { return length };
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    match unsigned.bytes().take_while(u8::is_ascii_digit).count() {
        0 => length,
        count => length + 1 + (exponent.len() - unsigned.len()) + count,
    }
}
