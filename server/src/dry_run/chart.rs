//! The histogram of a dry run as SVG for the page: drawn by plotters, coloured by the page's theme.
//!
//! plotters knows only fixed colours. So it draws in sentinel colours, which are then replaced by the theme's variables
//! as presentation attributes: the chart follows a change of theme, and needs no inline style that a CSP would refuse.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::types::dry_run::ScoreBucket;

/// Units of the view box; on the page the chart scales to its frame.
const SIZE: (u32, u32) = (400, 160);
const LABEL_SIZE: f64 = 13.0;
/// A bar at least this share of the highest one is in the full colour, so that the eye finds the mass.
const FULL_COLOUR_FROM: f64 = 0.6;
/// The lowest bar that can be seen, as a share of the plot's height.
const LEAST_HEIGHT: f64 = 0.015;
/// What a label above a bar takes, as a share of the plot's height; and the room above the highest bar for two of them.
const LABEL_HEIGHT: f64 = 0.13;
const PLOT_TOP: f64 = 1.0 + 2.0 * LABEL_HEIGHT;
/// Half the width of "100%" on the score axis, with some air.
const LABEL_HALF_WIDTH: f64 = 0.05;
/// A shorter piece of the mean's line would look like a speck.
const LEAST_PIECE: f64 = 0.06;
/// What the mean's line leaves free above a bar: the label and some air.
const LABEL_GAP: f64 = 0.19;

const ACCENT: RGBColor = RGBColor(1, 2, 3);
const ACCENT_MUTED: RGBColor = RGBColor(1, 2, 4);
const TEXT: RGBColor = RGBColor(1, 2, 5);
const TEXT_MUTED: RGBColor = RGBColor(1, 2, 6);
const BORDER: RGBColor = RGBColor(1, 2, 7);

/// What each sentinel becomes. plotters writes colours as "#RRGGBB", in fills and strokes alike.
const THEME: [(&str, &str); 5] = [
    ("\"#010203\"", "\"var(--accent)\""),
    ("\"#010204\"", "\"var(--accent-muted)\""),
    ("\"#010205\"", "\"var(--text)\" stroke-dasharray=\"3 3\""),
    ("\"#010206\"", "\"var(--text-muted)\""),
    ("\"#010207\"", "\"var(--border)\""),
];

type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type DrawingError<'b> = DrawingAreaErrorKind<<SVGBackend<'b> as DrawingBackend>::ErrorType>;

/// The histogram of `buckets` with a dashed line at `mean`, as one SVG element that scales to its frame.
///
/// `id` makes the ids of its title and description unique on the page. The theme's variables `--accent`,
/// `--accent-muted`, `--text`, `--text-muted` and `--border` must be set where it is shown. Buckets without a score give
/// the axis and the words "No scores yet".
pub fn score_histogram_svg(id: &str, buckets: &[ScoreBucket], mean: f64) -> String {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        // Writing into a string cannot fail; what is drawn is within the plot. A failure would leave a shorter picture.
        if let Err(error) = draw(&area, buckets, mean).and_then(|()| area.present()) {
            tracing::error!(%error, "the histogram could not be drawn whole");
        }
    }
    for (sentinel, variable) in THEME {
        svg = svg.replace(sentinel, variable);
    }
    // Only bars are rectangles.
    let svg = svg.replace("<rect ", "<rect rx=\"3\" ");
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let id = escape(id);
    format!(
        "<svg viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\">\n<title id=\"{id}-title\">Distribution of scores</title>\n\
         <desc id=\"{id}-desc\">{}</desc>{body}",
        SIZE.0,
        SIZE.1,
        escape(&description(buckets, mean))
    )
}

fn draw<'b>(
    area: &DrawingArea<SVGBackend<'b>, Shift>,
    buckets: &[ScoreBucket],
    mean: f64,
) -> Result<(), DrawingError<'b>> {
    let highest = buckets.iter().map(|bucket| bucket.share).fold(0.0f64, f64::max);
    let mut plot = ChartBuilder::on(area)
        .margin_left(14)
        .margin_right(14)
        .margin_top(2)
        .x_label_area_size(20)
        .build_cartesian_2d(0.0..1.0, 0.0..PLOT_TOP)?;
    let label = text_style(HPos::Center, VPos::Top);
    plot.configure_mesh()
        .disable_mesh()
        .disable_y_axis()
        .x_labels(6)
        .x_label_formatter(&|value| format!("{value:.1}"))
        .axis_style(BORDER)
        .set_tick_mark_size(LabelAreaPosition::Bottom, 3)
        .label_style(label.clone())
        .draw()?;
    if highest <= 0.0 {
        let at = (0.5, PLOT_TOP / 2.0);
        plot.draw_series(std::iter::once(Text::new("No scores yet", at, text_style(HPos::Center, VPos::Center))))?;
        return Ok(());
    }
    draw_bars(&mut plot, buckets, highest)?;
    draw_mean(&mut plot, buckets, highest, mean)
}

