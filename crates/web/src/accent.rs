//! A brand's colour, made into ones that can be read.

use std::fmt;
use std::str::FromStr;

/// A colour as `rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(u8, u8, u8);

const WHITE: Colour = Colour(255, 255, 255);
const BLACK: Colour = Colour(0, 0, 0);

/// What `style.css` paints behind words: its `--canvas` and `--panel`, light and dark.
const LIGHT: [Colour; 2] = [Colour(0xf4, 0xf3, 0xf0), Colour(0xff, 0xff, 0xff)];
const DARK: [Colour; 2] = [Colour(0x12, 0x12, 0x14), Colour(0x1b, 0x1b, 0x1e)];

/// WCAG 2.2 §1.4.3 asks for this between words and what is behind them.
const READABLE: f64 = 4.5;
/// WCAG 2.2 §1.4.11 asks for this between a control and its surroundings.
const VISIBLE: f64 = 3.0;

/// The colours of one scheme, all derived from a brand's one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accent {
    /// Buttons and the brand's mark.
    pub(crate) fill: Colour,
    /// Words on the fill.
    pub(crate) on_fill: Colour,
    /// Links, focus rings and signs.
    pub(crate) ink: Colour,
    /// The tint behind signs, notices and chosen things.
    pub(crate) soft: Colour,
}

impl Accent {
    /// For a light page.
    pub(crate) fn light(colour: Colour) -> Self {
        Self::on(colour, LIGHT, BLACK, 0.09)
    }

    /// For a dark page.
    pub(crate) fn dark(colour: Colour) -> Self {
        Self::on(colour, DARK, WHITE, 0.2)
    }

    fn on(colour: Colour, [canvas, panel]: [Colour; 2], towards: Colour, tint: f64) -> Self {
        let soft = panel.mixed(colour, tint);
        let fill = colour.moved(towards, |colour| colour.contrast(panel) >= VISIBLE);
        let ink = colour
            .moved(towards, |colour| [canvas, panel, soft].iter().all(|ground| colour.contrast(*ground) >= READABLE));
        let on_fill = if fill.contrast(WHITE) >= READABLE { WHITE } else { BLACK };
        Self { fill, on_fill, ink, soft }
    }
}

impl Colour {
    /// This colour with a share of another.
    fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    /// The colour nearest to this one on the way to `towards` that is good.
    fn moved(self, towards: Self, good: impl Fn(Self) -> bool) -> Self {
        let steps = (0..20).map(|step| self.mixed(towards, f64::from(step) / 20.0));
        steps.into_iter().find(|colour| good(*colour)).unwrap_or(towards)
    }

    /// WCAG 2.2, "contrast ratio".
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.212_6 * linear(self.0) + 0.715_2 * linear(self.1) + 0.072_2 * linear(self.2)
    }
}

/// Why a text is no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a colour is six hexadecimal digits, such as 0b6e4f")]
pub(crate) struct InvalidColour;

impl FromStr for Colour {
    type Err = InvalidColour;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: [u8; 3] = data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.trim_start_matches('#').as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(InvalidColour)?;
        Ok(Self(bytes[0], bytes[1], bytes[2]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_brand_colour_can_be_read_by_day_and_by_night(red: u8, green: u8, blue: u8) {
            let colour = Colour(red, green, blue);
            for (accent, grounds) in [(Accent::light(colour), LIGHT), (Accent::dark(colour), DARK)] {
                prop_assert!(accent.fill.contrast(accent.on_fill) >= READABLE);
                prop_assert!(accent.fill.contrast(grounds[1]) >= VISIBLE);
                prop_assert!(accent.ink.contrast(accent.soft) >= READABLE);
                for ground in grounds {
                    prop_assert!(accent.ink.contrast(ground) >= READABLE);
                }
            }
        }

        #[test]
        fn a_colour_survives_text(red: u8, green: u8, blue: u8) {
            let colour = Colour(red, green, blue);
            prop_assert_eq!(colour.to_string().parse(), Ok(colour));
        }
    }

    #[test]
    fn a_colour_that_is_good_already_is_left_alone() {
        let blue: Colour = "#3f4bd8".parse().unwrap();
        assert_eq!(Accent::light(blue).fill, blue);
        assert_eq!("tomato".parse::<Colour>(), Err(InvalidColour));
    }
}
