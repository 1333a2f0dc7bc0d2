//! What a template shows of a sample must be there wherever it is shown: in a judge's prompt a gap would say something.

use serde_json::Value;

use super::RenderError;
use super::scan::Step;

/// Values that are looked at before a sample is too much.
const MAX_LOOKS: usize = 1_000_000;

/// A section around a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) path: Vec<Step>,
    /// `{{^x}}`: rendered where there is nothing.
    pub(super) is_inverted: bool,
}

/// A value that must be there whenever the sections around it are rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// Outermost first.
    pub(super) sections: Vec<Section>,
    pub(super) path: Vec<Step>,
}

/// Whether a sample has all of them.
pub(super) fn check(needs: &[Need], sample: &Value) -> Result<(), RenderError> {
    let mut looks = 0;
    let mut contexts = vec![sample];
    needs.iter().try_for_each(|need| within(&need.sections, &need.path, &mut contexts, &mut looks))
}

/// Goes through the sections as rendering does: each item of a list, else once, with the names of what is around.
fn within(
    sections: &[Section],
    path: &[Step],
    contexts: &mut Vec<&Value>,
    looks: &mut usize,
) -> Result<(), RenderError> {
    *looks += 1;
    if *looks > MAX_LOOKS {
        return Err(RenderError::TooManyItems);
    }
    let Some((section, inner)) = sections.split_first() else {
        return match resolve(path, contexts) {
            None | Some(Value::Null) => Err(RenderError::Missing { name: super::written(path) }),
            Some(_) => Ok(()),
        };
    };
    let value = resolve(&section.path, contexts);
    let is_there = value.is_some_and(is_something);
    if section.is_inverted == is_there {
        return Ok(());
    }
    if section.is_inverted {
        return within(inner, path, contexts, looks);
    }
    let items = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    for item in items {
        contexts.push(item);
        let result = within(inner, path, contexts, looks);
        contexts.pop();
        result?;
    }
    Ok(())
}

/// The first name is looked for from the innermost context outwards; the rest of the path is followed from there.
fn resolve<'a>(path: &[Step], contexts: &[&'a Value]) -> Option<&'a Value> {
    let Some(Step::Name(first)) = path.first() else { return contexts.last().copied() };
    let found = contexts.iter().rev().find_map(|context| context.get(first))?;
    super::lookup(found, &path[1..])
}

/// What a section is rendered for.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}
