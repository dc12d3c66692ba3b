//! A brand's colour, made into ones that can be read.

use renderer::Colour;

const WHITE: Colour = Colour::WHITE;
const BLACK: Colour = Colour::new(0, 0, 0);

/// What `style.css` paints behind words: its `--canvas` and `--panel`, light and dark.
const LIGHT: [Colour; 2] = [Colour::new(0xf4, 0xf3, 0xf0), WHITE];
const DARK: [Colour; 2] = [Colour::new(0x12, 0x12, 0x14), Colour::new(0x1b, 0x1b, 0x1e)];

/// WCAG 2.2 §1.4.3 asks for this between words and what is behind them.
const READABLE: f64 = 4.5;
/// Enough to see that something is there. A button's words say what it is, so no more is asked for (WCAG 2.2 §1.4.11), and
/// a brand's yellow stays yellow.
const VISIBLE: f64 = 1.25;

/// The colours of one scheme, all derived from a brand's one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accent {
    /// Buttons and the brand's mark.
    fill: Colour,
    /// Words on the fill.
    on_fill: Colour,
    /// Links, focus rings and signs.
    ink: Colour,
    /// The tint behind signs, notices and chosen things.
    soft: Colour,
}

impl Accent {
    fn on(colour: Colour, [canvas, panel]: [Colour; 2], towards: Colour, tint: f64) -> Self {
        let soft = panel.mix(colour, tint);
        let fill = nearest(colour, towards, |colour| colour.contrast(panel) >= VISIBLE);
        let ink = nearest(colour, towards, |colour| {
            [canvas, panel, soft].iter().all(|ground| colour.contrast(*ground) >= READABLE)
        });
        // One of the two always is: no colour is closer than 4.58 to both.
        let on_fill = if fill.contrast(WHITE) >= READABLE { WHITE } else { BLACK };
        Self { fill, on_fill, ink, soft }
    }

    fn light(colour: Colour) -> Self {
        Self::on(colour, LIGHT, BLACK, 0.09)
    }

    fn dark(colour: Colour) -> Self {
        Self::on(colour, DARK, WHITE, 0.2)
    }

    fn variables(self) -> String {
        let Self { fill, on_fill, ink, soft } = self;
        format!(":root{{--accent:{fill};--on-accent:{on_fill};--accent-ink:{ink};--accent-soft:{soft}}}")
    }
}

/// The stylesheet that brings a brand's colour into `style.css`.
pub(crate) fn stylesheet(colour: Colour) -> String {
    let (light, dark) = (Accent::light(colour).variables(), Accent::dark(colour).variables());
    format!("{light}\n@media (prefers-color-scheme: dark){{{dark}}}\n")
}

/// The brand's mark as a browser's tab shows it: the first letter on the brand's colour.
pub(crate) fn icon(colour: Colour, letter: &str) -> String {
    let Accent { fill, on_fill, .. } = Accent::light(colour);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" rx=\"16\" \
         fill=\"{fill}\"/><text x=\"32\" y=\"44\" font-family=\"system-ui,sans-serif\" font-size=\"34\" \
         font-weight=\"700\" text-anchor=\"middle\" fill=\"{on_fill}\">{letter}</text></svg>\n"
    )
}

/// The colour nearest to this one on the way to `towards` that is good.
fn nearest(colour: Colour, towards: Colour, good: impl Fn(Colour) -> bool) -> Colour {
    let mut steps = (0..20).map(|step| colour.mix(towards, f64::from(step) / 20.0));
    steps.find(|colour| good(*colour)).unwrap_or(towards)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_brand_colour_can_be_read_by_day_and_by_night(red: u8, green: u8, blue: u8) {
            let colour = Colour::new(red, green, blue);
            for (accent, grounds) in [(Accent::light(colour), LIGHT), (Accent::dark(colour), DARK)] {
                prop_assert!(accent.fill.contrast(accent.on_fill) >= READABLE);
                prop_assert!(accent.fill.contrast(grounds[1]) >= VISIBLE);
                prop_assert!(accent.ink.contrast(accent.soft) >= READABLE);
                for ground in grounds {
                    prop_assert!(accent.ink.contrast(ground) >= READABLE);
                }
            }
        }
    }

    #[test]
    fn a_colour_that_is_good_already_is_left_alone() {
        let blue = Colour::new(0x3f, 0x4b, 0xd8);
        assert_eq!(Accent::light(blue).fill, blue);
        insta::assert_snapshot!(stylesheet(blue), @"
        :root{--accent:#3f4bd8;--on-accent:#ffffff;--accent-ink:#3f4bd8;--accent-soft:#eeeffb}
        @media (prefers-color-scheme: dark){:root{--accent:#3f4bd8;--on-accent:#ffffff;--accent-ink:#828ae6;--accent-soft:#222543}}
        ");
    }
}
