//! What a call costs. A price that is not in the table is unknown, and so is the cost: never 0.

use super::wire::Usage;
use crate::types::endpoint::ModelPrice;

/// US dollars for a call, or `None` where the price or what was used is not known.
///
/// Cached input costs its own price where there is one, else that of other input. Reasoning is output.
pub fn cost(price: Option<&ModelPrice>, usage: Option<&Usage>) -> Option<f64> {
    let (price, usage) = (price?, usage?);
    let cached = usage.cached_tokens.min(usage.prompt_tokens);
    let part = |tokens: u64, per_million: f64| tokens as f64 / 1e6 * per_million;
    Some(
        part(usage.prompt_tokens - cached, price.input)
            + part(cached, price.cached_input.unwrap_or(price.input))
            + part(usage.completion_tokens, price.output),
    )
}

/// A model's line of a price table: its own, else the longest that begins as it does and ends in `*`.
pub fn price_of<'a>(prices: &'a [ModelPrice], model: &str) -> Option<&'a ModelPrice> {
    let by_beginning = || {
        let begins = |price: &&ModelPrice| price.model.strip_suffix('*').is_some_and(|start| model.starts_with(start));
        prices.iter().filter(begins).max_by_key(|price| price.model.len())
    };
    prices.iter().find(|price| price.model == model).or_else(by_beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_its_own_price_or_that_of_its_family() {
        let price = |model: &str| ModelPrice { model: model.to_owned(), input: 1.0, cached_input: None, output: 1.0 };
        let table = [price("gpt-5*"), price("gpt-5-mini"), price("gpt-5-mini-*"), price("*")];
        let of = |model: &str| price_of(&table, model).map(|price| price.model.as_str());
        assert_eq!(of("gpt-5-mini"), Some("gpt-5-mini"));
        assert_eq!(of("gpt-5-mini-2026"), Some("gpt-5-mini-*"));
        assert_eq!((of("gpt-5.1"), of("llama")), (Some("gpt-5*"), Some("*")));
        assert_eq!(price_of(&table[..2], "llama"), None);
    }

    /// By hand: 1,500 new input tokens at 2 $ and 500 cached at 0.5 $ a million, 300 of output at 8 $: 0.003 + 0.00025 + 0.0024.
    #[test]
    fn a_call_costs_what_it_used() {
        let price = ModelPrice { model: "m".to_owned(), input: 2.0, cached_input: Some(0.5), output: 8.0 };
        let usage = Usage { prompt_tokens: 2_000, cached_tokens: 500, completion_tokens: 300, reasoning_tokens: 100 };
        assert!((cost(Some(&price), Some(&usage)).unwrap() - 0.00565).abs() < 1e-12);
        let uncached = ModelPrice { cached_input: None, ..price.clone() };
        assert!((cost(Some(&uncached), Some(&usage)).unwrap() - 0.0064).abs() < 1e-12);
        assert_eq!((cost(None, Some(&usage)), cost(Some(&price), None)), (None, None));
        let lying = Usage { prompt_tokens: 10, cached_tokens: 99, ..Usage::default() };
        assert!((cost(Some(&price), Some(&lying)).unwrap() - 0.000_005).abs() < 1e-12);
    }
}
