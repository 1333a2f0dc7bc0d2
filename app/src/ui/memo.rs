//! Derived values, compiled once for each type of value.

use leptos::prelude::*;

/// A value derived from signals, told to those who show it only when it changes. The same as [`Memo::new`], whose code the
/// compiler writes out for every closure; behind a box it is written out for every `T` alone (docs/benchmarks.md).
pub fn memo<T: PartialEq + Send + Sync + 'static>(derive: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    boxed(Box::new(derive))
}

fn boxed<T: PartialEq + Send + Sync + 'static>(derive: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| derive())
}