fn draw_bars<'b>(plot: &mut Plot<'_, 'b>, buckets: &[ScoreBucket], highest: f64) -> Result<(), DrawingError<'b>> {
    // A gap between the bars, so that each stands for itself.
    let gap = 0.009;
    let filled = || buckets.iter().filter(|bucket| bucket.count > 0);
    plot.draw_series(filled().map(|bucket| {
        let colour = if bucket.share >= FULL_COLOUR_FROM * highest { ACCENT } else { ACCENT_MUTED };
        Rectangle::new([(bucket.low + gap, 0.0), (bucket.high - gap, height(bucket, highest))], colour.filled())
    }))?;
    plot.draw_series(filled().map(|bucket| {
        let at = (f64::midpoint(bucket.low, bucket.high), height(bucket, highest) + 0.02);
        Text::new(percent(bucket.share), at, text_style(HPos::Center, VPos::Bottom))
    }))?;
    Ok(())
}

/// The dashed line, interrupted where it would cross a bar's label, with its value on top.
fn draw_mean<'b>(
    plot: &mut Plot<'_, 'b>,
    buckets: &[ScoreBucket],
    highest: f64,
    mean: f64,
) -> Result<(), DrawingError<'b>> {
    let mean = mean.clamp(0.0, 1.0);
    let top = PLOT_TOP - LABEL_HEIGHT;
    let crossed = buckets
        .iter()
        .find(|bucket| bucket.count > 0 && (mean - f64::midpoint(bucket.low, bucket.high)).abs() < LABEL_HALF_WIDTH);
    let pieces = match crossed.map(|bucket| height(bucket, highest)) {
        Some(bar) => vec![(0.0, bar), (bar + LABEL_GAP, top)],
        None => vec![(0.0, top)],
    };
    let pieces = pieces.into_iter().filter(|(from, to)| to - from > LEAST_PIECE);
    plot.draw_series(pieces.map(|(from, to)| PathElement::new(vec![(mean, from), (mean, to)], TEXT)))?;
    // Near the ends the label leans inwards.
    let lean = match mean {
        mean if mean < 0.1 => HPos::Left,
        mean if mean > 0.9 => HPos::Right,
        _ => HPos::Center,
    };
    plot.draw_series(std::iter::once(Text::new(
        format!("mean {mean:.2}"),
        (mean, PLOT_TOP),
        text_style(lean, VPos::Top),
    )))?;
    Ok(())
}

fn text_style(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    TextStyle::from(("inherit", LABEL_SIZE)).color(&TEXT_MUTED).pos(Pos::new(horizontal, vertical))
}

/// Relative to the highest bar, and never too low to be seen.
fn height(bucket: &ScoreBucket, highest: f64) -> f64 {
    (bucket.share / highest).max(LEAST_HEIGHT)
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 0.5 => "<1%".to_owned(),
        percent if percent >= 99.5 && share < 1.0 => ">99%".to_owned(),
        percent => format!("{percent:.0}%"),
    }
}

