use url::Url;

/// A picture that is embedded in the program.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The file.
    pub bytes: &'static [u8],
    /// Its media type.
    pub content_type: &'static str,
}

/// Where pictures are served, below a brand's base URL.
pub const ASSETS_PATH: &str = "/assets/starters/";

/// Name and file of each picture. Names never change: mails that were sent ask for them for years.
const PNG: [(&str, &[u8]); 6] = [
    ("offer.png", include_bytes!("../../../templates/starters/offer/offer.png")),
    ("event.png", include_bytes!("../../../templates/starters/event/event.png")),
    ("product-news.png", include_bytes!("../../../templates/starters/product-news/product-news.png")),
    ("search.png", include_bytes!("../../../templates/starters/product-news/search.png")),
    ("calendar.png", include_bytes!("../../../templates/starters/product-news/calendar.png")),
    ("share.png", include_bytes!("../../../templates/starters/product-news/share.png")),
];

/// The picture that a starter calls `{{asset "name"}}`. In a mail it is the brand's base URL, [`ASSETS_PATH`] and the
/// name, so whoever serves that path answers with this.
pub fn asset(name: &str) -> Option<Asset> {
    PNG.iter().find(|(known, _)| *known == name).map(|(_, bytes)| Asset { bytes, content_type: "image/png" })
}

/// Where a picture is fetched from, if it exists.
pub(crate) fn url(base: &Url, name: &str) -> Option<String> {
    asset(name)?;
    Some(format!("{}{ASSETS_PATH}{name}", base.as_str().trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_is_one_and_small_enough_for_a_phone() {
        for (name, bytes) in PNG {
            assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
            assert!(bytes.len() < 100_000, "{name} has {} bytes", bytes.len());
        }
    }

    #[test]
    fn a_picture_lies_below_the_brands_base_url() {
        let base = Url::parse("https://example.com/news/").unwrap();
        assert_eq!(url(&base, "offer.png").as_deref(), Some("https://example.com/news/assets/starters/offer.png"));
        assert_eq!(url(&base, "../secret"), None);
    }
}
