//! The metrics against the packages that define them: values computed with Python 3, `RapidFuzz` 3.14.6,
//! sacrebleu 2.6.0, nltk 3.10.4 (METEOR with a WordNet that knows no word) and rouge_score 0.1.2.

use std::time::{Duration, Instant};

use super::porter::stem;
use super::text_similarity::{MAX_TEXT_BYTES, SimilarityError, text_similarity};
use crate::types::grader::SimilarityMetric::{
    self, Bleu, Cosine, FuzzyMatch, Gleu, Meteor, Rouge1, Rouge2, Rouge3, Rouge4, Rouge5, RougeL,
};

const METRICS: [SimilarityMetric; 10] =
    [FuzzyMatch, Bleu, Gleu, Meteor, Rouge1, Rouge2, Rouge3, Rouge4, Rouge5, RougeL];

/// Input, reference, and the value of each of [`METRICS`].
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "as the packages print them")]
const CASES: &[(&str, &str, [f64; 10])] = &[
    (
        "",
        "",
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "hello",
        "hello",
        [1.0, 1.000000000, 1.0, 0.500000000, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ),
    (
        "hello",
        "help",
        [0.666666667, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "",
        "some words",
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "some words",
        "",
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "It is a guide to action which ensures that the military always obeys the commands of the party",
        "It is a guide to action that ensures that the military will forever heed Party commands",
        [0.751381215, 0.411803764, 0.439393939, 0.694444444, 0.705882353, 0.500000000, 0.400000000, 0.285714286, 0.153846154, 0.647058824],
    ),
    (
        "The cat sat on the mat.",
        "The cat is on the mat, isn't it?",
        [0.727272727, 0.200248507, 0.230769231, 0.480769231, 0.666666667, 0.461538462, 0.181818182, 0.0, 0.0, 0.666666667],
    ),
    (
        "the the the the the the the",
        "The cat is on the mat",
        [0.500000000, 0.065672747, 0.045454545, 0.163934426, 0.307692308, 0.0, 0.0, 0.0, 0.0, 0.307692308],
    ),
    (
        "Your order 77 arrives on Monday, 12.5 km away & costs $3,000.50!",
        "Your order 77 arrives on Tuesday - it costs $3,000.50.",
        [0.779661017, 0.329038588, 0.357142857, 0.577342048, 0.720000000, 0.608695652, 0.476190476, 0.315789474, 0.117647059, 0.720000000],
    ),
    (
        "Grüße aus München: schöne Straße",
        "Grüsse aus Muenchen, schöne Straßen",
        [0.865671642, 0.096524349, 0.142857143, 0.200000000, 0.588235294, 0.266666667, 0.153846154, 0.0, 0.0, 0.588235294],
    ),
    (
        "Привет, как дела сегодня?",
        "Привет! Как твои дела?",
        [0.638297872, 0.106821752, 0.0, 0.125000000, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "今日は天気がいい",
        "今日は天気が悪い",
        [0.875000000, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "😀 smile 😀 more",
        "😀 smile more 😀",
        [0.857142857, 0.379917843, 0.500000000, 0.789062500, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    ),
    (
        "running runners easily ran flies happily nationalization",
        "run runner easy run fly happy national",
        [0.765957447, 0.0, 0.0, 0.285714286, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "a b c d e f g h",
        "h g f e d c b a",
        [0.466666667, 0.092875290, 0.307692308, 0.500000000, 1.0, 0.0, 0.0, 0.0, 0.0, 0.125000000],
    ),
    (
        "one two three four five six",
        "one two three four five six",
        [1.0, 1.000000000, 1.0, 0.997685185, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    ),
    (
        "x",
        "y",
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    (
        "Line one\nline two\n\nline-\nthree",
        "line one line two line three",
        [0.827586207, 0.325556301, 0.388888889, 0.416666667, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    ),
];

#[test]
fn values_are_the_packages_own() {
    for (input, reference, expected) in CASES {
        for (metric, expected) in METRICS.into_iter().zip(expected) {
            let value = text_similarity(metric, input, reference).unwrap();
            assert!((value - expected).abs() < 1e-8, "{metric:?} {input:?} {reference:?}: {value}, not {expected}");
            assert!((0.0..=1.0).contains(&value));
        }
    }
}

#[test]
fn stems_are_nltk_s() {
    let stems = "caresses:caress ponies:poni ties:tie caress:caress cats:cat feed:feed agreed:agre plastered:plaster bled:bled \
        motoring:motor sing:sing conflated:conflat troubled:troubl sized:size hopping:hop tanned:tan falling:fall \
        hissing:hiss fizzed:fizz failing:fail filing:file happy:happi sky:sky relational:relat conditional:condit \
        rational:ration valenci:valenc hesitanci:hesit digitizer:digit conformabli:conform radicalli:radic \
        differentli:differ vileli:vile analogousli:analog vietnamization:vietnam predication:predic operator:oper \
        feudalism:feudal decisiveness:decis hopefulness:hope callousness:callous formaliti:formal sensitiviti:sensit \
        sensibiliti:sensibl triplicate:triplic formative:form formalize:formal electriciti:electr electrical:electr \
        hopeful:hope goodness:good revival:reviv allowance:allow inference:infer airliner:airlin gyroscopic:gyroscop \
        adjustable:adjust defensible:defens irritant:irrit replacement:replac adjustment:adjust dependent:depend \
        adoption:adopt homologou:homolog communism:commun activate:activ angulariti:angular homologous:homolog \
        effective:effect bowdlerize:bowdler probate:probat rate:rate cease:ceas controll:control roll:roll dying:die \
        lying:lie skies:sky news:news innings:inning spied:spi tried:tri flies:fli dies:die enjoyment:enjoy \
        enjoy:enjoy geologi:geolog theologi:theolog generically:gener sy:sy yyy:yyy by:by oed:o as:as is:is used:use \
        beautifully:beauti hopefulli:hope université:université naïve:naïv running:run syzygy:syzygi owed:owe eyed:eye";
    for pair in stems.split_whitespace() {
        let (word, expected) = pair.split_once(':').unwrap();
        assert_eq!(stem(word), expected, "{word}");
    }
    // A run of y is read once, not once a letter.
    assert_eq!(stem(&"y".repeat(100_000)).len(), 100_000);
}

#[test]
fn cosine_says_what_it_needs() {
    let refused = text_similarity(Cosine, "a", "a").unwrap_err();
    assert!(refused.to_string().starts_with("cosine compares embeddings"), "{refused}");
}

/// Texts of a megabyte: linear metrics compare them, the others do or refuse, and nothing takes long. (The
/// bound is for unoptimised code on a busy machine.)
#[test]
fn long_texts_end_quickly() {
    let words = |step: usize| (0..).map(move |n: usize| format!("w{} ", n * step % 10_007));
    let long = |step: usize| {
        words(step)
            .scan(0, |length, word| {
                *length += word.len();
                (*length < 1_000_000).then_some(word)
            })
            .collect::<String>()
    };
    let (input, reference) = (long(7), long(13));
    let cases = [
        (input.clone(), reference),
        ("x".repeat(1_000_000), "xy".repeat(500_000)),
        (" ".repeat(1_000_000), "é ".repeat(300_000)),
    ];
    for (input, reference) in &cases {
        for metric in METRICS {
            let started = Instant::now();
            match text_similarity(metric, input, reference) {
                Ok(value) => assert!((0.0..=1.0).contains(&value), "{metric:?}: {value}"),
                Err(error) => {
                    assert!(matches!(error, SimilarityError::TooMuchWork { .. }), "{error}");
                    assert!(matches!(metric, FuzzyMatch | RougeL), "{metric:?}: {error}");
                }
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{metric:?}: {:?}", started.elapsed());
        }
    }
    // Equal texts need no table.
    assert_eq!(text_similarity(FuzzyMatch, &input, &input), Ok(1.0));
    let refused = text_similarity(Rouge1, &"x".repeat(MAX_TEXT_BYTES + 1), "").unwrap_err();
    assert_eq!(refused, SimilarityError::TooLong { bytes: MAX_TEXT_BYTES + 1 });
}