/// The picture in words, for those who cannot see it.
fn description(buckets: &[ScoreBucket], mean: f64) -> String {
    let bars: Vec<String> = buckets
        .iter()
        .filter(|bucket| bucket.count > 0)
        .map(|bucket| format!("{} from {:.1} to {:.1}", percent(bucket.share), bucket.low, bucket.high))
        .collect();
    if bars.is_empty() {
        "No scores yet.".to_owned()
    } else {
        format!("Mean {mean:.2}. Shares of the scores: {}.", bars.join(", "))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dry_run::statistics::score_buckets;

    fn count(svg: &str, part: &str) -> usize {
        svg.matches(part).count()
    }

    #[test]
    fn the_theme_gives_all_colours() {
        let svg = score_histogram_svg("h", &score_buckets(&[0.05, 0.42, 0.43, 0.47, 0.95]), 0.464);
        assert!(!svg.contains("=\"#") && !svg.contains("rgb(") && !svg.contains("style="), "{svg}");
        for variable in ["accent", "accent-muted", "text", "text-muted", "border"] {
            assert!(svg.contains(&format!("\"var(--{variable})\"")), "{variable} is missing: {svg}");
        }
        assert_eq!(count(&svg, "fill=\"var(--accent)\""), 1, "the mass");
        assert_eq!(count(&svg, "fill=\"var(--accent-muted)\""), 2, "the rest");
    }

    #[test]
    fn bars_labels_and_axis_are_there() {
        let svg = score_histogram_svg("h", &score_buckets(&[0.05, 0.42, 0.43, 0.47, 0.95]), 0.464);
        assert_eq!(count(&svg, "<rect rx=\"3\""), 3);
        for text in ["60%", "20%", "mean 0.46", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0"] {
            assert!(svg.contains(&format!(">\n{text}\n</text>")), "{text} is missing: {svg}");
        }
        assert!(svg.starts_with("<svg viewBox=\"0 0 400 160\"") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains(
            "Mean 0.46. Shares of the scores: 20% from 0.0 to 0.1, 60% from 0.4 to 0.5, 20% from 0.9 to 1.0."
        ));
    }

    #[test]
    fn ids_are_the_callers_and_escaped() {
        let svg = score_histogram_svg("run\"><script>", &score_buckets(&[0.5]), 0.5);
        assert!(svg.contains("aria-labelledby=\"run&quot;&gt;&lt;script&gt;-title run&quot;&gt;&lt;script&gt;-desc\""));
        assert!(!svg.contains("<script") && svg.contains("role=\"img\""));
    }

    #[test]
    fn nothing_and_next_to_nothing_are_drawn_as_such() {
        let empty = score_histogram_svg("h", &score_buckets(&[]), 0.0);
        assert!(empty.contains("No scores yet") && !empty.contains("<rect") && !empty.contains("mean"));
        let mut scores = vec![1.0; 999];
        scores.push(0.0);
        let lopsided = score_histogram_svg("h", &score_buckets(&scores), 0.999);
        assert!(lopsided.contains("&lt;1%") && lopsided.contains("&gt;99%"), "{lopsided}");
    }

    /// Writes the charts for looking at: `ANNEAL_CHARTS=/some/folder cargo test ... charts_to_look_at`.
    #[test]
    fn charts_to_look_at() {
        let cases: [(&str, Vec<f64>); 7] = [
            (
                "design",
                [
                    (0.05, 4),
                    (0.15, 7),
                    (0.25, 11),
                    (0.35, 13),
                    (0.45, 17),
                    (0.55, 16),
                    (0.65, 13),
                    (0.75, 10),
                    (0.85, 6),
                    (0.95, 3),
                ]
                .iter()
                .flat_map(|(score, count)| vec![*score; *count])
                .collect(),
            ),
            ("one", vec![0.55; 300]),
            ("ends", [vec![0.0; 500], vec![1.0; 499], vec![0.5; 1]].concat()),
            ("zero", vec![0.0; 10]),
            ("full", vec![1.0; 10]),
            ("tiny", [vec![0.95; 2_000], vec![0.05; 3], vec![0.15; 40]].concat()),
            ("empty", Vec::new()),
        ];
        let mut page = String::new();
        for (name, scores) in cases {
            let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
            let svg = score_histogram_svg(name, &score_buckets(&scores), mean);
            assert_eq!(count(&svg, "<svg"), count(&svg, "</svg>"), "{name}");
            page.push_str("<div class=\"card\">");
            page.push_str(&svg);
            page.push_str("</div>");
        }
        if let Ok(folder) = std::env::var("ANNEAL_CHARTS") {
            let style = "body{background:#0a1510;display:grid;grid-template-columns:1fr 1fr;gap:12px;font-family:sans-serif;\
                         --accent:#10b981;--accent-muted:#24523f;--text:#e6f0ea;--text-muted:#8fa89b;--border:#1a3a2a}\
                         .card{background:#0d1f17;border:1px solid #1a3a2a;border-radius:8px;padding:12px}svg{width:100%}";
            std::fs::write(format!("{folder}/charts.html"), format!("<style>{style}</style>{page}")).unwrap();
        }
    }
}
