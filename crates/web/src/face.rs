use brands::Brand;
use renderer::Colour;
use serde::Serialize;
use url::Url;

/// What a page shows of the brand that it speaks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Face {
    pub(crate) name: String,
    /// The first letter of the name, for the mark.
    pub(crate) initial: String,
    /// The path below which this service is reached: empty, unless a proxy puts it under one.
    pub(crate) root: String,
    /// The stylesheet with the brand's colour.
    pub(crate) stylesheet: String,
    pub(crate) icon: String,
    /// Line by line.
    pub(crate) postal_address: Vec<String>,
    pub(crate) privacy_url: Option<String>,
}

/// The colour of pages that belong to no brand.
const PLAIN: Colour = Colour::new(0x3f, 0x4b, 0xd8);

impl Face {
    /// The face of a name and a colour, served below `base_url`.
    pub(crate) fn new(name: &str, accent: Colour, base_url: &Url) -> Self {
        let root = base_url.path().trim_end_matches('/').to_owned();
        let initial: String =
            name.chars().find(|c| c.is_alphanumeric()).into_iter().flat_map(char::to_uppercase).collect();
        let digits = accent.to_string().trim_start_matches('#').to_owned();
        let letter = Some(initial.as_str()).filter(|text| text.is_ascii()).unwrap_or_default();
        Self {
            name: name.to_owned(),
            stylesheet: format!("{root}/assets/accent/{digits}.css"),
            icon: format!("{root}/assets/icon/{digits}{letter}.svg"),
            initial,
            root,
            postal_address: Vec::new(),
            privacy_url: None,
        }
    }

    /// A brand's face.
    pub(crate) fn of(brand: &Brand) -> Self {
        let lines = brand.postal_address.lines().map(str::trim).filter(|line| !line.is_empty());
        Self {
            postal_address: lines.map(str::to_owned).collect(),
            privacy_url: brand.privacy_url.as_ref().map(Url::to_string),
            ..Self::new(&brand.name, brand.accent.parse().unwrap_or(PLAIN), &brand.base_url)
        }
    }

    /// The face of a page that belongs to no brand.
    pub(crate) fn plain(base_url: &Url) -> Self {
        Self::new(base_url.host_str().unwrap_or_default(), PLAIN, base_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_below_a_path_looks_for_its_style_there() {
        let base: Url = "https://example.com/mail/".parse().unwrap();
        let face = Face::new("»élan vital«", Colour::WHITE, &base);
        assert_eq!(face.initial, "É");
        assert_eq!(face.stylesheet, "/mail/assets/accent/ffffff.css");
        assert_eq!(face.icon, "/mail/assets/icon/ffffff.svg");
        assert_eq!(Face::plain(&base).icon, "/mail/assets/icon/3f4bd8E.svg");
    }
}
