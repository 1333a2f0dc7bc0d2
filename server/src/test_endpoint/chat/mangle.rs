//! What the plan makes of an answer.

use serde_json::{Value, json};

use super::super::script::{Fault, Plan};
use super::{Choice, ToolCall};

/// Applies the faults that concern what is said, in the script's order.
pub(super) fn mangle(choice: &mut Choice, plan: &Plan) {
    for fault in &plan.faults {
        apply(choice, fault);
    }
}

fn apply(choice: &mut Choice, fault: &Fault) {
    match fault {
        Fault::Refusal => {
            let refusal = Some("I'm sorry, I can't assist with that request.".to_owned());
            *choice = Choice { refusal, finish_reason: "stop", ..Choice::default() };
        }
        Fault::BreaksSchema => change(choice, |content| broken_instance(&content)),
        Fault::Prose => {
            change(choice, |content| {
                format!("Sure! Here is what you asked for:\n\n{content}\n\nLet me know if you need anything else.")
            });
        }
        Fault::Fenced => change(choice, |content| format!("```json\n{content}\n```")),
        Fault::TwoObjects => change(choice, |content| format!("{content}\n{content}")),
        Fault::EmptyContent => *choice = Choice::saying(""),
        Fault::Length => cut_off(choice),
        Fault::ContentFilter => *choice = Choice { finish_reason: "content_filter", ..Choice::saying("") },
        Fault::Huge { bytes } => {
            let sentence = "This answer is far longer than anybody asked for. ";
            *choice = Choice::saying(sentence.repeat(bytes.div_ceil(sentence.len())));
        }
        Fault::Content { text } => *choice = Choice::saying(text),
        Fault::ToolCall { name, arguments } => *choice = Choice::calling(name, arguments),
        _ => {}
    }
}

fn change(choice: &mut Choice, how: impl FnOnce(String) -> String) {
    choice.content = choice.content.take().map(how);
}

/// Without its first field, and with one that nobody asked for.
fn broken_instance(content: &str) -> String {
    match serde_json::from_str::<Value>(content) {
        Ok(Value::Object(mut fields)) => {
            if let Some(first) = fields.keys().next().cloned() {
                fields.shift_remove(&first);
            }
            fields.insert("nobody_asked_for_this".to_owned(), json!(true));
            Value::Object(fields).to_string()
        }
        _ => json!({"nobody_asked_for_this": true}).to_string(),
    }
}

/// Half of what is said, as when there is no room for more.
fn cut_off(choice: &mut Choice) {
    let half = |text: &str| text.chars().take(text.chars().count() / 2).collect::<String>();
    choice.content = choice.content.take().map(|content| half(&content));
    for ToolCall { arguments, .. } in &mut choice.tool_calls {
        *arguments = half(arguments);
    }
    choice.finish_reason = "length";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mangled(fault: Fault) -> Choice {
        let mut choice = Choice::saying(r#"{"score":0.5,"reasoning":"so"}"#);
        mangle(&mut choice, &Plan { faults: vec![fault], ..Plan::default() });
        choice
    }

    #[test]
    fn faults_change_what_is_said() {
        let content = |fault| mangled(fault).content.unwrap();
        assert_eq!(content(Fault::BreaksSchema), r#"{"reasoning":"so","nobody_asked_for_this":true}"#);
        assert!(content(Fault::Fenced).starts_with("```json\n{"));
        assert!(content(Fault::Prose).contains(r#"{"score":0.5"#));
        assert_eq!(content(Fault::TwoObjects).matches("score").count(), 2);
        assert_eq!(content(Fault::EmptyContent), "");
        assert_eq!(content(Fault::content("exactly")), "exactly");
        assert!(content(Fault::Huge { bytes: 100_000 }).len() >= 100_000);
        let cut = mangled(Fault::Length);
        assert_eq!((cut.finish_reason, cut.content.as_deref()), ("length", Some(r#"{"score":0.5,"r"#)));
        let refused = mangled(Fault::Refusal);
        assert!(refused.content.is_none() && refused.refusal.is_some());
        assert_eq!(mangled(Fault::ContentFilter).finish_reason, "content_filter");
    }

    #[test]
    fn faults_add_up_in_their_order() {
        let mut choice = Choice::saying("{}");
        mangle(
            &mut choice,
            &Plan { faults: vec![Fault::content("[1]"), Fault::Fenced, Fault::Prose], ..Plan::default() },
        );
        assert!(choice.content.unwrap().contains("```json\n[1]\n```"));
    }
}
