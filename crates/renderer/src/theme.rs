//! What every mail of a brand has in common: defaults that look good without any styling, and the dark twin of each.
//!
//! Authors get the classes `e-page`, `e-paper`, `e-tint`, `e-ink`, `e-soft`, `e-rule`, `e-button` and `e-accent`. Most
//! are set by default; who wants an element to be something else in the dark gives it another class.

use crate::{Colour, Look};

/// The system's own sans-serif everywhere: nothing is loaded.
const SANS: &str = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

const INK: Colour = Colour::new(0x1d, 0x20, 0x27);
const SOFT: Colour = Colour::new(0x5a, 0x60, 0x6b);
const PAGE: Colour = Colour::new(0xf3, 0xf2, 0xef);
const PAPER: Colour = Colour::WHITE;
const RULE: Colour = Colour::new(0xe2, 0xe0, 0xdb);

const DARK_INK: Colour = Colour::new(0xec, 0xec, 0xea);
const DARK_SOFT: Colour = Colour::new(0xa9, 0xac, 0xb3);
const DARK_PAGE: Colour = Colour::new(0x12, 0x13, 0x16);
const DARK_PAPER: Colour = Colour::new(0x1c, 0x1e, 0x23);
const DARK_RULE: Colour = Colour::new(0x35, 0x38, 0x40);

/// A brand's colours in one light.
#[derive(Debug)]
struct Palette {
    page: Colour,
    paper: Colour,
    /// Paper with a breath of the brand's colour.
    tint: Colour,
    ink: Colour,
    soft: Colour,
    rule: Colour,
    accent: Colour,
    on_accent: Colour,
    /// The accent as text on paper, tint and page.
    link: Colour,
}

impl Palette {
    fn light(accent: Colour) -> Self {
        let tint = PAPER.mix(accent, 0.07);
        let link = accent.readable_on(PAPER).readable_on(tint).readable_on(PAGE);
        Self {
            page: PAGE,
            paper: PAPER,
            tint,
            ink: INK,
            soft: SOFT,
            rule: RULE,
            accent,
            on_accent: accent.ink_on(),
            link,
        }
    }

    fn dark(accent: Colour) -> Self {
        let tint = DARK_PAPER.mix(accent, 0.18);
        let link = accent.readable_on(DARK_PAPER).readable_on(tint);
        // A dark brand colour would sink into dark paper.
        let button = if accent.contrast(DARK_PAPER) < 3.0 { link } else { accent };
        Self {
            page: DARK_PAGE,
            paper: DARK_PAPER,
            tint,
            ink: DARK_INK,
            soft: DARK_SOFT,
            rule: DARK_RULE,
            accent: button,
            on_accent: button.ink_on(),
            link,
        }
    }
}

/// The names for templates: path and value.
pub(crate) fn constants(look: &Look) -> Vec<(String, String)> {
    let palette = Palette::light(look.accent);
    let website = look.website.as_ref().unwrap_or(&look.base_url);
    let address: Vec<_> = look.postal_address.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    [
        ("brand.name", look.brand.clone()),
        ("brand.accent", palette.accent.to_string()),
        ("brand.on_accent", palette.on_accent.to_string()),
        ("brand.link", palette.link.to_string()),
        ("brand.ink", palette.ink.to_string()),
        ("brand.soft", palette.soft.to_string()),
        ("brand.tint", palette.tint.to_string()),
        ("brand.rule", palette.rule.to_string()),
        ("brand.page", palette.page.to_string()),
        ("brand.website", website.as_str().trim_end_matches('/').to_owned()),
        ("brand.postal_address", address.join(", ")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// What goes to the beginning of `<mj-head>`, so that the author's own attributes win.
pub(crate) fn head(look: &Look) -> String {
    let Palette { page, paper, ink, rule, accent, on_accent, link, .. } = Palette::light(look.accent);
    format!(
        "<mj-attributes>\
         <mj-all font-family=\"{SANS}\"/>\
         <mj-body background-color=\"{page}\" css-class=\"e-page\"/>\
         <mj-section background-color=\"{paper}\" css-class=\"e-paper\" padding=\"0\"/>\
         <mj-text color=\"{ink}\" font-size=\"16px\" line-height=\"1.55\" padding=\"8px 32px\" css-class=\"e-ink\"/>\
         <mj-table color=\"{ink}\" font-size=\"16px\" line-height=\"1.55\" padding=\"8px 32px\" css-class=\"e-ink\"/>\
         <mj-button background-color=\"{accent}\" color=\"{on_accent}\" font-size=\"16px\" font-weight=\"600\" \
         border-radius=\"6px\" inner-padding=\"14px 28px\" padding=\"12px 32px\" css-class=\"e-button\"/>\
         <mj-image padding=\"0\"/>\
         <mj-divider border-width=\"1px\" border-color=\"{rule}\" padding=\"16px 32px\" css-class=\"e-rule\"/>\
         </mj-attributes>\
         <mj-style>\
         a {{ color: {link}; }}\
         p {{ margin: 0 0 12px; }}\
         h1, h2, h3 {{ margin: 0 0 12px; line-height: 1.25; }}\
         ul, ol {{ margin: 0 0 12px; padding: 0 0 0 22px; }}\
         li {{ margin: 0 0 6px; }}\
         </mj-style>"
    )
}

/// The style sheet that stays one: it is for readers who like it dark, and for words that are too long for a phone.
pub(crate) fn style_sheet(look: &Look) -> String {
    let Palette { page, paper, tint, ink, soft, rule, accent, on_accent, link } = Palette::dark(look.accent);
    format!(
        "<style type=\"text/css\">\
         :root {{ color-scheme: light dark; supported-color-schemes: light dark; }} \
         .e-ink div, .e-soft div, .e-button a {{ overflow-wrap: anywhere; word-break: break-word; }} \
         @media (prefers-color-scheme: dark) {{ \
         body, .e-page, .e-page > table {{ background: {page} !important; background-color: {page} !important; }} \
         .e-paper, .e-paper > table {{ background: {paper} !important; background-color: {paper} !important; }} \
         .e-tint > table > tbody > tr > td {{ background: {tint} !important; background-color: {tint} !important; }} \
         .e-ink div, .e-ink table {{ color: {ink} !important; }} \
         .e-soft div, .e-soft table {{ color: {soft} !important; }} \
         .e-accent div {{ color: {link} !important; }} \
         .e-ink a, .e-soft a {{ color: {link} !important; }} \
         .e-rule p {{ border-top-color: {rule} !important; }} \
         .e-button td, .e-button a {{ background: {accent} !important; color: {on_accent} !important; }} \
         }}</style>"
    )
}
