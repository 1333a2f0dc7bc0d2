//! Price tables as people write them: a line a model.

use super::endpoint::ModelPrice;

/// A line of a price table that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Line {line} of the price table: {reason}")]
pub struct PriceLineError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads lines of "model, input, output" or "model, input, output, cached input", in US dollars a million tokens, with commas,
/// semicolons, tabs or spaces between. Empty lines and what follows a `#` are passed over.
pub fn parse(text: &str) -> Result<Vec<ModelPrice>, PriceLineError> {
    let numbered =
        text.lines().enumerate().map(|(index, line)| (index + 1, line.split('#').next().unwrap_or_default()));
    numbered
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(line, words)| price(words).map_err(|reason| PriceLineError { line, reason }))
        .collect()
}

fn price(line: &str) -> Result<ModelPrice, String> {
    let words: Vec<&str> = line.split([',', ';', '\t', ' ']).map(str::trim).filter(|word| !word.is_empty()).collect();
    let (model, amounts) = words.split_first().ok_or("it names no model.")?;
    let number = |word: &&str| {
        let amount =
            word.trim_start_matches('$').parse::<f64>().ok().filter(|amount| amount.is_finite() && *amount >= 0.0);
        amount.ok_or_else(|| format!("\"{word}\" is no price. Write numbers like 0.15, with a point."))
    };
    match amounts.iter().map(number).collect::<Result<Vec<f64>, String>>()?.as_slice() {
        [input, output] => {
            Ok(ModelPrice { model: (*model).to_owned(), input: *input, cached_input: None, output: *output })
        }
        [input, output, cached] => {
            Ok(ModelPrice { model: (*model).to_owned(), input: *input, cached_input: Some(*cached), output: *output })
        }
        other => Err(format!(
            "{model} has {} prices. Write its input price and its output price, and if you like that of cached input.",
            other.len()
        )),
    }
}

/// The table as it is edited; [`parse`] reads it back.
pub fn write(prices: &[ModelPrice]) -> String {
    let line = |price: &ModelPrice| {
        let cached = price.cached_input.map(|cached| format!(", {cached}")).unwrap_or_default();
        format!("{}, {}, {}{cached}", price.model, price.input, price.output)
    };
    prices.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_written() {
        let text = "# list of May\ngpt-5-mini, 0.25, 2, 0.025\n\nllama3\t0\t0 # ours\n* ; $1 ; 4.5";
        let table = parse(text).unwrap();
        let line = |model: &str, input, cached_input, output| ModelPrice {
            model: model.to_owned(),
            input,
            cached_input,
            output,
        };
        assert_eq!(
            table,
            [line("gpt-5-mini", 0.25, Some(0.025), 2.0), line("llama3", 0.0, None, 0.0), line("*", 1.0, None, 4.5)]
        );
        assert_eq!(write(&table), "gpt-5-mini, 0.25, 2, 0.025\nllama3, 0, 0\n*, 1, 4.5");
        assert_eq!(parse(&write(&table)).unwrap(), table);
        assert_eq!(parse(" \n#\n").unwrap(), []);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, line, word) in [
            ("a, 1, 2\nb, 1", 2, "has 1 prices"),
            ("a", 1, "has 0 prices"),
            ("\na, 1, 2, 3, 4", 2, "has 4 prices"),
            ("a, 1, x", 1, "\"x\" is no price"),
            ("a, -1, 2", 1, "\"-1\""),
            ("a, NaN, 2", 1, "\"NaN\""),
            ("a, inf, 2", 1, "\"inf\""),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
