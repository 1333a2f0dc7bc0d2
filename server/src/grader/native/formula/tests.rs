use super::*;

const NAMES: [&str; 4] = ["a", "b", "accuracy", "min"];
const SCORES: [f64; 4] = [0.25, 0.5, 0.8, 0.1];

fn evaluated(text: &str) -> Result<f64, String> {
    let formula = Formula::parse(text, &NAMES).map_err(|error| error.to_string())?;
    formula.evaluate(&SCORES).map_err(|error| error.to_string())
}

/// Worked by hand.
#[test]
fn formulas_have_the_values_of_arithmetic() {
    let cases = [
        ("1", 1.0),
        (".5", 0.5),
        ("1e-1", 0.1),
        ("2E+1", 20.0),
        ("a", 0.25),
        ("a + b", 0.75),
        ("a - b - b", -0.75),
        ("1 - (a - b)", 1.25),
        ("2 + 3 * 4", 14.0),
        ("(2 + 3) * 4", 20.0),
        ("12 / 3 / 2", 2.0),
        ("12 / (3 / 2)", 8.0),
        ("2 * 3 ^ 2", 18.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("(2 ^ 3) ^ 2", 64.0),
        ("-2 ^ 2", -4.0),
        ("(-2) ^ 2", 4.0),
        ("2 ^ -1", 0.5),
        ("2 ^ -1 ^ 2", 0.5),
        ("--2", 2.0),
        ("+a", 0.25),
        ("3 - -2", 5.0),
        ("2 * -3", -6.0),
        ("-a * b", -0.125),
        ("0 ^ 0", 1.0),
        ("4 ^ 0.5", 2.0),
        ("min(a, b)", 0.25),
        ("max(a, b, 0.6)", 0.6),
        ("min(b)", 0.5),
        ("min", 0.1),
        ("min(min, a)", 0.1),
        ("abs(a - b)", 0.25),
        ("floor(2.7) + ceil(2.1)", 5.0),
        ("floor(-0.5)", -1.0),
        ("exp(0)", 1.0),
        ("log(exp(2))", 2.0),
        ("sqrt(a)", 0.5),
        ("0.7 * accuracy + 0.3 * max(a, b)", 0.71),
        ("\t( a\n+b ) / 2 ", 0.375),
    ];
    for (text, expected) in cases {
        let value = evaluated(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!((value - expected).abs() < 1e-12, "{text}: {value}, not {expected}");
    }
}

#[test]
fn errors_say_where() {
    let cases = [
        ("", "column 1: the formula is empty"),
        ("  ", "column 1: the formula is empty"),
        ("a +", "column 4: a number or a part's name is missing"),
        ("a b", "column 3: an operator"),
        ("2a", "column 2: an operator"),
        ("a + c", "column 5: no part is called `c`; there is `a`, `b`, `accuracy` and `min`"),
        ("Accuracy", "column 1: no part is called `Accuracy`"),
        ("sin(a)", "column 1: there is no function `sin`"),
        ("a(b)", "column 1: there is no function `a`"),
        ("abs(a, b)", "column 1: `abs` takes one value, here are 2"),
        ("abs()", "column 1: `abs` takes one value, here are 0"),
        ("max()", "column 1: `max` needs a value"),
        ("max", "column 1: `max` is a function"),
        ("(a", "column 3: the bracket opened at column 1 should be closed here"),
        ("max(a, b", "column 9: the bracket opened at column 4"),
        ("max(a; b)", "column 6: `;` means nothing here"),
        ("a)", "column 2: this bracket closes none"),
        ("* a", "column 1: a number or a part's name should stand here, but there is `*`"),
        ("a ** b", "column 4: a number"),
        ("a % b", "column 3: `%` means nothing"),
        ("é", "column 1: `é` means nothing"),
        ("a + \u{1F600}", "column 5: "),
        ("1.2.3", "column 1: `1.2.3` is no number"),
        (".", "column 1: `.` is no number"),
        ("1e999", "column 1: `1e999` is no number"),
        ("a,b", "column 2: an operator"),
        ("1 / 0", "column 3: 1 is divided by 0"),
        ("a / (b - 0.5)", "column 3: 0.25 is divided by 0"),
        ("log(0)", "column 1: the logarithm of 0"),
        ("1 + log(a - b)", "column 5: the logarithm of -0.25"),
        ("sqrt(-1)", "column 1: the square root of -1"),
        ("(-1) ^ 0.5", "column 6: -1 ^ 0.5 is no real number"),
        ("exp(1000)", "column 1: the result is too large"),
        ("10 ^ 400", "column 4: the result is too large"),
        ("0 ^ -1", "column 3: the result is too large"),
        ("1e308 * 10", "column 7: the result is too large"),
    ];
    for (text, expected) in cases {
        let error = evaluated(text).expect_err(text);
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let unscored = Formula::parse("a + b", &NAMES).unwrap().evaluate(&[0.5]);
    assert_eq!(unscored.unwrap_err().column, 5);
}

#[test]
fn depth_and_length_are_bounded_and_long_chains_are_fine() {
    for open in ["(", "-", "abs(", "2^", "-("] {
        let error = evaluated(&open.repeat(1_000)).unwrap_err();
        assert!(error.contains("within one another"), "{open}: {error}");
    }
    let nested = format!("{}1{}", "(".repeat(MAX_FORMULA_DEPTH - 1), ")".repeat(MAX_FORMULA_DEPTH - 1));
    assert_eq!(evaluated(&nested), Ok(1.0));
    // Two thousand terms, as many steps one after the other.
    let chain = format!("a{}", "+a".repeat((MAX_FORMULA_BYTES - 1) / 2));
    assert!((evaluated(&chain).unwrap() - 500.0).abs() < 1e-9);
    assert!(evaluated(&"1".repeat(MAX_FORMULA_BYTES + 1)).unwrap_err().contains("4001 bytes"));
}

#[test]
fn names_can_be_replaced() {
    let half = |name: &str| (name == "a" || name == "min").then(|| format!("({name} / 2)"));
    let cases = [("a + min(a, min)", "(a / 2) + min((a / 2), (min / 2))"), ("aa*a", "aa*(a / 2)"), ("é", "")];
    for (text, expected) in cases {
        assert_eq!(with_names(text, half).unwrap_or_default(), expected);
    }
    let formula = Formula::parse("a * 2 + max(1, accuracy)", &NAMES).unwrap();
    assert_eq!([0, 1, 2, 3].map(|part| formula.uses(part)), [true, false, true, false]);
}
