//! promptfoo's templates: texts with `{{variable}}`. Its variables are fields of the record here.

/// A text in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// A path into `item`: `question.text`.
    Field(String),
    /// What the model answered.
    Output,
}

/// The pieces of a text; anything that Nunjucks computes is refused with its reason.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    if text.starts_with("file://") {
        return Err("its value stands in another file".to_owned());
    }
    if text.contains("{%") || text.contains("{#") {
        return Err("its text is a Nunjucks program; only variables are read".to_owned());
    }
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once("{{") {
        let Some((inner, after)) = tag.split_once("}}") else {
            return Err("its text has a `{{` that is not closed".to_owned());
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let inner = inner.trim();
        let path = inner.strip_prefix("vars.").or_else(|| inner.strip_prefix("context.vars.")).unwrap_or(inner);
        let is_path = path.split('.').all(|name| {
            !name.is_empty()
                && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
        });
        pieces.push(match path {
            "output" => Piece::Output,
            _ if is_path => Piece::Field(path.to_owned()),
            _ => {
                let shown: String = inner.chars().take(60).collect();
                return Err(format!("`{{{{{shown}}}}}` is more than a variable"));
            }
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// As a template of ours.
pub(super) fn as_template(text: &str) -> Result<String, String> {
    let written = pieces(text)?.into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Field(path) => format!("{{{{item.{path}}}}}"),
        Piece::Output => "{{response}}".to_owned(),
    });
    Ok(written.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_fields_of_the_record() {
        let cases = [
            ("plain", "plain"),
            ("", ""),
            ("{{ topic }}: {{vars.a.b}}{{output}}", "{{item.topic}}: {{item.a.b}}{{response}}"),
            ("a } b", "a } b"),
        ];
        for (text, expected) in cases {
            assert_eq!(as_template(text).unwrap(), expected);
        }
        for text in
            ["{{ a | upper }}", "{% if a %}b{% endif %}", "{{open", "{{}}", "{{ a[0] }}", "file://x.txt", "{# note #}"]
        {
            assert!(as_template(text).is_err(), "{text}");
        }
    }
}
