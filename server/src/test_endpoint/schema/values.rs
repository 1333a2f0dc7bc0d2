//! Strings, numbers and choices, by the names of their properties.

use serde_json::{Number, Value, json};

use super::super::text::{answer_to, hash, key_words, rounded, words};
use super::Maker;

/// What a name says that a value is.
fn names_one_of(name: &str, parts: &[&str]) -> bool {
    let name = name.to_lowercase();
    parts.iter().any(|part| name.contains(part))
}

impl Maker<'_> {
    /// The choice that shares the most words with the subject; of several, or if none does, a drawn one.
    pub(super) fn choose(&mut self, choices: &[Value], name: &str) -> Value {
        if names_one_of(name, &["verdict", "grade", "quality", "severity"]) {
            return by_score(choices, self.subject.score);
        }
        let subject: Vec<String> = words(self.subject.text).collect();
        let shared = |choice: &Value| {
            words(choice.as_str().unwrap_or_default())
                .filter(|word| {
                    subject.iter().any(|said| said == word || said.trim_end_matches('s') == word.trim_end_matches('s'))
                })
                .count()
        };
        let most = choices.iter().map(shared).max().unwrap_or_default();
        let best: Vec<&Value> = choices.iter().filter(|choice| shared(choice) == most).collect();
        best.get(self.draw.below(best.len())).map_or(Value::Null, |choice| (*choice).clone())
    }

    /// True as often as things are good.
    pub(super) fn truth(&mut self, name: &str) -> bool {
        if names_one_of(name, &["pass", "good", "correct", "accept", "success", "ok", "valid", "keep"]) {
            return self.subject.score >= 0.5;
        }
        if names_one_of(name, &["fail", "bad", "wrong", "error", "reject"]) {
            return self.subject.score < 0.5;
        }
        self.draw.unit() < 0.5
    }

    /// Within its bounds: by the score if it is one, else drawn.
    pub(super) fn number(&mut self, schema: &Value, name: &str, whole: bool) -> Value {
        let bound = |word: &str| schema.get(word).and_then(Value::as_f64);
        let step = bound("multipleOf").filter(|step| *step > 0.0).unwrap_or(if whole { 1.0 } else { 0.01 });
        let is_score =
            names_one_of(name, &["score", "rating", "reward", "confidence", "probability", "similarity", "weight"]);
        let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + step)).unwrap_or(0.0);
        let widest = match (is_score, whole) {
            (true, false) => 1.0,
            (_, true) => 10.0,
            (false, false) => 100.0,
        };
        let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|high| high - step));
        let high = high.unwrap_or(low + widest).max(low);
        let share = if is_score { self.subject.score } else { self.draw.unit() };
        let steps = ((high - low) * share / step).round();
        let number = (low / step).ceil() * step + steps * step;
        let number = if number > high { number - step } else { number }.max(low);
        as_json(number, whole)
    }

    /// By its format, its name, its lengths.
    pub(super) fn string(&mut self, schema: &Value, name: &str) -> String {
        let length =
            |word: &str| schema.get(word).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
        let text = match schema.get("format").and_then(Value::as_str) {
            Some(format) => self.formatted(format),
            None => self.named(name),
        };
        let (least, most) = (length("minLength").unwrap_or(0), length("maxLength").unwrap_or(usize::MAX));
        let mut text: String = text.chars().take(most).collect();
        while text.chars().count() < least {
            text.push('.');
        }
        text
    }

    fn formatted(&mut self, format: &str) -> String {
        let (month, day) = (1 + self.draw.below(12), 1 + self.draw.below(28));
        let number = self.draw.below(10_000);
        match format {
            "date" => format!("2026-{month:02}-{day:02}"),
            "time" => format!("{month:02}:{day:02}:00Z"),
            "date-time" => format!("2026-{month:02}-{day:02}T12:00:00Z"),
            "duration" => format!("PT{day}M"),
            "email" => format!("person{number}@example.com"),
            "hostname" => format!("host{number}.example.com"),
            "uri" => format!("https://example.com/{number}"),
            "ipv4" => format!("192.0.2.{day}"),
            "ipv6" => format!("2001:db8::{day}"),
            "uuid" => {
                let bits = hash(number as u64, format.as_bytes());
                format!("{:08x}-0000-4000-8000-{:012x}", bits >> 32, bits & 0xffff_ffff_ffff)
            }
            _ => self.named(""),
        }
    }

    fn named(&mut self, name: &str) -> String {
        let about = key_words(self.subject.text, 8);
        if names_one_of(name, &["reason", "explanation", "rationale", "why", "feedback", "critique", "comment"]) {
            let judged = if self.subject.score >= 0.5 { "covers" } else { "does not say enough of" };
            let word = about.get(self.draw.below(about.len())).map_or("what was asked", String::as_str);
            // Wherever it is read, nobody shall take it for a judgement.
            return format!(
                "Made up by the built-in test endpoint, which is no real judge: the answer {judged} {word}, which makes {:.2} of 1.",
                self.subject.score
            );
        }
        if names_one_of(name, &["topic", "category", "label", "name", "title", "tag", "keyword"]) {
            let first = self.draw.below(about.len());
            let words: Vec<&str> = about.iter().skip(first).take(2).map(String::as_str).collect();
            return if words.is_empty() { format!("topic {}", self.draw.below(100)) } else { words.join(" ") };
        }
        if names_one_of(name, &["id"]) && name.len() <= 12 {
            return format!("id-{}", self.draw.below(10_000));
        }
        answer_to(self.subject.text, self.draw)
    }
}

/// Choices are written from good to bad or from bad to good: the first one tells which.
fn by_score(choices: &[Value], score: f64) -> Value {
    const GOOD: [&str; 9] = ["pass", "good", "great", "excellent", "correct", "yes", "accept", "a", "high"];
    let first = choices.first().and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let share = if GOOD.contains(&first.as_str()) { 1.0 - score } else { score };
    let place = (0..choices.len()).find(|place| share < (*place as f64 + 1.0) / choices.len() as f64);
    choices.get(place.unwrap_or(choices.len().saturating_sub(1))).cloned().unwrap_or_default()
}

/// A whole number without a point, or one with two digits behind it.
fn as_json(number: f64, whole: bool) -> Value {
    if whole {
        // (Written out: a cast would have to be sure of its range.)
        return format!("{number:.0}").parse::<i64>().map_or(Value::Null, |number| json!(number));
    }
    Number::from_f64(rounded(number)).map_or(Value::Null, Value::Number)
}
