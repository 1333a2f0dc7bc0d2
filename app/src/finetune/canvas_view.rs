//! Where the canvas looks: pan and zoom as pure arithmetic. The cards' own places are CSS's work (a
//! strip or a stack, by a container query), so that the server's first paint has them right at every
//! width; this is the transform on top. All lengths in CSS pixels of the canvas.

/// The smallest zoom.
pub const MIN_SCALE: f64 = 0.4;
/// The largest zoom.
pub const MAX_SCALE: f64 = 2.5;
/// One press of + or one click of it.
pub const ZOOM_STEP: f64 = 1.2;
/// A canvas narrower than this stacks its cards (style/canvas.css has the same number): it is then taller than the window, so
/// that the plain wheel and a finger must go on scrolling the page.
pub const STACK_BELOW: f64 = 960.0;
/// What one turn of the wheel may change at most.
const MAX_WHEEL_STEP: f64 = 1.25;
/// How much of the content always stays in sight.
const KEEP_VISIBLE: f64 = 64.0;

/// A width and a height.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Size {
    /// Pixels.
    pub width: f64,
    /// Pixels.
    pub height: f64,
}

/// A point of the canvas maps to `scale * point + (x, y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CanvasView {
    /// Shift to the right.
    pub x: f64,
    /// Shift downwards.
    pub y: f64,
    /// 1 is natural size.
    pub scale: f64,
}

impl Default for CanvasView {
    fn default() -> Self {
        Self { x: 0.0, y: 0.0, scale: 1.0 }
    }
}

impl CanvasView {
    /// The whole content in sight, centred, never enlarged. Content that fits at its natural size (the
    /// usual case, since CSS adapts it) gives the identity where it fills the width.
    pub fn fit(window: Size, content: Size) -> Self {
        if content.width <= 0.0 || content.height <= 0.0 || window.width <= 0.0 || window.height <= 0.0 {
            return Self::default();
        }
        let scale = (window.width / content.width).min(window.height / content.height).clamp(MIN_SCALE, 1.0);
        let centred = |window: f64, content: f64| ((window - content * scale) / 2.0).max(0.0);
        Self { x: centred(window.width, content.width), y: centred(window.height, content.height), scale }
    }

    /// Zoomed by a factor with the point `at` (of the window) staying where it is.
    #[must_use]
    pub fn zoomed(self, factor: f64, at: (f64, f64), window: Size, content: Size) -> Self {
        let scale = (self.scale * factor).clamp(MIN_SCALE, MAX_SCALE);
        let ratio = scale / self.scale;
        let moved = Self { x: at.0 - (at.0 - self.x) * ratio, y: at.1 - (at.1 - self.y) * ratio, scale };
        moved.kept_in_sight(window, content)
    }

    /// Shifted by so many pixels.
    #[must_use]
    pub fn panned(self, dx: f64, dy: f64, window: Size, content: Size) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..self }.kept_in_sight(window, content)
    }

    /// The CSS transform; none for the identity, as the server draws it.
    pub fn transform(self) -> Option<String> {
        (self != Self::default())
            .then(|| format!("translate({:.1}px, {:.1}px) scale({:.4})", self.x, self.y, self.scale))
    }

    fn kept_in_sight(self, window: Size, content: Size) -> Self {
        let clamp = |at: f64, window: f64, content: f64| {
            let keep = KEEP_VISIBLE.min(content * self.scale).min(window);
            at.clamp(keep - content * self.scale, (window - keep).max(keep - content * self.scale))
        };
        Self {
            x: clamp(self.x, window.width, content.width),
            y: clamp(self.y, window.height, content.height),
            scale: self.scale,
        }
    }
}

/// By how much the wheel zooms: a notch (100 pixels) about as much as a key; a pinch, which a touchpad sends as many small
/// turns, as far as the fingers go.
pub fn wheel_factor(delta_y: f64, is_pinch: bool) -> f64 {
    let speed = if is_pinch { 0.01 } else { 0.0018 };
    (-delta_y * speed).exp().clamp(1.0 / MAX_WHEEL_STEP, MAX_WHEEL_STEP)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums and halves of whole numbers are exact")]
mod tests {
    use super::*;

    const WINDOW: Size = Size { width: 1000.0, height: 200.0 };
    const CONTENT: Size = Size { width: 1000.0, height: 150.0 };

    #[test]
    fn fit_shows_everything() {
        assert_eq!(CanvasView::fit(WINDOW, Size { width: 1000.0, height: 200.0 }), CanvasView::default());
        // Twice as wide: half the size; 200 - 300 * 0.5 = 50 left, 25 above.
        assert_eq!(
            CanvasView::fit(WINDOW, Size { width: 2000.0, height: 300.0 }),
            CanvasView { x: 0.0, y: 25.0, scale: 0.5 }
        );
        // Never enlarged, but centred.
        assert_eq!(
            CanvasView::fit(WINDOW, Size { width: 500.0, height: 100.0 }),
            CanvasView { x: 250.0, y: 50.0, scale: 1.0 }
        );
        assert_eq!(CanvasView::fit(WINDOW, Size { width: 100_000.0, height: 10.0 }).scale, MIN_SCALE);
        assert_eq!(CanvasView::fit(Size::default(), CONTENT), CanvasView::default(), "nothing is known yet");
    }

    #[test]
    fn zoom_keeps_the_point_under_the_pointer() {
        let at = (300.0, 80.0);
        let start = CanvasView { x: 20.0, y: 10.0, scale: 1.0 };
        let zoomed = start.zoomed(2.0, at, WINDOW, CONTENT);
        let point = |view: CanvasView| ((at.0 - view.x) / view.scale, (at.1 - view.y) / view.scale);
        assert_eq!(point(start), (280.0, 70.0));
        assert_eq!(point(zoomed), (280.0, 70.0));
        assert_eq!(zoomed, CanvasView { x: -260.0, y: -60.0, scale: 2.0 });
        assert_eq!(zoomed.zoomed(100.0, at, WINDOW, CONTENT).scale, MAX_SCALE);
        assert_eq!(zoomed.zoomed(0.001, at, WINDOW, CONTENT).scale, MIN_SCALE);
    }

    #[test]
    fn a_notch_of_the_wheel_zooms_as_a_key_does_and_back() {
        let notch = wheel_factor(-100.0, false);
        assert!((notch - ZOOM_STEP).abs() < 0.01, "{notch}");
        assert!((notch * wheel_factor(100.0, false) - 1.0).abs() < 1e-9);
        assert_eq!(wheel_factor(0.0, false), 1.0);
        assert_eq!(wheel_factor(-5_000.0, true), MAX_WHEEL_STEP);
        assert!(wheel_factor(-3.0, true) > wheel_factor(-3.0, false));
    }

    #[test]
    fn some_of_the_content_stays_in_sight() {
        let far = CanvasView::default().panned(5_000.0, -5_000.0, WINDOW, CONTENT);
        assert_eq!(far, CanvasView { x: 936.0, y: -86.0, scale: 1.0 });
        let back = far.panned(-50_000.0, 0.0, WINDOW, CONTENT);
        assert_eq!(back.x, -936.0);
    }

    #[test]
    fn the_identity_needs_no_transform() {
        assert_eq!(CanvasView::default().transform(), None);
        let view = CanvasView { x: 1.25, y: -2.0, scale: 1.5 };
        assert_eq!(view.transform().as_deref(), Some("translate(1.2px, -2.0px) scale(1.5000)"));
    }
}
