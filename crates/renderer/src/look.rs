use domain::Locale;
use url::Url;

use crate::Colour;

/// How a brand's mails look and what their footer must say: everything that is the same for all recipients.
///
/// Templates read it as `{{brand.name}}`, `{{brand.website}}`, `{{brand.postal_address}}` and by its colours, which
/// follow from the accent: `{{brand.accent}}`, `{{brand.on_accent}}`, `{{brand.link}}`, `{{brand.tint}}`,
/// `{{brand.ink}}`, `{{brand.soft}}`, `{{brand.rule}}`, `{{brand.page}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The brand's name as readers know it.
    pub brand: String,
    /// The one colour of buttons and links.
    pub accent: Colour,
    /// The brand's postal address, on one line or several. Law asks for it in every mail, so an empty one is refused.
    pub postal_address: String,
    /// Where the brand's pictures are fetched from: the base URL of eshot's public pages for this brand.
    pub base_url: Url,
    /// The brand's own site; buttons of the starters lead there. Without one, [`Look::base_url`] stands in.
    pub website: Option<Url>,
    /// The language of the footer and of the document.
    pub locale: Locale,
}
