use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A colour as mails can carry it: `#rrggbb`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// Why a text is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a colour; one looks like #4338ca")]
pub struct InvalidColour(String);

/// What WCAG 2.2 asks of text against its ground (success criterion 1.4.3).
const READABLE: f64 = 4.5;

impl Colour {
    /// White.
    pub const WHITE: Self = Self::new(0xff, 0xff, 0xff);

    /// Black.
    pub const BLACK: Self = Self::new(0, 0, 0);

    /// A colour of its three parts.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// The contrast with another colour, from 1 to 21 (WCAG 2.2, "contrast ratio").
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// White where it can be read on this ground, black everywhere else: one of the two always can.
    pub fn ink_on(self) -> Self {
        if self.contrast(Self::WHITE) >= READABLE { Self::WHITE } else { Self::BLACK }
    }

    /// This colour, moved towards black or white until text in it can be read on `ground`.
    pub fn readable_on(self, ground: Self) -> Self {
        let goal = ground.ink_on();
        (0..=20_u8)
            .map(|step| self.mix(goal, f64::from(step) / 20.0))
            .find(|c| c.contrast(ground) >= READABLE)
            .unwrap_or(goal)
    }

    /// This colour with a `share` (0 to 1) of another.
    pub fn mix(self, other: Self, share: f64) -> Self {
        let channel = |from: u8, to: u8| {
            let mixed = f64::from(from) + (f64::from(to) - f64::from(from)) * share.clamp(0.0, 1.0);
            // Both ends lie in 0..=255, and so does what is between them.
            mixed.round() as u8
        };
        Self::new(channel(self.red, other.red), channel(self.green, other.green), channel(self.blue, other.blue))
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl FromStr for Colour {
    type Err = InvalidColour;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidColour(text.to_owned());
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or_else(invalid)?;
        let part = |range| u8::from_str_radix(&digits[range], 16).map_err(|_| invalid());
        // `from_str_radix` takes a sign, a colour does not.
        if digits.contains(['+', '-']) {
            return Err(invalid());
        }
        Ok(Self::new(part(0..2)?, part(2..4)?, part(4..6)?))
    }
}

impl TryFrom<String> for Colour {
    type Error = InvalidColour;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn black_on_white_has_the_highest_contrast() {
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 0.01);
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in ["", "red", "#fff", "#12345g", "#+12345", "4338ca", "#ä1234", "#fff;}"] {
            assert_eq!(text.parse::<Colour>(), Err(InvalidColour(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn every_colour_is_printed_as_it_is_read(red: u8, green: u8, blue: u8) {
            let colour = Colour::new(red, green, blue);
            prop_assert_eq!(colour.to_string().parse(), Ok(colour));
        }

        #[test]
        fn text_is_readable_whatever_the_brand_picked(colour: [u8; 3], ground: [u8; 3]) {
            let [colour, ground] = [colour, ground].map(|[red, green, blue]| Colour::new(red, green, blue));
            prop_assert!(ground.contrast(ground.ink_on()) >= READABLE);
            prop_assert!(colour.readable_on(ground).contrast(ground) >= READABLE);
        }
    }
}
