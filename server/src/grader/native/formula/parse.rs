//! From tokens to steps, by recursive descent of bounded depth.

use super::tokens::{Token, TokenKind, tokens};
use super::{FormulaError, Function, Kind, MAX_FORMULA_DEPTH, Operator, Step};

pub(super) fn parse(text: &str, names: &[&str]) -> Result<Vec<Step>, FormulaError> {
    let end = text.chars().count() + 1;
    let mut parser = Parser { tokens: tokens(text)?, next: 0, names, end, depth: 0, steps: Vec::new() };
    if parser.tokens.is_empty() {
        return Err(FormulaError::new(1, "the formula is empty; write one such as `0.5 * accuracy + 0.5 * style`"));
    }
    parser.sum()?;
    match parser.tokens.get(parser.next) {
        None => Ok(parser.steps),
        Some(Token { kind: TokenKind::Sign(')'), column, .. }) => {
            Err(FormulaError::new(*column, "this bracket closes none that is open"))
        }
        Some(token) => Err(FormulaError::new(token.column, "an operator (+ - * / ^) is missing before this")),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    names: &'a [&'a str],
    /// The column after the last one.
    end: usize,
    depth: usize,
    steps: Vec<Step>,
}

impl Parser<'_> {
    fn column(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |token| token.column)
    }

    fn sign(&self) -> Option<char> {
        match self.tokens.get(self.next)?.kind {
            TokenKind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    fn sum(&mut self) -> Result<(), FormulaError> {
        self.product()?;
        while let Some(sign @ ('+' | '-')) = self.sign() {
            self.binary(if sign == '+' { Operator::Add } else { Operator::Subtract }, Self::product)?;
        }
        Ok(())
    }

    fn product(&mut self) -> Result<(), FormulaError> {
        self.signed()?;
        while let Some(sign @ ('*' | '/')) = self.sign() {
            self.binary(if sign == '*' { Operator::Multiply } else { Operator::Divide }, Self::signed)?;
        }
        Ok(())
    }

    fn signed(&mut self) -> Result<(), FormulaError> {
        let column = self.column();
        self.depth += 1;
        if self.depth > MAX_FORMULA_DEPTH {
            let message = format!("more than {MAX_FORMULA_DEPTH} brackets, signs or powers within one another");
            return Err(FormulaError::new(column, message));
        }
        match self.sign() {
            Some('-') => {
                self.next += 1;
                self.signed()?;
                self.step(column, Kind::Negate);
            }
            Some('+') => {
                self.next += 1;
                self.signed()?;
            }
            _ => self.power()?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn power(&mut self) -> Result<(), FormulaError> {
        self.atom()?;
        if self.sign() == Some('^') { self.binary(Operator::Power, Self::signed) } else { Ok(()) }
    }

    /// The operator stands at `next`, its left side is done.
    fn binary(
        &mut self,
        operator: Operator,
        right: fn(&mut Self) -> Result<(), FormulaError>,
    ) -> Result<(), FormulaError> {
        let column = self.column();
        self.next += 1;
        right(self)?;
        self.step(column, Kind::Binary(operator));
        Ok(())
    }

    fn step(&mut self, column: usize, kind: Kind) {
        self.steps.push(Step { column, kind });
    }

    fn atom(&mut self) -> Result<(), FormulaError> {
        let column = self.column();
        let Some(token) = self.tokens.get(self.next).cloned() else {
            return Err(FormulaError::new(column, "a number or a part's name is missing at the end"));
        };
        self.next += 1;
        match token.kind {
            TokenKind::Number(number) => {
                self.step(column, Kind::Number(number));
                Ok(())
            }
            TokenKind::Name(name) if self.sign() == Some('(') => self.call(&name, column),
            TokenKind::Name(name) => match self.names.iter().position(|known| *known == name) {
                Some(index) => {
                    self.step(column, Kind::Part(index));
                    Ok(())
                }
                None => Err(FormulaError::new(column, self.unknown(&name))),
            },
            TokenKind::Sign('(') => {
                self.sum()?;
                self.close(column)
            }
            TokenKind::Sign(sign) => {
                let message = format!("a number or a part's name should stand here, but there is `{sign}`");
                Err(FormulaError::new(column, message))
            }
        }
    }

    fn unknown(&self, name: &str) -> String {
        if Function::ALL.iter().any(|function| function.name() == name) {
            return format!("`{name}` is a function: its values go in brackets, as in `{name}(...)`");
        }
        format!("no part is called `{name}`; there is {}", listed(self.names))
    }

    fn call(&mut self, name: &str, column: usize) -> Result<(), FormulaError> {
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name) else {
            let message =
                format!("there is no function `{name}`; there is {}", listed(&Function::ALL.map(Function::name)));
            return Err(FormulaError::new(column, message));
        };
        let opened = self.column();
        self.next += 1;
        let mut values = 0;
        if self.sign() != Some(')') {
            self.sum()?;
            values += 1;
            while self.sign() == Some(',') {
                self.next += 1;
                self.sum()?;
                values += 1;
            }
        }
        self.close(opened)?;
        match (function, values) {
            (_, 1) | (Function::Min | Function::Max, 2..) => {
                self.step(column, Kind::Call(function, values));
                Ok(())
            }
            (Function::Min | Function::Max, _) => Err(FormulaError::new(column, format!("`{name}` needs a value"))),
            (_, count) => Err(FormulaError::new(column, format!("`{name}` takes one value, here are {count}"))),
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), FormulaError> {
        if self.sign() == Some(')') {
            self.next += 1;
            return Ok(());
        }
        Err(FormulaError::new(self.column(), format!("the bracket opened at column {opened} should be closed here")))
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => format!("`{one}`"),
        [before @ .., last] => format!("`{}` and `{last}`", before.join("`, `")),
    }
}
